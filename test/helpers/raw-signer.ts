import {
  constants,
  createHash,
  createPrivateKey,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import { generateKey, type PrivateKey } from 'openpgp'
import { concat, hex, utf8 } from '#core/bytes.ts'
import { TAG, writePacket } from '#core/packet-walk.ts'
import { NOW } from './openpgp-keys.ts'

/** A key whose signatures can be made number by number. */
export interface RawKey {
  readonly name: string
  readonly certificate: Uint8Array
  readonly key: PrivateKey
  readonly version: 4 | 6
  readonly algorithm: number
  readonly fingerprint: Uint8Array
  readonly private: KeyObject
  /** Bytes of each number. */
  readonly width: number
}

/** A subpacket as it is to be written: type with or without the critical bit, body, and how its length is written. */
export interface RawSubpacket {
  readonly type: number
  readonly body: Uint8Array
  readonly lengthBytes?: 1 | 2 | 5
}

/** Everything of a signature that a case may want otherwise. */
export interface RawSignature {
  readonly payload: Uint8Array
  readonly type?: number
  readonly version?: number
  readonly algorithm?: number
  readonly hash?: number
  readonly hashed?: readonly RawSubpacket[]
  readonly unhashed?: readonly RawSubpacket[]
  readonly salt?: Uint8Array
  /** Instead of the two bytes with which the digest begins. */
  readonly digestStart?: Uint8Array
  /** Rewrites the numbers before they are written. */
  readonly numbers?: (numbers: readonly Uint8Array[]) => readonly Uint8Array[]
  /** How a number is written; as RFC 9580 says where it is left out. */
  readonly integer?: (number: Uint8Array) => Uint8Array
}

const HASHES: Readonly<Record<number, string>> = {
  1: 'md5',
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
  12: 'sha3-256',
  14: 'sha3-512',
}
const SALT_BYTES: Readonly<Record<number, number>> = {
  8: 16,
  9: 24,
  10: 32,
  11: 16,
  12: 16,
  14: 32,
}

/** Makes a key and a certificate of a kind, three days old. */
export async function rawKey(name: string, options: object, v6 = false): Promise<RawKey> {
  const { privateKey, publicKey } = await generateKey({
    userIDs: { name: 'Alice' },
    date: new Date((NOW - 3 * 86_400) * 1000),
    format: 'object',
    config: { v6Keys: v6 },
    ...options,
  })
  const { keyPacket } = privateKey
  const numbers: Numbers = {
    ...bytesIn(keyPacket.publicParams),
    ...bytesIn(Reflect.get(keyPacket, 'privateParams')),
  }
  const algorithm: number = keyPacket.algorithm
  const jwk = jwkOf(algorithm, numbers)
  return {
    name,
    certificate: publicKey.write(),
    key: privateKey,
    version: keyPacket.version === 6 ? 6 : 4,
    algorithm,
    fingerprint: keyPacket.getFingerprintBytes() ?? new Uint8Array(),
    private: createPrivateKey({ key: jwk, format: 'jwk' }),
    width: algorithm === 1 ? (numbers['n']?.length ?? 0) : widthOf(numbers),
  }
}

/** The subpackets that every good signature has. */
export function plainSubpackets(key: RawKey, createdAt = NOW - 60): RawSubpacket[] {
  return [
    { type: 0x82, body: word(createdAt) },
    { type: 33, body: concat(Uint8Array.of(key.version), key.fingerprint) },
  ]
}

/** Makes a signature packet. */
export function rawSignature(key: RawKey, options: RawSignature): Uint8Array {
  const { hash = 10, type = 0, version = key.version } = options
  const algorithm = options.algorithm ?? key.algorithm
  const salt =
    version === 6 ? (options.salt ?? new Uint8Array(SALT_BYTES[hash] ?? 32).fill(7)) : undefined
  const area = areaOf(version, options.hashed ?? plainSubpackets(key))
  const head = concat(Uint8Array.of(version, type, algorithm, hash), area)
  const covered = concat(
    salt ?? new Uint8Array(),
    options.payload,
    head,
    Uint8Array.of(version, 0xff),
    word(head.length),
  )
  const digest = createHash(HASHES[hash] ?? 'sha512')
    .update(covered)
    .digest()
  const made = numbersFor(key, { hash, covered, digest })
  const numbers = options.numbers?.(made) ?? made
  const isNative = key.algorithm === 27 || key.algorithm === 28
  const written = isNative ? numbers : numbers.map(options.integer ?? integer)
  return writePacket(
    TAG.signature,
    concat(
      head,
      areaOf(version, options.unhashed ?? []),
      options.digestStart ?? digest.subarray(0, 2),
      ...(salt === undefined ? [] : [Uint8Array.of(salt.length), salt]),
      ...written,
    ),
  )
}

/** A number as RFC 9580 section 3.2 wants it written. */
export function integer(number: Uint8Array): Uint8Array {
  const from = number.findIndex((byte) => byte !== 0)
  const bare = from < 0 ? new Uint8Array() : number.subarray(from)
  const bits = bare.length * 8 - (bare.length === 0 ? 0 : Math.clz32(bare[0] ?? 0) - 24)
  return concat(Uint8Array.of(bits >> 8, bits & 0xff), bare)
}

/** Four bytes, big-endian. */
export function word(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
}

/** A notation (RFC 9580 section 5.2.3.24). */
export function notation(name: string, value: Uint8Array): Uint8Array {
  const lengths = Uint8Array.of(0, name.length, value.length >> 8, value.length & 0xff)
  return concat(Uint8Array.of(0x80, 0, 0, 0), lengths, utf8(name), value)
}

function numbersFor(
  key: RawKey,
  { covered, digest, hash }: { hash: number; covered: Uint8Array; digest: Uint8Array },
): readonly Uint8Array[] {
  switch (key.algorithm) {
    case 1: {
      const padding = constants.RSA_PKCS1_PADDING
      return [sign(HASHES[hash] ?? 'sha512', covered, { key: key.private, padding })]
    }
    case 19: {
      const both = sign(HASHES[hash] ?? 'sha512', covered, {
        key: key.private,
        dsaEncoding: 'ieee-p1363',
      })
      return [both.subarray(0, key.width), both.subarray(key.width)]
    }
    default: {
      const both = sign(null, digest, key.private)
      const half = both.length / 2
      return key.algorithm === 22 ? [both.subarray(0, half), both.subarray(half)] : [both]
    }
  }
}

function areaOf(version: number, subpackets: readonly RawSubpacket[]): Uint8Array {
  const area = concat(
    ...subpackets.map(({ body, lengthBytes, type }) => {
      const length = body.length + 1
      const bytes = lengthBytes ?? (length < 192 ? 1 : 2)
      return concat(lengthIn(bytes, length), Uint8Array.of(type), body)
    }),
  )
  return concat(word(area.length).subarray(version === 6 ? 0 : 2), area)
}

function lengthIn(bytes: 1 | 2 | 5, length: number): Uint8Array {
  if (bytes === 1) return Uint8Array.of(length)
  if (bytes === 5) return concat(Uint8Array.of(255), word(length))
  return Uint8Array.of(((length - 192) >> 8) + 192, (length - 192) & 0xff)
}

type Numbers = Readonly<Record<string, Uint8Array | undefined>>

function bytesIn(params: unknown): Numbers {
  return Object.fromEntries(
    Object.entries(params ?? {}).filter(([, value]) => value instanceof Uint8Array),
  )
}

function widthOf({ A, Q }: Numbers): number {
  return A?.length ?? ((Q?.length ?? 1) - 1) / 2
}

const CURVES: Readonly<Record<number, string>> = { 32: 'P-256', 48: 'P-384', 66: 'P-521' }

function jwkOf(algorithm: number, numbers: Numbers): JsonWebKey {
  const { A, Q, d, e, n, p, q, seed, u } = numbers
  if (algorithm === 1) {
    // OpenPGP keeps the inverse of p modulo q: so p and q change places.
    const [exponent, first, second] = [big(d), big(q), big(p)]
    return {
      kty: 'RSA',
      n: text(n),
      e: text(e),
      d: text(d),
      p: text(q),
      q: text(p),
      dp: text(bytesOf(exponent % (first - 1n))),
      dq: text(bytesOf(exponent % (second - 1n))),
      qi: text(u),
    }
  }
  if (algorithm === 19) {
    const width = widthOf(numbers)
    const [x, y] = [Q?.subarray(1, 1 + width), Q?.subarray(1 + width)]
    return { kty: 'EC', crv: CURVES[width] ?? '', x: text(x), y: text(y), d: text(d) }
  }
  const crv = algorithm === 28 ? 'Ed448' : 'Ed25519'
  const padded = new Uint8Array(algorithm === 28 ? 57 : 32)
  padded.set(seed ?? [], padded.length - (seed?.length ?? 0))
  return { kty: 'OKP', crv, x: text(A ?? Q?.subarray(1)), d: text(padded) }
}

function big(bytes: Uint8Array | undefined): bigint {
  return BigInt(`0x${hex(bytes ?? Uint8Array.of(0))}`)
}

function bytesOf(value: bigint): Uint8Array {
  const digits = value.toString(16)
  return Uint8Array.from(
    Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex'),
  )
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64url')
}
