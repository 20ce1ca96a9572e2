import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { mailCipher } from '#adapters/crypto/mail-cipher.ts'
import { newRelaySecret, relayKeys } from '#adapters/mail/relay-keys.ts'
import { utf8 } from '#core/bytes.ts'
import { DAY_SECONDS } from '#core/time.ts'
import type { Outbox } from '#ports/outbox.ts'
import { Unavailable } from '#ports/storage.ts'
import { deliverDue, type Pass } from '#service/deliver-mail.ts'
import { queueMail, type QueuedNotice, type RelayedNotice } from '#service/queue-mail.ts'
import { runDelivery } from '#service/run-delivery.ts'
import { takeBounce } from '#service/take-bounce.ts'
import { officer } from '#test/helpers/client-keys.ts'
import { addressOf, type Reader, reader, relayed } from '#test/helpers/mail.ts'
import { type MailServer, mailServer } from '#test/helpers/mail-server.ts'
import { accepted, make } from '#test/helpers/openpgp-keys.ts'
import { openWorld, type World } from '#test/helpers/relay-world.ts'
import { unfitKeys } from '#test/helpers/seal-keys.ts'

const KEYS = relayKeys(newRelaySecret())
const POLICY = {
  bounces: addressOf('bounces@contoso.example'),
  throttle: { perMinute: 60_000, burst: 1000 },
  giveUpDays: 5,
  retrySeconds: 60,
}
const SENDER = {
  name: 'Contoso Security',
  address: addressOf('notices@contoso.example'),
  idKey: KEYS.ids,
}

let sender: Awaited<ReturnType<typeof officer>>
let readers: readonly Reader[]
let server: MailServer
let world: World

beforeAll(async () => {
  sender = await officer()
  readers = await Promise.all(
    ['a', 'b', 'c'].map(async (name) => await reader(`${name}@customer.example`)),
  )
})

beforeEach(async () => {
  server = await mailServer()
  world = openWorld(server, KEYS)
})
afterEach(async () => {
  await world.close()
  await server.close()
})

async function queued(
  more: Partial<RelayedNotice> = {},
  count = 1,
): Promise<readonly QueuedNotice[]> {
  const notices = await Promise.all(
    readers
      .slice(0, count)
      .map(
        async (one, i) =>
          await relayed(sender.key, one, { reference: `reference-${String(i)}`, ...more }),
      ),
  )
  return await queueMail(
    { clock: world.ports.clock, cipher: mailCipher, outbox: world.ports.outbox },
    SENDER,
    notices,
  )
}

async function pass(after = 0): Promise<Pass> {
  world.now += after
  return await deliverDue(world.ports, POLICY, world.memory)
}

function statesOf(reference = 'reference-0'): readonly string[] {
  return (world.states.get(reference) ?? []).map(({ state }) => state)
}

test('each recipient gets one mail, and the filer hears of it', async () => {
  expect(await queued({}, 3)).toEqual(
    readers.map((_, i) => ({ reference: `reference-${String(i)}`, outcome: 'queued' })),
  )
  expect(await pass()).toEqual({ kind: 'more' })
  expect(await pass()).toEqual({ kind: 'idle', nextDue: undefined })
  expect(new Set(server.taken.map(({ to }) => to[0]))).toEqual(
    new Set(readers.map(({ address }) => address)),
  )
  expect(server.taken).toHaveLength(3)
  expect(statesOf()).toEqual(['sent'])
  const paths = server.taken.map(({ from }) => from)
  expect(new Set(paths).size).toBe(3)
  for (const path of paths) expect(path).toMatch(/^bounces\+[a-z2-7]{32}@contoso\.example$/)
})

test('the same notice handed over again is not mailed again', async () => {
  await queued()
  await pass()
  expect(await queued()).toEqual([{ reference: 'reference-0', outcome: 'known' }])
  await pass()
  expect(server.taken).toHaveLength(1)
})

test('what cannot be encrypted is named at once with its reason, and nothing of it is ever sent', async () => {
  const unfit = await unfitKeys()
  const signOnly = (await make()).bytes.slice(0, 60)
  const notices = await Promise.all(
    [...unfit.map(({ certificate }) => certificate), signOnly, undefined].map(
      async (certificate, i) =>
        await relayed(
          sender.key,
          {
            address: `x${String(i)}@customer.example`,
            certificate: certificate ?? new Uint8Array(),
          },
          { certificate },
        ),
    ),
  )
  const good = await relayed(sender.key, readers[0] ?? fail())
  const bad = await relayed(sender.key, readers[0] ?? fail(), {
    address: 'a@b.example\r\nBcc: eve@evil.example',
  })
  const outcomes = await queueMail(
    { clock: world.ports.clock, cipher: mailCipher, outbox: world.ports.outbox },
    SENDER,
    [...notices, good, bad],
  )
  expect(outcomes.slice(0, notices.length).every(({ outcome }) => outcome === 'product-line')).toBe(
    true,
  )
  expect(outcomes.map((one) => ('reason' in one ? one.reason : one.outcome))).toEqual(
    expect.arrayContaining([
      'certificate-expired',
      'certificate-revoked',
      'certificate-malformed',
      'certificate-missing',
      'mail-address-invalid',
      'queued',
    ]),
  )
  await pass()
  expect(server.taken.map(({ to }) => to)).toEqual([[readers[0]?.address]])
})

