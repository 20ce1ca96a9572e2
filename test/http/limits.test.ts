import { readFileSync } from 'node:fs'
import type { Context } from 'hono'
import { afterEach, expect, test } from 'vitest'
import { systemRandom } from '#adapters/system/random.ts'
import { systemTimer } from '#adapters/system/timer.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { openAdmission } from '#http/admission.ts'
import { createApp } from '#http/app.ts'
import { neighbourhoodOf, networkOf, openVisitorNames } from '#http/visitor.ts'
import {
  type Answered,
  type Ask,
  type Coalition,
  formOf,
  foundCoalition,
  threeOf,
} from '#test/helpers/coalition.ts'
import { CLAIMS, LimitsSchema, RATES, UNDER_WAY, WORKS } from '#wire/limits.ts'

let coalition: Coalition | undefined
afterEach(async () => {
  await coalition?.close()
  coalition = undefined
})

/** A coalition that enforces what is published; a request comes from wherever its header `From-Address` says. */
async function limited(): Promise<Coalition> {
  let now = 0
  const admission = openAdmission({
    clock: { now: () => coalition?.clock.now() ?? now++ },
    random: systemRandom,
    timer: systemTimer,
    clientAddress: (c: Context) => c.req.header('From-Address') ?? '192.0.2.1',
    factor: 1,
  })
  coalition = await foundCoalition({ ports: { admission } })
  return coalition
}

async function until429(max: number, ask: () => Promise<Answered>): Promise<number> {
  for (let asked = 0; asked <= max; asked++) {
    const answered = await ask()
    if (answered.status === 429) {
      expect(answered.reason).toBe('rate-limited')
      expect(Number(answered.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1)
      expect(answered.headers.get('RateLimit')).toMatch(/^"[a-z]+";r=0;t=\d+$/)
      return asked
    }
  }
  return max + 1
}

const FORGED = { method: 'POST', body: '{}', headers: { 'Content-Type': 'application/json' } }

test('GET /api/limits and the README say what is enforced', async () => {
  const { ask } = await limited()
  const { body, status } = await ask('/api/limits')
  expect(status).toBe(200)
  const limits = LimitsSchema.parse(body)
  expect(limits).toMatchObject({ claims: CLAIMS, rates: RATES, underWay: UNDER_WAY })
  const readme = readFileSync('README.md', 'utf8')
  for (const work of WORKS) {
    const cells = [RATES[work].address, RATES[work].mailbox, RATES[work].party].map(
      ({ burst, perMinute }) => ` ${String(perMinute)} (${String(burst)}) |`,
    )
    expect(readme).toContain(`| ${work} |${cells.join('')}`)
  }
  for (const [name, count] of Object.entries(UNDER_WAY))
    expect(readme).toContain(`| ${name} | ${String(count)} |`)
  for (const [name, count] of Object.entries(limits.quotas))
    expect(readme).toContain(`| ${name} | ${String(count)} |`)
})

test('an act beyond those that the server was told to let be under way is told to come back, and GET /api/limits says how many', async () => {
  const admission = openAdmission({
    clock: { now: () => 0 },
    random: systemRandom,
    timer: systemTimer,
    clientAddress: () => '',
    factor: 1,
    actsAtOnce: 1,
  })
  coalition = await foundCoalition()
  const { compose, sign } = coalition
  const { contoso } = threeOf(coalition)
  const app = createApp({ ...coalition.ports, admission })
  const bodies = await Promise.all(
    ['1', '2'].map(async (token) => {
      const payload = await compose('mailbox.invite', { tokens: [token.repeat(64)] }, contoso)
      return formOf(payload, [await sign(contoso, payload)])
    }),
  )
  const answers = await Promise.all(
    bodies.map(async (body) => await app.request('/api/acts', { method: 'POST', body })),
  )
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 503]))
  const refused = answers.find(({ status }) => status === 503)
  expect(refused?.headers.get('Retry-After')).toMatch(/^[1-3]$/)
  const limits = LimitsSchema.parse(await (await app.request('/api/limits')).json())
  expect(limits.underWay).toEqual({ ...UNDER_WAY, acts: 1 })
})

