import type { RefusalReason } from './refusal.ts'
import { refuse, type Refused } from './result.ts'

/** A signature by which a certificate's owner said something about it, already verified. Times are POSIX seconds; null means never. */
export interface SelfSignature {
  readonly createdAt: number
  /** When the statement itself lapses. */
  readonly expiresAt: number | null
  /** When the key it speaks about lapses. */
  readonly keyExpiresAt: number | null
  /** The first octet of the key flags (RFC 9580 section 5.2.3.29); 0 where there are none. */
  readonly flags: number
  readonly isPrimaryUserId: boolean
  /** Whether a subkey signed back that it belongs to this primary key. */
  readonly isBackSigned: boolean
}

/** A verified revocation. A hard one (no reason, or compromise) counts for all time, a soft one from its date on. */
export interface Revocation {
  readonly createdAt: number
  readonly isHard: boolean
}

/** What happened to one key: for the primary key the direct-key signatures, for a subkey its bindings. */
export interface KeyLife {
  readonly fingerprint: string
  readonly createdAt: number
  readonly canSign: boolean
  readonly canEncrypt: boolean
  readonly selfSignatures: readonly SelfSignature[]
  readonly revocations: readonly Revocation[]
}

/** What happened to one user ID. */
export interface UserIdLife {
  readonly text: string
  readonly selfSignatures: readonly SelfSignature[]
  readonly revocations: readonly Revocation[]
}

/**
 * A certificate as a history of verified statements.
 *
 * Whether a key may do something at an instant follows from it by the pure functions below. OpenPGP.js answers the same question, but its answer
 * for an earlier instant changes once it was asked about a later one.
 */
export interface CertificateLife {
  readonly version: 4 | 6
  readonly primary: KeyLife
  readonly userIds: readonly UserIdLife[]
  readonly subkeys: readonly KeyLife[]
}

/** What a key is asked to do. */
export type KeyUse = 'sign' | 'encrypt'

const FLAGS: Readonly<Record<KeyUse, number>> = { sign: 0x02, encrypt: 0x0c }
const CANNOT = { sign: 'certificate-cannot-sign', encrypt: 'certificate-cannot-encrypt' } as const

/** Every key of a certificate, the primary first. */
export function keysOf(life: CertificateLife): readonly KeyLife[] {
  return [life.primary, ...life.subkeys]
}

/**
 * Why a key of a certificate may not be used at an instant; `undefined` where it may.
 *
 * Reasons: `certificate-revoked`, `certificate-expired`, `certificate-cannot-sign`, `certificate-cannot-encrypt` (also where certificate or key did
 * not exist yet).
 */
export function keyRefusal(
  life: CertificateLife,
  use: { key: KeyLife; for: KeyUse; at: number },
): Refused | undefined {
  const { key, at } = use
  const primary = primaryAt(life, at)
  if (typeof primary === 'string') return refuse(primary === 'absent' ? CANNOT[use.for] : primary)
  const own = key === life.primary ? primary : subkeyAt(key, at)
  if (typeof own === 'string') return refuse(own === 'absent' ? CANNOT[use.for] : own)
  const isAble = use.for === 'sign' ? key.canSign : key.canEncrypt
  const isBound = use.for === 'encrypt' || key === life.primary || own.isBackSigned
  return isAble && isBound && (own.flags & FLAGS[use.for]) !== 0
    ? undefined
    : refuse(CANNOT[use.for])
}

/** The keys that may be used at an instant, or the most telling reason why there are none. */
export function usableKeys(
  life: CertificateLife,
  use: KeyUse,
  at: number,
): readonly KeyLife[] | Refused {
  const keys: KeyLife[] = []
  const refusals = new Map<RefusalReason, Refused>()
  for (const key of keysOf(life)) {
    const refused = keyRefusal(life, { key, for: use, at })
    if (refused === undefined) keys.push(key)
    else if (mightDo(life, key, use)) refusals.set(refused.refusal.reason, refused)
  }
  if (keys.length > 0) return keys
  const primary = keyRefusal(life, { key: life.primary, for: use, at })
  return (
    (primary?.refusal.reason === CANNOT[use] ? undefined : primary) ??
    refusals.get('certificate-expired') ??
    refusals.get('certificate-revoked') ??
    refuse(CANNOT[use])
  )
}