test('greylisting costs minutes and not the mail', async () => {
  await queued()
  server.behave({ recipient: () => '450 4.7.1 come back later' })
  await pass()
  await pass(20)
  expect(server.taken).toEqual([])
  server.behave({})
  await pass(80)
  expect(server.taken).toHaveLength(1)
  expect(statesOf()).toEqual(['queued', 'sent'])
})

test('a recipient who is not there bounces and is not written to again', async () => {
  server.behave({ recipient: () => '550 5.1.1 no such user' })
  await queued()
  await pass()
  expect(statesOf()).toEqual(['bounced'])
  server.behave({})
  expect(await queued({ act: 'cd'.repeat(32) })).toEqual([
    { reference: 'reference-0', outcome: 'suppressed' },
  ])
})

test('a mail that was refused for what it is bounces, and the next one is tried', async () => {
  server.behave({ data: () => '554 5.7.1 looks like spam' })
  await queued()
  await pass()
  expect(statesOf()).toEqual(['bounced'])
  server.behave({})
  expect(await queued({ act: 'cd'.repeat(32) })).toEqual([
    { reference: 'reference-0', outcome: 'queued' },
  ])
  await pass()
  expect(server.taken).toHaveLength(1)
})

test.each(['cut-before', 'cut-after'] as const)(
  'a connection that ends in the data (%s) leads to the same Message-ID again',
  async (how) => {
    const seen: string[] = []
    server.behave({
      data: ({ raw }) => {
        if (raw !== '') seen.push(raw)
        return how
      },
    })
    await queued()
    await pass()
    server.behave({})
    await pass(100)
    expect(server.taken).toHaveLength(1)
    for (const raw of seen) expect(raw).toBe(server.taken[0]?.raw)
  },
)

test('a server that accepts and drops cannot be told from one that delivers, until it reports', async () => {
  await queued()
  await pass()
  server.taken.splice(0)
  await pass(DAY_SECONDS)
  expect(server.taken).toEqual([])
  expect(statesOf()).toEqual(['sent'])
})

test('a server that is down for an hour costs no mail an attempt, and all arrive when it is back', async () => {
  await queued({}, 3)
  const { port } = server
  await server.close()
  for (let minute = 0; minute < 60; minute++) {
    expect(await pass(60)).toEqual({ kind: 'trouble', trouble: 'unreachable' })
  }
  server = await mailServer({ port })
  await pass(60)
  expect(server.taken).toHaveLength(3)
})

test('a mail that everybody defers is given up after some days and many attempts, never by a clock alone', async () => {
  server.behave({ recipient: () => '450 4.2.2 mailbox full' })
  await queued()
  await pass()
  await pass(400 * DAY_SECONDS)
  expect(statesOf()).toEqual(['queued'])
  for (let hour = 0; hour < 8 * 12; hour++) await pass(3600)
  expect(statesOf()).toEqual(['queued', 'given-up'])
})

test('a clock that goes back sends what is due and loses nothing', async () => {
  server.behave({ recipient: () => '450 4.7.1 come back later' })
  world.now += 1000 * DAY_SECONDS
  await queued()
  await pass()
  server.behave({})
  await pass(-1000 * DAY_SECONDS)
  await pass(DAY_SECONDS)
  expect(server.taken).toHaveLength(1)
})

test('quiet hours hold a mail until the morning of its reader, and never one of the priority lane', async () => {
  // 2026-11-24 22:30 in Tehran, which is half an hour off the hours of others.
  world.now = Date.parse('2026-11-24T19:00:00Z') / 1000
  await queued({ lane: 'normal', zone: 'Asia/Tehran', reference: 'reference-n' })
  await queued({ lane: 'priority', zone: 'Asia/Tehran', reference: 'reference-p' })
  await queued({ lane: 'normal', zone: 'Nowhere/Atall', reference: 'reference-u' })
  await pass()
  expect(server.taken).toHaveLength(2)
  expect(world.states.get('reference-n')).toEqual([{ state: 'held', reason: 'quiet-hours' }])
  await pass(9 * 3600 + 1740)
  expect(server.taken).toHaveLength(2)
  await pass(60)
  expect(server.taken).toHaveLength(3)
  expect(statesOf('reference-n')).toEqual(['held', 'sent'])
})

test('what was sent and could not be written down is written down before anything else, and not sent again', async () => {
  await queued({}, 2)
  const { outbox } = world.ports
  let isFull = true
  const settle: Outbox['settle'] = async (...args) => {
    if (isFull) throw new Unavailable('the outbox failed (SQLITE_FULL)')
    await outbox.settle(...args)
  }
  const ports = { ...world.ports, outbox: { ...outbox, settle } }
  await expect(deliverDue(ports, POLICY, world.memory)).rejects.toThrow(Unavailable)
  await expect(deliverDue(ports, POLICY, world.memory)).rejects.toThrow(Unavailable)
  isFull = false
  await deliverDue(ports, POLICY, world.memory)
  expect(server.taken).toHaveLength(2)
  expect(statesOf()).toEqual(['sent'])
})

