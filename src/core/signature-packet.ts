import { concat, fromHex, hex } from './bytes.ts'
import { readNumber } from './packet-walk.ts'

/** A signature subpacket (RFC 9580 section 5.2.3.7). */
export interface Subpacket {
  readonly type: number
  readonly isCritical: boolean
  readonly body: Uint8Array
}

/** What a signature packet says, read without any cryptography. */
export interface SignatureFields {
  readonly version: 4 | 6
  readonly type: number
  readonly hashAlgorithm: number
  readonly keyAlgorithm: number
  readonly hashed: readonly Subpacket[]
  readonly unhashed: readonly Subpacket[]
  /** The body up to the end of the hashed area: what the signature covers of itself. */
  readonly head: Uint8Array
  /** The body after the unhashed area. */
  readonly tail: Uint8Array
}

/** The subpacket types that Dunant looks at. */
export const SUBPACKET = {
  createdAt: 2,
  expiresAfter: 3,
  issuerKeyId: 16,
  notation: 20,
  embedded: 32,
  issuer: 33,
} as const

interface Area {
  readonly subpackets: readonly Subpacket[]
  readonly end: number
}

/** Reads the body of a signature packet; `undefined` where it is not a well-formed one of version 4 or 6. */
export function readSignatureFields(body: Uint8Array): SignatureFields | undefined {
  const [version, type, keyAlgorithm, hashAlgorithm] = body
  if (
    (version !== 4 && version !== 6) ||
    type === undefined ||
    keyAlgorithm === undefined ||
    hashAlgorithm === undefined
  ) {
    return undefined
  }
  const hashed = readArea(body, 4, version)
  const unhashed = hashed === undefined ? undefined : readArea(body, hashed.end, version)
  if (hashed === undefined || unhashed === undefined) return undefined
  return {
    version,
    type,
    keyAlgorithm,
    hashAlgorithm,
    hashed: hashed.subpackets,
    unhashed: unhashed.subpackets,
    head: body.subarray(0, hashed.end),
    tail: body.subarray(unhashed.end),
  }
}

/** The one subpacket of a type in the hashed area; `undefined` where there is none, or more than one. */
export function onlyHashed(fields: SignatureFields, type: number): Uint8Array | undefined {
  const found = fields.hashed.filter((subpacket) => subpacket.type === type)
  return found.length === 1 ? found[0]?.body : undefined
}

/** When the signature says that it was made, in POSIX seconds; `undefined` where it does not say so exactly once. */
export function createdAtOf(fields: SignatureFields): number | undefined {
  const body = onlyHashed(fields, SUBPACKET.createdAt)
  return body?.length === 4 ? readNumber(body, 0, 4) : undefined
}

/** The fingerprint of an Issuer Fingerprint subpacket, lower-case hex; `undefined` where the subpacket is not well formed. */
export function fingerprintOf(issuer: Uint8Array): string | undefined {
  const bytesExpected = issuer[0] === 4 ? 20 : issuer[0] === 6 ? 32 : undefined
  return issuer.length - 1 === bytesExpected ? hex(issuer.subarray(1)) : undefined
}

/** The key ID of a fingerprint: its last 8 bytes for version 4, its first for version 6, as 16 hex digits. */
export function keyIdOf(fingerprint: string): string {
  return fingerprint.length === 64 ? fingerprint.slice(0, 16) : fingerprint.slice(-16)
}

/** Tells whether a signature claims, anywhere, to be issued by a key. A claim proves nothing. */
export function claimsIssuer(fields: SignatureFields, fingerprint: string): boolean {
  return [...fields.hashed, ...fields.unhashed].some(({ type, body }) => {
    if (type === SUBPACKET.issuer) return fingerprintOf(body) === fingerprint
    return type === SUBPACKET.issuerKeyId && hex(body) === keyIdOf(fingerprint)
  })
}

/**
 * The body with nothing in its unhashed area but the issuer's key ID, where the hashed area lacks it (old programs look for it).
 *
 * Whoever passes a signature on can rewrite the unhashed area; this gives every such variant the same bytes.
 */
export function withoutUnhashed(fields: SignatureFields, issuer: string): Uint8Array {
  if (fields.version === 6) return concat(fields.head, new Uint8Array(4), fields.tail)
  const isNamed = fields.hashed.some(({ type }) => type === SUBPACKET.issuerKeyId)
  const keyId = fromHex(keyIdOf(issuer)) ?? new Uint8Array()
  const area = isNamed ? [] : [9, SUBPACKET.issuerKeyId, ...keyId]
  return concat(fields.head, Uint8Array.of(0, area.length, ...area), fields.tail)
}

function readArea(body: Uint8Array, offset: number, version: 4 | 6): Area | undefined {
  const lengthBytes = version === 6 ? 4 : 2
  const length = readNumber(body, offset, lengthBytes)
  const start = offset + lengthBytes
  if (length === undefined || start + length > body.length) return undefined
  const area = body.subarray(0, start + length)
  const subpackets: Subpacket[] = []
  for (let at = start; at < area.length; ) {
    const header = subpacketHeader(area, at)
    const type = header === undefined ? undefined : area[header.start]
    if (header === undefined || type === undefined || header.end > area.length) return undefined
    subpackets.push({
      type: type & 0x7f,
      isCritical: (type & 0x80) !== 0,
      body: area.subarray(header.start + 1, header.end),
    })
    at = header.end
  }
  return { subpackets, end: start + length }
}

/** Where a subpacket, its type included, begins and ends. Its length counts the type, so 0 is malformed. */
function subpacketHeader(
  bytes: Uint8Array,
  offset: number,
): { start: number; end: number } | undefined {
  const first = bytes[offset]
  if (first === undefined || first === 0) return undefined
  if (first < 192) return { start: offset + 1, end: offset + 1 + first }
  const rest = readNumber(bytes, offset + 1, first === 255 ? 4 : 1)
  if (rest === undefined || (first === 255 && rest === 0)) return undefined
  return first === 255
    ? { start: offset + 5, end: offset + 5 + rest }
    : { start: offset + 2, end: offset + 2 + (first - 192) * 256 + rest + 192 }
}
