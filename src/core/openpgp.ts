import {
  type AnyKeyPacket,
  type Config,
  config,
  createMessage,
  enums,
  type Key,
  readKey,
  readSignature as parseSignature,
  SignaturePacket,
} from 'openpgp'
import type { Arithmetic } from './arithmetic.ts'
import { type CertificateLife, keyRefusal, keysOf } from './certificate.ts'
import { type CertificateKind, judgeCertificate } from './certificate-kind.ts'
import { lifeOf } from './certificate-life.ts'
import { type SievedCertificate, sieveCertificate } from './certificate-packets.ts'
import { sha256Hex } from './hash.ts'
import { CERTIFICATE_LIMITS } from './packets.ts'
import { accept, refuse, type Result } from './result.ts'
import { readSignatureWhole } from './signature.ts'
import type { SignatureFields } from './signature-packet.ts'
import {
  reduceKey,
  type ReducedKey,
  reduceMessageSignature,
  STRONG_HASHES,
} from './signature-sum.ts'

export { readSignature, type UnverifiedSignature } from './signature.ts'

/** What was found out about a certificate. Fingerprints are lower-case hex, times POSIX seconds. */
export interface CertificateFacts {
  /** Of the primary key. */
  readonly fingerprint: string
  readonly version: 4 | 6
  /** The primary key and every subkey, whatever its state. */
  readonly keys: readonly string[]
  /**
   * The primary key and the subkeys that signed back: keys whose holder certainly made this certificate.
   *
   * Anyone can bind another's encryption key as a subkey, so only these show that a key belongs to somebody.
   */
  readonly provenKeys: readonly string[]
  /** Keys that may sign now. */
  readonly signingKeys: readonly string[]
  /** Keys that may be encrypted to now. */
  readonly encryptionKeys: readonly string[]
  readonly createdAt: number
  /** When it stops being fit for its kind; null means never. */
  readonly expiresAt: number | null
  readonly userIds: readonly string[]
  /** What was parsed and is to be kept: the given packets without what others added. Inspecting it again changes nothing. */
  readonly bytes: Uint8Array
}

/** What a verified signature shows. */
export interface SignatureFacts {
  /** Primary fingerprint of the certificate. */
  readonly fingerprint: string
  /** Fingerprint of the key that signed: the primary key or a subkey. */
  readonly keyFingerprint: string
  readonly createdAt: number
  readonly packet: Uint8Array
  /** SHA-256 of the packet, hex. Two packets of one signer may say the same, so never count signers by it. */
  readonly packetHash: string
  /** SHA-256 of the bytes that were signed, hex. */
  readonly payloadHash: string
}

/** A certificate that was parsed and whose self-signatures were verified. */
export interface ParsedCertificate {
  readonly bytes: Uint8Array
  readonly sieved: SievedCertificate
  readonly key: Key
  /** Every key by its fingerprint. */
  readonly keys: ReadonlyMap<string, SignerKey>
  readonly life: CertificateLife
}

/** A key as OpenPGP.js has it, and reduced to its numbers where they can be computed without it. */
interface SignerKey {
  readonly packet: AnyKeyPacket
  readonly reduced: ReducedKey | undefined
}

let prove: (facts: SignatureFacts) => VerifiedSignature

/** The proof that a signature verified. Only `verifySignature` makes it. */
export class VerifiedSignature implements SignatureFacts {
  /** A private field makes the type one that no other object has. */
  readonly #proof = true
  readonly fingerprint: string
  readonly keyFingerprint: string
  readonly createdAt: number
  readonly packet: Uint8Array
  readonly packetHash: string
  readonly payloadHash: string

  private constructor(facts: SignatureFacts) {
    this.fingerprint = facts.fingerprint
    this.keyFingerprint = facts.keyFingerprint
    this.createdAt = facts.createdAt
    this.packet = facts.packet
    this.packetHash = facts.packetHash
    this.payloadHash = facts.payloadHash
  }

  /** Tells a proof from an object that merely looks like one, where types are not checked. */
  static is(value: unknown): value is VerifiedSignature {
    return typeof value === 'object' && value !== null && #proof in value
  }

