import { enums, generateKey } from 'openpgp'
import { expect, test } from 'vitest'
import { concat, utf8 } from '#core/bytes.ts'
import { type CertificateFacts, inspectCertificate } from '#core/openpgp.ts'
import { TAG, writePacket } from '#core/packet-walk.ts'
import {
  accepted,
  altered,
  DAY,
  firstBody,
  make,
  NOW,
  packetsOf,
  revoked,
  verdict,
} from '#test/helpers/openpgp-keys.ts'
import { computedMilliseconds } from '#test/helpers/effort.ts'

test('gives the keys of a version 4 and of a version 6 certificate', async () => {
  for (const v6 of [false, true]) {
    const { key, bytes } = await make({ v6 })
    const facts = accepted(await inspectCertificate(bytes, 'officer', NOW))
    const subkey = key.subkeys[0]?.getFingerprint()
    expect(facts).toEqual({
      fingerprint: key.getFingerprint(),
      version: v6 ? 6 : 4,
      keys: [key.getFingerprint(), subkey],
      provenKeys: [key.getFingerprint()],
      signingKeys: [key.getFingerprint()],
      encryptionKeys: [subkey],
      createdAt: NOW - DAY,
      expiresAt: null,
      userIds: ['Alice'],
      bytes,
    } satisfies Record<keyof CertificateFacts, unknown>)
  }
})

test('names the certificate that lapsed, and tells beforehand when it will', async () => {
  const { bytes } = await make({ lasts: 10 * DAY })
  const end = NOW + 9 * DAY
  const facts = accepted(await inspectCertificate(bytes, 'officer', end - 1))
  expect(facts.expiresAt).toBe(end)
  expect(await verdict(bytes, 'officer', end)).toBe('certificate-expired')
})

test('allows a clock that runs five minutes ahead, and no more', async () => {
  const { bytes } = await make({ date: NOW })
  expect(await verdict(bytes, 'officer', NOW - 300)).toBe('accepted')
  expect(await verdict(bytes, 'officer', NOW - 301)).toBe('certificate-cannot-sign')
})

test('names the certificate that was revoked, softly from that day and hard for ever', async () => {
  const { key } = await make()
  const { keyRetired, keySuperseded, keyCompromised, noReason } = enums.reasonForRevocation
  for (const soft of [keyRetired, keySuperseded]) {
    const bytes = await revoked(key, soft, NOW - 1000)
    expect(await verdict(bytes, 'officer', NOW - 1301)).toBe('accepted')
    expect(await verdict(bytes, 'officer', NOW - 1000)).toBe('certificate-revoked')
    expect(await verdict(bytes, 'officer', NOW - 1301)).toBe('accepted')
  }
  for (const hard of [keyCompromised, noReason]) {
    expect(await verdict(await revoked(key, hard, NOW), 'officer', NOW - 100)).toBe(
      'certificate-revoked',
    )
  }
})

test('counts a revocation wherever it stands', async () => {
  const { key, bytes } = await make()
  const withRevocation = packetsOf(
    await revoked(key, enums.reasonForRevocation.keyCompromised, NOW),
  )
  const revocation = withRevocation[1]?.bytes ?? new Uint8Array()
  expect(await verdict(concat(bytes, revocation))).toBe('certificate-revoked')
})

test('ignores a revocation that does not verify, unless its hash is broken', async () => {
  const { key, bytes } = await make()
  const revocation = packetsOf(await revoked(key, enums.reasonForRevocation.keyCompromised, NOW))[1]
  if (revocation === undefined) throw new Error('no revocation')
  const end = firstBody(revocation.bytes).length - 1
  const forged = altered(revocation.bytes, end, ((revocation.bytes.at(-1) ?? 0) + 1) & 0xff)
  expect(await verdict(concat(bytes, forged))).toBe('accepted')
  const overSha1 = altered(forged, 3, enums.hash.sha1)
  expect(await verdict(concat(bytes, overSha1))).toBe('certificate-revoked')
})

test('ignores a revocation that another key forged', async () => {
  const { bytes } = await make()
  const other = await make()
  const forged = packetsOf(
    await revoked(other.key, enums.reasonForRevocation.keyCompromised, NOW),
  )[1]
  expect(await verdict(concat(bytes, forged?.bytes ?? new Uint8Array()))).toBe('accepted')
})

