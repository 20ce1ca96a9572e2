import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import { join } from 'node:path'
import { type OpenedApproval, uncovered } from '#client/approval.ts'
import { CUSTOMER_COLUMNS, type CsvFault, readCsv } from '#client/csv.ts'
import { readRecipient, type Recipient } from '#client/recipients.ts'
import { sha256Hex } from '#core/hash.ts'
import { utf8 } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Template } from '#wire/assemble-template.ts'
import { codeOf } from '#agent/files.ts'
import { FileError } from '#agent/file-error.ts'
import { openLineWriter, readLines } from './line-file.ts'
import { openLineSorter } from './sorted-lines.ts'

/** A customer list that was read and checked to its end. */
export interface CheckedList {
  /** SHA-256 of the list as it was given, hex. */
  readonly hash: string
  /** How many can be told. */
  readonly customers: number
  /** Rows that nobody can be told by: the first thousand, and how many there are. */
  readonly faults: readonly CsvFault[]
  readonly faultCount: number
  /** Lines on which an account or mailbox stands again. */
  readonly repeated: readonly number[]
  /** How many rows ask for which language that the template lacks: they are told in the nearest one and in English. */
  readonly lacking: Readonly<Record<string, number>>
}

/** Where a list is read from, each time from its beginning. @throws FileError where it is not there. */
export type OpenList = () => Readable

const RECIPIENTS = 'recipients.ndjson'
const FAULTS_KEPT = 1000
const LANGUAGES_KEPT = 100
/** No bundle has more lines. */
const ROWS_MAX = 2 ** 20
const LINE_DIGITS = 12

/** What a list is checked against. */
export interface ListTerms {
  /** The folder of the work. */
  readonly folder: string
  readonly template: Template
  readonly approval?: OpenedApproval | undefined
}

/** Reads and checks a whole list, in flat memory; what can be used of it is kept in a folder, for `listedRecipients`. */
export async function checkList(
  open: OpenList,
  { approval, folder, template }: ListTerms,
): Promise<Result<CheckedList>> {
  const hash = createHash('sha256')
  const rows = readCsv(textOfList(open(), hash), CUSTOMER_COLUMNS)
  const kept = openLineWriter(join(folder, RECIPIENTS))
  const keys = openLineSorter(folder, 'keys')
  const faults = new Map<number, string>()
  const lacking = new Map<string, number>()
  let count = 0
  try {
    for (let next = await rows.next(); ; next = await rows.next()) {
      if (next.done === true) {
        if (!next.value.ok) return next.value
        break
      }
      count += 1
      if (count > ROWS_MAX)
        return refuse('customer-list-invalid', `more than ${String(ROWS_MAX)} rows`)
      const row = next.value
      const read =
        'reason' in row ? refuse('customer-list-invalid', row.reason) : readRecipient(row, template)
      const recipient = coveredBy(approval, read)
      if (recipient.ok) {
        kept.add(JSON.stringify(recipient.value))
        countLacking(lacking, recipient.value)
        for (const key of keysOf(recipient.value)) keys.add(key)
      } else faults.set(row.line, recipient.refusal.detail ?? recipient.refusal.reason)
    }
    kept.sync()
  } finally {
    kept.close()
  }
  const repeated = findRepeated(keys.sorted())
  for (const [line, reason] of repeated) faults.set(line, reason)
  const sorted = [...faults]
    .map(([line, reason]) => ({ line, reason }))
    .toSorted((a, b) => a.line - b.line)
  return accept({
    hash: hash.digest('hex'),
    customers: count - faults.size,
    faults: sorted.slice(0, FAULTS_KEPT),
    faultCount: faults.size,
    repeated: [...repeated.keys()],
    lacking: Object.fromEntries(lacking),
  })
}

/** A list can hold anything: of languages that are asked for beyond the first hundred, only their number is kept. */
function countLacking(lacking: Map<string, number>, { lacking: tag }: Recipient): void {
  if (tag === undefined) return
  const name = lacking.has(tag) || lacking.size < LANGUAGES_KEPT ? tag : 'others'
  lacking.set(name, (lacking.get(name) ?? 0) + 1)
}

function coveredBy(
  approval: OpenedApproval | undefined,
  read: Result<Recipient>,
): Result<Recipient> {
  const reason =
    approval === undefined || !read.ok ? undefined : uncovered(read.value, approval.scope)
  return reason === undefined ? read : refuse('approval-exceeded', reason)
}

/** The hash of a list, to tell whether it is the one that was checked. */
export async function hashList(open: OpenList): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of bytesOf(open())) hash.update(bytes)
  return hash.digest('hex')
}

/** Those who can be told, in the order of the list. */
export function* listedRecipients(
  folder: string,
  { repeated }: Pick<CheckedList, 'repeated'>,
): Generator<Recipient> {
  const left = new Set(repeated)
  for (const line of readLines(join(folder, RECIPIENTS))) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written above
    const recipient = JSON.parse(line.text()) as Recipient
    if (!left.has(recipient.line)) yield recipient
  }
}

/** Two notices for one account or mailbox would contradict each other. Accounts are judged first: whoever is left out blocks no mailbox. */
function keysOf({ account, line, mailbox }: Recipient): readonly string[] {
  const place = String(line).padStart(LINE_DIGITS, '0')
  const own = `a ${sha256Hex(utf8(account))} ${place}`
  return mailbox === undefined ? [own] : [own, `m ${mailbox} ${place}`]
}

function findRepeated(keys: Iterable<string>): ReadonlyMap<number, string> {
  const repeated = new Map<number, string>()
  let before = ''
  for (const key of keys) {
    const name = key.slice(0, -LINE_DIGITS)
    const line = Number(key.slice(-LINE_DIGITS))
    if (repeated.has(line)) continue
    if (name === before)
      repeated.set(line, `the ${name.startsWith('a') ? 'account' : 'mailbox'} stands there twice`)
    before = name
  }
  return repeated
}

/** The text of a list, piece by piece. @throws FileError where it is not UTF-8. */
export async function* textOfList(
  source: Readable,
  hash?: ReturnType<typeof createHash>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  try {
    for await (const bytes of bytesOf(source)) {
      hash?.update(bytes)
      yield decoder.decode(bytes, { stream: true })
    }
    yield decoder.decode()
  } catch (error) {
    if (codeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw new FileError('the customer list is not UTF-8')
    throw error
  }
}

async function* bytesOf(source: Readable): AsyncGenerator<Uint8Array> {
  const pieces: AsyncIterable<unknown> = source
  try {
    for await (const piece of pieces) {
      if (piece instanceof Uint8Array) yield piece
      else if (typeof piece === 'string') yield utf8(piece)
      else throw new TypeError('a stream of objects')
    }
  } catch (error) {
    const code = codeOf(error)
    throw code.startsWith('E') && !code.startsWith('ERR')
      ? new FileError(`the customer list cannot be read (${code})`)
      : error
  }
}
