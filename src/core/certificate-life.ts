import type { Arithmetic } from './arithmetic.ts'
import type {
  CertificateLife,
  KeyLife,
  Revocation,
  SelfSignature,
  UserIdLife,
} from './certificate.ts'
import { accept, refuse, type Refused, type Result } from './result.ts'
import { reduceSelfSignature } from './signature-sum.ts'

/** A key packet as the parser gives it. */
export interface ParsedKey {
  readonly algorithm: number
  readonly version: number
  readonly created: Date
  readonly publicParams: object
  getAlgorithmInfo(): { readonly curve?: string }
  getFingerprint(): string
  write(): Uint8Array
}

/** A signature packet as the parser gives it; `verify` throws where it does not hold. */
export interface ParsedSignature {
  readonly signatureType: number | null
  readonly hashAlgorithm: number | null
  readonly created: Date | null
  readonly signatureExpirationTime: number | null
  readonly keyExpirationTime: number | null
  readonly keyFlags: ArrayLike<number> | null
  readonly isPrimaryUserID: boolean | null
  readonly reasonForRevocationFlag: number | null
  readonly revocationKeyClass: number | null
  readonly embeddedSignature: ParsedSignature | null
  readonly rawNotations: readonly { readonly critical: boolean }[]
  readonly unknownSubpackets: readonly { readonly critical: boolean }[]
  readonly issuerKeyID: { toHex(): string }
  readonly version: number
  readonly publicKeyAlgorithm: number | null
  readonly signatureData: Uint8Array | null
  readonly signedHashValue: Uint8Array | null
  verify(
    key: ParsedKey,
    type: number,
    data: object,
    date: Date,
    detached: boolean,
    settings?: object,
  ): Promise<void>
}

interface ParsedUserId {
  readonly userID: string
  write(): Uint8Array
}

interface ParsedUser {
  readonly userID: ParsedUserId | null
  readonly selfCertifications: readonly ParsedSignature[]
  readonly revocationSignatures: readonly ParsedSignature[]
}

interface ParsedSubkey {
  readonly keyPacket: ParsedKey
  readonly bindingSignatures: readonly ParsedSignature[]
  readonly revocationSignatures: readonly ParsedSignature[]
}

/** A certificate as the parser gives it. */
export interface ParsedParts {
  readonly keyPacket: ParsedKey
  readonly users: readonly ParsedUser[]
  readonly subkeys: readonly ParsedSubkey[]
  readonly revocationSignatures: readonly ParsedSignature[]
  /** Every signature on the certificate. */
  readonly signatures: readonly ParsedSignature[]
}

/** Signature types (RFC 9580 section 5.2.1). */
const TYPE = {
  certification: 0x10,
  binding: 0x18,
  backBinding: 0x19,
  direct: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  userIdRevocation: 0x30,
} as const
/** MD5, SHA-1, RIPEMD-160. */
const BROKEN_HASHES: ReadonlySet<number | null> = new Set([null, 1, 2, 3])
/** RSA, ECDSA, EdDSA, Ed25519, Ed448. */
const SIGNING: ReadonlySet<number> = new Set([1, 3, 19, 22, 27, 28])
/** RSA, ECDH, X25519, X448. */
const ENCRYPTING: ReadonlySet<number> = new Set([1, 2, 18, 25, 26])
/** Superseded, retired, user ID no longer valid (RFC 9580 section 5.2.3.31). */
const SOFT_REASONS: ReadonlySet<number | null> = new Set([1, 3, 32])

/** What a signature on a certificate must verify as, and the key whose dates it sets. */
interface Claim {
  readonly issuer: ParsedKey
  readonly type: number
  readonly data: { key: ParsedKey; bind?: ParsedKey; userID?: ParsedUserId | null }
  readonly about: ParsedKey
  readonly means: Means
}

/** How signatures are verified. */
export interface Means {
  /** Settings of the parser under which verification is arithmetic alone: they must not reject a hash or a date. */
  readonly settings: object
  /** Computes what it can in the place of the parser. */
  readonly arithmetic: Arithmetic | undefined
}

interface Statements {
  readonly strong: readonly SelfSignature[]
  /** Whether there are some over a broken hash: they say nothing, whether genuine or not. */
  readonly isWeak: boolean
}

/**
 * Verifies everything that the owner of a certificate said about it, whatever the time.
 *
 * Refuses `certificate-weak` where a key or all user IDs rest on broken hashes, `certificate-malformed` where nothing vouches for one, or where
 * others may revoke it.
 */
export async function lifeOf(parts: ParsedParts, means: Means): Promise<Result<CertificateLife>> {
  const { keyPacket: primary, signatures } = parts
  if (signatures.some(({ revocationKeyClass }) => revocationKeyClass !== null)) {
    return refuse('certificate-malformed', 'Certificates that others may revoke are not supported.')
  }
  const onPrimary = {
    issuer: primary,
    type: TYPE.direct,
    data: { key: primary },
    about: primary,
    means,
  }
  const direct = signatures.filter(({ signatureType }) => signatureType === TYPE.direct)
  const statements = await selfSignatures(direct, onPrimary)
  const subkeys = await Promise.all(
    parts.subkeys.map(async (subkey) => await subkeyLife(subkey, onPrimary)),
  )
  const userIds = await Promise.all(
    parts.users.map(async (user) => await userIdLife(user, onPrimary)),
  )
  const needed = primary.version === 6 ? [statements] : userIds
  if (!needed.some(({ strong }) => strong.length > 0)) return missing(needed)
  const unbound = [...subkeys, ...userIds.filter(({ isWeak }) => !isWeak)].filter(
    ({ strong }) => strong.length === 0,
  )
  if (unbound.length > 0) return missing(unbound)
  const revocations = await verifiedRevocations(parts.revocationSignatures, {
    ...onPrimary,
    type: TYPE.keyRevocation,
  })
  return accept({
    version: primary.version === 6 ? 6 : 4,
    primary: keyLife(primary, statements.strong, revocations),
    userIds: userIds.filter(({ strong }) => strong.length > 0).map(({ life }) => life),
    subkeys: subkeys.map(({ life }) => life),
  })
}