  static {
    prove = (facts) => new VerifiedSignature(facts)
  }
}

const { publicKey: ALGORITHM, hash: HASH } = enums

const HARDENED = {
  maxDecompressedMessageSize: 16 * 1024 * 1024,
  maxArgon2MemoryExponent: 16,
  minRSABits: 3072,
  aeadProtect: false,
  v6Keys: false,
  preferredCompressionAlgorithm: enums.compression.uncompressed,
  rejectHashAlgorithms: new Set([HASH.md5, HASH.sha1, HASH.ripemd]),
  rejectMessageHashAlgorithms: new Set([HASH.md5, HASH.sha1, HASH.ripemd, HASH.sha224]),
  rejectPublicKeyAlgorithms: new Set([ALGORITHM.dsa, ALGORITHM.elgamal]),
  rejectCurves: new Set([enums.curve.secp256k1]),
}
/** The library reads its global settings in a few inner calls, so they are set as well as passed. */
Object.assign(config, HARDENED)

/** The settings that every call of OpenPGP.js in Dunant passes. */
export const OPENPGP_CONFIG: Config = { ...config, ...HARDENED }
/** A certificate with anything in it that the library does not understand is not passed over in silence: the sieve has dropped what may be. */
const STRICT: Config = { ...OPENPGP_CONFIG, ignoreUnsupportedPackets: false }
/** Arithmetic only: whether a hash is good enough is decided, and named, afterwards. */
const ARITHMETIC: Config = {
  ...STRICT,
  rejectHashAlgorithms: new Set(),
  rejectMessageHashAlgorithms: new Set(),
}

const RSA: ReadonlySet<number> = new Set([
  ALGORITHM.rsaEncryptSign,
  ALGORITHM.rsaEncrypt,
  ALGORITHM.rsaSign,
])
const RSA_BITS_MIN = 3072
/** Bigger keys and exponents cost the verifier milliseconds each and help nobody. */
const RSA_BITS_MAX = 8192
const RSA_EXPONENT_BYTES_MAX = 8
/** Clocks differ: a key may be this much younger than now. */
const SKEW_SECONDS_MAX = 300
const CACHED_CERTIFICATES_MAX = 256
/** Literal data carries no date: none is covered by a signature. */
const EPOCH = new Date(0)

/** Parsed certificates by the hash of their bytes, least recently used first; apart by who computed, so that a comparison compares. */
const caches = new WeakMap<object, Map<string, ParsedCertificate>>()
const BY_LIBRARY = {}

/**
 * Inspects a binary certificate offered for a kind of use.
 *
 * `now` is POSIX seconds; `undefined` judges a certificate as of its own newest self-signature, so that replaying a chain gives the same
 * answer on any day. Photos, other people's signatures and keys of unknown kinds are dropped from `facts.bytes` (from a mailbox certificate
 * they are refused). Refuses `certificate-malformed` (secret keys and anything that trails included), `certificate-too-large`,
 * `certificate-version-wrong`, `certificate-weak`, `certificate-revoked`, `certificate-expired`, `certificate-cannot-sign`,
 * `certificate-cannot-encrypt`, `certificate-user-id-wrong`, `certificate-not-midnight`.
 */
export async function inspectCertificate(
  bytes: Uint8Array,
  kind: CertificateKind,
  now: number | undefined,
): Promise<Result<CertificateFacts>> {
  const parsed = await readCertificate(bytes)
  return parsed.ok ? inspectParsed(parsed.value, kind, now) : parsed
}

/** Inspects a certificate that `readCertificate` gave, as `inspectCertificate` does its bytes. */
export function inspectParsed(
  parsed: ParsedCertificate,
  kind: CertificateKind,
  now: number | undefined,
): Result<CertificateFacts> {
  const { life, sieved } = parsed
  const at = now === undefined ? Math.max(...sieved.dates) : instantFor(parsed, now)
  const fitness = judgeCertificate({ life, sieved }, kind, at)
  if (!fitness.ok) return fitness
  const proven = life.subkeys.filter((key) =>
    key.selfSignatures.some(({ isBackSigned }) => isBackSigned),
  )
  return accept({
    ...fitness.value,
    fingerprint: life.primary.fingerprint,
    version: life.version,
    keys: sieved.fingerprints,
    provenKeys: [life.primary, ...proven].map(({ fingerprint }) => fingerprint),
    createdAt: life.primary.createdAt,
    bytes: parsed.bytes,
  })
}

