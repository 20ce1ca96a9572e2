import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { composeAct } from '#client/act.ts'
import { generateMailboxKey } from '#client/openpgp.ts'
import { NO_HEAD } from '#core/act.ts'
import { ProblemSchema } from '#wire/answers.ts'
import { ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { type ServerProcess, startServerProcess } from '#test/helpers/server-process.ts'
import { type HostileRequest, hostileRequests } from './hostile-requests.ts'

const MEGABYTE = 1024 * 1024
/** How long a server may take to end a connection that was broken. */
const END_MILLISECONDS = 15_000
/** What one request may cost the server. */
const COMPUTING_MILLISECONDS_MAX = 2000
/** Rounds until the engine has grown to what such a load needs, and rounds after that. */
const WARM_UP = 4
const ROUNDS = 6
const GROWTH_BYTES_MAX = 64 * MEGABYTE

let server: ServerProcess | undefined
let token: string
const key = await generateMailboxKey({
  midnight: Math.floor(Date.now() / 86_400_000) * 86_400,
  passphrase: '',
  unprotected: true,
})
const act = composeAct({
  type: 'mailbox.invite',
  body: { tokens: ['00'.repeat(32)] },
  by: { party: 'contoso.example' },
  directory: NO_HEAD,
  origin: ORIGIN,
  now: Math.floor(Date.now() / 1000),
  nonce: new Uint8Array(16),
})
const REQUESTS = hostileRequests({ certificate: key.publicBytes, act })

beforeAll(async () => {
  server = await startServerProcess()
  token = await server.coalition.session(threeOf(server.coalition).contoso)
})
afterAll(async () => {
  await server?.clear()
})

function running(): ServerProcess {
  if (server === undefined) throw new Error('there is no server')
  return server
}

async function send(request: HostileRequest): Promise<Response> {
  const { body, headers, method, path, within } = request
  return await fetch(`${running().url}${path}`, {
    method,
    body: typeof body === 'string' ? body : Uint8Array.from(body),
    headers: { ...headers, ...(within === true ? { Authorization: `Bearer ${token}` } : {}) },
  })
}

async function sendAll(): Promise<void> {
  for (const request of REQUESTS) await (await send(request)).arrayBuffer()
}

/** What the server has of the bundle that the enemy uploads. */
async function held() {
  const path = `/api/bundles/${'1'.repeat(64)}`
  return await running().coalition.ask(path, { method: 'HEAD', token })
}

async function isAnswering(): Promise<boolean> {
  const { status } = await fetch(`${running().url}/readyz`)
  return status === 200
}

describe('an enemy who sends', () => {
  test.each(REQUESTS)('$name is answered at a bounded cost, with a problem', async (request) => {
    const before = running().computedMilliseconds()
    const response = await send(request)
    const problem = ProblemSchema.parse(await response.json())
    expect(running().computedMilliseconds() - before).toBeLessThan(COMPUTING_MILLISECONDS_MAX)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(problem.type).toBe(`/problems/${request.reason}`)
    expect(problem.status).toBe(response.status)
    expect(await isAnswering()).toBe(true)
  })
})

/** Writes bytes to a connection as they are, and gives what comes back until it ends or the time is up. */
async function raw(
  lines: readonly string[],
  options: { readonly end?: true } = {},
): Promise<string> {
  const socket = await dial()
  let answer = ''
  socket.on('data', (data) => (answer += data.toString('latin1')))
  socket.on('error', () => undefined)
  socket.write(lines.join('\r\n'))
  if (options.end === true) socket.end()
  await new Promise<void>((resolve) => {
    socket.once('close', resolve)
    setTimeout(resolve, END_MILLISECONDS)
  })
  socket.destroy()
  return answer
}

async function dial(): Promise<Socket> {
  const { hostname, port } = new URL(running().url)
  return await new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

const HEAD = ['POST /api/acts HTTP/1.1', 'Host: localhost', 'Content-Type: application/json']
const statusesIn = (answer: string) =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, code]) => code)

test('an enemy who breaks HTTP by announcing more than it sends and going away gets a problem or nothing', async () => {
  const answer = await raw([...HEAD, 'Content-Length: 500', '', '{'], { end: true })
  expect(statusesIn(answer).every((code) => code === '400')).toBe(true)
  expect(await isAnswering()).toBe(true)
})