test('a batch that is held while its mails are under way goes no further than the mails that a server is being given', async () => {
  const count = 12
  const { outbox } = world.ports
  const notices = await Promise.all(
    Array.from(
      { length: count },
      async (_, i) =>
        await relayed(
          sender.key,
          { ...(readers[0] ?? fail()), address: `r${String(i)}@customer.example` },
          { batch: 'one', reference: `reference-${String(i)}` },
        ),
    ),
  )
  const ports = { clock: world.ports.clock, cipher: mailCipher, outbox }
  await queueMail(ports, SENDER, notices)
  const held: Promise<unknown>[] = []
  server.behave({
    data: ({ raw }) => {
      if (raw !== '' && held.length === 0) held.push(outbox.stop('one', true))
      return undefined
    },
  })
  await pass()
  await Promise.all(held)
  const sent = server.taken.length
  expect(sent).toBeGreaterThan(0)
  expect(sent).toBeLessThanOrEqual(world.ports.mailer.atOnce)
  expect(await outbox.counts()).toMatchObject({ sent, held: count - sent, queued: 0, sending: 0 })
  const states = [...world.states.values()].map((each) => each.at(-1))
  expect(states.filter((each) => each?.state === 'held')).toEqual(
    Array.from({ length: count - sent }, () => ({ state: 'held', reason: 'stopped' })),
  )
  await outbox.stop('one', false)
  await pass()
  expect(new Set(server.taken.map(({ to }) => to[0])).size).toBe(count)
  expect(server.taken).toHaveLength(count)
})

test('a mail of which nobody can say whether it is held is not sent until somebody can', async () => {
  await queued()
  const outbox: Outbox = {
    ...world.ports.outbox,
    isStopped: async () =>
      await Promise.reject(new Unavailable('the outbox failed (SQLITE_IOERR)')),
  }
  await deliverDue({ ...world.ports, outbox }, POLICY, world.memory)
  expect(server.taken).toEqual([])
  await pass()
  expect(server.taken).toHaveLength(1)
})

function report(to: string, status: string, more = ''): Uint8Array {
  return utf8(
    `To: <${to}>\r\nContent-Type: multipart/report; report-type=delivery-status;\r\n boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n` +
      `--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; a@customer.example\r\nAction: failed\r\nStatus: ${status}\r\n\r\n` +
      `--b\r\nContent-Type: message/rfc822\r\n\r\n${more}\r\n--b--\r\n`,
  )
}

test('a report of failure with the token of the mail suppresses the address; a forged one changes nothing', async () => {
  await queued()
  await pass()
  const path = server.taken[0]?.from ?? ''
  const forged = path.replace(/\+.{32}@/, `+${'a'.repeat(32)}@`)
  expect(await takeBounce(world.ports, report(forged, '5.1.1'))).toMatchObject({
    refusal: { reason: 'bounce-unknown' },
  })
  expect(
    await takeBounce(world.ports, report('bounces@contoso.example', '5.1.1', path)),
  ).toMatchObject({ refusal: { reason: 'bounce-unknown' } })
  expect(accepted(await takeBounce(world.ports, report(path, '4.4.1')))).toBe('not-final')
  await pass()
  expect(statesOf()).toEqual(['sent'])
  expect(accepted(await takeBounce(world.ports, report(path, '5.7.1')))).toBe('bounced')
  expect(accepted(await takeBounce(world.ports, report(path, '5.1.1')))).toBe('suppressed')
  await pass()
  expect(statesOf()).toEqual(['sent', 'bounced'])
  expect(await queued({ act: 'cd'.repeat(32) })).toEqual([
    { reference: 'reference-0', outcome: 'suppressed' },
  ])
})

test('the loop delivers what is queued while it runs, waits out trouble, and stops when it is told', async () => {
  const troubles: string[] = []
  const pending: (() => void)[] = []
  const { port } = server
  await server.close()
  await queued()
  const loop = runDelivery(
    {
      ...world.ports,
      timer: {
        after: (_, run) => {
          pending.push(run)
          return () => undefined
        },
      },
      events: {
        mailReclaimed: () => undefined,
        mailTrouble: ({ trouble }) => troubles.push(trouble),
        unavailable: () => undefined,
      },
    },
    POLICY,
  )
  await expect.poll(() => troubles).toEqual(['unreachable'])
  server = await mailServer({ port })
  pending.shift()?.()
  await expect.poll(() => server.taken.length).toBe(1)
  await queued({ act: 'cd'.repeat(32) })
  await expect.poll(() => pending.length).toBeGreaterThan(0)
  loop.wake()
  await expect.poll(() => server.taken.length).toBe(2)
  await loop.stop()
})

function fail(): never {
  throw new Error('nobody reads')
}
