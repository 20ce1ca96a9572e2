import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  enums,
  generateKey,
  type PrivateKey,
  readKey,
  readPrivateKey,
  sign,
  createMessage,
} from 'openpgp'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { openOutbox } from '#adapters/mail/outbox.ts'
import { openPins } from '#adapters/mail/pins.ts'
import { newRelaySecret, relayKeys } from '#adapters/mail/relay-keys.ts'
import { mergeCertificates } from '#core/address-certificate.ts'
import { concat } from '#core/bytes.ts'
import { inspectCertificate } from '#core/openpgp.ts'
import { TAG } from '#core/packet-walk.ts'
import { DAY_SECONDS } from '#core/time.ts'
import type { Answer, KeyDirectory } from '#ports/key-directory.ts'
import {
  confirmCertificate,
  type Discovery,
  findCertificate,
  type FindCertificatePorts,
  keyChange,
} from '#service/find-certificate.ts'
import { addressOf } from '#test/helpers/mail.ts'
import {
  accepted,
  altered,
  DAY,
  firstBody,
  NOW,
  packetsOf,
  reasonOf,
  revoked,
} from '#test/helpers/openpgp-keys.ts'

const ADDRESS = addressOf('alice@customer.example')

interface Keys {
  readonly key: PrivateKey
  readonly bytes: Uint8Array
  readonly fingerprint: string
}
let first: Keys
let second: Keys
let world: FindCertificatePorts & {
  now: number
  answers: Record<'hkp' | 'vks' | 'wkd', Answer>
  asked: number
}
let folder = ''
let close: () => Promise<void>

beforeAll(async () => {
  first = await keys()
  second = await keys()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dunant-pins-'))
  const options = { path: join(folder, 'outbox.sqlite'), keys: relayKeys(newRelaySecret()) }
  const outbox = openOutbox(options)
  const pins = openPins(options)
  close = async () => {
    pins.close()
    await outbox.close()
  }
  const made: typeof world = {
    now: NOW,
    asked: 0,
    answers: { hkp: { kind: 'none' }, vks: { kind: 'none' }, wkd: { kind: 'none' } },
    clock: { now: () => made.now },
    pins,
    directories: (['wkd', 'vks', 'hkp'] as const).map(
      (kind): KeyDirectory => ({
        kind,
        host: kind === 'wkd' ? '' : `${kind}.example`,
        find: async () => {
          made.asked++
          return await Promise.resolve(made.answers[kind])
        },
      }),
    ),
  }
  world = made
})
afterEach(async () => {
  await close()
  rmSync(folder, { recursive: true, force: true })
})

async function keys(more: object = {}): Promise<Keys> {
  const { privateKey: key } = await generateKey({
    userIDs: [{ email: 'alice@customer.example' }],
    date: new Date((NOW - 2 * DAY) * 1000),
    format: 'object',
    ...more,
  })
  return { key, bytes: key.toPublic().write(), fingerprint: key.getFingerprint() }
}

function has(kind: 'hkp' | 'vks' | 'wkd', ...published: readonly (Keys | Uint8Array)[]): void {
  const certificates = published.map((one) => (one instanceof Uint8Array ? one : one.bytes))
  world.answers[kind] = { kind: 'certificates', certificates }
}

async function found(after = 0): Promise<Discovery> {
  world.now += after
  return await findCertificate(world, ADDRESS)
}

test('the first key is pinned, used for a day without asking, and then asked for again', async () => {
  has('wkd', first)
  expect((await found()).use).toMatchObject({ fingerprint: first.fingerprint, basis: 'first-use' })
  const { asked } = world
  expect((await found(DAY_SECONDS - 1)).use?.fingerprint).toBe(first.fingerprint)
  expect(world.asked).toBe(asked)
  await found(1)
  expect(world.asked).toBeGreaterThan(asked)
})

