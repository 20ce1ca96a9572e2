import { expect, test } from 'vitest'
import { concat, utf8 } from '#core/bytes.ts'
import { writePacket } from '#core/packet-walk.ts'
import { checkEnvelope, messageRecipients, writeLiteral } from '#core/packets.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { reasonOf } from '#test/helpers/openpgp-keys.ts'

const v4 = '00112233445566778899aabbccddeeff01234567'
const other = 'ff112233445566778899aabbccddeeff01234568'
const v6 = 'ab'.repeat(32)
const sessionKey = (keyId: string) =>
  writePacket(
    1,
    concat(Uint8Array.of(3), Buffer.from(keyId, 'hex'), Uint8Array.of(18), new Uint8Array(80)),
  )
const sessionKey6 = (fingerprint: string) =>
  writePacket(
    1,
    concat(
      Uint8Array.of(6, 33, 6),
      Buffer.from(fingerprint, 'hex'),
      Uint8Array.of(25),
      new Uint8Array(80),
    ),
  )
const sealed = (version: number) =>
  writePacket(18, concat(Uint8Array.of(version), new Uint8Array(100)))
const mine = sessionKey(v4.slice(-16))
const theirs = sessionKey(other.slice(-16))

test('accepts one session key of one of the certificate’s keys', () => {
  expect(reasonOf(checkEnvelope(concat(mine, sealed(1)), [other, v4]))).toBe('accepted')
  expect(reasonOf(checkEnvelope(concat(sessionKey6(v6), sealed(2)), [v6]))).toBe('accepted')
  expect(reasonOf(checkEnvelope(concat(sessionKey(v6.slice(0, 16)), sealed(1)), [v6]))).toBe(
    'accepted',
  )
})

const WRONG: readonly [string, Uint8Array, RefusalReason][] = [
  ['another key', concat(theirs, sealed(1)), 'envelope-recipient-wrong'],
  ['two keys', concat(mine, theirs, sealed(1)), 'envelope-malformed'],
  ['the same key twice', concat(mine, mine, sealed(1)), 'envelope-malformed'],
  ['a hidden recipient', concat(sessionKey('0'.repeat(16)), sealed(1)), 'envelope-malformed'],
  ['no recipient', sealed(1), 'envelope-malformed'],
  ['no ciphertext', mine, 'envelope-malformed'],
  ['two ciphertexts', concat(mine, sealed(1), sealed(1)), 'envelope-malformed'],
  ['the ciphertext first', concat(sealed(1), mine), 'envelope-malformed'],
  ['protection that gpg cannot read', concat(mine, sealed(2)), 'envelope-malformed'],
  [
    'a full fingerprint with the old protection',
    concat(sessionKey6(v6), sealed(1)),
    'envelope-malformed',
  ],
  ['unknown protection', concat(mine, sealed(3)), 'envelope-malformed'],
  ['no protection', concat(mine, writePacket(9, new Uint8Array(100))), 'envelope-malformed'],
  ['a marker', concat(writePacket(10, utf8('PGP')), mine, sealed(1)), 'envelope-malformed'],
  ['padding', concat(mine, sealed(1), writePacket(21, new Uint8Array(9))), 'envelope-malformed'],
  ['plaintext', writeLiteral(utf8('hello')), 'envelope-malformed'],
  ['a password', concat(writePacket(3, new Uint8Array(20)), sealed(1)), 'envelope-malformed'],
  ['trailing bytes', concat(mine, sealed(1), Uint8Array.of(0)), 'envelope-malformed'],
  ['an empty ciphertext', concat(mine, writePacket(18, new Uint8Array())), 'envelope-malformed'],
  ['nothing', new Uint8Array(), 'envelope-malformed'],
]
test.each(WRONG)('refuses an envelope with %s', (_name, bytes, reason) => {
  expect(reasonOf(checkEnvelope(bytes, [v4, v6]))).toBe(reason)
})

test('names the recipients of a brief, at most 64', () => {
  const ids = Array.from({ length: 65 }, (_, i) => (i + 1).toString(16).padStart(16, '0'))
  const brief = (count: number) => concat(...ids.slice(0, count).map(sessionKey), sealed(1))
  expect(messageRecipients(brief(64))).toEqual({ ok: true, value: ids.slice(0, 64) })
  expect(reasonOf(messageRecipients(concat(mine, mine, sealed(1))))).toBe('envelope-malformed')
  expect(reasonOf(messageRecipients(brief(65)))).toBe('envelope-malformed')
})
