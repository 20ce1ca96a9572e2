import * as fc from 'fast-check'
import { generateKey } from 'openpgp'
import { expect, test } from 'vitest'
import { base64, concat, utf8 } from '#core/bytes.ts'
import { TAG, writePacket } from '#core/packet-walk.ts'
import {
  CERTIFICATE_LIMITS,
  isSignedMessage,
  MESSAGE_LIMITS,
  messageRecipients,
  type PacketLimits,
  readLiteral,
  scanPackets,
  SIGNATURE_LIMITS,
  SIGNED_LIMITS,
  splitSignedMessage,
  writeLiteral,
} from '#core/packets.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { reasonOf } from '#test/helpers/openpgp-keys.ts'
import { computedMilliseconds } from '#test/helpers/effort.ts'

const ALL_LIMITS = [CERTIFICATE_LIMITS, SIGNATURE_LIMITS, MESSAGE_LIMITS, SIGNED_LIMITS]

function repeated(packet: Uint8Array, count: number): Uint8Array {
  return concat(...Array.from({ length: count }, () => packet))
}

const signature = writePacket(TAG.signature, new Uint8Array(20))
const key = writePacket(TAG.primaryKey, new Uint8Array(50))
/** What section 4 of the OpenPGP notes found to be expensive, and plain nonsense. */
const HOSTILE: readonly [string, PacketLimits, Uint8Array, RefusalReason][] = [
  ['nothing at all', CERTIFICATE_LIMITS, new Uint8Array(), 'packets-malformed'],
  ['text', CERTIFICATE_LIMITS, utf8('hello'), 'packets-malformed'],
  [
    'a compressed message',
    SIGNED_LIMITS,
    writePacket(8, new Uint8Array(364)),
    'packet-not-allowed',
  ],
  [
    'compression inside a message of session keys',
    MESSAGE_LIMITS,
    writePacket(8, new Uint8Array(364)),
    'packet-not-allowed',
  ],
  [
    'a symmetric session key (Argon2)',
    MESSAGE_LIMITS,
    writePacket(3, new Uint8Array(30)),
    'packet-not-allowed',
  ],
  ['a secret key', CERTIFICATE_LIMITS, writePacket(5, new Uint8Array(100)), 'packet-not-allowed'],
  ['a marker', CERTIFICATE_LIMITS, concat(writePacket(10, utf8('PGP')), key), 'packet-not-allowed'],
  [
    'a packet of a private kind',
    CERTIFICATE_LIMITS,
    writePacket(60, new Uint8Array(1)),
    'packet-not-allowed',
  ],
  [
    'an embedded signature nested 5 000 deep',
    SIGNATURE_LIMITS,
    writePacket(TAG.signature, new Uint8Array(600_000)),
    'packets-too-large',
  ],
  [
    'a user ID of 5 KB',
    CERTIFICATE_LIMITS,
    concat(key, writePacket(TAG.userId, new Uint8Array(5121))),
    'packets-too-large',
  ],
  [
    '50 000 user IDs',
    CERTIFICATE_LIMITS,
    concat(key, repeated(writePacket(TAG.userId, utf8('a')), 50_000)),
    'packets-too-large',
  ],
  [
    '17 user IDs',
    CERTIFICATE_LIMITS,
    concat(key, repeated(writePacket(TAG.userId, utf8('a')), 17)),
    'packets-too-many',
  ],
  ['201 signatures', CERTIFICATE_LIMITS, concat(key, repeated(signature, 201)), 'packets-too-many'],
  [
    '2 000 forged self-signatures',
    CERTIFICATE_LIMITS,
    concat(key, repeated(writePacket(TAG.signature, new Uint8Array(200)), 2000)),
    'packets-too-large',
  ],
  [
    '17 subkeys',
    CERTIFICATE_LIMITS,
    concat(key, repeated(writePacket(TAG.subkey, new Uint8Array(50)), 17)),
    'packets-too-many',
  ],
  ['two certificates', CERTIFICATE_LIMITS, concat(key, key), 'packets-too-many'],
  [
    'a photo of 20 KB',
    CERTIFICATE_LIMITS,
    concat(key, writePacket(TAG.userAttribute, new Uint8Array(20_000))),
    'packets-too-large',
  ],
  [
    'an enormous RSA key',
    CERTIFICATE_LIMITS,
    writePacket(TAG.primaryKey, new Uint8Array(5000)),
    'packets-too-large',
  ],
  ['9 signatures in a file', SIGNATURE_LIMITS, repeated(signature, 9), 'packets-too-many'],
  ['2 000 signatures in a file', SIGNATURE_LIMITS, repeated(signature, 2000), 'packets-too-large'],
  [
    '65 session keys',
    MESSAGE_LIMITS,
    repeated(writePacket(TAG.sessionKey, new Uint8Array(90)), 65),
    'packets-too-many',
  ],
  [
    'a packet that claims 4 GB',
    SIGNED_LIMITS,
    Uint8Array.of(0xcb, 255, 255, 255, 255, 255, 0),
    'packets-malformed',
  ],
  ['a length cut off', CERTIFICATE_LIMITS, Uint8Array.of(0xc6, 255, 0), 'packets-malformed'],
  ['a header alone', CERTIFICATE_LIMITS, Uint8Array.of(0xc6), 'packets-malformed'],
  ['tag 0', CERTIFICATE_LIMITS, Uint8Array.of(0xc0, 0), 'packets-malformed'],
  [
    'a certificate of unknown length',
    CERTIFICATE_LIMITS,
    concat(Uint8Array.of(0x9b), new Uint8Array(40)),
    'packets-malformed',
  ],
  [
    'a signature of unknown length',
    SIGNATURE_LIMITS,
    concat(Uint8Array.of(0x8b), new Uint8Array(40)),
    'packets-malformed',
  ],
  [
    'a signature in parts',
    SIGNATURE_LIMITS,
    concat(Uint8Array.of(0xc2, 0xe9), new Uint8Array(512), Uint8Array.of(0)),
    'packets-malformed',
  ],
  [
    'a literal in parts of one byte',
    SIGNED_LIMITS,
    concat(Uint8Array.of(0xcb), repeated(Uint8Array.of(0xe0, 0), 100_000), Uint8Array.of(0)),
    'packets-malformed',
  ],
  [
    'a literal whose last part is missing',
    SIGNED_LIMITS,
    concat(Uint8Array.of(0xcb, 0xe9), new Uint8Array(512)),
    'packets-malformed',
  ],
]

