import { sha1 } from '@noble/hashes/legacy.js'
import { concat, hex, utf8 } from './bytes.ts'
import { sha256Hex } from './hash.ts'
import { bodyOf, type Packet, readNumber, readPackets, TAG } from './packet-walk.ts'
import { CERTIFICATE_LIMITS, scanPackets } from './packets.ts'
import { accept, refuse, type Result } from './result.ts'
import {
  claimsIssuer,
  createdAtOf,
  readSignatureFields,
  type SignatureFields,
  type Subpacket,
  SUBPACKET,
} from './signature-packet.ts'

/** A certificate without what Dunant never looks at, still unverified. */
export interface SievedCertificate {
  /** The packets that are kept, byte for byte and in their order: sieving them again changes nothing. */
  readonly bytes: Uint8Array
  readonly version: 4 | 6
  /** Whether other people's signatures, photos or keys of unknown kinds were left out. */
  readonly isStripped: boolean
  /** The date of every key and self-signature, in POSIX seconds; of signatures inside signatures too. */
  readonly dates: readonly number[]
  /** Whether a self-signature says more than a plain one must: a notation, an address, a policy. */
  readonly hasRemarks: boolean
  /** Fingerprints of the keys kept, the primary first. */
  readonly fingerprints: readonly string[]
  readonly userIdCount: number
}

/** Algorithms of keys that OpenPGP.js reads; weak ones are among them and are refused by name later. */
const KEY_ALGORITHMS: ReadonlySet<number> = new Set([1, 2, 3, 16, 17, 18, 19, 22, 25, 26, 27, 28])
/** After stripping, an honest certificate has a few per key and user ID; each costs a verification. */
const SELF_SIGNATURES_MAX = 64

const KEY_REVOCATION = 0x20
/** The signature types that belong below a packet; anything else there is dropped, a revocation of the key excepted. */
const TYPES_BELOW: ReadonlyMap<number, readonly number[]> = new Map([
  [TAG.primaryKey, [0x1f, KEY_REVOCATION]],
  [TAG.userId, [0x10, 0x11, 0x12, 0x13, 0x30, KEY_REVOCATION]],
  [TAG.subkey, [0x18, 0x28, KEY_REVOCATION]],
])

/** Subpackets that every program writes and that name nobody: dates, flags, preferences, the issuer, the back signature. */
const PLAIN_SUBPACKETS: ReadonlySet<number> = new Set([
  2, 3, 9, 11, 16, 21, 22, 23, 25, 27, 30, 32, 33, 34, 39,
])
/** OpenPGP.js puts random bytes into this notation. */
const SALT_NOTATION = hex(utf8('salt@notations.openpgpjs.org'))

interface Sieve {
  readonly bytes: Uint8Array
  readonly version: 4 | 6
  readonly fingerprint: string
}

/**
 * Bounds a certificate, drops what others added to it, and refuses what is not exactly one public certificate.
 *
 * Dropped: photos, signatures by other keys, keys of unknown kinds, misplaced signatures. Refuses `certificate-too-large`, `certificate-malformed`, `certificate-version-wrong`.
 */
export function sieveCertificate(bytes: Uint8Array): Result<SievedCertificate> {
  const counts = scanPackets(bytes, CERTIFICATE_LIMITS)
  if (!counts.ok) {
    const { reason, detail } = counts.refusal
    const isSize = reason === 'packets-too-large' || reason === 'packets-too-many'
    return refuse(isSize ? 'certificate-too-large' : 'certificate-malformed', detail)
  }
  const packets = readPackets(bytes) ?? []
  const [first] = packets
  if (first?.tag !== TAG.primaryKey) return refuse('certificate-malformed')
  const primaryKey = bodyOf(bytes, first)
  const version = primaryKey[0]
  if (version !== 4 && version !== 6) return refuse('certificate-version-wrong')
  const sieve = { bytes, version, fingerprint: fingerprintOfKey(primaryKey) } as const
  return describe(sieve, packets.filter(keeper(sieve)), packets.length)
}

/** Decides packet by packet, in order, since a dropped packet takes the signatures below it along. */
function keeper({ bytes, version, fingerprint }: Sieve): (packet: Packet) => boolean {
  let owner: number | undefined
  return (packet) => {
    const body = bodyOf(bytes, packet)
    if (packet.tag !== TAG.signature) {
      owner = isKnown(packet, body, version) ? packet.tag : undefined
      return owner !== undefined
    }
    const fields = readSignatureFields(body)
    const types = owner === undefined ? [KEY_REVOCATION] : (TYPES_BELOW.get(owner) ?? [])
    return (
      fields?.version === version &&
      types.includes(fields.type) &&
      claimsIssuer(fields, fingerprint)
    )
  }
}

function isKnown({ tag }: Packet, body: Uint8Array, version: 4 | 6): boolean {
  if (tag === TAG.userAttribute) return false
  return tag !== TAG.subkey || (body[0] === version && KEY_ALGORITHMS.has(body[5] ?? 0))
}

function describe(
  { bytes, version }: Sieve,
  kept: readonly Packet[],
  countBefore: number,
): Result<SievedCertificate> {
  const keys = kept.filter(({ tag }) => tag === TAG.primaryKey || tag === TAG.subkey)
  const signatures = kept
    .filter(({ tag }) => tag === TAG.signature)
    .map((packet) => readSignatureFields(bodyOf(bytes, packet)))
  if (signatures.length > SELF_SIGNATURES_MAX) return refuse('certificate-too-large')
  const all = signatures.flatMap((fields) =>
    fields === undefined ? [] : [fields, ...embeddedIn(fields)],
  )
  const dates = [
    ...keys.map((packet) => readNumber(bodyOf(bytes, packet), 1, 4)),
    ...all.map((fields) => createdAtOf(fields)),
  ]
  if (!dates.every((date) => date !== undefined)) return refuse('certificate-malformed')
  return accept({
    userIdCount: kept.filter(({ tag }) => tag === TAG.userId).length,
    bytes:
      kept.length === countBefore
        ? bytes
        : concat(...kept.map(({ start, end }) => bytes.subarray(start, end))),
    version,
    isStripped: kept.length !== countBefore,
    dates,
    hasRemarks: all.some((fields) =>
      [...fields.hashed, ...fields.unhashed].some((subpacket) => !isPlain(subpacket)),
    ),
    fingerprints: keys.map((packet) => fingerprintOfKey(bodyOf(bytes, packet))),
  })
}

/** The fingerprint of a key packet's body (RFC 9580 section 5.5.4), lower-case hex. */
function fingerprintOfKey(body: Uint8Array): string {
  const { length } = body
  if (body[0] === 4) return hex(sha1(concat(Uint8Array.of(0x99, length >> 8, length & 0xff), body)))
  return sha256Hex(Uint8Array.of(0x9b, 0, 0, length >> 8, length & 0xff), body)
}

function embeddedIn(fields: SignatureFields): readonly SignatureFields[] {
  return [...fields.hashed, ...fields.unhashed]
    .filter(({ type }) => type === SUBPACKET.embedded)
    .map(({ body }) => readSignatureFields(body))
    .filter((embedded) => embedded !== undefined)
}

function isPlain({ type, body }: Subpacket): boolean {
  if (type !== SUBPACKET.notation) return PLAIN_SUBPACKETS.has(type)
  const nameLength = readNumber(body, 4, 2) ?? 0
  return hex(body.subarray(8, 8 + nameLength)) === SALT_NOTATION
}
