import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { endRound } from '#test/helpers/crash-round.ts'
import { type ServerProcess, startServerProcess } from '#test/helpers/server-process.ts'

const running: ServerProcess[] = []
afterEach(async () => {
  for (const server of running.splice(0)) {
    if (server.isUp()) server.signal('SIGKILL')
    await server.ended()
    await server.clear()
  }
})

async function start(env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const server = await startServerProcess({ serve: env })
  running.push(server)
  return server
}

/** A connection that keeps what the server said. */
interface Line {
  readonly socket: Socket
  readonly said: () => string
  /** Waits until the server has said something that matches, or has hung up. */
  readonly until: (pattern: RegExp) => Promise<void>
}

function open(server: ServerProcess): Line {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  let said = ''
  socket.on('data', (data) => {
    said += data.toString('latin1')
  })
  socket.on('error', () => undefined)
  const until = async (pattern: RegExp): Promise<void> => {
    while (!socket.closed && !pattern.test(said)) await sleep(10)
  }
  return { socket, said: () => said, until }
}

const BODY = JSON.stringify({ payload: 'bm8gYWN0', signatures: ['none'] })
const HEADERS = `POST /api/acts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${String(BODY.length)}\r\n\r\n`
const READY = 'GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'

/** Opens a connection on which half of a request has reached the server. */
async function dawdle(server: ServerProcess): Promise<Line> {
  const line = open(server)
  line.socket.write(READY)
  await line.until(/"ready"/)
  line.socket.write(`${HEADERS}${BODY.slice(0, 10)}`)
  return line
}

/** What the server printed: one line of JSON per event. */
function printed(server: ServerProcess): string {
  return readFileSync(join(server.folder, 'stderr'), 'utf8')
}

test('what was acknowledged survives a stop under load, nothing is answered half, and the exit code is 0', async () => {
  const server = await startServerProcess({ serve: {} })
  const { acknowledged, failures } = await endRound(server, async () => {
    server.signal('SIGTERM')
    expect(await server.ended()).toBe(0)
    return await server.revive()
  })
  expect(acknowledged).toBeGreaterThan(0)
  expect(failures).not.toContain('terminated')
})

test('a request that runs is answered whole, as the last of its connection, and nobody new is let in', async () => {
  const server = await start()
  const [slow, other] = [await dawdle(server), await dawdle(server)]
  server.signal('SIGTERM')
  while (!printed(server).includes('"stopping"')) await sleep(10)
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  // What is asked behind the request that runs has no answer.
  other.socket.write(`${BODY.slice(10)}${READY}`)
  await other.until(/never/)
  expect(other.said().match(/HTTP\/1\.1/g)).toHaveLength(2)
  slow.socket.write(BODY.slice(10))
  await slow.until(/\/problems\/act-not-json.*\}/)
  expect(slow.said()).toMatch(/connection: close/i)
  expect(await server.ended()).toBe(0)
  expect(printed(server)).toContain('{"event":"stopped","cut":0}')
})

test('who takes longer than the limit is cut, and the exit code is 0', async () => {
  const server = await start({ DUNANT_STOP_SECONDS: '1' })
  const line = await dawdle(server)
  server.signal('SIGINT')
  expect(await server.ended()).toBe(0)
  expect(line.said()).not.toContain('/problems/')
  expect(printed(server)).toContain('{"event":"stopped","cut":1}')
})

test('a second signal ends at once', async () => {
  const server = await start({ DUNANT_STOP_SECONDS: '3600' })
  await dawdle(server)
  server.signal('SIGTERM')
  await sleep(300)
  expect(server.isUp()).toBe(true)
  server.signal('SIGINT')
  expect(await server.ended()).toBe(130)
})

test('a fault that nobody caught ends the process with a code, and is reported without what was sent', async () => {
  const fault =
    "process.on('SIGUSR2',()=>{void Promise.reject(new TypeError('what somebody wrote'))})"
  const server = await start({
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(fault)}`,
  })
  server.signal('SIGUSR2')
  expect(await server.ended()).toBe(1)
  expect(printed(server)).toMatch(/\{"event":"crashed","error":"TypeError at /)
  expect(printed(server)).not.toContain('what somebody wrote')
})
