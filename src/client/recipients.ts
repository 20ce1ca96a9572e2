import { normaliseAccount } from '#core/commitment.ts'
import type { Facts } from '#core/notice-statement.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Template } from '#wire/assemble-template.ts'
import { isCountry } from './countries.ts'
import { CUSTOMER_COLUMNS, type CsvFault, type CsvRow, parseCsv } from './csv.ts'
import { parseFactsCell } from './facts.ts'

/** Whom a company tells, and what about them. */
export interface Recipient {
  /** In its one spelling. */
  readonly account: string
  readonly language: string
  readonly facts: Facts
  /** ISO 3166-1 alpha-2; it stays on the company's own machine. */
  readonly country?: string
  readonly mailbox?: string
  /** Of the mailbox's current key, as the customer gave it. */
  readonly fingerprint?: string
  /** The line of the list on which they stand, from 1. */
  readonly line: number
}

/** A company's customer list, read. */
export interface RecipientList {
  readonly recipients: readonly Recipient[]
  /** Rows that nobody can be told by; a filer that goes on leaves these people untold. */
  readonly faults: readonly CsvFault[]
}

const MAILBOX = /^[a-z2-7]{32}$/
const FINGERPRINT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * Reads a company's customer list and checks each row against the template: account, language, facts, mailbox.
 *
 * A row that does not hold becomes a fault. Refuses `customer-list-invalid` where the table as a whole cannot be read.
 */
export function readRecipients(csv: string, template: Template): Result<RecipientList> {
  const table = parseCsv(csv, CUSTOMER_COLUMNS)
  if (!table.ok) return table
  const recipients: Recipient[] = []
  const faults: CsvFault[] = [...table.value.faults]
  const seen = { accounts: new Set<string>(), mailboxes: new Set<string>() }
  for (const row of table.value.rows) {
    const recipient = readRecipient(row, template)
    const fault = recipient.ok
      ? repeated(recipient.value, seen)
      : (recipient.refusal.detail ?? recipient.refusal.reason)
    if (recipient.ok && fault === undefined) recipients.push(recipient.value)
    else faults.push({ line: row.line, reason: fault ?? 'it cannot be read' })
  }
  return accept({ recipients, faults: faults.toSorted((a, b) => a.line - b.line) })
}

/** Reads one row of a customer list and checks it against the template. Refuses with what is wrong with the row. */
export function readRecipient(
  { cells, line }: CsvRow,
  template: Pick<Template, 'manifest' | 'texts'>,
): Result<Recipient> {
  const account = normaliseAccount(cells['account'] ?? '')
  if (!account.ok) return account
  const language = languageOf((cells['language'] ?? '').trim(), template)
  if (language === undefined) {
    return refuse(
      'language-missing',
      `the template has no text in this language, only ${[...template.texts.keys()].join(', ')}`,
    )
  }
  const facts = parseFactsCell(cells['facts'] ?? '', template.manifest)
  if (!facts.ok) return facts
  const mailbox = (cells['mailbox'] ?? '').trim()
  const fingerprint = (cells['fingerprint'] ?? '').replace(/\s/g, '').toLowerCase()
  if (mailbox !== '' && !MAILBOX.test(mailbox))
    return refuse('customer-list-invalid', 'this is not the id of a mailbox')
  if (fingerprint !== '' && !FINGERPRINT.test(fingerprint))
    return refuse('customer-list-invalid', 'this is not a fingerprint')
  const country = (cells['country'] ?? '').trim().toUpperCase()
  if (country !== '' && !isCountry(country))
    return refuse('customer-list-invalid', 'this is not a country code of ISO 3166-1 (alpha-2)')
  return accept({
    account: account.value,
    language,
    facts: facts.value,
    line,
    ...(country === '' ? {} : { country }),
    ...(mailbox === '' ? {} : { mailbox }),
    ...(fingerprint === '' ? {} : { fingerprint }),
  })
}

/** The template's language for a BCP 47 tag: the same one, or its primary language (`fr-CA` reads French). */
export function languageOf(tag: string, template: Pick<Template, 'texts'>): string | undefined {
  if (template.texts.has(tag)) return tag
  const [primary = ''] = tag.toLowerCase().split(/[-_]/)
  return template.texts.has(primary) ? primary : undefined
}

/** Two notices for one account or mailbox would contradict each other. */
function repeated(
  { account, mailbox }: Recipient,
  seen: { readonly accounts: Set<string>; readonly mailboxes: Set<string> },
): string | undefined {
  if (seen.accounts.has(account)) return 'the account stands there twice'
  if (mailbox !== undefined && seen.mailboxes.has(mailbox)) return 'the mailbox stands there twice'
  seen.accounts.add(account)
  if (mailbox !== undefined) seen.mailboxes.add(mailbox)
  return undefined
}