/**
 * Verifies a detached binary signature by one certificate.
 *
 * The certificate and the signing key must be valid when the signature was made and at each instant of `validAt` (instants before the
 * signature's own time count as that time). Whether the signature is fresh is not asked here. Refuses what `readSignature` and
 * `inspectCertificate` refuse of the bytes; `signature-not-accepted` where the arithmetic fails; then, of a signature that is genuine,
 * `signature-algorithm-weak`, `certificate-revoked`, `certificate-expired`, `certificate-cannot-sign`.
 *
 * `arithmetic` computes what it can in the place of OpenPGP.js; the outcome is the same without it.
 *
 * @throws what `arithmetic` throws.
 */
export async function verifySignature(
  args: {
    payload: Uint8Array
    signature: Uint8Array
    certificate: Uint8Array
    validAt: readonly number[]
  },
  arithmetic?: Arithmetic,
): Promise<Result<VerifiedSignature>> {
  const signature = readSignatureWhole(args.signature)
  if (!signature.ok) return signature
  const parsed = await readCertificate(args.certificate, arithmetic)
  if (!parsed.ok) return parsed
  const { fields, said } = signature.value
  const { issuer, createdAt, packet } = said
  const { life } = parsed.value
  const signer = keysOf(life).find(({ fingerprint }) => fingerprint === issuer)
  const signerKey = parsed.value.keys.get(issuer)
  if (signer === undefined || signerKey === undefined) return refuse('signature-not-accepted')
  const { payload } = args
  const hashHex = arithmetic?.sha256Hex ?? sha256Hex
  const claim = { fields, packet, payload, key: signerKey }
  if (!(await isGenuine(claim, arithmetic))) return refuse('signature-not-accepted')
  if (!STRONG_HASHES.has(fields.hashAlgorithm)) return refuse('signature-algorithm-weak')
  for (const at of [createdAt, ...args.validAt.filter((instant) => instant > createdAt)]) {
    const refused = keyRefusal(life, { key: signer, for: 'sign', at })
    if (refused !== undefined) return refused
  }
  return accept(
    prove({
      fingerprint: life.primary.fingerprint,
      keyFingerprint: issuer,
      createdAt,
      packet,
      packetHash: hashHex(packet),
      payloadHash: hashHex(payload),
    }),
  )
}

/** The instant at which to judge a certificate now, in POSIX seconds: its own youngest date, where its maker's clock runs a little ahead. */
export function instantFor({ sieved }: ParsedCertificate, now: number): number {
  const youngest = Math.max(...sieved.dates)
  return youngest > now && youngest <= now + SKEW_SECONDS_MAX ? youngest : now
}

/**
 * Parses a certificate and verifies what its owner said about it, once for the same bytes.
 *
 * `arithmetic` computes what it can in the place of OpenPGP.js; the outcome is the same without it. Refuses `certificate-malformed`,
 * `certificate-too-large`, `certificate-version-wrong`, `certificate-weak`.
 *
 * @throws what `arithmetic` throws.
 */
export async function readCertificate(
  bytes: Uint8Array,
  arithmetic?: Arithmetic,
): Promise<Result<ParsedCertificate>> {
  if (bytes.length > CERTIFICATE_LIMITS.bytesMax) return refuse('certificate-too-large')
  const id = (arithmetic?.sha256Hex ?? sha256Hex)(bytes)
  const cache = cacheOf(arithmetic ?? BY_LIBRARY)
  const known = cache.get(id)
  const parsed = known === undefined ? await parseCertificate(bytes, arithmetic) : accept(known)
  if (!parsed.ok) return parsed
  cache.delete(id)
  cache.set(id, parsed.value)
  const [oldest] = cache.keys()
  if (cache.size > CACHED_CERTIFICATES_MAX && oldest !== undefined) cache.delete(oldest)
  return parsed
}