test('another key is reported and never used, until the old key or a second channel says that it is right', async () => {
  has('wkd', first)
  await found()
  has('wkd', second)
  const changed = await found(DAY_SECONDS)
  expect(changed).toMatchObject({ warning: 'changed', use: { fingerprint: first.fingerprint } })
  const { fingerprint } = second
  const by = async (
    signer: PrivateKey,
    payload = keyChange(ADDRESS, { from: first.fingerprint, to: fingerprint }),
  ) =>
    await confirmCertificate(world, ADDRESS, {
      fingerprint,
      confirmation: { kind: 'old-key', signature: await detached(signer, payload) },
    })
  expect(reasonOf(await by(second.key))).toBe('signature-not-accepted')
  expect(
    reasonOf(
      await by(first.key, keyChange(ADDRESS, { from: first.fingerprint, to: first.fingerprint })),
    ),
  ).toBe('signature-not-accepted')
  const wrong = { kind: 'second-channel', fingerprint: first.fingerprint } as const
  expect(
    reasonOf(await confirmCertificate(world, ADDRESS, { fingerprint, confirmation: wrong })),
  ).toBe('certificate-mismatch')
  // Whoever asks again on the same day is told the same.
  expect(await found()).toMatchObject({
    warning: 'changed',
    use: { fingerprint: first.fingerprint },
  })
  expect(reasonOf(await by(first.key))).toBe('accepted')
  expect((await found()).use).toMatchObject({ fingerprint, basis: 'old-key' })
})

test('a second channel confirms by the whole fingerprint', async () => {
  has('hkp', first)
  expect(await found()).toMatchObject({
    warning: 'unverified',
    copies: [{ kind: 'hkp', fingerprint: first.fingerprint }],
  })
  expect((await found()).use).toBeUndefined()
  const { fingerprint } = first
  accepted(
    await confirmCertificate(world, ADDRESS, {
      fingerprint,
      confirmation: { kind: 'second-channel', fingerprint },
    }),
  )
  expect((await found()).use).toMatchObject({ fingerprint, basis: 'second-channel' })
  expect(
    reasonOf(
      await confirmCertificate(world, ADDRESS, {
        fingerprint: second.fingerprint,
        confirmation: { kind: 'second-channel', fingerprint: second.fingerprint },
      }),
    ),
  ).toBe('key-missing')
})

test('copies that differ are reported, each with where it is, and none is used', async () => {
  has('wkd', first)
  has('vks', second)
  const discovery = await found()
  expect(discovery.warning).toBe('differing')
  expect(discovery.use).toBeUndefined()
  expect(discovery.copies.map(({ fingerprint, kind }) => [kind, fingerprint])).toEqual([
    ['wkd', first.fingerprint],
    ['vks', second.fingerprint],
  ])
})

test('whoever uploads another key to a server for everybody changes nothing', async () => {
  has('wkd', first)
  has('hkp', second)
  expect(await found()).not.toHaveProperty('warning')
  const later = await found(DAY_SECONDS)
  expect(later.use?.fingerprint).toBe(first.fingerprint)
  expect(later.warning).toBeUndefined()
})

test('a revocation counts wherever it is found, and no later copy takes it back', async () => {
  has('wkd', first)
  await found()
  has('hkp', await revoked(first.key, enums.reasonForRevocation.keyCompromised, NOW - 60))
  expect(await found(DAY_SECONDS)).toMatchObject({
    warning: 'unfit',
    reason: 'certificate-revoked',
  })
  world.answers.hkp = { kind: 'none' }
  expect(await found(DAY_SECONDS)).toMatchObject({
    warning: 'unfit',
    reason: 'certificate-revoked',
  })
})

