import { enums, generateKey } from 'openpgp'
import { expect, test } from 'vitest'
import { concat, hex, utf8 } from '#core/bytes.ts'
import { inspectCertificate, readSignature, VerifiedSignature } from '#core/openpgp.ts'
import { bodyOf, readPackets, TAG, writePacket } from '#core/packet-walk.ts'
import {
  accepted,
  DAY,
  make,
  NOW,
  packetsOf,
  reasonOf,
  revoked,
  secretOf,
  selfSign,
  signAt,
  verdict,
  verify,
} from '#test/helpers/openpgp-keys.ts'

test('gives issuer and time from the signed part', async () => {
  const { key } = await make()
  const signature = accepted(readSignature(await signAt(key, NOW)))
  expect(signature).toMatchObject({ issuer: key.getFingerprint(), createdAt: NOW })
  expect(accepted(readSignature(signature.packet))).toEqual(signature)
})

test('gives the same packet whatever was added to its unsigned part', async () => {
  const { key, bytes } = await make()
  const original = await signAt(key, NOW)
  const body = bodyOf(
    original,
    readPackets(original)?.[0] ?? { tag: 2, start: 0, end: 0, pieces: [] },
  )
  const unhashedAt = 6 + ((body[4] ?? 0) << 8) + (body[5] ?? 0)
  const remark = concat(Uint8Array.of(7, 20), utf8('junk!!'))
  const stuffed = writePacket(
    TAG.signature,
    concat(
      body.subarray(0, unhashedAt),
      Uint8Array.of(0, remark.length),
      remark,
      body.subarray(unhashedAt + 2),
    ),
  )
  expect(hex(stuffed)).not.toBe(hex(original))
  const packet = accepted(readSignature(original)).packet
  expect(accepted(readSignature(stuffed)).packet).toEqual(packet)
  expect(accepted(await verify(stuffed, bytes)).packetHash).toBe(
    accepted(await verify(original, bytes)).packetHash,
  )
})

/** A signature packet with a hashed area of our own. */
function area(subpackets: Uint8Array): Uint8Array {
  const head = Uint8Array.of(4, 0, 22, 10, 0, subpackets.length)
  return writePacket(TAG.signature, concat(head, subpackets, new Uint8Array(10)))
}

test('refuses what is not exactly one binary signature that names its issuer', async () => {
  const { key } = await make()
  const good = await signAt(key, NOW)
  const [packet] = readPackets(good) ?? []
  const body = packet === undefined ? new Uint8Array() : bodyOf(good, packet)
  const changed = (at: number, value: number) => {
    const copy = body.slice()
    copy[at] = value
    return writePacket(TAG.signature, copy)
  }
  const created = Uint8Array.of(5, 2, 107, 0, 0, 0)
  const issuer = concat(Uint8Array.of(22, 33, 4), new Uint8Array(20).fill(7))
  const issuer6 = concat(Uint8Array.of(34, 33, 6), new Uint8Array(32).fill(7))
  const keyId = concat(Uint8Array.of(9, 16), new Uint8Array(8).fill(8))
  const lapsing = Uint8Array.of(5, 3, 0, 0, 1, 0)
  const CASES: readonly [string, Uint8Array, string][] = [
    ['two signatures', concat(good, good), 'signature-count-wrong'],
    ['text mode', changed(1, 1), 'signature-type-wrong'],
    ['a certification', changed(1, 0x10), 'signature-type-wrong'],
    ['a standalone signature', changed(1, 2), 'signature-type-wrong'],
    ['version 3', changed(0, 3), 'signature-version-wrong'],
    ['version 5', changed(0, 5), 'signature-version-wrong'],
    ['a hashed area that runs on', changed(4, 0xff), 'packets-malformed'],
    ['no issuer', area(created), 'signature-not-accepted'],
    ['two issuers', area(concat(created, issuer, issuer)), 'signature-not-accepted'],
    ['an issuer of another version', area(concat(created, issuer6)), 'signature-not-accepted'],
    [
      'an issuer that contradicts the key ID',
      area(concat(created, issuer, keyId)),
      'signature-not-accepted',
    ],
    ['no date', area(issuer), 'packets-malformed'],
    ['two dates', area(concat(created, created, issuer)), 'packets-malformed'],
    ['an end', area(concat(created, issuer, lapsing)), 'signature-not-accepted'],
    [
      'a subpacket of length 0',
      area(concat(created, issuer, Uint8Array.of(0))),
      'packets-malformed',
    ],
    ['a literal', writePacket(TAG.literal, new Uint8Array(10)), 'packet-not-allowed'],
  ]
  for (const [name, bytes, reason] of CASES) {
    expect([name, reasonOf(readSignature(bytes))]).toEqual([name, reason])
  }
})

