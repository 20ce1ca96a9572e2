import { base64, hex } from '#core/bytes.ts'
import { formatLine } from '#core/bundle.ts'
import { lineCommitment, normaliseAccount } from '#core/commitment.ts'
import { composeEntity } from '#core/entity.ts'
import type { NoticeRecipient, NoticeStatement } from '#core/notice-statement.ts'
import type { NoticeTexts } from '#core/notice-text.ts'
import { accept, type Result } from '#core/result.ts'
import type { VerifiedMailbox } from './mailbox.ts'
import { encryptTo, signEntity, type UnlockedKey } from './openpgp.ts'

/** What one recipient's notice is composed of. */
export interface EnvelopeDraft {
  /** Everything but whom it is for: that follows from the line. */
  readonly statement: Omit<NoticeStatement, 'to'>
  /** The words of the adopted template in the statement's languages. */
  readonly texts: NoticeTexts
  readonly reporterKey: UnlockedKey
  /** When the signature says it was made, and when certificates must be good: POSIX seconds. */
  readonly at: number
}

/** A line for a mailbox. */
export interface MailboxLine {
  /** Of the bundle, without its line feed. */
  readonly line: string
  readonly message: Uint8Array
}

/** A line for everyone: what the company shows in its product, and the commitment to it. */
export interface ProductLine {
  /** Of the bundle, without its line feed. */
  readonly line: string
  readonly commitment: string
  /** 64 hex digits. */
  readonly salt: string
  readonly signed: Uint8Array
}

/**
 * Composes the line of a mailbox: the notice for it, signed by the reporter and encrypted to the mailbox's key alone.
 *
 * Refuses what `composeEntity` refuses.
 */
export async function composeEnvelope(
  draft: EnvelopeDraft,
  mailbox: VerifiedMailbox,
): Promise<Result<MailboxLine>> {
  const to = { fingerprint: mailbox.facts.fingerprint, mailbox: mailbox.id }
  const signed = await signFor(draft, to)
  if (!signed.ok) return signed
  const message = await encryptTo(mailbox.certificate, signed.value, { at: draft.at })
  return accept({ line: mailboxLine(mailbox.id, message), message })
}

/**
 * Composes the line of an account: the notice for it, signed by the reporter, and a commitment to it that tells nothing.
 *
 * Everybody gets one, also who has a mailbox. Refuses `account-invalid` and what `composeEntity` refuses.
 *
 * @param to the account as the company spells it, and 32 random bytes
 */
export async function composeProductLine(
  draft: EnvelopeDraft,
  to: { readonly account: string; readonly salt: Uint8Array },
): Promise<Result<ProductLine>> {
  const account = normaliseAccount(to.account)
  if (!account.ok) return account
  const signed = await signFor(draft, { account: account.value })
  if (!signed.ok) return signed
  const salt = hex(to.salt)
  const commitment = lineCommitment(salt, signed.value)
  return accept({ line: productLine(commitment), commitment, salt, signed: signed.value })
}

/** The line of the bundle that carries a message. */
export function mailboxLine(mailbox: string, message: Uint8Array): string {
  return formatLine({ kind: 'mailbox', mailbox, message }, base64(message))
}

/** The line of the bundle that carries a commitment. */
export function productLine(commitment: string): string {
  return formatLine({ kind: 'commitment', commitment }, '')
}

async function signFor(draft: EnvelopeDraft, to: NoticeRecipient): Promise<Result<Uint8Array>> {
  const entity = composeEntity({ ...draft.statement, to }, draft.texts)
  if (!entity.ok) return entity
  return accept(await signEntity(draft.reporterKey, entity.value, { at: draft.at }))
}