/** A key or user ID that only broken signatures vouch for is weak; one that none vouches for does not belong there. */
function missing(found: readonly Statements[]): Refused {
  const isWeak = found.some((statements) => statements.isWeak)
  return refuse(
    isWeak ? 'certificate-weak' : 'certificate-malformed',
    'A self-signature is missing or broken.',
  )
}

async function subkeyLife(
  subkey: ParsedSubkey,
  onPrimary: Claim,
): Promise<Statements & { life: KeyLife }> {
  const about = subkey.keyPacket
  const claim = {
    ...onPrimary,
    type: TYPE.binding,
    data: { key: onPrimary.issuer, bind: about },
    about,
  }
  const statements = await selfSignatures(subkey.bindingSignatures, claim)
  const revocations = await verifiedRevocations(subkey.revocationSignatures, {
    ...claim,
    type: TYPE.subkeyRevocation,
  })
  return { ...statements, life: keyLife(about, statements.strong, revocations) }
}

async function userIdLife(
  user: ParsedUser,
  onPrimary: Claim,
): Promise<Statements & { life: UserIdLife }> {
  const claim = {
    ...onPrimary,
    type: TYPE.certification,
    data: { key: onPrimary.issuer, userID: user.userID },
  }
  const statements = await selfSignatures(user.selfCertifications, claim)
  const revocations = await verifiedRevocations(user.revocationSignatures, {
    ...claim,
    type: TYPE.userIdRevocation,
  })
  return {
    ...statements,
    life: { text: user.userID?.userID ?? '', selfSignatures: statements.strong, revocations },
  }
}

function keyLife(
  key: ParsedKey,
  selfSigned: readonly SelfSignature[],
  revocations: readonly Revocation[],
): KeyLife {
  return {
    fingerprint: key.getFingerprint(),
    createdAt: seconds(key.created),
    canSign: SIGNING.has(key.algorithm),
    canEncrypt: ENCRYPTING.has(key.algorithm),
    selfSignatures: selfSigned,
    revocations,
  }
}

async function selfSignatures(
  signatures: readonly ParsedSignature[],
  claim: Claim,
): Promise<Statements> {
  const strong: SelfSignature[] = []
  let isWeak = false
  for (const signature of signatures) {
    if (BROKEN_HASHES.has(signature.hashAlgorithm)) isWeak = true
    else if (await isGenuine(signature, claim)) strong.push(await selfSignature(signature, claim))
  }
  return { strong, isWeak }
}

async function selfSignature(signature: ParsedSignature, claim: Claim): Promise<SelfSignature> {
  const createdAt = seconds(signature.created)
  const back = signature.embeddedSignature
  const backClaim = { ...claim, issuer: claim.about, type: TYPE.backBinding }
  return {
    createdAt,
    expiresAt: after(createdAt, signature.signatureExpirationTime),
    keyExpiresAt: after(seconds(claim.about.created), signature.keyExpirationTime),
    flags: signature.keyFlags?.[0] ?? 0,
    isPrimaryUserId: signature.isPrimaryUserID === true,
    isBackSigned:
      back?.signatureType === TYPE.backBinding &&
      !BROKEN_HASHES.has(back.hashAlgorithm) &&
      (await isGenuine(back, backClaim)),
  }
}

/** A revocation over a broken hash counts unverified: whoever could forge one could only close the door. */
async function verifiedRevocations(
  signatures: readonly ParsedSignature[],
  claim: Claim,
): Promise<readonly Revocation[]> {
  const revocations: Revocation[] = []
  for (const signature of signatures) {
    const isBroken = BROKEN_HASHES.has(signature.hashAlgorithm)
    if (!isBroken && !(await isGenuine(signature, claim))) continue
    const isHard = isBroken || !SOFT_REASONS.has(signature.reasonForRevocationFlag)
    revocations.push({ createdAt: seconds(signature.created), isHard })
  }
  return revocations
}

async function isGenuine(
  signature: ParsedSignature,
  { issuer, type, data, means }: Claim,
): Promise<boolean> {
  const { created } = signature
  if (created === null) return false
  const computed = await compute(signature, issuer, { data, means })
  if (computed !== undefined) return computed
  try {
    await signature.verify(issuer, type, data, created, false, means.settings)
    return true
  } catch {
    return false
  }
}

/** The answer of the arithmetic that is given, where it has one. */
async function compute(
  signature: ParsedSignature,
  issuer: ParsedKey,
  { data, means: { arithmetic } }: Pick<Claim, 'data' | 'means'>,
): Promise<boolean | undefined> {
  const { bind, key, userID } = data
  if (arithmetic === undefined || userID === null) return undefined
  const sum = reduceSelfSignature(signature, issuer, {
    key: key.write(),
    ...(bind === undefined ? {} : { bound: bind.write() }),
    ...(userID === undefined ? {} : { userId: userID.write() }),
  })
  return sum === undefined ? undefined : await arithmetic.verify(sum)
}

function after(start: number, lasting: number | null): number | null {
  return lasting === null || lasting === 0 ? null : start + lasting
}

function seconds(date: Date | null): number {
  return date === null ? 0 : Math.floor(date.getTime() / 1000)
}