test('a stranger is turned away after the published number of refusals, until time has passed', async () => {
  const { ask, clock } = await limited()
  const { burst, perMinute } = RATES.acts.address
  const wrong = async (): Promise<Answered> => await ask('/api/acts', FORGED)
  expect(await until429(burst + 10, wrong)).toBeGreaterThanOrEqual(burst - 3)
  const elsewhere = { ...FORGED, headers: { ...FORGED.headers, 'From-Address': '192.0.2.2' } }
  expect((await ask('/api/acts', elsewhere)).reason).toBe('request-malformed')
  clock.advance(60)
  expect(await until429(burst, wrong)).toBe(perMinute)
})

test('officers behind the address of a flood are still heard, and are not charged for what is accepted', async () => {
  const opened = await limited()
  const { ask, submit } = opened
  const { contoso } = threeOf(opened)
  const wrong = async (): Promise<Answered> => await ask('/api/acts', FORGED)
  await until429(RATES.acts.address.burst + 10, wrong)
  for (let i = 0; i < 2 * CLAIMS.burst; i++) {
    const tokens = [String(i).padStart(64, '0')]
    expect((await submit('mailbox.invite', { tokens }, contoso)).status).toBe(201)
    expect((await wrong()).status).toBe(429)
  }
})

test('whoever forges an officer from there is heard a few times only', async () => {
  const opened = await limited()
  const { contoso } = threeOf(opened)
  await until429(RATES.acts.address.burst + 10, async () => await opened.ask('/api/acts', FORGED))
  const payload = await opened.compose('mailbox.invite', { tokens: ['1'.repeat(64)] }, contoso)
  const other = await opened.compose('mailbox.invite', { tokens: ['2'.repeat(64)] }, contoso)
  const signature = await opened.sign(contoso, other)
  const forged = async (): Promise<Answered> => await opened.post(payload, signature)
  expect(await until429(CLAIMS.burst + 5, forged)).toBe(CLAIMS.burst)
})

test('a party that has spent its own budget is turned away, and no other party is', async () => {
  const admission = openAdmission({
    clock: { now: () => 0 },
    random: systemRandom,
    timer: systemTimer,
    clientAddress: () => '',
    factor: 4 / RATES.acts.party.burst,
  })
  coalition = await foundCoalition()
  const { compose, sign } = coalition
  const { contoso, fabrikam } = threeOf(coalition)
  const app = createApp({ ...coalition.ports, admission })
  const submit = async (by: typeof contoso, token: string): Promise<number> => {
    const payload = await compose('mailbox.invite', { tokens: [token.repeat(64)] }, by)
    const body = formOf(payload, [await sign(by, payload)])
    return (await app.request('/api/acts', { method: 'POST', body })).status
  }
  expect(admission.rates.acts.party.burst).toBe(4)
  for (const token of ['1', '2', '3', '4']) expect(await submit(contoso, token)).toBe(201)
  expect(await submit(contoso, '5')).toBe(429)
  expect(await submit(fabrikam, '6')).toBe(201)
})

test.each([
  ['challenges', '/api/challenges?purpose=officer', { method: 'POST', body: 'x' }],
  ['nonces', '/api/session/nonce', {}],
  ['reads', '/log/checkpoint', {}],
  ['sessions', '/api/session', FORGED],
  ['uploads', `/api/briefs/${'0'.repeat(64)}`, { method: 'PUT', body: 'x' }],
] as const)('the budget of %s is the published one', async (work, path, ask: Ask) => {
  const opened = await limited()
  const { burst } = RATES[work].address
  // Founding the coalition has cost a little.
  const spent = await until429(burst + 1, async () => await opened.ask(path, ask))
  expect(spent).toBeLessThanOrEqual(burst)
  expect(spent).toBeGreaterThanOrEqual(burst - 5)
})

