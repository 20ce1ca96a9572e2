import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openOutbox } from '#adapters/mail/outbox.ts'
import { newRelaySecret, relayKeys } from '#adapters/mail/relay-keys.ts'
import { utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { DAY_SECONDS } from '#core/time.ts'
import type { Outbox, QueuedMail } from '#ports/outbox.ts'
import { addressOf } from '#test/helpers/mail.ts'
import { NOW } from '#test/helpers/openpgp-keys.ts'

const SECRET = newRelaySecret()
const MARKER = 'MARKERwhichmustnotbefound'

let folder = ''
let opened: Outbox[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dunant-outbox-'))
  opened = []
})
afterEach(async () => {
  for (const outbox of opened) await outbox.close()
  rmSync(folder, { recursive: true, force: true })
})

function open(secret = SECRET): Outbox {
  const outbox = openOutbox({ path: join(folder, 'outbox.sqlite'), keys: relayKeys(secret) })
  opened.push(outbox)
  return outbox
}

function mail(name: string, more: Partial<QueuedMail> = {}): QueuedMail {
  return {
    id: sha256Hex(utf8(name)),
    reference: `reference-${name}`,
    batch: 'batch',
    lane: 'normal',
    to: addressOf(`${name}@customer.example`),
    notBefore: NOW,
    message: utf8(`message for ${name}`),
    ...more,
  }
}

async function leased(outbox: Outbox, now = NOW): Promise<readonly string[]> {
  return (await outbox.lease({ now, limit: 100 })).map(({ reference }) => reference.slice(10))
}

test('the same mail again changes nothing, whatever became of it', async () => {
  const outbox = open()
  expect(await outbox.enqueue([mail('a'), mail('a'), mail('b')], NOW)).toEqual([
    'queued',
    'known',
    'queued',
  ])
  expect(await leased(outbox)).toEqual(['a', 'b'])
  await outbox.settle(mail('a').id, { kind: 'sent' }, NOW)
  expect(await outbox.enqueue([mail('a')], NOW)).toEqual(['known'])
  expect(await leased(outbox)).toEqual([])
})

test('a mail comes out as it went in', async () => {
  const outbox = open()
  const given = mail('a', {
    lane: 'priority',
    zone: 'Asia/Urumqi',
    to: addressOf("O'Brien+x@a.example"),
  })
  await outbox.enqueue([given], NOW)
  const [taken] = await outbox.lease({ now: NOW, limit: 1 })
  expect(taken).toMatchObject({ ...given, attempts: 0, queuedAt: NOW })
})

test('two processes on one outbox never have the same mail', async () => {
  const [one, other] = [open(), open()]
  await one.enqueue(
    Array.from({ length: 50 }, (_, i) => mail(`m${String(i)}`)),
    NOW,
  )
  const taken = await Promise.all(
    Array.from(
      { length: 20 },
      async (_, i) => await (i % 2 === 0 ? one : other).lease({ now: NOW, limit: 5 }),
    ),
  )
  const ids = taken.flat().map(({ id }) => id)
  expect(ids).toHaveLength(50)
  expect(new Set(ids).size).toBe(50)
})

test('no clock takes a mail from a process that lives', async () => {
  const [one, other] = [open(), open()]
  await one.enqueue([mail('a')], NOW)
  expect(await leased(one)).toEqual(['a'])
  const later = NOW + 400 * DAY_SECONDS
  expect(await other.reclaim(later)).toBe(0)
  expect(await leased(other, later)).toEqual([])
})

test('a process that does not have the lease settles nothing', async () => {
  const [one, other] = [open(), open()]
  await one.enqueue([mail('a')], NOW)
  await one.lease({ now: NOW, limit: 1 })
  await other.settle(mail('a').id, { kind: 'sent' }, NOW)
  expect((await one.counts()).sending).toBe(1)
})

test('mails of a process that is gone are sent again, once', async () => {
  const one = open()
  await one.enqueue([mail('a'), mail('b')], NOW)
  await one.lease({ now: NOW, limit: 1 })
  await one.close()
  opened = []
  const other = open()
  expect(await other.reclaim(NOW)).toBe(1)
  expect(await other.reclaim(NOW)).toBe(0)
  expect(await leased(other)).toEqual(['a', 'b'])
  expect(readdirSync(folder).filter((name) => name.includes('worker'))).toHaveLength(1)
})

test('priority goes first, and what is not due does not go', async () => {
  const outbox = open()
  await outbox.enqueue(
    [mail('n1'), mail('later', { notBefore: NOW + 10 }), mail('p', { lane: 'priority' })],
    NOW,
  )
  expect(await outbox.nextDue()).toBe(NOW)
  expect(await leased(outbox)).toEqual(['p', 'n1'])
  expect(await outbox.nextDue()).toBe(NOW + 10)
  expect(await leased(outbox, NOW + 10)).toEqual(['later'])
})

