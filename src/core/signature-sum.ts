import type { HashName, PublicNumbers, SignatureSum } from './arithmetic.ts'
import { concat } from './bytes.ts'
import { readNumber } from './packet-walk.ts'
import { keyIdOf, type SignatureFields } from './signature-packet.ts'

/** A public key as the parser gives it. */
interface ParsedNumbers {
  readonly algorithm: number
  readonly publicParams: object
  getAlgorithmInfo(): { readonly curve?: string }
}

/** The hash functions that are good enough, by their numbers (RFC 9580 section 9.5). */
export const STRONG_HASHES: ReadonlyMap<number, HashName> = new Map([
  [8, 'sha256'],
  [9, 'sha384'],
  [10, 'sha512'],
  [12, 'sha3-256'],
  [14, 'sha3-512'],
])
/** The only ones that Ed448 may be used with (RFC 9580 section 5.2.3.5). */
const LONG_HASHES: ReadonlySet<HashName> = new Set<HashName>(['sha512', 'sha3-512'])
/** How long the salt of a version 6 signature is, by hash function. */
const SALT_BYTES: Readonly<Record<HashName, number>> = {
  sha256: 16,
  sha384: 24,
  sha512: 32,
  'sha3-256': 16,
  'sha3-512': 32,
}
const NIST_CURVES: ReadonlyMap<string | undefined, 'P-256' | 'P-384' | 'P-521'> = new Map([
  ['nistP256', 'P-256'],
  ['nistP384', 'P-384'],
  ['nistP521', 'P-521'],
])
const COORDINATE_BYTES = { 'P-256': 32, 'P-384': 48, 'P-521': 66 } as const
const LEGACY_ED25519 = 22
const PLAIN_POINT = 0x40
const UNCOMPRESSED_POINT = 0x04

/** A key that signs: the algorithm that its signatures must name, and its numbers. */
export interface ReducedKey {
  readonly algorithm: number
  readonly numbers: PublicNumbers
}

/** Reduces a key that signs, where it is of the plainest form; `undefined` for every other key. */
export function reduceKey(key: ParsedNumbers): ReducedKey | undefined {
  const numbers = numbersOf(key)
  return numbers === undefined ? undefined : { algorithm: key.algorithm, numbers }
}

function numbersOf(key: ParsedNumbers): PublicNumbers | undefined {
  const { A: point, Q: prefixed, e: exponent, n: modulus } = bytesOf(key.publicParams)
  const { curve } = key.getAlgorithmInfo()
  switch (key.algorithm) {
    case 1:
    case 3:
      return modulus !== undefined && modulus[0] !== 0 && exponent !== undefined
        ? { kind: 'RSA', modulus, exponent }
        : undefined
    case 19:
      return onNistCurve(NIST_CURVES.get(curve), prefixed)
    case LEGACY_ED25519:
      return curve === 'ed25519Legacy' && prefixed?.length === 33 && prefixed[0] === PLAIN_POINT
        ? { kind: 'Ed25519', point: prefixed.slice(1) }
        : undefined
    case 27:
      return point?.length === 32 ? { kind: 'Ed25519', point } : undefined
    case 28:
      return point?.length === 57 ? { kind: 'Ed448', point } : undefined
    default:
      return undefined
  }
}

/**
 * Reduces a signature to what is computed (RFC 9580 sections 5.2.3 and 5.2.4).
 *
 * `data` is what is signed, piece after piece. `undefined` where hash, salt, or numbers are not exactly as they must be.
 */