test('a session reads from its own budget, also where its address has spent that of strangers', async () => {
  const opened = await limited()
  const { contoso } = threeOf(opened)
  const token = await opened.session(contoso)
  await until429(RATES.reads.address.burst + 1, async () => await opened.ask('/log/checkpoint'))
  expect((await opened.ask('/log/checkpoint')).status).toBe(429)
  for (let i = 0; i < 20; i++)
    expect((await opened.ask('/api/acts?status=pending', { token })).status).toBe(200)
  const wrong = await opened.ask('/api/acts?status=pending', { token: 'f'.repeat(64) })
  expect(wrong.status).toBe(429)
})

test('health is answered without limits', async () => {
  const opened = await limited()
  await until429(RATES.reads.address.burst + 1, async () => await opened.ask('/log/checkpoint'))
  expect((await opened.ask('/healthz')).status).toBe(200)
})

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('%s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test.each([
  ['192.0.2.7', '192.0.2'],
  ['::ffff:192.0.2.7', '192.0.2'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
])('%s shares the room for bodies with %s', (address, network) => {
  expect(neighbourhoodOf(address)).toBe(network)
})

test('a token that is not valid any more spends nothing of its party, and its bearer pays', async () => {
  const opened = await limited()
  const { contoso } = threeOf(opened)
  const old = await opened.session(contoso)
  const read = async (token: string, from: string): Promise<number> => {
    const headers = { Authorization: `Bearer ${token}`, 'From-Address': from }
    return (await opened.ask('/api/acts?status=pending', { headers })).status
  }
  expect(await read(old, '192.0.2.1')).toBe(200)
  opened.clock.advance(13 * 3600)
  const thief = async (): Promise<Answered> =>
    await opened.ask('/api/acts?status=pending', {
      headers: { Authorization: `Bearer ${old}`, 'From-Address': '192.0.2.99' },
    })
  expect(await until429(RATES.reads.address.burst + 5, thief)).toBe(RATES.reads.address.burst)
  const token = await opened.session(contoso)
  for (let i = 0; i < 5; i++) expect(await read(token, '192.0.2.1')).toBe(200)
})

test('the name of an address tells nothing without the key of the process', () => {
  const [one, other] = [openVisitorNames(systemRandom), openVisitorNames(systemRandom)]
  expect(one('192.0.2.7')).toBe(one('::ffff:192.0.2.7'))
  expect(one('192.0.2.7')).not.toBe(other('192.0.2.7'))
  expect(one('192.0.2.7')).toMatch(/^[0-9a-f]{32}$/)
})

test('beyond what may be under way, requests are sent away at once and told when to come back', async () => {
  const held: (() => void)[] = []
  const admission = openAdmission({
    clock: systemClock,
    random: systemRandom,
    timer: systemTimer,
    clientAddress: (c: Context) => c.req.header('From-Address') ?? '',
    factor: 1000,
  })
  const opened = await limited()
  await opened.close()
  coalition = await foundCoalition({ ports: { admission } })
  const { app, ask } = coalition
  const slow = (address: string): Promise<Response> =>
    Promise.resolve(
      app.request('/api/acts', {
        method: 'POST',
        body: new ReadableStream({
          pull: async () => await new Promise<void>((resolve) => held.push(resolve)),
        }),
        headers: { 'Content-Type': 'application/json', 'From-Address': address },
        duplex: 'half',
      } as RequestInit),
    )
  const waiting = Array.from({ length: UNDER_WAY.address }, () => slow('192.0.2.1'))
  const refused = await ask('/log/checkpoint', { headers: { 'From-Address': '192.0.2.1' } })
  expect([refused.status, refused.reason]).toEqual([503, 'overloaded'])
  expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThanOrEqual(1)
  // Others are served meanwhile.
  const other = await ask('/log/checkpoint', { headers: { 'From-Address': '192.0.2.2' } })
  expect(other.status).toBe(200)
  for (const go of held) go()
  void waiting
})