test('an enemy who breaks HTTP by announcing less than it sends gets no second request out of the rest', async () => {
  const smuggled = 'DELETE /api/acts HTTP/1.1\r\nHost: localhost\r\n\r\n'
  const answer = await raw([...HEAD, 'Content-Length: 2', 'Connection: close', '', `{}${smuggled}`])
  expect(statusesIn(answer)).toEqual(['400'])
  expect(await isAnswering()).toBe(true)
})

test.each([
  { name: 'two lengths', headers: ['Content-Length: 2', 'Content-Length: 3'] },
  { name: 'a length and chunks', headers: ['Content-Length: 2', 'Transfer-Encoding: chunked'] },
  { name: 'a negative length', headers: ['Content-Length: -1'] },
  { name: 'a length that is no number', headers: ['Content-Length: 1e9'] },
  {
    name: 'a chunk that claims 4 GB',
    headers: ['Transfer-Encoding: chunked', '', 'ffffffffff', ''],
  },
  { name: '20 KB of headers', headers: [`X-Long: ${'a'.repeat(20_000)}`] },
  { name: '5,000 headers', headers: Array.from({ length: 5000 }, (_, i) => `A${String(i)}: b`) },
])('an enemy who breaks HTTP by $name is turned away', async ({ headers }) => {
  const answer = await raw([...HEAD, ...headers, 'Connection: close', '', '{}'])
  expect(statusesIn(answer).every((code) => code?.startsWith('4') === true)).toBe(true)
  expect(await isAnswering()).toBe(true)
})

test('an enemy who breaks HTTP by two hundred connections that dawdle keeps nobody else from being served', async () => {
  const sockets = await Promise.all(Array.from({ length: 200 }, async () => await dial()))
  for (const [i, socket] of sockets.entries()) {
    socket.on('error', () => undefined)
    const half = i % 2 === 0 ? HEAD.slice(0, 2) : [...HEAD, 'Content-Length: 1000000', '', '{']
    socket.write(half.join('\r\n'))
  }
  for (let i = 0; i < 5; i++) {
    for (const socket of sockets) socket.write(i % 2 === 0 ? 'a' : 'b')
    expect(await isAnswering()).toBe(true)
  }
  for (const socket of sockets) socket.destroy()
  expect(await isAnswering()).toBe(true)
})

test('an enemy who breaks HTTP by going away in the middle of an upload leaves nothing of it', async () => {
  for (let i = 0; i < 5; i++) {
    const socket = await dial()
    socket.on('error', () => undefined)
    socket.write(
      [
        `PUT /api/bundles/${'1'.repeat(64)}?count=1024 HTTP/1.1`,
        'Host: localhost',
        `Authorization: Bearer ${token}`,
        'Content-Range: bytes 0-8388607/8388608',
        'Content-Length: 8388608',
        '',
        '{"commitment":"'.repeat(10_000),
      ].join('\r\n'),
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
  }
  expect((await held()).headers.get('Upload-Offset')).toBe('0')
  expect(await isAnswering()).toBe(true)
})

test('an enemy who keeps on does not make the process grow, and it stays up', async () => {
  for (let i = 0; i < WARM_UP; i++) await sendAll()
  const warm = running().memoryBytes()
  for (let i = 0; i < ROUNDS; i++) await sendAll()
  const growth = running().memoryBytes() - warm
  expect(growth).toBeLessThan(GROWTH_BYTES_MAX)
  expect(running().isUp()).toBe(true)
  expect(await isAnswering()).toBe(true)
}, 120_000)

test('after all of it nothing was written, and the coalition goes on', async () => {
  const { coalition } = running()
  const { contoso } = threeOf(coalition)
  const tokens = ['00'.repeat(32)]
  expect((await coalition.submit('mailbox.invite', { tokens }, contoso)).status).toBe(201)
  expect((await coalition.ask('/api/acts?status=pending', { token })).body['acts']).toEqual([])
  const { chain } = (await coalition.ask('/api/directory')).body
  expect(chain).toHaveLength(1)
})
