import {
  type CertificateLife,
  earliest,
  type KeyLife,
  lastsUntil,
  usableKeys,
  userIdsAt,
} from './certificate.ts'
import type { SievedCertificate } from './certificate-packets.ts'
import { accept, refuse, type Refused, type Result } from './result.ts'
import { DAY_SECONDS } from './time.ts'

/**
 * What a certificate is offered for.
 *
 * `officer`: signs and decrypts for a party. `mailbox`: made for Dunant alone. `identifiable`: an organisation's published one used as a mailbox.
 * `service`: signs for the coalition.
 */
export type CertificateKind = 'officer' | 'mailbox' | 'identifiable' | 'service'

/** What a certificate is good for at an instant. Fingerprints are lower-case hex. */
export interface Fitness {
  readonly signingKeys: readonly string[]
  readonly encryptionKeys: readonly string[]
  /** When it stops being fit for its kind, in POSIX seconds; null means never. */
  readonly expiresAt: number | null
  readonly userIds: readonly string[]
}

interface Candidate {
  readonly sieved: SievedCertificate
  readonly life: CertificateLife
}

/** The only user ID of a mailbox certificate. */
export const MAILBOX_USER_ID = 'mailbox'
const SERVICE_USER_ID = /^<service@[a-z0-9.-]{1,253}>$/u
/** Control characters, and those that reorder or hide text on a screen. */
const UNSEEMLY = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Cs}\ufffd]/u

/**
 * Judges a certificate for a kind of use at an instant.
 *
 * Refuses `certificate-version-wrong`, `certificate-revoked`, `certificate-expired`, `certificate-cannot-sign`, `certificate-cannot-encrypt`,
 * `certificate-user-id-wrong`, `certificate-not-midnight`, `certificate-malformed`.
 */
export function judgeCertificate(
  candidate: Candidate,
  kind: CertificateKind,
  at: number,
): Result<Fitness> {
  const { life } = candidate
  if (life.version !== 4 && (kind === 'mailbox' || kind === 'service'))
    return refuse('certificate-version-wrong')
  const signing = usableKeys(life, 'sign', at)
  if ('refusal' in signing) return signing
  const encryption = usableKeys(life, 'encrypt', at)
  if ('refusal' in encryption && kind !== 'service') return encryption
  const decrypting = 'refusal' in encryption ? [] : encryption
  const refused =
    userIdRefusal(candidate, kind, at) ??
    (kind === 'mailbox' ? traceRefusal(candidate.sieved) : undefined)
  if (refused !== undefined) return refused
  return accept({
    signingKeys: signing.map(({ fingerprint }) => fingerprint),
    encryptionKeys: decrypting.map(({ fingerprint }) => fingerprint),
    expiresAt: earliest(
      lastOf(life, signing, at),
      decrypting.length === 0 ? null : lastOf(life, decrypting, at),
    ),
    userIds: userIdsAt(life, at),
  })
}

function userIdRefusal(
  { life, sieved }: Candidate,
  kind: CertificateKind,
  at: number,
): Refused | undefined {
  const texts = life.userIds.map(({ text }) => text)
  if (texts.some((text) => UNSEEMLY.test(text))) return refuse('certificate-user-id-wrong')
  const [only, ...others] = texts
  switch (kind) {
    case 'mailbox': {
      const isAlone = only === MAILBOX_USER_ID && others.length === 0 && sieved.userIdCount === 1
      return isAlone
        ? undefined
        : refuse(
            'certificate-user-id-wrong',
            'A mailbox certificate has the one user ID "mailbox".',
          )
    }
    case 'service':
      return only !== undefined && others.length === 0 && SERVICE_USER_ID.test(only)
        ? undefined
        : refuse('certificate-user-id-wrong')
    case 'officer':
    case 'identifiable':
      return life.version === 6 || userIdsAt(life, at).length > 0
        ? undefined
        : refuse('certificate-user-id-wrong')
  }
}

/** A mailbox certificate tells nothing about its owner: no friends' signatures, no remarks, no time of day. */
function traceRefusal(sieved: SievedCertificate): Refused | undefined {
  if (sieved.isStripped || sieved.hasRemarks) {
    return refuse(
      'certificate-malformed',
      'A mailbox certificate holds keys, one user ID and plain self-signatures only.',
    )
  }
  return sieved.dates.every((date) => date % DAY_SECONDS === 0)
    ? undefined
    : refuse('certificate-not-midnight')
}

/** Until when at least one of some keys is usable. */
function lastOf(life: CertificateLife, keys: readonly KeyLife[], at: number): number | null {
  const ends = keys.map((key) => lastsUntil(life, key, at))
  return ends.includes(null) ? null : Math.max(...ends.filter((end) => end !== null))
}
