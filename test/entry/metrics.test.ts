import { mkdtempSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { countedEvents, openMetrics } from '#adapters/system/metrics.ts'
import { readEnvironment } from '#entry/config.ts'
import { createServerHome } from '#entry/home.ts'
import { listenForMetrics, logGauges, type MetricsListener, processGauges } from '#entry/metrics.ts'
import { startServer } from '#entry/node.ts'
import { type Coalition, clientsOf, foundCoalition, threeOf } from '#test/helpers/coalition.ts'

const metrics = openMetrics()
let coalition: Coalition
let listener: MetricsListener
let text: string

beforeAll(async () => {
  const quiet = await foundCoalition()
  const { ports } = quiet
  coalition = clientsOf({
    ...quiet,
    vkey: '',
    events: [],
    ports: { ...ports, metrics, events: countedEvents(ports.events, metrics) },
  })
  for (const gauge of [...processGauges(), ...logGauges(ports)]) metrics.watch(gauge)
  listener = await listenForMetrics(metrics, 0)
  const { contoso } = threeOf(coalition)
  for (const token of ['ab', 'cd']) {
    await coalition.submit('mailbox.invite', { tokens: [token.repeat(32)] }, contoso)
  }
  await coalition.submit('mailbox.invite', { tokens: ['ab'.repeat(32)] }, contoso)
  const customer = await coalition.enrol('customer-1')
  const token = await coalition.session(customer)
  await coalition.ask(`/api/mailboxes/${customer.id}/lines`, { token })
  await coalition.ask('/log/checkpoint')
  await coalition.ask(`/nothing/${'x'.repeat(100)}`)
  await coalition.ask('/api/acts', { method: 'BREW' })
  text = await (await fetch(listener.url)).text()
})
afterAll(async () => {
  await listener.close()
  await coalition.close()
})

function valueOf(series: string): number | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${series} `))
  return line === undefined ? undefined : Number(line.slice(series.length + 1))
}

test('counts what is answered by route, method and class of status', () => {
  const checkpoint = 'method="GET",route="/log/checkpoint",status="2xx"'
  expect(valueOf(`dunant_http_request_seconds_count{${checkpoint}}`)).toBe(1)
  expect(valueOf(`dunant_http_request_seconds_bucket{${checkpoint},le="+Inf"}`)).toBe(1)
  expect(text).toContain('method="GET",route="none",status="4xx"')
  expect(text).toContain('method="other"')
})

test('counts acts by type, refusals by reason, and how far the log is', () => {
  const invited = 'dunant_acts_accepted_total{type="mailbox.invite",status="effective"}'
  // Two of our own, and the invitation of the customer.
  expect(valueOf(invited)).toBe(3)
  expect(text).toMatch(/dunant_refusals_total\{reason="[a-z-]+"\} 1\n/)
  expect(valueOf('dunant_log_leaves')).toBe(valueOf('dunant_log_signed_leaves'))
  expect(valueOf('process_resident_memory_bytes')).toBeGreaterThan(1e6)
  expect(valueOf('dunant_event_loop_delay_seconds{quantile="0.99"}')).toBeDefined()
})

test('counts nothing of what customers do, and names nobody', () => {
  for (const trace of ['mailboxes', 'session', 'challenges', 'mailbox.enrol', 'mailbox.filers']) {
    expect(text).not.toContain(trace)
  }
  const posted =
    /dunant_http_request_seconds_count\{method="POST",route="\/api\/acts",status="2xx"\} (\d+)/
  // What the companies posted, without the customer's enrolment and list of filers.
  expect(posted.exec(text)?.[1]).toBe('3')
  for (const { domain, key } of coalition.companies) {
    expect(text).not.toContain(domain)
    expect(text).not.toContain(key.fingerprint)
  }
})

test('is the text format of Prometheus: a heading for each metric, and one value a line', () => {
  const lines = text.trimEnd().split('\n')
  const sample =
    /^[a-z_]+(?:\{[a-z]+="(?:[^"\\]|\\.)*"(?:,[a-z]+="(?:[^"\\]|\\.)*")*\})? [0-9.e+-]+$/
  const headed = new Set<string>()
  for (const line of lines) {
    const [, heading] = /^# (?:HELP|TYPE) ([a-z_]+) /.exec(line) ?? []
    if (heading !== undefined) headed.add(heading)
    else expect(line).toMatch(sample)
    const name = /^[a-z_]+/.exec(line)?.[0].replace(/_(?:bucket|sum|count)$/, '')
    if (name !== undefined) expect(headed).toContain(name)
  }
  expect(new Set(lines.filter((line) => !line.startsWith('#'))).size).toBe(
    lines.filter((line) => !line.startsWith('#')).length,
  )
})

test('series do not grow without end, whatever is counted', async () => {
  const flooded = openMetrics()
  for (let i = 0; i < 5000; i++) {
    flooded.requestAnswered({ method: 'GET', route: `/${String(i)}`, status: 200, seconds: 0 })
  }
  const counts = (await flooded.text()).match(/_count\{/g)
  expect(counts?.length).toBeLessThan(2100)
})

test('is served on the loopback interface alone, and nothing else is', async () => {
  const elsewhere = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.internal === false && address.family === 'IPv4')
  const { port } = new URL(listener.url)
  if (elsewhere !== undefined) {
    await expect(fetch(`http://${elsewhere.address}:${port}/metrics`)).rejects.toThrow()
  }
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(404)
})

test('a server serves metrics only where a port is set, and never at its own address', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-metrics-'))
  const home = join(folder, 'home')
  await createServerHome(home, { origin: 'coalition.example' })
  for (const port of [undefined, '0']) {
    const config = readEnvironment({ DUNANT_PORT: '0', DUNANT_METRICS_PORT: port })
    const server = await startServer({ home, config, log: () => undefined })
    expect((await fetch(`${server.url}/metrics`)).status).toBe(404)
    expect(server.metricsUrl === undefined).toBe(port === undefined)
    if (server.metricsUrl !== undefined) expect((await fetch(server.metricsUrl)).status).toBe(200)
    await server.close()
  }
  rmSync(folder, { recursive: true })
})
