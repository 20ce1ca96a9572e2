import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ProblemName } from '#wire/answers.ts'
import { PROBLEM_NAMES, ProblemSchema } from '#wire/answers.ts'
import { createApp } from '#http/app.ts'
import { PROBLEM_STATUSES, type ProblemStatus, problemTypeOf } from '#http/problem-types.ts'
import { PROBLEM_TITLES } from '#wire/problem-titles.ts'
import { type Storage, Unavailable } from '#ports/storage.ts'
import { type Coalition, foundCoalition, threeOf } from '#test/helpers/coalition.ts'

let coalition: Coalition
beforeAll(async () => {
  coalition = await foundCoalition()
})
afterAll(async () => {
  await coalition.close()
})

/** The app over a storage that fails where an act is looked up. */
async function failing(error: Error): Promise<Response> {
  const storage: Storage = {
    ...coalition.ports.storage,
    findAct: async () => {
      throw error
    },
  }
  return await createApp({ ...coalition.ports, storage }).request(`/api/acts/${'0'.repeat(64)}`)
}

test('answers an outage with 503 and when to come back, and reports the code alone', async () => {
  const cause = Object.assign(new Error('/var/lib/secret'), { code: 'SQLITE_FULL' })
  const response = await failing(new Unavailable('SQLite failed', { cause }))
  const text = await response.text()
  expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '5'])
  expect(ProblemSchema.parse(JSON.parse(text)).type).toBe('/problems/unavailable')
  expect(text).not.toContain('secret')
  expect(coalition.events.at(-1)).toBe('unavailable GET /api/acts/:id{[0-9a-f]{64}}')
})

test('answers a fault of our own with 500, and lets neither its message nor what was sent out', async () => {
  const response = await failing(new TypeError('Alice Example\n    at alice@example.org'))
  const text = await response.text()
  expect(response.status).toBe(500)
  expect(ProblemSchema.parse(JSON.parse(text))).toEqual({
    status: 500,
    title: PROBLEM_TITLES['internal-error'],
    type: '/problems/internal-error',
  })
  const event = coalition.events.at(-1) ?? ''
  expect(event).toContain('TypeError')
  expect(event.toLowerCase()).not.toContain('alice')
  expect(response.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
})

test('answers an act that is durable though its receipt cannot be had', async () => {
  const { contoso } = threeOf(coalition)
  const sequencer = {
    flush: async () => {
      throw new Unavailable('no signer')
    },
  }
  const app = createApp({ ...coalition.ports, sequencer })
  const payload = await coalition.compose('mailbox.invite', { tokens: ['1'.repeat(64)] }, contoso)
  const form = new FormData()
  form.append('act', new Blob([Uint8Array.from(payload)]))
  form.append('signature', await coalition.sign(contoso, payload))
  const response = await app.request('/api/acts', { method: 'POST', body: form })
  expect([response.status, await response.json()]).toMatchObject([
    201,
    { receipt: null, status: 'effective' },
  ])
})

test('says which methods an address takes', async () => {
  for (const [method, path, allow] of [
    ['DELETE', '/api/acts', 'POST, GET, HEAD'],
    ['POST', '/log/checkpoint', 'GET, HEAD'],
    ['PATCH', `/api/bundles/${'0'.repeat(64)}`, 'PUT, GET, HEAD'],
    ['OPTIONS', '/api/session', 'POST'],
  ] as const) {
    const { headers, reason, status } = await coalition.ask(path, { method })
    expect([path, status, reason, headers.get('Allow')]).toEqual([
      path,
      405,
      'method-not-allowed',
      allow,
    ])
  }
  expect((await coalition.ask('/api/nothing', { method: 'DELETE' })).status).toBe(404)
})

test('has a status and a sentence for every problem, and does not compile without one', () => {
  for (const name of PROBLEM_NAMES) {
    const { status, title } = problemTypeOf(name)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(title).toMatch(/^[A-Z].*\.$/)
  }
  const { 'not-found': _, ...incomplete } = PROBLEM_STATUSES
  // @ts-expect-error -- a reason without a line is a compile error
  const statuses: Readonly<Record<ProblemName, ProblemStatus>> = incomplete
  const { 'not-found': __, ...untold } = PROBLEM_TITLES
  // @ts-expect-error -- and so is one without a sentence
  const titles: Readonly<Record<ProblemName, string>> = untold
  expect([statuses, titles]).toBeDefined()
})

const PUBLIC = [
  '/log/checkpoint',
  '/log/tile/0/000.p/1',
  '/log/addenda.v1',
  '/keys/index.json',
  '/api/directory',
  '/api/openapi.json',
  '/.well-known/openpgpkey/policy',
]
const OTHERS = [
  '/',
  '/healthz',
  '/readyz',
  '/api/acts?status=pending',
  '/api/session/nonce',
  '/api/nothing',
  '/nothing',
  '/.well-known/security.txt',
]

test('sends the same protective headers with every answer, good or bad', async () => {
  for (const path of [...PUBLIC, ...OTHERS]) {
    const { headers } = await coalition.ask(path)
    expect([path, headers.get('Content-Security-Policy')]).toEqual([
      path,
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ])
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
    expect(headers.get('Referrer-Policy')).toBe('no-referrer')
    expect(headers.get('Cache-Control')).not.toBeNull()
  }
})

test('lets pages elsewhere read what is public, and nothing else', async () => {
  for (const path of PUBLIC) {
    expect([path, (await coalition.ask(path)).headers.get('Access-Control-Allow-Origin')]).toEqual([
      path,
      '*',
    ])
  }
  for (const path of OTHERS) {
    const { headers } = await coalition.ask(path)
    expect([
      path,
      headers.get('Access-Control-Allow-Origin'),
      headers.get('Cross-Origin-Resource-Policy'),
    ]).toEqual([path, null, 'same-origin'])
  }
})

test('lets no cache keep what is private', async () => {
  for (const path of [
    '/api/acts?status=pending',
    '/api/session/nonce',
    `/api/acts/${coalition.ports.genesis}`,
    '/api/nothing',
  ]) {
    expect([path, (await coalition.ask(path)).headers.get('Cache-Control')]).toEqual([
      path,
      'no-store',
    ])
  }
})

test('tells browsers to stay with encryption where the server is reached that way', async () => {
  const app = createApp({ ...coalition.ports, publicUrl: 'https://coalition.example' })
  expect((await app.request('/')).headers.get('Strict-Transport-Security')).toContain('max-age=')
  expect((await coalition.ask('/')).headers.get('Strict-Transport-Security')).toBeNull()
})

test('reports the reason of everything refused that would have been written, but where customers come', async () => {
  const before = coalition.events.length
  await coalition.ask('/api/acts', { method: 'POST' })
  await coalition.ask('/api/challenges?purpose=officer', { method: 'POST', body: 'x' })
  await coalition.ask(`/api/briefs/${'0'.repeat(64)}`, { method: 'PUT', body: 'x' })
  await coalition.ask(`/api/acts/${'0'.repeat(64)}/signatures`, { method: 'POST', body: 'x' })
  expect(coalition.events.slice(before)).toEqual([
    'request-malformed',
    'session-missing',
    'signature-not-accepted',
  ])
})