function reduceSignature(
  fields: Pick<SignatureFields, 'hashAlgorithm' | 'head' | 'keyAlgorithm' | 'tail' | 'version'>,
  { algorithm, numbers: key }: ReducedKey,
  data: readonly Uint8Array[],
): SignatureSum | undefined {
  const { hashAlgorithm, head, keyAlgorithm, tail, version } = fields
  const hash = STRONG_HASHES.get(hashAlgorithm)
  if (hash === undefined || keyAlgorithm !== algorithm) return undefined
  if (key.kind === 'Ed448' && !LONG_HASHES.has(hash)) return undefined
  const saltBytes = version === 6 ? SALT_BYTES[hash] : 0
  if (version === 6 && tail[2] !== saltBytes) return undefined
  const saltAt = version === 6 ? 3 : 2
  const numbersAt = saltAt + saltBytes
  const signature = fixedWidth(tail.subarray(numbersAt), key, keyAlgorithm)
  if (signature === undefined) return undefined
  const trailer = Uint8Array.of(version, 0xff, ...bigEndian(head.length))
  return {
    key,
    hash,
    hashed: [tail.subarray(saltAt, numbersAt), ...data, head, trailer],
    digestStart: tail.subarray(0, 2),
    signature,
  }
}

/** Subpackets of a message's signature that OpenPGP.js reads without any objection, critical or not: date, issuer, the signer's user ID. */
const PLAIN_SUBPACKETS: ReadonlySet<number> = new Set([2, 16, 28, 33])
/** Notations and intended recipients: it objects where they are critical. */
const PLAIN_REMARKS: ReadonlySet<number> = new Set([20, 35])

/**
 * Reduces a binary signature, as `readSignatureWhole` accepts it, over a payload.
 *
 * `undefined` where it is not of the plainest form. What OpenPGP.js makes of any other is for OpenPGP.js to say.
 */
export function reduceMessageSignature(
  fields: SignatureFields,
  key: ReducedKey,
  payload: Uint8Array,
): SignatureSum | undefined {
  const isPlain = fields.hashed.every(
    ({ isCritical, type }) =>
      PLAIN_SUBPACKETS.has(type) || (PLAIN_REMARKS.has(type) && !isCritical),
  )
  return isPlain ? reduceSignature(fields, key, [payload]) : undefined
}

/** A self-signature as the parser gives it. */
interface ParsedSelfSignature {
  readonly rawNotations: readonly { readonly critical: boolean }[]
  readonly unknownSubpackets: readonly { readonly critical: boolean }[]
  readonly revocationKeyClass: number | null
  readonly issuerKeyID: { toHex(): string }
  readonly version: number
  readonly hashAlgorithm: number | null
  readonly publicKeyAlgorithm: number | null
  readonly signatureData: Uint8Array | null
  readonly signedHashValue: Uint8Array | null
}

/**
 * Reduces a self-signature that OpenPGP.js has read, over what it is about.
 *
 * `undefined` where OpenPGP.js would object to something beside the numbers, or the signature is not of the plainest form.
 */
export function reduceSelfSignature(
  signature: ParsedSelfSignature,
  issuer: ParsedNumbers & { readonly version: number; getFingerprint(): string },
  about: { readonly key: Uint8Array; readonly bound?: Uint8Array; readonly userId?: Uint8Array },
): SignatureSum | undefined {
  const reduced = reduceKey(issuer)
  const fields = fieldsOf(signature)
  if (reduced === undefined || fields?.version !== issuer.version) return undefined
  const { issuerKeyID, rawNotations, revocationKeyClass, unknownSubpackets } = signature
  const isPlain =
    revocationKeyClass === null &&
    ![...rawNotations, ...unknownSubpackets].some(({ critical }) => critical) &&
    issuerKeyID.toHex() === keyIdOf(issuer.getFingerprint())
  if (!isPlain) return undefined
  const { bound, key, userId } = about
  return reduceSignature(fields, reduced, [
    keyForHash(fields.version, key),
    ...(bound === undefined ? [] : [keyForHash(fields.version, bound)]),
    ...(userId === undefined ? [] : [userIdForHash(userId)]),
  ])
}