test('what a stranger hangs below the key on an open server revokes nothing, and fills nothing up', async () => {
  has('wkd', first)
  await found()
  const packets = packetsOf(first.bytes)
  const below = packets.findIndex(({ tag }) => tag === TAG.signature)
  const own = packets[below]?.bytes ?? new Uint8Array()
  const copyWith = (...junk: readonly Uint8Array[]) =>
    concat(...packets.flatMap(({ bytes }, i) => (i === below ? [bytes, ...junk] : [bytes])))
  const overSha1 = altered(altered(own, 1, enums.signature.keyRevocation), 3, enums.hash.sha1)
  has('hkp', copyWith(overSha1))
  expect(await found(DAY_SECONDS)).toMatchObject({ use: { fingerprint: first.fingerprint } })
  const end = firstBody(own).length - 1
  for (let day = 0; day < 4; day++) {
    // Other dates, and other values under the same date.
    const at = day < 2 ? 11 : end
    const forged = Array.from({ length: 40 }, (_, i) => altered(own, at, 40 * (day % 2) + i))
    has('hkp', copyWith(...forged))
    expect(await found(DAY_SECONDS)).toMatchObject({ use: { fingerprint: first.fingerprint } })
  }
  expect((await world.pins.read(ADDRESS))?.certificate).toEqual(first.bytes)
  has('hkp', await revoked(first.key, enums.reasonForRevocation.keyCompromised, NOW - 60))
  expect((await found(DAY_SECONDS)).reason).toBe('certificate-revoked')
})

test.each([
  ['expired', async () => await keys({ keyExpirationTime: 3600 }), 'certificate-expired'],
  [
    'sign-only',
    async () => await keys({ subkeys: [{ sign: true }] }),
    'certificate-cannot-encrypt',
  ],
] as const)('a key that is %s is reported with its reason', async (_, make, reason) => {
  has('wkd', await make())
  const discovery = await found()
  expect(discovery).toMatchObject({ warning: 'unfit', reason })
  expect(discovery.use).toBeUndefined()
})

test('a weak key, bytes that are none and the key of another address are named and not used', async () => {
  const weak = await keys({ type: 'rsa', rsaBits: 2048, config: { minRSABits: 2048 } })
  const foreign = await keys({
    userIDs: [
      { email: 'bob@customer.example' },
      { name: 'alice@customer.example', email: 'eve@evil.example' },
    ],
  })
  has('wkd', weak, foreign, first.bytes.slice(0, 40))
  const discovery = await found()
  expect(discovery.use).toBeUndefined()
  expect(discovery.refused.map(({ reason }) => reason)).toEqual([
    'certificate-weak',
    'certificate-user-id-wrong',
    'certificate-user-id-wrong',
  ])
})

test('user IDs of others are left out of what is kept', async () => {
  const two = await keys({
    userIDs: [{ email: 'alice@customer.example' }, { email: 'alice@home.example' }],
  })
  has('wkd', two)
  const { use } = await found()
  const kept = await readKey({ binaryKey: use?.certificate ?? new Uint8Array() })
  expect(kept.getUserIDs()).toEqual(['<alice@customer.example>'])
})

test('directories that are silent are named, and the key used so far goes on being used', async () => {
  has('wkd', first)
  await found()
  world.answers = {
    wkd: { kind: 'failed', reason: 'timeout' },
    vks: { kind: 'failed', reason: 'unreachable' },
    hkp: { kind: 'none' },
  }
  const discovery = await found(DAY_SECONDS)
  expect(discovery.use?.fingerprint).toBe(first.fingerprint)
  expect(discovery.silences.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual([
    'wkd timeout',
    'vks unreachable',
  ])
})

test('merging adds what a copy has, and is the same certificate for a stranger', async () => {
  const gone = await revoked(first.key, enums.reasonForRevocation.keyRetired, NOW - 60)
  expect(
    reasonOf(await inspectCertificate(mergeCertificates(first.bytes, gone), 'identifiable', NOW)),
  ).toBe('certificate-revoked')
  expect(mergeCertificates(first.bytes, first.bytes)).toEqual(first.bytes)
  expect(mergeCertificates(first.bytes, second.bytes)).toEqual(first.bytes)
})

test('the disk does not tell whose keys were looked for', async () => {
  has('wkd', first)
  await found()
  for (const name of readdirSync(folder))
    expect(readFileSync(join(folder, name)).toString('latin1'), name).not.toContain('alice')
})

async function detached(key: PrivateKey, payload: Uint8Array): Promise<Uint8Array> {
  const signingKeys = await readPrivateKey({ armoredKey: key.armor() })
  const message = await createMessage({ binary: payload })
  const date = new Date(NOW * 1000)
  return await sign({ message, signingKeys, detached: true, format: 'binary', date })
}
