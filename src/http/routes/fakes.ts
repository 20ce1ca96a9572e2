import { Hono } from 'hono'
import {
  type FakeReportPorts,
  keepFakeReport,
  listFakeReports,
  readFakeReport,
  readFakes,
  REPORT_BYTES_MAX,
} from '#service/fake-report.ts'
import { readBytes } from '#http/body.ts'
import { keepFor } from '#http/headers.ts'
import { problem } from '#http/problem.ts'
import { type ReaderPorts, requireParty } from '#http/reader.ts'

/** A sample is to be seen within a day; readers who come at once share one answer. */
const FAKES_SECONDS = 300

/** `/api/fakes`: known forgeries, and reports of others. What strangers send leaves no line in the output, also where it is refused. */
export function fakeRoutes(ports: FakeReportPorts & ReaderPorts): Hono {
  const app = new Hono()

  app.get('/api/fakes', async (c) => {
    const fakes = await readFakes(ports)
    keepFor(c, FAKES_SECONDS)
    return c.json({ fakes, reports: fakes.reduce((sum, { body }) => sum + body.reports, 0) })
  })

  app.post('/api/fakes/reports', async (c) => {
    const message = await readBytes(c, REPORT_BYTES_MAX)
    if (!message.ok) return problem(c, message.refusal)
    const kept = await keepFakeReport(ports, message.value)
    return kept.ok ? c.body(null, 202) : problem(c, kept.refusal)
  })

  app.get('/api/fakes/reports', async (c) => {
    const party = await requireParty(ports, c)
    if (!party.ok) return problem(c, party.refusal)
    return c.json({ reports: await listFakeReports(ports, party.value) })
  })

  app.get('/api/fakes/reports/:report{[0-9a-f]{32}}', async (c) => {
    const party = await requireParty(ports, c)
    if (!party.ok) return problem(c, party.refusal)
    const report = await readFakeReport(ports, party.value, c.req.param('report'))
    if (!report.ok) return problem(c, report.refusal)
    const type = { 'Content-Type': 'application/octet-stream' }
    return c.body(Uint8Array.from(report.value), 200, type)
  })

  return app
}