test('no domain gets more than its share, and each of its mails waits once', async () => {
  const outbox = open()
  const throttle = { perMinute: 6, burst: 3 }
  await outbox.enqueue(
    Array.from({ length: 10 }, (_, i) => mail(`m${String(i)}`)),
    NOW,
  )
  await outbox.enqueue([mail('x', { to: addressOf('x@other.example') })], NOW)
  const sent: number[] = []
  for (let second = 0; second < 90; second++) {
    const now = NOW + second
    for (const { id, to } of await outbox.lease({ now, limit: 100, throttle })) {
      if (to.domain === 'customer.example') sent.push(second)
      await outbox.settle(id, { kind: 'sent' }, now)
    }
  }
  expect(sent).toEqual([0, 0, 0, 10, 20, 30, 40, 50, 60, 70])
})

test('a suppressed address gets nothing, now or later, and the report says so', async () => {
  const outbox = open()
  await outbox.enqueue(
    [mail('a'), mail('b', { to: addressOf('A@customer.example'), notBefore: NOW + 5 })],
    NOW,
  )
  await outbox.lease({ now: NOW, limit: 1 })
  await outbox.settle(mail('a').id, { kind: 'bounced', isSuppressed: true }, NOW)
  expect(await leased(outbox, NOW + 5)).toEqual([])
  expect(await outbox.enqueue([mail('c', { to: addressOf('a@customer.example') })], NOW)).toEqual([
    'suppressed',
  ])
  const states = (await outbox.unreported(10)).map(({ reference, state }) => [
    reference,
    state.state,
  ])
  expect(states).toEqual([
    ['reference-a', 'bounced'],
    ['reference-b', 'suppressed'],
    ['reference-c', 'suppressed'],
  ])
})

test('a report of failure counts with the token of a mail that was sent, and with no other', async () => {
  const outbox = open()
  await outbox.enqueue([mail('a'), mail('waiting', { notBefore: NOW + 5 })], NOW)
  const [taken] = await outbox.lease({ now: NOW, limit: 1 })
  const token = taken?.bounceToken ?? ''
  expect(token).toMatch(/^[a-z2-7]{32}$/)
  expect(await outbox.bounce(token, true)).toBe(false)
  await outbox.settle(mail('a').id, { kind: 'sent' }, NOW)
  const foreign = relayKeys(newRelaySecret()).bounceToken(mail('a').id)
  for (const forged of [foreign, 'a'.repeat(32), relayKeys(SECRET).bounceToken(mail('waiting').id)])
    expect(await outbox.bounce(forged, true)).toBe(false)
  expect(await outbox.bounce(token, true)).toBe(true)
  expect(await outbox.enqueue([mail('z', { to: addressOf('a@customer.example') })], NOW)).toEqual([
    'suppressed',
  ])
})

test('states are reported until they were noted, and anew when they change', async () => {
  const outbox = open()
  await outbox.enqueue([mail('a')], NOW)
  const [queued] = await outbox.unreported(10)
  expect(queued?.state).toEqual({ state: 'queued' })
  await outbox.lease({ now: NOW, limit: 1 })
  await outbox.settle(
    mail('a').id,
    { kind: 'again', notBefore: NOW + 9, isCounted: false, held: 'quiet-hours' },
    NOW,
  )
  await outbox.reported(queued === undefined ? [] : [queued])
  const [held] = await outbox.unreported(10)
  expect(held?.state).toEqual({ state: 'held', reason: 'quiet-hours' })
  await outbox.reported(held === undefined ? [] : [held])
  expect(await outbox.unreported(10)).toEqual([])
})

test('a batch that is stopped waits, and goes on when it is let go', async () => {
  const outbox = open()
  await outbox.enqueue([mail('a', { batch: 'one' }), mail('b', { batch: 'two' })], NOW)
  expect(await outbox.stop('one', true)).toEqual({ mails: 1, underWay: 0 })
  expect(await leased(outbox)).toEqual(['b'])
  expect((await outbox.counts()).held).toBe(1)
  expect(await outbox.stop('one', false)).toEqual({ mails: 1, underWay: 0 })
  expect(await leased(outbox)).toEqual(['a'])
})

test('a batch that is stopped stays stopped for what is queued later, and for what was under way', async () => {
  const [outbox, other] = [open(), open()]
  const one = { batch: 'one' }
  await outbox.enqueue([mail('a', one), mail('b', one), mail('c', one)], NOW)
  expect(await other.lease({ now: NOW, limit: 1 })).toHaveLength(1)
  expect(await outbox.lease({ now: NOW, limit: 1 })).toHaveLength(1)
  expect(await outbox.isStopped('one')).toBe(false)
  expect(await outbox.stop('one', true)).toEqual({ mails: 1, underWay: 2 })
  expect(await other.isStopped('one')).toBe(true)
  await outbox.settle(mail('b').id, { kind: 'again', notBefore: NOW, isCounted: false }, NOW)
  expect(await outbox.enqueue([mail('d', one)], NOW)).toEqual(['queued'])
  expect(await outbox.counts()).toMatchObject({ held: 3, queued: 0, sending: 1 })
  opened = opened.filter((each) => each !== other)
  await other.close()
  expect(await outbox.reclaim(NOW)).toBe(1)
  expect(await leased(outbox)).toEqual([])
  expect(await outbox.counts()).toMatchObject({ held: 4, queued: 0, sending: 0 })
  expect(await outbox.stop('one', false)).toEqual({ mails: 4, underWay: 0 })
  expect(await leased(outbox)).toEqual(['a', 'b', 'c', 'd'])
})

