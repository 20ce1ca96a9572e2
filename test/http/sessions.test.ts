import { afterAll, beforeAll, expect, test } from 'vitest'
import { DAY_SECONDS, dayOf } from '#core/time.ts'
import { createApp } from '#http/app.ts'
import { runDue } from '#service/run-due.ts'
import {
  type Answered,
  type Coalition,
  formOf,
  foundCoalition,
  threeOf,
} from '#test/helpers/coalition.ts'
import { bundleOf, paddedLines } from '#test/helpers/notices.ts'

const OURS = { 'Sec-Fetch-Site': 'same-origin' }
let coalition: Coalition
beforeAll(async () => {
  coalition = await foundCoalition()
})
afterAll(async () => {
  await coalition.close()
})

async function open(query: string, headers: Readonly<Record<string, string>>): Promise<Answered> {
  const { contoso } = threeOf(coalition)
  const { body } = await coalition.ask('/api/session/nonce')
  const payload = await coalition.compose(
    'session.open',
    { session: String(body['nonce']) },
    contoso,
  )
  const form = formOf(payload, [await coalition.sign(contoso, payload)])
  return await coalition.ask(`/api/session${query}`, { method: 'POST', body: form, headers })
}

async function cookie(): Promise<string> {
  return (await open('?cookie=1', OURS)).headers.get('Set-Cookie')?.split(';')[0] ?? ''
}

const BUNDLE = bundleOf(paddedLines([]))

/** An upload, which only a session may, with a cookie and whatever a browser says about the page. */
async function put(Cookie: string, headers: Readonly<Record<string, string>>): Promise<Answered> {
  const range = {
    'Content-Range': `bytes 0-${String(BUNDLE.bytes.length - 1)}/${String(BUNDLE.bytes.length)}`,
  }
  const body = Uint8Array.from(BUNDLE.bytes)
  return await coalition.ask(`/api/bundles/${BUNDLE.root}?count=1024`, {
    method: 'PUT',
    body,
    headers: { Cookie, ...range, ...headers },
  })
}

test('gives a page of ours a cookie that scripts cannot read and other pages cannot send', async () => {
  const { bytes, headers, status } = await open('?cookie=1', OURS)
  const set = headers.get('Set-Cookie') ?? ''
  expect([status, bytes.length]).toEqual([204, 0])
  expect(set).toMatch(/^__Host-dunant=[0-9a-f]{64}; /)
  for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Strict', 'Path=/', 'Max-Age=43200']) {
    expect(set).toContain(attribute)
  }
  expect(set).not.toContain('Domain')
})

test('gives everybody else a token, and no cookie', async () => {
  const { body, headers } = await open('', {})
  expect(body['expires']).toBe(coalition.clock.now() + 43_200)
  expect(body['token']).toMatch(/^[0-9a-f]{64}$/)
  expect(headers.get('Set-Cookie')).toBeNull()
})

test('believes a cookie on a request that changes something only from our own page', async () => {
  const own = await cookie()
  for (const headers of [
    {},
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'null' },
    { Origin: 'https://evil.example' },
    { Origin: 'http://localhost.evil.example' },
  ]) {
    expect([headers, (await put(own, headers)).reason]).toEqual([headers, 'session-missing'])
  }
  expect((await put(own, { Origin: 'http://localhost' })).status).toBe(201)
  expect((await put(own, OURS)).status).toBe(201)
})

test('holds Origin against the address that was configured, not against the Host of the request', async () => {
  const app = createApp({ ...coalition.ports, publicUrl: 'https://coalition.example' })
  const ask = async (origin: string): Promise<number> => {
    const headers = { Cookie: await cookie(), Origin: origin }
    return (
      await app.request(`/api/briefs/${'0'.repeat(64)}`, { method: 'PUT', body: 'x', headers })
    ).status
  }
  expect(await ask('http://localhost')).toBe(401)
  expect(await ask('http://coalition.example')).toBe(401)
  expect(await ask('https://coalition.example')).toBe(400)
})

test('reads with a cookie from anywhere, since no other page sees the answer', async () => {
  const { contoso } = threeOf(coalition)
  const { body } = await coalition.submit('mailbox.invite', { tokens: ['0'.repeat(64)] }, contoso)
  const path = `/api/acts/${String(body['id'])}`
  const answered = await coalition.ask(path, { headers: { Cookie: await cookie() } })
  expect(answered.status).toBe(200)
  expect(answered.headers.get('Access-Control-Allow-Origin')).toBeNull()
  expect((await coalition.ask(path)).status).toBe(404)
})

test('keeps neither the act that opened a session nor the token itself', async () => {
  const before = await coalition.ports.storage.logHead()
  const { body } = await open('', {})
  const after = await coalition.ports.storage.logHead()
  const [row] = await coalition.ports.storage.readSubjects([
    { kind: 'token', id: String(body['token']) },
  ])
  expect(after?.size).toBe(before?.size)
  expect(row?.state).toBeUndefined()
})

test('gives one session for a nonce, however many ask at once', async () => {
  const { contoso } = threeOf(coalition)
  const nonce = String((await coalition.ask('/api/session/nonce')).body['nonce'])
  const payload = await coalition.compose('session.open', { session: nonce }, contoso)
  const signature = await coalition.sign(contoso, payload)
  const show = async (): Promise<Answered> =>
    await coalition.ask('/api/session', { method: 'POST', body: formOf(payload, [signature]) })
  const answers = await Promise.all(Array.from({ length: 8 }, show))
  const reasons = answers.map(({ reason, status }) => reason ?? String(status)).toSorted()
  expect(reasons).toEqual(['200', ...Array.from({ length: 7 }, () => 'session-nonce-invalid')])
  expect((await show()).reason).toBe('session-nonce-invalid')
})

test('forgets used nonces with the tokens of their day', async () => {
  const { clock, ports } = coalition
  const rows = async (day: string): Promise<number> =>
    (await ports.storage.listSubjects({ kind: 'nonce', tag: day, after: '', limit: 100 })).length
  const { body } = await open('', {})
  const day = dayOf(Number(body['expires']))
  expect(await rows(day)).toBeGreaterThan(0)
  clock.advance(4 * DAY_SECONDS)
  await runDue(ports)
  expect(await rows(day)).toBe(0)
  clock.advance(-4 * DAY_SECONDS)
})

test('tells who asks without a session how to get one', async () => {
  const { headers, status } = await coalition.ask(`/api/mailboxes/${'a'.repeat(32)}`)
  expect([status, headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer'])
})
