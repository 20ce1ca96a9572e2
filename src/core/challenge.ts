import { fromHex, hex, sameBytes, utf8 } from './bytes.ts'
import { hmacSha256, sha256Hex } from './hash.ts'
import { dayOf, DAY_SECONDS } from './time.ts'

/** What a challenge is for: its answer counts for nothing else. */
export type ChallengePurpose = 'mailbox' | 'officer'

/** An answer counts on the day of its challenge and on this many UTC days after it. */
export const CHALLENGE_DAYS_BACK = 2

/**
 * The plaintext of a challenge, encrypted to the certificate that is to be enrolled.
 *
 * Clients parse it strictly and answer with the hex alone, so that a server cannot have other ciphertext decrypted by it.
 */
export function challengeText(challenge: {
  origin: string
  purpose: ChallengePurpose
  fingerprint: string
  answer: string
}): string {
  return `dunant-challenge-v1\n${challenge.origin}\n${challenge.purpose}\n${challenge.fingerprint}\n${challenge.answer}\n`
}

/** What an answer is for. The fingerprint names the primary key alone, so the whole certificate counts, encryption subkeys included. */
export interface ChallengeClaim {
  readonly purpose: ChallengePurpose
  readonly fingerprint: string
  /** The certificate as `inspectCertificate` gives it back. */
  readonly certificate: Uint8Array
}

/** The hex that proves who could decrypt: an HMAC, so that nothing of a stranger's is stored. */
export function challengeAnswer(
  secret: Uint8Array,
  claim: ChallengeClaim & { readonly day: string },
): string {
  const { certificate, day, fingerprint, purpose } = claim
  const text = `dunant-challenge-v1\n${purpose}\n${fingerprint}\n${sha256Hex(certificate)}\n${day}`
  return hex(hmacSha256(secret, utf8(text)))
}

/** Tells whether an answer is that of today's challenge or of one of the two days before. Compares digests, so timing tells nothing. */
export function isChallengeAnswer(
  secret: Uint8Array,
  claim: ChallengeClaim & { readonly answer: string },
  now: number,
): boolean {
  const given = hmacSha256(secret, fromHex(claim.answer) ?? utf8(claim.answer))
  for (let back = 0; back <= CHALLENGE_DAYS_BACK; back++) {
    const right = challengeAnswer(secret, { ...claim, day: dayOf(now - back * DAY_SECONDS) })
    if (sameBytes(given, hmacSha256(secret, fromHex(right) ?? new Uint8Array()))) return true
  }
  return false
}
