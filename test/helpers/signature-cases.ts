import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { concat, fromHex, hex, utf8 } from '#core/bytes.ts'
import { bodyOf, readPackets, TAG, writePacket } from '#core/packet-walk.ts'
import { type Dice, flipped } from './dice.ts'
import { DAY, NOW } from './openpgp-keys.ts'
import {
  integer,
  notation,
  plainSubpackets,
  type RawKey,
  type RawSignature,
  rawSignature,
  type RawSubpacket,
  word,
} from './raw-signer.ts'

/** What a verifier is asked. */
export interface SignatureCase {
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  readonly certificate: Uint8Array
  readonly validAt: readonly number[]
}

/** A class of cases: how one is made with a key and some luck. */
export type CaseMaker = (key: RawKey, dice: Dice, keys: readonly RawKey[]) => SignatureCase

const STRONG = [8, 9, 10, 12, 14]
const SIZES = [0, 1, 55, 64, 111, 128, 700, 4096, 65_536]
/** What a signature may say it is: what it is not, and the nearest to what it is. */
export const ALGORITHMS: Readonly<Record<number, readonly number[]>> = {
  1: [2, 3, 3, 3, 17],
  19: [17, 17, 22, 1],
  22: [27, 19, 17],
  27: [22, 28, 1],
  28: [27, 99],
}
/** Orders of the groups, by algorithm or by the width of a curve's numbers. */
const ORDERS: ReadonlyMap<number, bigint> = new Map([
  [22, ed25519.Point.Fn.ORDER],
  [27, ed25519.Point.Fn.ORDER],
  [32, p256.Point.Fn.ORDER],
  [48, p384.Point.Fn.ORDER],
  [66, p521.Point.Fn.ORDER],
])

/** The subpackets that may stand in a signature beside those that must, by what is odd about them. */
export const ODD: readonly ((key: RawKey, dice: Dice) => readonly RawSubpacket[])[] = [
  (key) => [{ type: 16, body: keyId(key) }],
  () => [{ type: 28, body: utf8('Alice') }],
  () => [{ type: 0x80 | 28, body: Uint8Array.of(0xff, 0xfe) }],
  () => [{ type: 20, body: notation('salt@notations.openpgpjs.org', new Uint8Array(32)) }],
  () => [{ type: 0x80 | 20, body: notation('must@example.org', utf8('be known')) }],
  () => [{ type: 20, body: Uint8Array.of(0x80, 0, 0) }],
  () => [{ type: 20, body: notation('__proto__', utf8('x')) }],
  () => [{ type: 35, body: new Uint8Array(21).fill(4) }],
  () => [{ type: 0x80 | 35, body: new Uint8Array(21).fill(4) }],
  () => [{ type: 26, body: utf8('https://example.org/policy') }],
  () => [{ type: 27, body: Uint8Array.of(2) }],
  () => [{ type: 30, body: Uint8Array.of(9) }],
  () => [{ type: 3, body: word(0) }],
  () => [{ type: 3, body: word(600) }],
  () => [{ type: 9, body: word(1) }],
  () => [{ type: 12, body: new Uint8Array(22).fill(1) }],
  () => [{ type: 29, body: Uint8Array.of(1, 65) }],
  () => [{ type: 31, body: Uint8Array.of(22, 99, 1, 2, 3) }],
  () => [{ type: 32, body: Uint8Array.of(4, 0x19, 22, 10, 0, 0, 0, 0) }],
  (_, dice) => [{ type: 40 + dice.below(60), body: dice.bytes(5) }],
  (_, dice) => [{ type: 0x80 | (40 + dice.below(60)), body: dice.bytes(5) }],
  (_, dice) => [{ type: dice.below(256), body: dice.bytes(dice.below(12)) }],
  () => [{ type: 20, body: notation('long', new Uint8Array(300)), lengthBytes: 2 }],
  () => [{ type: 20, body: notation('long', new Uint8Array(20)), lengthBytes: 5 }],
  () => [{ type: 2, body: word(NOW - 60) }],
  (key) => plainSubpackets(key).slice(1),
  () => [{ type: 16, body: new Uint8Array(8).fill(3) }],
]

