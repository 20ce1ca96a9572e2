import { Hono } from 'hono'
import type { Events } from '#ports/events.ts'
import { BRIEF_BYTES_MAX, type BriefPorts, readBrief, uploadBrief } from '#service/brief.ts'
import { readBytes } from '#http/body.ts'
import { problem, refused } from '#http/problem.ts'
import { type ReaderPorts, requireParty, requireReader } from '#http/reader.ts'

/** `/api/briefs/{sha256}`: OpenPGP messages for the parties of a campaign. */
export function briefRoutes(ports: BriefPorts & ReaderPorts & { readonly events: Events }): Hono {
  const app = new Hono()

  app.put('/api/briefs/:sha256{[0-9a-f]{64}}', async (c) => {
    const party = await requireParty(ports, c)
    if (!party.ok) return refused(c, ports.events, party.refusal)
    const bytes = await readBytes(c, BRIEF_BYTES_MAX)
    if (!bytes.ok) return refused(c, ports.events, bytes.refusal)
    const sha256 = c.req.param('sha256')
    const kept = await uploadBrief(ports, { party: party.value, sha256, bytes: bytes.value })
    return kept.ok ? c.json({ sha256 }, 201) : refused(c, ports.events, kept.refusal)
  })

  app.get('/api/briefs/:sha256{[0-9a-f]{64}}', async (c) => {
    const reader = await requireReader(ports, c)
    if (!reader.ok) return problem(c, reader.refusal)
    const brief = await readBrief(ports, reader.value, c.req.param('sha256'))
    if (!brief.ok) return problem(c, brief.refusal)
    return c.body(Uint8Array.from(brief.value), 200, { 'Content-Type': 'application/octet-stream' })
  })

  return app
}
