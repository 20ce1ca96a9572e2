import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { serve, type ServerType } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Coalition, foundCoalition } from '#test/helpers/coalition.ts'
import { computedMilliseconds } from '#test/helpers/effort.ts'

const MEGABYTE = 2 ** 20
let coalition: Coalition
let server: ServerType
let port: number

beforeAll(async () => {
  coalition = await foundCoalition()
  port = await new Promise<number>((resolve) => {
    server = serve(
      { fetch: coalition.app.fetch, hostname: '127.0.0.1', port: 0 },
      (address: AddressInfo) => resolve(address.port),
    )
  })
})
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve))
  await coalition.close()
})

/** Writes bytes to the server as they are, and gives what it says until it hangs up or a second has passed. */
async function wire(...pieces: readonly (Uint8Array | string)[]): Promise<string> {
  return await new Promise((resolve) => {
    let said = ''
    const socket = connect(port, '127.0.0.1')
    const done = (): void => {
      socket.destroy()
      resolve(said)
    }
    socket.setTimeout(1000, done)
    socket.on('data', (data) => {
      said += data.toString('latin1')
    })
    socket.on('error', done)
    socket.on('close', done)
    for (const piece of pieces) socket.write(piece)
  })
}

async function isUp(): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${String(port)}/healthz`)).status === 200
}

function post(headers: string): string {
  return `POST /api/acts HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n${headers}\r\n`
}

test.each([
  ['bytes that are not HTTP', new Uint8Array(1000).fill(0xff)],
  ['a line without an end', 'GET /api'],
  ['headers that do not end', `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(20_000)}`],
  ['a path of 100 KB', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
  ['a path with NUL', 'GET /api/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ['a Host that is none', 'GET / HTTP/1.1\r\nHost: [\r\nConnection: close\r\n\r\n'],
  [
    'an absolute address',
    'GET http://evil.example/api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  ],
  ['a method nobody knows', 'BREW / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['a body that breaks off', `${post('Content-Length: 1000\r\n')}{"payload":`],
  ['a chunk that is none', `${post('Transfer-Encoding: chunked\r\n')}zz\r\n`],
  ['two lengths', `${post('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n')}0\r\n\r\n`],
  ['a negative length', post('Content-Length: -1\r\n')],
])('stays up after %s', async (_, bytes) => {
  const said = await wire(bytes)
  expect(said).not.toContain('HTTP/1.1 500')
  expect(await isUp()).toBe(true)
  expect(coalition.events.filter((event) => event.startsWith('failed'))).toEqual([])
})

test('stops reading a chunked body at its limit, and answers with the problem', async () => {
  const chunk = `${MEGABYTE.toString(16)}\r\n${'x'.repeat(MEGABYTE)}\r\n`
  const said = await wire(post('Transfer-Encoding: chunked\r\n'), chunk, chunk, chunk, '0\r\n\r\n')
  expect(said).toContain('HTTP/1.1 413')
  expect(said).toContain('/problems/request-too-large')
})

test('answers a stranger before it reads what the stranger uploads', async () => {
  const path = `/api/bundles/${'0'.repeat(64)}?count=1024`
  const said = await wire(
    `PUT ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${String(8 * MEGABYTE)}\r\n\r\n`,
  )
  expect(said).toContain('HTTP/1.1 401')
  expect(said).toContain('/problems/session-missing')
})

test('answers a form of thousands of parts in reasonable time', async () => {
  const part = '--x\r\nContent-Disposition: form-data; name="signature"\r\n\r\nx\r\n'
  const body = `${part.repeat(14_000)}--x--\r\n`
  const started = computedMilliseconds()
  const { status } = await fetch(`http://127.0.0.1:${String(port)}/api/acts`, {
    method: 'POST',
    body,
    headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
  })
  expect(status).toBe(400)
  // The server runs in this process.
  expect(computedMilliseconds() - started).toBeLessThan(5000)
})