/** Every class of message signatures, by its name. */
export const MESSAGE_CASES: Readonly<Record<string, CaseMaker>> = {
  good: (key, dice) => made(key, dice, { hash: dice.of(STRONG) }),
  'odd subpackets': (key, dice) => {
    const odd = dice.of(ODD)(key, dice)
    const place = dice.below(3)
    const hashed = plainSubpackets(key)
    hashed.splice(place, 0, ...odd)
    return dice.below(4) === 0 ? made(key, dice, { unhashed: odd }) : made(key, dice, { hashed })
  },
  'left out subpackets': (key, dice) => {
    const hashed = plainSubpackets(key)
    hashed.splice(dice.below(2), 1)
    return made(key, dice, { hashed })
  },
  'a bit of the signature flipped': (key, dice) => {
    const one = made(key, dice, { hash: dice.of(STRONG) })
    return { ...one, signature: flipped(one.signature, dice) }
  },
  'a bit of the numbers flipped': (key, dice) => {
    const one = made(key, dice, {})
    const tail = one.signature.subarray(-key.width)
    const kept = one.signature.subarray(0, -key.width)
    return { ...one, signature: concat(kept, flipped(tail, dice)) }
  },
  'a bit of the payload flipped': (key, dice) => {
    const one = made(key, dice, { payload: dice.bytes(40) })
    return { ...one, payload: flipped(one.payload, dice) }
  },
  'cut short or longer': (key, dice) => {
    const one = made(key, dice, {})
    const [packet] = readPackets(one.signature) ?? []
    const body = packet === undefined ? new Uint8Array() : bodyOf(one.signature, packet)
    const changed = dice.below(2)
      ? body.subarray(0, dice.below(body.length))
      : concat(body, dice.bytes(1 + dice.below(3)))
    return { ...one, signature: writePacket(TAG.signature, changed) }
  },
  'numbers written otherwise': (key, dice) => made(key, dice, { integer: otherInteger(dice) }),
  'numbers out of range': (key, dice) => made(key, dice, { numbers: outOfRange(key, dice) }),
  'another beginning of the digest': (key, dice) => made(key, dice, { digestStart: dice.bytes(2) }),
  'another key': (key, dice, keys) => {
    const alike = keys.filter((other) => other !== key && other.version === key.version)
    const other = dice.of(alike.length > 0 ? alike : keys)
    const one = made(key, dice, { hashed: plainSubpackets(other) })
    return { ...one, certificate: dice.below(4) === 0 ? key.certificate : other.certificate }
  },
  'another algorithm, type or version': (key, dice) => {
    switch (dice.below(3)) {
      case 0:
        return made(key, dice, { algorithm: dice.of(ALGORITHMS[key.algorithm] ?? [key.algorithm]) })
      case 1:
        return made(key, dice, { type: dice.of([1, 2, 0x10, 0x13, 0x18, 0x19, 0x1f, 0x40]) })
      default:
        return made(key, dice, { version: dice.of([3, 4, 5, 6]) })
    }
  },
  'another salt': (key, dice) =>
    made(key, dice, { salt: dice.bytes(dice.below(40)), hash: dice.of(STRONG) }),
  'a weak or unknown hash': (key, dice) =>
    made(key, dice, { hash: dice.of([1, 2, 3, 11, 13, 99]) }),
  'made or judged at another time': (key, dice) => {
    const days = dice.below(12) - 6
    const hashed = plainSubpackets(key, NOW + days * DAY - dice.below(DAY))
    const validAt = Array.from({ length: dice.below(3) }, () => NOW + (dice.below(12) - 6) * DAY)
    return { ...made(key, dice, { hashed }), validAt }
  },
}

function made(key: RawKey, dice: Dice, options: Partial<RawSignature>): SignatureCase {
  const payload = options.payload ?? dice.bytes(dice.of(SIZES))
  return {
    payload,
    signature: rawSignature(key, { ...options, payload }),
    certificate: key.certificate,
    validAt: [NOW],
  }
}

function keyId({ fingerprint, version }: RawKey): Uint8Array {
  return version === 6 ? fingerprint.subarray(0, 8) : fingerprint.subarray(-8)
}

/** Writes numbers with zeros in front, a count of bits that is a little off, or one that lies. */
export function otherInteger(dice: Dice): (number: Uint8Array) => Uint8Array {
  const way = dice.below(4)
  return (number) => {
    const right = integer(number)
    const bits = ((right[0] ?? 0) << 8) | (right[1] ?? 0)
    const bare = right.subarray(2)
    if (way === 0) return counted(bare.length * 8, bare)
    if (way === 1) return counted(bare.length * 8 + 8, concat(Uint8Array.of(0), bare))
    if (way === 2) return counted(number.length * 8, number)
    return counted(Math.max(0, bits + dice.below(17) - 8), bare)
  }
}

function counted(bits: number, bytes: Uint8Array): Uint8Array {
  return concat(Uint8Array.of((bits >> 8) & 0xff, bits & 0xff), bytes)
}

/** Replaces numbers: by nothing, by too much, by the other solution of ECDSA (order − s), by a second spelling of the same number of EdDSA (S + order). */
export function outOfRange(
  key: RawKey,
  dice: Dice,
): (numbers: readonly Uint8Array[]) => readonly Uint8Array[] {
  const way = dice.below(4)
  const isCurve = key.algorithm === 19
  const order = ORDERS.get(isCurve ? key.width : key.algorithm)
  return (numbers) => {
    const changed = numbers.map((number) => number.slice())
    const last = changed.at(-1) ?? new Uint8Array()
    if (way === 0) dice.of(changed).fill(0)
    else if (way === 1) dice.of(changed).fill(0xff)
    else if (order !== undefined && isCurve) setNumber(last, order - numberIn(last))
    else if (order !== undefined) {
      const little = last.subarray(-32)
      little.reverse()
      setNumber(little, order + numberIn(little))
      little.reverse()
    }
    return changed
  }
}

function numberIn(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes)}`)
}

function setNumber(bytes: Uint8Array, value: bigint): void {
  const digits = value.toString(16).padStart(bytes.length * 2, '0')
  bytes.set(fromHex(digits.slice(-bytes.length * 2)) ?? [])
}
