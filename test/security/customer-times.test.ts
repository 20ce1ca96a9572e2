import { afterAll, beforeAll, expect, test } from 'vitest'
import { jsonEvents } from '#adapters/system/events.ts'
import { countedEvents, openMetrics } from '#adapters/system/metrics.ts'
import { base64 } from '#core/bytes.ts'
import { mailboxId } from '#core/mailbox.ts'
import { type Answered, type Coalition, foundCoalition, threeOf } from '#test/helpers/coalition.ts'
import { customerKey } from '#test/helpers/coalition-keys.ts'

// Whoever collects what the server prints, or its counters every minute, puts the time of day beside each line: so what customers ask for
// must leave no line and move no counter, also where the answer is no.

const lines: string[] = []
const metrics = openMetrics()
let coalition: Coalition
let customer: Awaited<ReturnType<Coalition['enrol']>>
beforeAll(async () => {
  const events = countedEvents(
    jsonEvents((line) => lines.push(line)),
    metrics,
  )
  coalition = await foundCoalition({ ports: { events, metrics } })
  customer = await coalition.enrol('customer-1')
})
afterAll(async () => {
  await coalition.close()
})

/** What a request leaves behind: the lines it printed, and the counters as they stand. */
async function traces(ask: () => Promise<Answered>): Promise<{ status: number; left: unknown }> {
  lines.length = 0
  const before = await metrics.text()
  const { status } = await ask()
  return { status, left: { lines: [...lines], counters: diff(before, await metrics.text()) } }
}

function diff(before: string, after: string): readonly string[] {
  const known = new Set(before.split('\n'))
  return after.split('\n').filter((line) => !known.has(line))
}

async function enrolAgain(): Promise<Answered> {
  const made = await customerKey('newcomer')
  const salt = '00'.repeat(16)
  const mailbox = mailboxId(made.key.fingerprint, salt)
  const body = {
    certificate: base64(made.certificateBytes),
    challenge: await coalition.challenge(made.key, made.certificateBytes, 'mailbox'),
    identifiable: false,
    invitation: '11'.repeat(32),
    mailbox,
    salt,
  }
  const payload = await coalition.compose('mailbox.enrol', body, {
    by: { key: made.key.fingerprint },
  })
  return await coalition.post(payload, await coalition.sign(customer, payload))
}

async function token(): Promise<string> {
  return await coalition.session(customer)
}

const FORGED = { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }
const BUNDLE = `/api/bundles/${'0'.repeat(64)}/lines/0`
const filers = ['contoso.example', 'fabrikam.example', 'litware.example']

test.each<[string, () => Promise<Answered>]>([
  ['an enrolment', enrolAgain],
  ['the filers it has', async () => await coalition.submit('mailbox.filers', { filers }, customer)],
  [
    'an acknowledgement of nothing',
    async () =>
      await coalition.submit('notice.acknowledge', { index: 0, notice: '0'.repeat(64) }, customer),
  ],
  ['a challenge', async () => await coalition.ask('/api/challenges?purpose=mailbox', FORGED)],
  ['a challenge for nothing', async () => await coalition.ask('/api/challenges', FORGED)],
  ['a session', async () => await coalition.ask('/api/session', FORGED)],
  ['a mailbox', async () => await coalition.ask(`/api/mailboxes/${customer.id}`)],
  ['its lines', async () => await coalition.ask(`/api/mailboxes/${customer.id}/lines`)],
  ['a line without a session', async () => await coalition.ask(BUNDLE)],
  ['a line', async () => await coalition.ask(BUNDLE, { token: await token() })],
])('a customer who is refused %s leaves no trace', async (_, ask) => {
  const { left, status } = await traces(ask)
  expect(status).toBeGreaterThanOrEqual(400)
  expect(left).toEqual({ lines: [], counters: [] })
})

test('a signature that is refused for an act of a customer leaves no trace', async () => {
  const payload = await coalition.compose('mailbox.filers', { filers: filers.slice(1) }, customer)
  const posted = await coalition.post(payload, await coalition.sign(customer, payload))
  expect(posted.status).toBe(201)
  const id = String((posted.body as { readonly id?: unknown }).id)
  const { left, status } = await traces(
    async () => await coalition.ask(`/api/acts/${id}/signatures`, { method: 'POST', body: 'x' }),
  )
  expect(status).toBeGreaterThanOrEqual(400)
  expect(left).toEqual({ lines: [], counters: [] })
})

test('what a company is refused is told', async () => {
  const { contoso } = threeOf(coalition)
  const tokens = ['ab'.repeat(32)]
  await coalition.submit('mailbox.invite', { tokens }, contoso)
  const { left, status } = await traces(
    async () => await coalition.submit('mailbox.invite', { tokens }, contoso),
  )
  expect(status).toBeGreaterThanOrEqual(400)
  expect(JSON.stringify(left)).toContain('act_refused')
  expect(JSON.stringify(left)).toContain('dunant_refusals_total')
})