test('proves who signed which bytes', async () => {
  for (const v6 of [false, true]) {
    const { key, bytes } = await make({ v6 })
    const verified = accepted(await verify(await signAt(key, NOW), bytes))
    expect(VerifiedSignature.is(verified)).toBe(true)
    expect(VerifiedSignature.is(Object.assign({}, verified))).toBe(false)
    expect(verified).toMatchObject({
      fingerprint: key.getFingerprint(),
      keyFingerprint: key.getFingerprint(),
      createdAt: NOW,
    })
  }
})

test('cannot be claimed by an object that looks like a proof', () => {
  // @ts-expect-error only verification makes one
  const forged: VerifiedSignature = {
    fingerprint: '',
    keyFingerprint: '',
    createdAt: 0,
    packet: new Uint8Array(),
    packetHash: '',
    payloadHash: '',
  }
  expect(VerifiedSignature.is(forged)).toBe(false)
})

test('gives one and the same answer to everything that is not a good signature by this certificate', async () => {
  const { key, bytes } = await make()
  const other = await make()
  const signature = await signAt(key, NOW)
  const bent = signature.slice()
  bent.set([(bent.at(-1) ?? 0) ^ 1], bent.length - 1)
  expect(reasonOf(await verify(signature, other.bytes))).toBe('signature-not-accepted')
  expect(reasonOf(await verify(bent, bytes))).toBe('signature-not-accepted')
  expect(reasonOf(await verify(await signAt(key, NOW, utf8('{"at":"other"}')), bytes))).toBe(
    'signature-not-accepted',
  )
})

test('accepts a signature made up to five minutes ahead of the server’s clock', async () => {
  const { key, bytes } = await make({ date: NOW + 300 })
  expect(reasonOf(await verify(await signAt(key, NOW + 300), bytes, [NOW]))).toBe('accepted')
})

test('refuses a backdated signature of an expired key when it arrives', async () => {
  const { key, bytes } = await make({ date: NOW - 10 * DAY, lasts: 9 * DAY })
  const backdated = await signAt(key, NOW - 2 * DAY)
  expect(reasonOf(await verify(backdated, bytes, [NOW - 2 * DAY]))).toBe('accepted')
  expect(reasonOf(await verify(backdated, bytes, [NOW]))).toBe('certificate-expired')
  expect(reasonOf(await verify(backdated, bytes, [NOW - DAY]))).toBe('certificate-expired')
  expect(reasonOf(await verify(backdated, bytes, [NOW - DAY - 1]))).toBe('accepted')
})

test('refuses a backdated signature of a softly revoked key when it arrives, and any of a compromised one', async () => {
  const { key } = await make({ date: NOW - 10 * DAY })
  const signature = await signAt(key, NOW - 2 * DAY)
  const soft = await revoked(key, enums.reasonForRevocation.keyRetired, NOW - DAY)
  const hard = await revoked(key, enums.reasonForRevocation.keyCompromised, NOW)
  expect(reasonOf(await verify(signature, soft, [NOW]))).toBe('certificate-revoked')
  expect(reasonOf(await verify(signature, soft, [NOW - 2 * DAY]))).toBe('accepted')
  expect(reasonOf(await verify(signature, hard, [NOW - 2 * DAY]))).toBe('certificate-revoked')
})

test('answers the same for an instant, whatever was asked before', async () => {
  const { key } = await make({ date: NOW - 10 * DAY })
  const signature = await signAt(key, NOW - 5 * DAY)
  const soft = await revoked(key, enums.reasonForRevocation.keySuperseded, NOW - DAY)
  const instants = [NOW - 3 * DAY, NOW, NOW - 3 * DAY, NOW, NOW - 2 * DAY]
  const answers: string[] = []
  for (const at of instants) answers.push(reasonOf(await verify(signature, soft, [at])))
  expect(answers).toEqual([
    'accepted',
    'certificate-revoked',
    'accepted',
    'certificate-revoked',
    'accepted',
  ])
})