function cacheOf(computer: object): Map<string, ParsedCertificate> {
  const cache = caches.get(computer) ?? new Map<string, ParsedCertificate>()
  caches.set(computer, cache)
  return cache
}

async function parseCertificate(
  bytes: Uint8Array,
  arithmetic: Arithmetic | undefined,
): Promise<Result<ParsedCertificate>> {
  const sieved = sieveCertificate(bytes)
  if (!sieved.ok) return sieved
  let key: Key
  try {
    key = await readKey({ binaryKey: sieved.value.bytes, config: STRICT })
  } catch {
    return refuse('certificate-malformed')
  }
  const keys = [key, ...key.subkeys]
  const isWhole =
    keys.map((part) => part.getFingerprint()).join() === sieved.value.fingerprints.join()
  if (key.isPrivate() || !isWhole) return refuse('certificate-malformed')
  for (const part of keys) {
    const weakness = weaknessOf(part.keyPacket)
    if (weakness !== undefined)
      return refuse('certificate-weak', `Key ${part.getFingerprint()}: ${weakness}.`)
  }
  const { keyPacket, users, subkeys, revocationSignatures } = key
  const signatures = key.toPacketList().filter((packet) => packet instanceof SignaturePacket)
  const life = await lifeOf(
    { keyPacket, users, subkeys, revocationSignatures, signatures },
    { settings: ARITHMETIC, arithmetic },
  )
  if (!life.ok) return life
  const signers = keys.map(
    (part) =>
      [
        part.getFingerprint(),
        { packet: part.keyPacket, reduced: reduceKey(part.keyPacket) },
      ] as const,
  )
  return accept({
    bytes: sieved.value.bytes,
    sieved: sieved.value,
    key,
    keys: new Map(signers),
    life: life.value,
  })
}

/** What makes a key unfit whatever it is used for; one weak key makes a certificate weak, since a sender may choose it. */
function weaknessOf(packet: AnyKeyPacket): string | undefined {
  const { algorithm, bits, curve } = packet.getAlgorithmInfo()
  if (HARDENED.rejectPublicKeyAlgorithms.has(packet.algorithm))
    return `${algorithm} is not accepted`
  if (curve === 'secp256k1') return `${curve} is not accepted`
  if (!RSA.has(packet.algorithm)) return undefined
  if (bits === undefined || bits < RSA_BITS_MIN) return `RSA needs ${String(RSA_BITS_MIN)} bits`
  const { publicParams } = packet
  const exponent =
    'e' in publicParams && publicParams.e instanceof Uint8Array ? publicParams.e : undefined
  const isSlow =
    bits > RSA_BITS_MAX || exponent === undefined || exponent.length > RSA_EXPONENT_BYTES_MAX
  return isSlow ? `RSA may have ${String(RSA_BITS_MAX)} bits and a short exponent` : undefined
}

interface MessageClaim {
  readonly fields: SignatureFields
  readonly packet: Uint8Array
  readonly payload: Uint8Array
  readonly key: SignerKey
}

/** Verifies a signature over bytes with one key, whatever its hash function. */
async function isGenuine(
  claim: MessageClaim,
  arithmetic: Arithmetic | undefined,
): Promise<boolean> {
  const { fields, key, payload } = claim
  const sum =
    arithmetic === undefined || key.reduced === undefined
      ? undefined
      : reduceMessageSignature(fields, key.reduced, payload)
  const holds = sum === undefined ? undefined : await arithmetic?.verify(sum)
  return holds ?? (await isGenuineByLibrary(claim))
}

/** The same by OpenPGP.js alone. */
async function isGenuineByLibrary({ key, packet, payload }: MessageClaim): Promise<boolean> {
  try {
    const { packets } = await parseSignature({ binarySignature: packet, config: STRICT })
    const [signature] = packets
    const literal = await createMessage({ binary: payload, date: EPOCH, format: 'binary' })
    const [data] = literal.packets
    if (signature === undefined || data === undefined || signature.version !== key.packet.version)
      return false
    await signature.verify(
      key.packet,
      enums.signature.binary,
      data,
      signature.created ?? EPOCH,
      true,
      ARITHMETIC,
    )
    return true
  } catch {
    return false
  }
}
