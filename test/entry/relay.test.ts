import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MailState } from '#ports/deliveries.ts'
import { openRelay, type Relay } from '#entry/relay.ts'
import { hex } from '#core/bytes.ts'
import { writeArmor } from '#core/packets.ts'
import { systemRandom } from '#client/random.ts'
import { officer } from '#test/helpers/client-keys.ts'
import { program, type Ran, runHere } from '#test/helpers/command-line.ts'
import { type Reader, reader, relayed } from '#test/helpers/mail.ts'
import { type MailServer, mailServer } from '#test/helpers/mail-server.ts'
import { NO_SMALL_DISK, smallDisk } from '#test/helpers/small-disk.ts'
import type { RelayedNotice } from '#service/queue-mail.ts'

let folder = ''
let server: MailServer
let sender: Awaited<ReturnType<typeof officer>>
let alice: Reader
const running = new Set<ChildProcess>()

beforeAll(async () => {
  sender = await officer()
  alice = await reader('alice@customer.example')
})
beforeEach(async () => {
  server = await mailServer()
  folder = mkdtempSync(join(tmpdir(), 'dunant-relay-'))
  configure(folder)
})
afterEach(async () => {
  for (const child of running) {
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  running.clear()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

function configure(where: string, more: object = {}): void {
  const settings = {
    from: { name: 'Contoso Security', address: 'reporter@contoso.example' },
    bounces: 'bounces@contoso.example',
    smtp: {
      host: '127.0.0.1',
      port: server.port,
      tls: 'starttls',
      authorities: 'ca.pem',
      user: 'relay',
      password_file: 'password',
    },
    certificate: 'sender.asc',
    per_domain_a_minute: 60_000,
    per_domain_at_once: 1000,
    ...more,
  }
  writeFileSync(join(where, 'relay.json'), JSON.stringify(settings))
  writeFileSync(join(where, 'ca.pem'), server.tls.authority)
  writeFileSync(join(where, 'password'), 'correct horse\n')
  writeFileSync(join(where, 'sender.asc'), writeArmor('PGP PUBLIC KEY BLOCK', sender.certificate))
}

async function notices(count: number): Promise<readonly RelayedNotice[]> {
  return await Promise.all(
    Array.from(
      { length: count },
      async (_, i) =>
        await relayed(sender.key, { ...alice, address: `r${String(i)}@customer.example` }),
    ),
  )
}

async function withRelay<T>(work: (relay: Relay) => Promise<T>, where = folder): Promise<T> {
  const relay = await openRelay(where, { report: () => undefined })
  try {
    return await work(relay)
  } finally {
    await relay.close()
  }
}

function startRelay(where = folder): ChildProcess {
  const child = spawn(process.execPath, [program(), 'relay', '--relay', where], { stdio: 'ignore' })
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

async function ran(...argv: readonly string[]): Promise<Ran> {
  return await runHere(
    ['relay', ...argv, '--relay', folder, '--json'],
    argv[0] === 'bounce' ? { stdin: 'hello' } : {},
  )
}

function idOf(raw: string): string {
  return /^Message-ID:\s+<([0-9a-f]{64})@contoso\.example>\r?$/m.exec(raw)?.[1] ?? ''
}

test('a relay that is killed at any moment, and two at once, lose no mail and repeat only what was under way', async () => {
  const count = 60
  await withRelay(async (relay) => await relay.queue(await notices(count)))
  const seen: string[] = []
  const kills = new Map([
    [5, 'before'],
    [17, 'after'],
    [30, 'before'],
    [44, 'after'],
  ])
  let children = [startRelay(), startRelay()]
  let killed = 0
  const strike = (): void => {
    const victim = children[killed++ % children.length]
    victim?.kill('SIGKILL')
    children = children.map((child) => (child === victim ? startRelay() : child))
  }
  server.behave({
    data: ({ raw }) => {
      if (raw === '') return undefined
      seen.push(idOf(raw))
      if (kills.has(seen.length)) strike()
      return undefined
    },
  })
  await expect.poll(() => new Set(seen).size, { timeout: 60_000 }).toBe(count)
  await expect
    .poll(async () => await withRelay(async (relay) => await relay.counts()), { timeout: 60_000 })
    .toMatchObject({ sent: count, sending: 0, queued: 0 })
  expect(killed).toBe(4)
  // Each process has four connections, and a mail on each at most.
  expect(seen.length - count).toBeLessThanOrEqual(4 * killed)
  const raws = new Map<string, string>()
  for (const { raw } of server.taken) {
    expect(raws.get(idOf(raw)) ?? raw).toBe(raw)
    raws.set(idOf(raw), raw)
  }
}, 120_000)

test('a relay that is told to end settles what is under way, and the next sends the rest', async () => {
  await withRelay(async (relay) => await relay.queue(await notices(20)))
  const child = startRelay()
  await expect.poll(() => server.taken.length, { timeout: 30_000 }).toBeGreaterThan(0)
  child.kill('SIGTERM')
  await once(child, 'close')
  expect(child.exitCode).toBe(0)
  expect((await withRelay(async (relay) => await relay.counts())).sending).toBe(0)
  startRelay()
  await expect.poll(() => server.taken.length, { timeout: 30_000 }).toBe(20)
})

test.skipIf(NO_SMALL_DISK !== undefined)(
  'a full disk queues nothing by halves, and what was queued is sent once there is space',
  async () => {
    const disk = smallDisk(8)
    try {
      configure(disk.path)
      await withRelay(async (relay) => {
        await relay.queue(await notices(3))
        disk.fill()
        await expect(relay.queue(await notices(40))).rejects.toThrow(/SQLITE_FULL|SQLITE_IOERR/)
        expect((await relay.counts()).queued).toBe(3)
        disk.free()
        await relay.queue(await notices(2))
        relay.start()
        await expect.poll(() => server.taken.length, { timeout: 30_000 }).toBe(5)
      }, disk.path)
    } finally {
      disk.clear()
    }
  },
)

test('each state is told to whoever keeps them, also what another process brought about', async () => {
  const states: string[] = []
  const deliveries = {
    note: async (changed: readonly { readonly state: MailState }[]) => {
      states.push(...changed.map(({ state: { state } }) => state))
      await Promise.resolve()
    },
  }
  const relay = await openRelay(folder, { report: () => undefined, deliveries })
  try {
    expect(await relay.queue(await notices(1))).toMatchObject([{ outcome: 'queued' }])
    const other = startRelay()
    await expect.poll(() => server.taken.length, { timeout: 30_000 }).toBe(1)
    other.kill('SIGTERM')
    await once(other, 'close')
    relay.start()
    await expect.poll(() => states).toEqual(['queued', 'sent'])
  } finally {
    await relay.close()
  }
})

test('the command line shows, holds, releases and takes reports', async () => {
  await withRelay(
    async (relay) =>
      await relay.queue((await notices(2)).map((one) => ({ ...one, batch: 'first' }))),
  )
  expect(JSON.parse((await ran('hold', 'first')).out)).toEqual({ mails: 2, under_way: 0 })
  expect(JSON.parse((await ran('status')).out)).toMatchObject({ held: 2, queued: 0 })
  expect(JSON.parse((await ran('hold', 'first', '--release')).out)).toEqual({
    mails: 2,
    under_way: 0,
  })
  expect((await ran('bounce', '-')).code).not.toBe(0)
})

test('a relay does not start on a secret that others can read, without its secret, or on settings that are wrong', async () => {
  await withRelay(async (relay) => await relay.queue(await notices(1)))
  chmodSync(join(folder, 'relay.key'), 0o644)
  await expect(openRelay(folder, { report: () => undefined })).rejects.toThrow('chmod 600')
  chmodSync(join(folder, 'relay.key'), 0o600)
  for (const [wrong, named] of [
    [{ smtp: { host: 'a', port: 25, tls: 'none' } }, 'tls'],
    [{ smtp: { host: 'a', port: 25, tls: 'starttls', verify: false } }, 'verify'],
    [{ smtp: { host: 'a', port: 25, tls: 'starttls', user: 'x' } }, 'password_file'],
    [{ from: { name: 'Contoso', address: 'somebody.else@contoso.example' } }, 'certificate'],
    [{ bounces: 'nobody' }, 'bounces'],
  ] as const) {
    configure(folder, wrong)
    await expect(openRelay(folder, { report: () => undefined }), named).rejects.toThrow(named)
  }
  configure(folder)
  rmSync(join(folder, 'relay.key'))
  await expect(openRelay(folder, { report: () => undefined })).rejects.toThrow('is missing')
})

test('nothing in the folder of a relay tells whom it writes to', async () => {
  const name = `marker${hex(systemRandom(8))}`
  await withRelay(async (relay) => {
    await relay.queue([
      await relayed(
        sender.key,
        { ...alice, address: `${name}@${name}.example` },
        { zone: 'Europe/Berlin' },
      ),
    ])
    for (const file of readdirSync(folder))
      expect(readFileSync(join(folder, file)).toString('latin1'), file).not.toContain(name)
  })
})
