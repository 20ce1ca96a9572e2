import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Arrival, openArrivals } from '#http/arrivals.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { openAdmission } from '#http/admission.ts'
import { closeServer, listen } from '#entry/listen.ts'
import { createApp } from '#http/app.ts'
import { type Coalition, formOf, foundCoalition, threeOf } from '#test/helpers/coalition.ts'
import { UNDER_WAY } from '#wire/limits.ts'

/** A timer whose time passes when a test says so. */
function handTimer(): {
  after(seconds: number, run: () => void): () => void
  pass(to: number): void
} {
  const due = new Set<{ readonly at: number; readonly run: () => void }>()
  return {
    after: (at, run) => {
      const one = { at, run }
      due.add(one)
      return () => due.delete(one)
    },
    pass: (to) => {
      for (const one of due) if (one.at <= to) one.run()
    },
  }
}

async function isCut({ cut }: Arrival): Promise<boolean> {
  return await Promise.race([
    cut.then(
      () => false,
      () => true,
    ),
    new Promise<boolean>((resolve) => setImmediate(() => resolve(false))),
  ])
}

const stranger = { network: '192.0.2', isKnown: false, bytes: 1 }

test('where there is no room, the oldest body goes of the network that has the most', async () => {
  const { enter } = openArrivals({ max: 4, timer: handTimer() })
  const one = enter({ ...stranger, network: '198.51.100' })
  const flood = [1, 2, 3].map(() => enter(stranger))
  const newcomer = enter({ ...stranger, network: '203.0.113' })
  const cut = await Promise.all([one, ...flood, newcomer].map(isCut))
  expect(cut).toEqual([false, true, false, false, false])
})

test('a body of a known sender goes only once there is nobody else', async () => {
  const { enter } = openArrivals({ max: 3, timer: handTimer() })
  const known = { network: 'office', isKnown: true, bytes: 1 }
  const officers = [enter(known), enter(known)]
  const one = enter({ ...stranger, network: '198.51.100' })
  enter({ ...stranger, network: '203.0.113' })
  expect(await Promise.all([...officers, one].map(isCut))).toEqual([false, false, true])
  const full = openArrivals({ max: 1, timer: handTimer() })
  const first = full.enter(known)
  full.enter(known)
  expect(await isCut(first)).toBe(true)
})

test('a body that has ended makes room, and is not cut any more', async () => {
  const timer = handTimer()
  const { enter } = openArrivals({ max: 1, timer })
  const first = enter(stranger)
  first.end()
  const second = enter(stranger)
  timer.pass(5)
  expect(await isCut(first)).toBe(false)
  second.end()
})

test('a small body has 5 seconds and one more for each 256 KiB that were announced', async () => {
  const timer = handTimer()
  const { enter } = openArrivals({ max: 9, timer })
  const [small, large] = [enter(stranger), enter({ ...stranger, bytes: 1024 * 1024 })]
  timer.pass(5)
  expect(await isCut(small)).toBe(false)
  timer.pass(6)
  expect([await isCut(small), await isCut(large)]).toEqual([true, false])
  timer.pass(8)
  expect(await isCut(large)).toBe(false)
  timer.pass(9)
  expect(await isCut(large)).toBe(true)
})

const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

/** A server whose bodies never take too long: only their number counts. */
async function served(): Promise<{ coalition: Coalition; port: number }> {
  const admission = openAdmission({
    clock: { now: () => 0 },
    random: systemRandom,
    timer: handTimer(),
    clientAddress: (c) => c.req.header('From-Address') ?? '203.0.113.1',
    factor: 1000,
  })
  const coalition = await foundCoalition()
  open.push(async () => await coalition.close())
  const app = createApp({ ...coalition.ports, admission })
  const { server, url } = await listen(app, { host: '127.0.0.1', port: 0 })
  open.push(async () => await closeServer(server))
  return { coalition, port: Number(new URL(url).port) }
}

/** A request of which one byte comes and no more; resolves with what is answered, if anything. */
async function dribble(
  port: number,
  from: string,
): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  const answer = new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes.toString()
    })
    socket.on('close', () => resolve(text))
    socket.on('error', () => resolve(text))
  })
  const head = ['POST /api/acts HTTP/1.1', 'Host: x', `From-Address: ${from}`]
  const more = ['Content-Type: application/json', 'Content-Length: 100']
  await new Promise<void>((resolve) => {
    socket.write(`${[...head, ...more].join('\r\n')}\r\n\r\n{`, () => resolve())
  })
  return { socket, answer }
}

test('bodies that do not arrive keep nobody out: who has the most of them is sent away, and others read and file', async () => {
  const { coalition, port } = await served()
  const flood = await Promise.all(
    Array.from({ length: UNDER_WAY.arriving }, (_, i) => dribble(port, `192.0.2.${String(i % 8)}`)),
  )
  open.push(async () => {
    for (const { socket } of flood) socket.destroy()
  })
  const url = `http://127.0.0.1:${String(port)}`
  expect((await fetch(`${url}/log/checkpoint`)).status).toBe(200)
  const { contoso } = threeOf(coalition)
  for (const token of ['1', '2']) {
    const payload = await coalition.compose(
      'mailbox.invite',
      { tokens: [token.repeat(64)] },
      contoso,
    )
    const body = formOf(payload, [await coalition.sign(contoso, payload)])
    expect((await fetch(`${url}/api/acts`, { method: 'POST', body })).status).toBe(201)
  }
  const sentAway = await Promise.race(flood.map(async ({ answer }) => await answer))
  expect(sentAway).toMatch(/^HTTP\/1\.1 503 /)
  expect(sentAway).toMatch(/\r\nretry-after: \d/i)
})