test('outcomes that arrive together are each their own', async () => {
  const outbox = openOutbox({
    path: join(folder, 'outbox.sqlite'),
    keys: relayKeys(SECRET),
    together: 3,
  })
  opened.push(outbox)
  const [a, b, c] = [mail('a'), mail('b'), mail('c')]
  await outbox.enqueue([a, b, c, mail('d')], NOW)
  await outbox.lease({ now: NOW, limit: 4 })
  await Promise.all([
    outbox.settle(a.id, { kind: 'sent' }, NOW),
    outbox.settle(b.id, { kind: 'again', notBefore: NOW, isCounted: true }, NOW),
    outbox.settle(c.id, { kind: 'bounced', isSuppressed: true }, NOW),
  ])
  expect(await outbox.counts()).toMatchObject({ sent: 1, queued: 1, bounced: 1, sending: 1 })
  // Fewer than could be do not wait for others that never come, and an outbox that is closed leaves none behind.
  await outbox.settle(mail('d').id, { kind: 'sent' }, NOW)
  expect((await outbox.counts()).sending).toBe(0)
  await outbox.lease({ now: NOW, limit: 1 })
  const last = outbox.settle(b.id, { kind: 'sent' }, NOW)
  opened = []
  await outbox.close()
  await last
  expect(await open().counts()).toMatchObject({ sent: 3, sending: 0 })
})

test('a clock that was wrong keeps no mail from going, and a release time is kept', async () => {
  const outbox = open()
  const [ahead, release] = [NOW + 500 * DAY_SECONDS, NOW + 30 * DAY_SECONDS]
  await outbox.enqueue([mail('a'), mail('b', { notBefore: release })], NOW)
  const throttle = { perMinute: 1, burst: 1 }
  await outbox.lease({ now: ahead, limit: 1, throttle })
  await outbox.settle(
    mail('a').id,
    { kind: 'again', notBefore: ahead + 60, isCounted: true },
    ahead,
  )
  await outbox.mend(NOW)
  expect(
    (await outbox.lease({ now: NOW, limit: 9, throttle })).map(({ reference }) => reference),
  ).toEqual(['reference-a'])
  expect(await leased(outbox, release - 1)).toEqual([])
})

test('nothing of a mail stands in clear on the disk, and its block is gone once it was sent', async () => {
  const outbox = open()
  await outbox.enqueue(
    [
      mail('a', {
        to: addressOf(`${MARKER}@${MARKER}.example`),
        zone: `Europe/${MARKER}`,
        message: utf8(MARKER.repeat(500)),
      }),
    ],
    NOW,
  )
  const [taken] = await outbox.lease({ now: NOW, limit: 1 })
  expect(taken?.to.local).toBe(MARKER)
  const found = () =>
    readdirSync(folder).filter((name) =>
      readFileSync(join(folder, name))
        .toString('latin1')
        .toLowerCase()
        .includes(MARKER.toLowerCase()),
    )
  expect(found()).toEqual([])
  await outbox.settle(taken?.id ?? '', { kind: 'sent' }, NOW)
  expect(await outbox.lease({ now: NOW, limit: 1 })).toEqual([])
  expect(found()).toEqual([])
})

test('the key of a mail that was sent is overwritten, in the database and in what is written ahead of it', async () => {
  const outbox = open()
  await outbox.enqueue([mail('a'), mail('b')], NOW)
  const path = join(folder, 'outbox.sqlite')
  const database = new Database(path)
  const row = database.prepare<[], { sealed_key: Buffer }>('select sealed_key from mail').get()
  database.close()
  const key = row?.sealed_key ?? Buffer.alloc(0)
  expect(key).toHaveLength(60)
  const isFound = () =>
    [path, `${path}-wal`].some((name) => existsSync(name) && readFileSync(name).includes(key))
  expect(isFound()).toBe(true)
  await outbox.lease({ now: NOW, limit: 1 })
  await outbox.settle(mail('a').id, { kind: 'sent' }, NOW)
  await expect.poll(isFound, { timeout: 10_000 }).toBe(false)
})

test('without its key the outbox gives nothing out', async () => {
  await open().enqueue([mail('a')], NOW)
  await expect(open(newRelaySecret()).lease({ now: NOW, limit: 1 })).rejects.toThrow()
})

test('what was settled long ago is forgotten, and what waits is not', async () => {
  const outbox = open()
  await outbox.enqueue([mail('a'), mail('b', { notBefore: NOW + 90 * DAY_SECONDS })], NOW)
  await outbox.lease({ now: NOW, limit: 1 })
  await outbox.settle(mail('a').id, { kind: 'sent' }, NOW)
  await outbox.prune(NOW + 29 * DAY_SECONDS)
  expect((await outbox.counts()).sent).toBe(1)
  await outbox.prune(NOW + 31 * DAY_SECONDS)
  expect(await outbox.counts()).toMatchObject({ sent: 0, queued: 1 })
})
