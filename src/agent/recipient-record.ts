import type { Recipient } from '#client/recipients.ts'
import type { RecipientRow } from '#ports/agent-store.ts'
import type { Agent } from './agent.ts'

/** Whom a notice tells, and what about them. It stands in the database as ciphertext alone. */
export interface RecipientRecord extends Omit<Recipient, 'line'> {
  /** A mail address for the company's own relay. */
  readonly address?: string
  /** Base64 of the certificate that mail to the address is encrypted to. */
  readonly certificate?: string
}

/** Opens a stored recipient. */
export function recipientOf(
  { vault }: Pick<Agent, 'vault'>,
  { reference, sealed }: Pick<RecipientRow, 'reference' | 'sealed'>,
): RecipientRecord {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written below
  return JSON.parse(vault.open(sealed, `recipient ${reference}`)) as RecipientRecord
}

/** Seals a recipient. */
export function sealRecipient(
  { vault }: Pick<Agent, 'vault'>,
  reference: string,
  record: RecipientRecord,
): string {
  return vault.seal(JSON.stringify(record), `recipient ${reference}`)
}
