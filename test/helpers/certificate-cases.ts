import { createHash } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { concat, fromHex, hex, utf8 } from '#core/bytes.ts'
import { bodyOf, readPackets, TAG, writePacket } from '#core/packet-walk.ts'
import { type Dice, flipped } from './dice.ts'
import { NOW, packetsOf } from './openpgp-keys.ts'
import {
  plainSubpackets,
  type RawKey,
  type RawSignature,
  rawSignature,
  type RawSubpacket,
  word,
} from './raw-signer.ts'
import { ALGORITHMS, ODD, otherInteger, outOfRange } from './signature-cases.ts'

/** How a certificate of a class is made. */
type CertificateMaker = (key: RawKey, dice: Dice) => Uint8Array

const USER_ID = utf8('Alice')
/** Points of order 1, 2, 4 and 8, and such as are written with more than the field's prime. */
const SMALL_POINTS = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0100000000000000000000000000000000000000000000000000000000000080',
]

/** Every class of certificates, by its name. */
export const CERTIFICATE_CASES: Readonly<Record<string, CertificateMaker>> = {
  'good self-signature': (key, dice) =>
    selfSigned(key, dice, { hash: dice.of([8, 9, 10, 12, 14]) }),
  'odd subpackets in a self-signature': (key, dice) =>
    selfSigned(key, dice, { hashed: [...selfSubpackets(key, dice), ...dice.of(ODD)(key, dice)] }),
  'numbers of a self-signature written otherwise': (key, dice) =>
    selfSigned(key, dice, { integer: otherInteger(dice) }),
  'numbers of a self-signature out of range': (key, dice) =>
    selfSigned(key, dice, { numbers: outOfRange(key, dice) }),
  'another beginning of the digest of a self-signature': (key, dice) =>
    selfSigned(key, dice, { digestStart: dice.bytes(2) }),
  'weak or unknown hash of a self-signature': (key, dice) =>
    selfSigned(key, dice, { hash: dice.of([1, 2, 3, 11, 13]) }),
  'another salt of a self-signature': (key, dice) =>
    selfSigned(key, dice, { salt: dice.bytes(dice.below(40)), hash: dice.of([8, 9, 10, 12, 14]) }),
  'another algorithm, type or version of a self-signature': (key, dice) =>
    selfSigned(key, dice, {
      algorithm: dice.of([key.algorithm, ...(ALGORITHMS[key.algorithm] ?? [])]),
      version: dice.of([key.version, 4, 6]),
      type: dice.of([0, 0x10, 0x11, 0x12, 0x13, 0x1f, 0x20, 0x30]),
    }),
  'a revocation': (key, dice) =>
    concat(
      packetsOf(key.certificate)[0]?.bytes ?? new Uint8Array(),
      rawSignature(key, {
        payload: keyForHash(key),
        type: 0x20,
        hash: dice.of([2, 8, 10, 14]),
        hashed: [
          ...plainSubpackets(key),
          { type: 29, body: Uint8Array.of(dice.below(5)) },
          ...(dice.below(2) ? dice.of(ODD)(key, dice) : []),
        ],
        ...(dice.below(2) ? { numbers: outOfRange(key, dice) } : {}),
      }),
      ...packetsOf(key.certificate)
        .slice(1)
        .map(({ bytes }) => bytes),
    ),
  'a bit of the certificate flipped': (key, dice) => flipped(key.certificate, dice),
  'packets left out, doubled or exchanged': (key, dice) => {
    const packets = packetsOf(key.certificate).map(({ bytes }) => bytes)
    const [from, to] = [dice.below(packets.length), dice.below(packets.length)]
    const [moved] = packets.splice(from, dice.below(3) === 0 ? 0 : 1)
    if (moved !== undefined && dice.below(2)) packets.splice(to, 0, moved)
    return concat(...packets)
  },
  'a point of small order': (key, dice) => smallCertificate(key, dice),
}

function keyForHash(key: RawKey): Uint8Array {
  const [first] = readPackets(key.certificate) ?? []
  const body = first === undefined ? new Uint8Array() : bodyOf(key.certificate, first)
  const length = word(body.length)
  return concat(
    Uint8Array.of(0x95 + key.version),
    key.version === 6 ? length : length.subarray(2),
    body,
  )
}

/** Dated so that no two certificates are the same bytes: what was read before would not be verified again. */
function selfSubpackets(key: RawKey, dice: Dice): RawSubpacket[] {
  return [
    ...plainSubpackets(key, NOW - dice.below(2 * 86_400)),
    { type: 27, body: Uint8Array.of(3) },
  ]
}

/** A primary key, a user ID, and what vouches for them: for version 6 a direct-key signature of the same making comes first. */
function selfSigned(key: RawKey, dice: Dice, options: Partial<RawSignature>): Uint8Array {
  const [primary] = packetsOf(key.certificate)
  const hashed = selfSubpackets(key, dice)
  const about = keyForHash(key)
  const userId = concat(about, Uint8Array.of(0xb4), word(USER_ID.length), USER_ID)
  const direct = rawSignature(key, { type: 0x1f, hashed, ...options, payload: about })
  return concat(
    primary?.bytes ?? new Uint8Array(),
    ...(key.version === 6 ? [direct] : []),
    writePacket(TAG.userId, USER_ID),
    rawSignature(key, { type: 0x13, hashed, ...options, payload: userId }),
  )
}

/** Whoever knows no secret can still solve the equation for a point of small order, one time in as many as its order. */
function smallCertificate(helper: RawKey, dice: Dice): Uint8Array {
  const point = fromHex(dice.of(SMALL_POINTS)) ?? new Uint8Array()
  const body = concat(Uint8Array.of(4), word(NOW - 86_400), Uint8Array.of(27), point)
  const prefixed = concat(Uint8Array.of(0x99, 0, body.length), body)
  const fingerprint = Uint8Array.from(createHash('sha1').update(prefixed).digest())
  const scalar = dice.bytes(31)
  const number = BigInt(`0x${hex(scalar.toReversed())}`)
  const both = concat(ed25519.Point.BASE.multiply(number).toBytes(), scalar, Uint8Array.of(0))
  const key = { ...helper, version: 4, algorithm: 27, fingerprint } as const
  const signature = rawSignature(key, {
    type: 0x13,
    payload: concat(prefixed, Uint8Array.of(0xb4), word(USER_ID.length), USER_ID),
    hashed: [...selfSubpackets(key, dice), { type: 20, body: dice.bytes(16) }],
    numbers: () => [both],
  })
  return concat(writePacket(TAG.primaryKey, body), writePacket(TAG.userId, USER_ID), signature)
}
