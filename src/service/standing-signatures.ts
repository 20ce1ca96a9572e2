import type { ParsedAct } from '#core/act.ts'
import type { ActState } from '#core/decision.ts'
import { type Directory, governanceDay } from '#core/directory.ts'
import { isGovernance } from '#core/party.ts'
import { writeArmor } from '#core/packets.ts'
import { dayOf } from '#core/time.ts'
import { verifyRecorded } from '#core/verify-act.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'
import type { SignatureRow } from '#ports/storage.ts'

/** Signatures that came earlier, and what they are held against now. */
export interface EarlierSignatures {
  readonly parsed: ParsedAct
  readonly state: ActState | undefined
  readonly directory: Directory
  readonly rows: readonly SignatureRow[]
  /** POSIX seconds. */
  readonly now: number
  readonly crypto: Pick<ServiceCrypto, 'arithmetic'>
}

/**
 * Keeps the signatures that every later reader of the record will accept, by the very function that readers verify with.
 *
 * Since a signature came, its party may have taken it back, its officer may have been retired as compromised or lost the duty, and its
 * certificate may have been renewed so that it no longer covers the signature. What does not stand any more is not counted: a record
 * that counted it would be refused by every client, and with it the whole chain. Signatures of mailboxes, keys and the service take
 * effect at once and never wait.
 */
export async function standingSignatures(
  earlier: EarlierSignatures,
): Promise<readonly SignatureRow[]> {
  const { crypto, directory, now, parsed, rows, state } = earlier
  const standing: SignatureRow[] = []
  for (const row of rows) {
    if (row.party === '') standing.push(row)
    if (row.party === '' || state?.withdrawn.includes(row.party) === true) continue
    const armored = writeArmor('PGP SIGNATURE', row.packet)
    const day = isGovernance(parsed.act) ? governanceDay(directory, now) : dayOf(now)
    const recorded = { parsed, directory, record: { day } }
    if ((await verifyRecorded(recorded, armored, crypto.arithmetic)).ok) standing.push(row)
  }
  return standing
}