test.each(HOSTILE)('refuses %s', (...[, limits, bytes, reason]) => {
  const before = process.memoryUsage().arrayBuffers
  const start = computedMilliseconds()
  expect(reasonOf(scanPackets(bytes, limits))).toBe(reason)
  expect(computedMilliseconds() - start).toBeLessThan(200)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024)
})

test('counts packets by kind, in old and new headers of every length', () => {
  const bodies = [1, 191, 192, 1000].map((length) => new Uint8Array(length))
  const news = bodies.map((body) => writePacket(TAG.userId, body))
  const olds = bodies.map((body) =>
    concat(Uint8Array.of(0xb5, body.length >> 8, body.length & 0xff), body),
  )
  const wide = concat(Uint8Array.of(0xcd, 255, 0, 0, 0, 3), utf8('abc'))
  const counts = scanPackets(concat(key, ...news, ...olds, wide), CERTIFICATE_LIMITS)
  expect(counts).toEqual({
    ok: true,
    value: new Map([
      [6, 1],
      [13, 9],
    ]),
  })
})

test('reads a literal in parts, as gpg writes one from a pipe', () => {
  const literal = concat(
    Uint8Array.of(0xcb, 0xe9, 0x62, 0, 0, 0, 0, 0),
    new Uint8Array(506).fill(7),
    Uint8Array.of(3, 7, 7, 7),
  )
  expect(readLiteral(literal)).toEqual({ ok: true, value: new Uint8Array(509).fill(7) })
})

test('never throws, whatever the bytes', () => {
  const edges = fc.constantFrom(0x80, 0x9b, 0xc2, 0xcb, 0xd2, 0xe9, 0xff, 0xfe, 0xdf, 0xe0)
  const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), edges)
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 700 }), (values) => {
      const bytes = Uint8Array.from(values)
      for (const limits of ALL_LIMITS) scanPackets(bytes, limits)
      messageRecipients(bytes)
      splitSignedMessage(bytes)
      readLiteral(bytes)
    }),
    { numRuns: 2000 },
  )
})

test('what it accepts is packets to the last byte', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 9000 }), { minLength: 1, maxLength: 8 }),
      (bodies) => {
        const bytes = concat(...bodies.map((body) => writePacket(TAG.signature, body)))
        const fits =
          bytes.length <= SIGNATURE_LIMITS.bytesMax && bodies.every(({ length }) => length <= 8192)
        expect(scanPackets(bytes, SIGNATURE_LIMITS).ok).toBe(fits)
        expect(scanPackets(bytes.subarray(0, -1), SIGNATURE_LIMITS).ok).toBe(false)
      },
    ),
  )
})

test('a literal alone is read to the last byte, and text is not', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 9000 }), (content) => {
      expect(readLiteral(writeLiteral(content))).toEqual({ ok: true, value: content })
    }),
  )
  const text = writePacket(TAG.literal, utf8('t\0\0\0\0\0hello'))
  expect(reasonOf(readLiteral(text))).toBe('envelope-malformed')
  expect(reasonOf(readLiteral(concat(writeLiteral(utf8('a')), writeLiteral(utf8('b')))))).toBe(
    'envelope-malformed',
  )
  expect(isSignedMessage(writeLiteral(utf8('hello')))).toBe(false)
})

test('scans a real certificate in well under a millisecond of computing', async () => {
  const pair = await generateKey({ userIDs: { name: 'a' }, format: 'binary' })
  const start = computedMilliseconds()
  for (let i = 0; i < 1000; i++) scanPackets(pair.publicKey, CERTIFICATE_LIMITS)
  expect(computedMilliseconds() - start).toBeLessThan(1000)
  expect(base64(pair.publicKey).length).toBeGreaterThan(100)
})