test('accepts a signing subkey, and not after that subkey alone was revoked', async () => {
  const { key } = await make({ date: NOW - 10 * DAY })
  const signer = await key.addSubkey({ sign: true, date: new Date((NOW - 5 * DAY) * 1000) })
  const signature = await signAt(signer, NOW - DAY)
  const subkey = signer.subkeys[1]
  const certificate = signer.toPublic().write()
  const facts = accepted(await inspectCertificate(certificate, 'officer', NOW))
  expect(facts.provenKeys).toEqual([key.getFingerprint(), subkey?.getFingerprint()])
  expect(accepted(await verify(signature, certificate))).toMatchObject({
    fingerprint: key.getFingerprint(),
    keyFingerprint: subkey?.getFingerprint(),
  })
  const gone = await subkey?.revoke(
    secretOf(signer),
    { flag: enums.reasonForRevocation.keyRetired },
    new Date((NOW - 100) * 1000),
  )
  if (gone !== undefined) signer.subkeys[1] = gone
  expect(reasonOf(await verify(signature, signer.toPublic().write(), [NOW]))).toBe(
    'certificate-revoked',
  )
  expect(reasonOf(await verify(signature, signer.toPublic().write(), [NOW - 101]))).toBe('accepted')
})

test('refuses a signing subkey that never signed back: its holder is another', async () => {
  const { key, bytes } = await make()
  const victim = await make()
  const signature = await signAt(victim.key, NOW)
  const binding = await selfSign(key, enums.signature.subkeyBinding, {
    keyFlags: enums.keyFlags.signData,
    data: { key: key.keyPacket, bind: victim.key.keyPacket },
  })
  const stolen = packetsOf(victim.bytes)[0]?.bytes.slice() ?? new Uint8Array()
  stolen.set([0xc0 | TAG.subkey], 0)
  const claimed = concat(bytes, stolen, binding)
  const facts = accepted(await inspectCertificate(claimed, 'officer', NOW))
  expect(facts.keys).toContain(victim.key.getFingerprint())
  expect(facts.provenKeys).toEqual([key.getFingerprint()])
  expect(facts.signingKeys).toEqual([key.getFingerprint()])
  expect(reasonOf(await verify(signature, victim.bytes))).toBe('accepted')
  expect(reasonOf(await verify(signature, claimed))).toBe('certificate-cannot-sign')
})

test('refuses a signature by a primary key that may only certify', async () => {
  const { key, bytes } = await make()
  const signature = await signAt(key, NOW)
  const [primary, userId, , ...subkeys] = packetsOf(bytes).map((packet) => packet.bytes)
  if (!primary || !userId) throw new Error('odd certificate')
  const certification = await selfSign(key, enums.signature.certPositive, {
    keyFlags: enums.keyFlags.certifyKeys,
    data: { key: key.keyPacket, userID: key.users[0]?.userID },
  })
  const certifyOnly = concat(primary, userId, certification, ...subkeys)
  expect(reasonOf(await verify(signature, bytes))).toBe('accepted')
  expect(reasonOf(await verify(signature, certifyOnly))).toBe('certificate-cannot-sign')
  expect(await verdict(certifyOnly)).toBe('certificate-cannot-sign')
})

test('counts a revocation over a broken hash', async () => {
  const { privateKey } = await generateKey({
    type: 'rsa',
    rsaBits: 3072,
    userIDs: { name: 'old' },
    date: new Date((NOW - DAY) * 1000),
    format: 'object',
  })
  const revocation = await selfSign(privateKey, enums.signature.keyRevocation, {
    hash: enums.hash.sha1,
    data: { key: privateKey.keyPacket },
  })
  const bytes = privateKey.toPublic().write()
  const [primary, ...rest] = packetsOf(bytes).map((packet) => packet.bytes)
  expect(await verdict(bytes)).toBe('accepted')
  expect(await verdict(concat(primary ?? bytes, revocation, ...rest))).toBe('certificate-revoked')
})