test('refuses everything that is not exactly one public certificate', async () => {
  const { key, bytes } = await make()
  const other = await make()
  const [primary, userId, certification, subkey, binding] = packetsOf(bytes).map(
    (packet) => packet.bytes,
  )
  if (!primary || !userId || !certification || !subkey || !binding)
    throw new Error('odd certificate')
  const stranger = packetsOf(other.bytes)[3]?.bytes ?? new Uint8Array()
  const CASES: readonly [string, Uint8Array, string][] = [
    ['nothing', new Uint8Array(), 'certificate-malformed'],
    ['a secret key', key.write(), 'certificate-malformed'],
    ['two certificates', concat(bytes, other.bytes), 'certificate-too-large'],
    ['a trailing byte', concat(bytes, Uint8Array.of(0)), 'certificate-malformed'],
    [
      'a trailing literal',
      concat(bytes, writePacket(TAG.literal, utf8('b\0\0\0\0\0'))),
      'certificate-malformed',
    ],
    ['half', bytes.subarray(0, 100), 'certificate-malformed'],
    ['no user ID', concat(primary, subkey, binding), 'certificate-malformed'],
    [
      'a user ID nobody signed',
      concat(primary, userId, certification, writePacket(TAG.userId, utf8('Bob')), subkey, binding),
      'certificate-malformed',
    ],
    ['a subkey nobody bound', concat(bytes, stranger), 'certificate-malformed'],
    [
      'a subkey bound by another key',
      concat(bytes, stranger, packetsOf(other.bytes)[4]?.bytes ?? stranger),
      'certificate-malformed',
    ],
    [
      'a key with trailing bytes',
      concat(
        primary,
        userId,
        certification,
        writePacket(TAG.subkey, concat(firstBody(subkey), Uint8Array.of(0))),
        binding,
      ),
      'certificate-malformed',
    ],
    ['no encryption key', concat(primary, userId, certification), 'certificate-cannot-encrypt'],
    [
      'a user ID in front',
      concat(userId, primary, certification, subkey, binding),
      'certificate-malformed',
    ],
    [
      'an altered user ID',
      concat(primary, writePacket(TAG.userId, utf8('Alicf')), certification, subkey, binding),
      'certificate-malformed',
    ],
    [
      '65 self-signatures',
      concat(primary, userId, ...Array.from({ length: 65 }, () => certification), subkey, binding),
      'certificate-too-large',
    ],
    ['more than 64 KiB', new Uint8Array(65_537), 'certificate-too-large'],
  ]
  for (const [name, given, reason] of CASES)
    expect([name, await verdict(given)]).toEqual([name, reason])
})

test('refuses names that would hide or reorder text on a screen', async () => {
  for (const name of ['Al\u202eice', 'Al\u200bice', 'Al\nice', 'Al\u0007ice']) {
    const { bytes } = await make({ name })
    expect(await verdict(bytes)).toBe('certificate-user-id-wrong')
  }
  expect(await verdict((await make({ name: 'Søren Ærø 王' })).bytes)).toBe('accepted')
})

test('spends little on a certificate full of forged signatures', async () => {
  const { bytes } = await make()
  const [primary, userId, certification, ...rest] = packetsOf(bytes).map((packet) => packet.bytes)
  if (!primary || !userId || !certification) throw new Error('odd certificate')
  const forged = certification.slice()
  forged.set([forged.at(-1) === 0 ? 1 : 0], forged.length - 1)
  const crowd = concat(
    primary,
    userId,
    ...Array.from({ length: 60 }, () => forged),
    certification,
    ...rest,
  )
  const start = computedMilliseconds()
  expect(await verdict(crowd)).toBe('accepted')
  expect(computedMilliseconds() - start).toBeLessThan(1500)
})

async function serviceKey(email: string): Promise<Uint8Array> {
  const date = new Date((NOW - DAY) * 1000)
  const { publicKey } = await generateKey({ userIDs: { email }, format: 'object', date })
  return publicKey.write()
}

test('accepts as a service key only one named <service@origin>', async () => {
  expect(await verdict(await serviceKey('service@coalition.example'), 'service')).toBe('accepted')
  expect(await verdict(await serviceKey('admin@coalition.example'), 'service')).toBe(
    'certificate-user-id-wrong',
  )
  expect(await verdict((await make({ v6: true })).bytes, 'service')).toBe(
    'certificate-version-wrong',
  )
})
