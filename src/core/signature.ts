import { hex } from './bytes.ts'
import { bodyOf, readPacket, TAG, writePacket } from './packet-walk.ts'
import { scanPackets, SIGNATURE_LIMITS } from './packets.ts'
import { accept, refuse, type Result } from './result.ts'
import {
  createdAtOf,
  fingerprintOf,
  keyIdOf,
  readSignatureFields,
  SUBPACKET,
  type SignatureFields,
  withoutUnhashed,
} from './signature-packet.ts'

/** What a signature packet says before it is verified: nothing of it may be believed yet. */
export interface UnverifiedSignature {
  /** Fingerprint of the signing key or subkey, lower-case hex. */
  readonly issuer: string
  readonly createdAt: number
  /** The packet with nothing in its unhashed area but the key ID. */
  readonly packet: Uint8Array
}

/** A signature over the bytes as they are (RFC 9580 section 5.2.1.1). */
const BINARY = 0

/**
 * Reads bytes that are exactly one binary signature packet, without verifying it.
 *
 * The issuer is believed only from the hashed area. Refuses what `scanPackets` refuses, `signature-count-wrong`, `signature-version-wrong`,
 * `signature-type-wrong`, and `signature-not-accepted` where the issuer is missing or ambiguous, or the signature would expire.
 */
export function readSignature(bytes: Uint8Array): Result<UnverifiedSignature> {
  const read = readSignatureWhole(bytes)
  return read.ok ? accept(read.value.said) : read
}

/** Reads what `readSignature` does, with its refusals, and gives the fields of the packet too. */
export function readSignatureWhole(
  bytes: Uint8Array,
): Result<{ readonly said: UnverifiedSignature; readonly fields: SignatureFields }> {
  const counts = scanPackets(bytes, SIGNATURE_LIMITS)
  if (!counts.ok) return counts
  if (counts.value.get(TAG.signature) !== 1) return refuse('signature-count-wrong')
  const packet = readPacket(bytes, 0)
  const body = packet === undefined ? new Uint8Array() : bodyOf(bytes, packet)
  if (body[0] !== 4 && body[0] !== 6) return refuse('signature-version-wrong')
  const fields = readSignatureFields(body)
  if (fields === undefined) return refuse('packets-malformed')
  if (fields.type !== BINARY) return refuse('signature-type-wrong')
  const createdAt = createdAtOf(fields)
  if (createdAt === undefined) return refuse('packets-malformed')
  const issuer = issuerOf(fields)
  const lapses = fields.hashed.some(
    ({ type, body: after }) => type === SUBPACKET.expiresAfter && after.some((byte) => byte !== 0),
  )
  if (issuer === undefined || lapses) return refuse('signature-not-accepted')
  const bare = writePacket(TAG.signature, withoutUnhashed(fields, issuer))
  return accept({ said: { issuer, createdAt, packet: bare }, fields })
}

/** The issuer that the signed part names, exactly once and without contradicting itself. */
function issuerOf(fields: SignatureFields): string | undefined {
  const [only, ...others] = fields.hashed.filter(({ type }) => type === SUBPACKET.issuer)
  const issuer = only === undefined || others.length > 0 ? undefined : fingerprintOf(only.body)
  if (issuer === undefined || (issuer.length === 64) !== (fields.version === 6)) return undefined
  const keyIds = fields.hashed.filter(({ type }) => type === SUBPACKET.issuerKeyId)
  return keyIds.every(({ body }) => fields.version === 4 && hex(body) === keyIdOf(issuer))
    ? issuer
    : undefined
}
