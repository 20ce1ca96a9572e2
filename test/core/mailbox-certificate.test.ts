import { enums, generateKey } from 'openpgp'
import { expect, test } from 'vitest'
import { concat, utf8 } from '#core/bytes.ts'
import { inspectCertificate } from '#core/openpgp.ts'
import { TAG, writePacket } from '#core/packet-walk.ts'
import {
  accepted,
  altered,
  DAY,
  make,
  NOW,
  packetsOf,
  selfSign,
  verdict,
} from '#test/helpers/openpgp-keys.ts'

const midnight = NOW - (NOW % DAY)

test('mailbox certificates are those made by hand with one user ID, at midnight', async () => {
  const { bytes } = await make({ date: midnight, name: 'mailbox' })
  expect(await verdict(bytes, 'mailbox')).toBe('accepted')
})

test('mailbox certificates are refused where they tell anything about their owner', async () => {
  const named = await make({ date: midnight, name: 'mailbox of Alice' })
  const late = await make({ date: midnight - 1, name: 'mailbox' })
  const v6 = await make({ date: midnight, name: 'mailbox', v6: true })
  const two = await generateKey({
    userIDs: [{ name: 'mailbox' }, { name: 'Alice' }],
    date: new Date(midnight * 1000),
    format: 'object',
  })
  const twice = await generateKey({
    userIDs: [{ name: 'mailbox' }, { name: 'mailbox' }],
    date: new Date(midnight * 1000),
    format: 'object',
  })
  const remark = await generateKey({
    userIDs: { name: 'mailbox' },
    date: new Date(midnight * 1000),
    signatureNotations: [
      { name: 'who@example.org', value: utf8('Alice'), humanReadable: true, critical: false },
    ],
    format: 'object',
  })
  expect(await verdict(named.bytes, 'mailbox')).toBe('certificate-user-id-wrong')
  expect(await verdict(late.bytes, 'mailbox')).toBe('certificate-not-midnight')
  expect(await verdict(v6.bytes, 'mailbox')).toBe('certificate-version-wrong')
  expect(await verdict(two.publicKey.write(), 'mailbox')).toBe('certificate-user-id-wrong')
  expect(await verdict(twice.publicKey.write(), 'mailbox')).toBe('certificate-user-id-wrong')
  expect(await verdict(remark.publicKey.write(), 'mailbox')).toBe('certificate-malformed')
  expect(await verdict(remark.publicKey.write(), 'identifiable')).toBe('accepted')
})

test('mailbox certificates are refused with a friend’s signature or a photo, which others lose', async () => {
  const { key, bytes } = await make({ date: midnight, name: 'mailbox' })
  const friend = await make({ name: 'Bob' })
  const certified = (await key.toPublic().signAllUsers([friend.key], new Date())).write()
  const photo = writePacket(TAG.userAttribute, new Uint8Array(100))
  const [primary, ...rest] = packetsOf(bytes).map((packet) => packet.bytes)
  const pictured = concat(primary ?? photo, photo, ...rest)
  for (const given of [certified, pictured]) {
    expect(await verdict(given, 'mailbox')).toBe('certificate-malformed')
    expect(accepted(await inspectCertificate(given, 'officer', NOW)).bytes).toEqual(bytes)
  }
})

test('mailbox certificates are refused where one signature carries a time of day', async () => {
  const { key } = await make({ date: midnight - DAY, name: 'mailbox' })
  const withSubkey = await key.addSubkey({
    sign: true,
    date: new Date((midnight - 3600) * 1000),
  })
  expect(await verdict(withSubkey.toPublic().write(), 'mailbox')).toBe('certificate-not-midnight')
})

test('mailbox certificates are refused where only a self-signature carries a time of day', async () => {
  const { key, bytes } = await make({ date: midnight - DAY, name: 'mailbox' })
  const [primary, userId, , ...subkeys] = packetsOf(bytes).map((packet) => packet.bytes)
  if (!primary || !userId) throw new Error('odd certificate')
  const certify = async (date: number) =>
    await selfSign(key, enums.signature.certPositive, {
      keyFlags: enums.keyFlags.certifyKeys | enums.keyFlags.signData,
      data: { key: key.keyPacket, userID: key.users[0]?.userID },
      date,
    })
  const atMidnight = concat(primary, userId, await certify(midnight), ...subkeys)
  const later = concat(primary, userId, await certify(midnight - 1), ...subkeys)
  expect(await verdict(atMidnight, 'mailbox')).toBe('accepted')
  expect(await verdict(later, 'mailbox')).toBe('certificate-not-midnight')
})

test('mailbox certificates have no second user ID, not even one that counts for nothing', async () => {
  const { bytes } = await make({ date: midnight, name: 'mailbox' })
  const [primary, userId, certification, ...subkeys] = packetsOf(bytes).map(
    (packet) => packet.bytes,
  )
  if (!primary || !userId || !certification) throw new Error('odd certificate')
  const second = concat(writePacket(TAG.userId, utf8('Alice')), altered(certification, 3, 2))
  const two = concat(primary, userId, certification, second, ...subkeys)
  expect(accepted(await inspectCertificate(two, 'officer', NOW)).userIds).toEqual(['mailbox'])
  expect(await verdict(two, 'mailbox')).toBe('certificate-user-id-wrong')
})
