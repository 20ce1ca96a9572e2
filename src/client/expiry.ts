import { fromBase64 } from '#core/bytes.ts'
import type { Directory } from '#core/directory.ts'
import { inspectCertificate } from '#core/openpgp.ts'
import { DAY_SECONDS } from '#core/time.ts'

/** How many days before the end an owner is warned; the nearest one that has come is told. */
const WARNING_DAYS = [30, 14, 3] as const

/** An officer's certificate that soon cannot sign or decrypt any more. */
export interface Expiry {
  readonly fingerprint: string
  /** POSIX seconds; in the past where it is over already. */
  readonly expires: number
  /** The warning that is due: 30, 14 or 3 days before, 0 once it is over. */
  readonly warning: 0 | 3 | 14 | 30
}

/**
 * Finds the active officers of a party whose certificates expire within 30 days. A certificate that lapsed unseen leaves a party without
 * a voice, and its campaigns without readers.
 *
 * @param now POSIX seconds
 */
export async function expiringOfficers(
  directory: Directory,
  domain: string,
  now: number,
): Promise<readonly Expiry[]> {
  const found: Expiry[] = []
  for (const officer of directory.parties.get(domain)?.officers.values() ?? []) {
    const bytes = fromBase64(officer.certificate)
    if (officer.status !== 'active' || bytes === undefined) continue
    // As of its own newest self-signature: one that is over now is to be told, and not to be refused.
    const facts = await inspectCertificate(bytes, 'officer', undefined)
    const expires = facts.ok ? facts.value.expiresAt : null
    const warning = expires === null ? undefined : warningFor(expires - now)
    if (expires !== null && warning !== undefined) {
      found.push({ fingerprint: officer.fingerprint, expires, warning })
    }
  }
  return found
}

/** The warning that is due so many seconds before the end of a certificate, an officer's or a mailbox's; `undefined` while none is. */
export function warningFor(secondsLeft: number): Expiry['warning'] | undefined {
  if (secondsLeft <= 0) return 0
  return WARNING_DAYS.findLast((days) => secondsLeft <= days * DAY_SECONDS)
}