/** The key to encrypt to at an instant: the youngest that may be used, as senders everywhere choose. */
export function encryptionKeyAt(life: CertificateLife, at: number): KeyLife | Refused {
  const keys = usableKeys(life, 'encrypt', at)
  if ('refusal' in keys) return keys
  return keys.reduce((best, next) => (next.createdAt >= best.createdAt ? next : best))
}

/** When a key that is usable at an instant ceases to be: the earliest end of its own and its primary key's statements. */
export function lastsUntil(life: CertificateLife, key: KeyLife, at: number): number | null {
  const primary = primaryAt(life, at)
  const own = key === life.primary ? primary : subkeyAt(key, at)
  return earliest(endOf(primary), endOf(own))
}

/** The earlier of two ends, null meaning never. */
export function earliest(...ends: readonly (number | null)[]): number | null {
  const known = ends.filter((end) => end !== null)
  return known.length === 0 ? null : Math.min(...known)
}

/** The user IDs that hold at an instant. */
export function userIdsAt(life: CertificateLife, at: number): readonly string[] {
  return life.userIds
    .filter(
      (userId) =>
        latest(userId.selfSignatures, at) !== undefined && !isRevoked(userId.revocations, at),
    )
    .map(({ text }) => text)
}

type Standing = SelfSignature | 'absent' | 'certificate-expired' | 'certificate-revoked'

/** A subkey that was ever meant for this use, so that its expiry is worth telling. */
function mightDo(life: CertificateLife, key: KeyLife, use: KeyUse): boolean {
  const statements =
    key === life.primary
      ? life.userIds.flatMap((userId) => userId.selfSignatures)
      : key.selfSignatures
  return statements.some(({ flags }) => (flags & FLAGS[use]) !== 0)
}

function endOf(standing: Standing): number | null {
  return typeof standing === 'string' ? null : earliest(standing.expiresAt, standing.keyExpiresAt)
}

function isRevoked(revocations: readonly Revocation[], at: number): boolean {
  return revocations.some(({ createdAt, isHard }) => isHard || createdAt <= at)
}

/** The statement in force: the latest that was made and has not lapsed. */
function latest(signatures: readonly SelfSignature[], at: number): SelfSignature | undefined {
  return signatures
    .filter(({ createdAt, expiresAt }) => createdAt <= at && (expiresAt === null || at < expiresAt))
    .reduce<SelfSignature | undefined>(
      (best, next) => (best === undefined || next.createdAt >= best.createdAt ? next : best),
      undefined,
    )
}

function subkeyAt(key: KeyLife, at: number): Standing {
  if (isRevoked(key.revocations, at)) return 'certificate-revoked'
  return judge(key, latest(key.selfSignatures, at), { at, all: key.selfSignatures })
}

/** Version 6 certificates speak through direct-key signatures, version 4 through the primary user ID (RFC 9580 section 5.2.3.10). */
function primaryAt(life: CertificateLife, at: number): Standing {
  const { primary } = life
  if (isRevoked(primary.revocations, at)) return 'certificate-revoked'
  const direct = latest(primary.selfSignatures, at)
  if (life.version === 6) return judge(primary, direct, { at, all: primary.selfSignatures })
  const certified = life.userIds.filter((userId) => latest(userId.selfSignatures, at) !== undefined)
  const held = certified.filter((userId) => !isRevoked(userId.revocations, at))
  if (certified.length > 0 && held.length === 0) return 'certificate-revoked'
  const statements = held.flatMap((userId) => latest(userId.selfSignatures, at) ?? [])
  const chosen = statements.filter(({ isPrimaryUserId }) => isPrimaryUserId)
  const statement = latest(chosen.length > 0 ? chosen : statements, at)
  const own = judge(primary, statement, {
    at,
    all: life.userIds.flatMap((userId) => userId.selfSignatures),
  })
  if (typeof own === 'string' || direct === undefined) return own
  const limited = judge(primary, direct, { at, all: [direct] })
  return typeof limited === 'string'
    ? limited
    : { ...own, keyExpiresAt: earliest(own.keyExpiresAt, direct.keyExpiresAt) }
}

function judge(
  key: KeyLife,
  statement: SelfSignature | undefined,
  when: { at: number; all: readonly SelfSignature[] },
): Standing {
  if (when.at < key.createdAt) return 'absent'
  if (statement === undefined) {
    return when.all.some(({ createdAt }) => createdAt <= when.at) ? 'certificate-expired' : 'absent'
  }
  return statement.keyExpiresAt !== null && when.at >= statement.keyExpiresAt
    ? 'certificate-expired'
    : statement
}