/** The fields as they were read: what OpenPGP.js would write of its own accord may differ from them. */
function fieldsOf(
  signature: ParsedSelfSignature,
): Parameters<typeof reduceSignature>[0] | undefined {
  const { hashAlgorithm, publicKeyAlgorithm, signatureData, signedHashValue, version } = signature
  const numbers = bytesOf(Reflect.get(signature, 'params'))
  const salt: unknown = Reflect.get(signature, 'salt')
  if (version !== 4 && version !== 6) return undefined
  if (hashAlgorithm === null || publicKeyAlgorithm === null) return undefined
  if (signatureData === null || signedHashValue?.length !== 2) return undefined
  const { RS, r, s } = numbers
  const tail = concat(
    signedHashValue,
    ...(salt instanceof Uint8Array && version === 6 ? [Uint8Array.of(salt.length), salt] : []),
    ...(RS === undefined ? [r, s].map(integer) : [RS]),
  )
  return { version, hashAlgorithm, keyAlgorithm: publicKeyAlgorithm, head: signatureData, tail }
}

/** A number with all the zeros that it came with. */
function integer(number: Uint8Array | undefined): Uint8Array {
  if (number === undefined) return new Uint8Array()
  const bits = number.length * 8
  return concat(Uint8Array.of((bits >> 8) & 0xff, bits & 0xff), number)
}

/** What of a key version 4 and 6 self-signatures cover: its packet's body behind a prefix that depends on the version of the signature. */
function keyForHash(version: 4 | 6, body: Uint8Array): Uint8Array {
  const length = bigEndian(body.length)
  return concat(Uint8Array.of(0x95 + version, ...(version === 6 ? length : length.slice(2))), body)
}

/** What of a user ID self-signatures cover. */
function userIdForHash(body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0xb4, ...bigEndian(body.length)), body)
}

function bigEndian(value: number): readonly [number, number, number, number] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

function bytesOf(params: unknown): Readonly<Record<string, Uint8Array | undefined>> {
  return Object.fromEntries(
    Object.entries(params ?? {}).filter(([, value]) => value instanceof Uint8Array),
  )
}

function onNistCurve(
  kind: 'P-256' | 'P-384' | 'P-521' | undefined,
  point: Uint8Array | undefined,
): PublicNumbers | undefined {
  if (kind === undefined || point?.[0] !== UNCOMPRESSED_POINT) return undefined
  const width = COORDINATE_BYTES[kind]
  if (point.length !== 1 + 2 * width) return undefined
  return { kind, x: point.slice(1, 1 + width), y: point.slice(1 + width) }
}

/** The numbers of a signature as wide as their kind needs; `undefined` where they are too long, too short, or something follows them. */
function fixedWidth(
  tail: Uint8Array,
  key: PublicNumbers,
  algorithm: number,
): Uint8Array | undefined {
  switch (key.kind) {
    case 'Ed25519':
      if (algorithm === LEGACY_ED25519) return integers(tail, 2, 32)
      return tail.length === 64 ? tail : undefined
    case 'Ed448':
      return tail.length === 114 ? tail : undefined
    case 'RSA':
      return integers(tail, 1, key.modulus.length)
    case 'P-256':
    case 'P-384':
    case 'P-521':
      return integers(tail, 2, COORDINATE_BYTES[key.kind])
  }
}

/** Reads so many multiprecision integers (RFC 9580 section 3.2), each padded to a width: little-endian numbers of EdDSA travel the same way. */
function integers(bytes: Uint8Array, count: number, width: number): Uint8Array | undefined {
  const padded = new Uint8Array(count * width)
  let at = 0
  for (let i = 1; i <= count; i++) {
    const bits = readNumber(bytes, at, 2)
    if (bits === undefined) return undefined
    const start = at + 2
    at = start + Math.ceil(bits / 8)
    if (at > bytes.length || at - start > width) return undefined
    padded.set(bytes.subarray(start, at), i * width - (at - start))
  }
  return at === bytes.length ? padded : undefined
}
