import { normaliseAccount } from '#core/commitment.ts'
import { checkFacts } from '#core/notice-rules.ts'
import type { Facts } from '#core/notice-statement.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Template } from '#wire/assemble-template.ts'
import { isCountry } from './countries.ts'
import { CUSTOMER_COLUMNS, type CsvFault, type CsvRow, parseCsv } from './csv.ts'
import { parseFactsCell } from './facts.ts'
import { type ChosenLanguages, chooseLanguages, languageOf } from './languages.ts'

/** Whom a company tells, and what about them. */
export interface Recipient {
  /** In its one spelling. */
  readonly account: string
  readonly language: string
  /** A second language, whose text stands below the first. */
  readonly also?: string
  /** The language that was asked for, where the template lacks it. */
  readonly lacking?: string
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
  const languages = languagesOf(cells, template)
  if (!languages.ok) return languages
  const facts = parseFactsCell(cells['facts'] ?? '', template.manifest)
  if (!facts.ok) return facts
  const safe = withSafety(facts.value, (cells['safety'] ?? '').trim())
  if (!safe.ok) return safe
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
    ...languages.value,
    facts: safe.value,
    line,
    ...(country === '' ? {} : { country }),
    ...(mailbox === '' ? {} : { mailbox }),
    ...(fingerprint === '' ? {} : { fingerprint }),
  })
}

/** A second language that was asked for must be there; the first falls back. */
function languagesOf(
  cells: CsvRow['cells'],
  template: Pick<Template, 'texts'>,
): Result<ChosenLanguages> {
  const also = (cells['also'] ?? '').trim()
  const second = also === '' ? undefined : languageOf(also, template)
  const chosen = chooseLanguages((cells['language'] ?? '').trim(), template, second)
  if (chosen !== undefined && (also === '' || second !== undefined)) return accept(chosen)
  return refuse(
    'language-missing',
    chosen === undefined
      ? 'language is not a language tag of BCP 47, like en, pt-BR or zh-Hans'
      : `the template has no text in the language also, only ${[...template.texts.keys()].join(', ')}`,
  )
}

/** The column `safety` beside the facts, so that whoever keeps the list need not write facts for it. */
function withSafety(facts: Facts, cell: string): Result<Facts> {
  if (cell === '') return accept(facts)
  return cell === 'call-only'
    ? checkFacts({ ...facts, safety: cell })
    : refuse('customer-list-invalid', 'the column safety holds call-only or nothing')
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
