import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openProgress } from '#cli/progress.ts'
import { runHere } from '#test/helpers/command-line.ts'

/** A server that closes a kept connection at its second request, as one does whose patience ended just then. */
const server = createServer((request, response) => {
  served.set(request.socket, (served.get(request.socket) ?? 0) + 1)
  if ((served.get(request.socket) ?? 0) > 1) request.socket.destroy()
  else response.end('{}')
})
const served = new Map<unknown, number>()
let url = ''

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has such an address
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

test('a kept connection that the server closed meanwhile is no outage', async () => {
  for (let time = 0; time < 4; time++) {
    expect(await runHere(['api', 'GET', '/api/health', '--server', url])).toMatchObject({
      code: 0,
      out: '{}\n',
    })
  }
  expect([...served.values()].some((requests) => requests > 1)).toBe(true)
})

function show(isTerminal: boolean, workMs: number): string {
  let screen = ''
  let at = 5
  const progress = openProgress(
    { isTerminal, stderr: { write: (chunk) => (screen += String(chunk)) } },
    'composing',
    () => at,
  )
  progress.update(0, 10)
  at += workMs
  progress.update(5, 10)
  progress.close()
  return screen
}

test('progress is shown to a person alone, and only of work that takes a second', () => {
  const [short, long, piped] = [show(true, 200), show(true, 1100), show(false, 1100)]
  expect(short).toBe('')
  expect(piped).toBe('')
  expect(long).toContain('composing [############............] 5/10')
  expect(long.endsWith('\r')).toBe(true)
})
