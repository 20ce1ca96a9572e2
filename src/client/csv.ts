import { accept, refuse, type Refused, type Result } from '#core/result.ts'

/** The columns of a company's customer list. */
export const CUSTOMER_COLUMNS: CsvColumns = {
  optional: ['mailbox', 'fingerprint', 'country', 'also', 'safety'],
  required: ['account', 'language', 'facts'],
}

/** The columns of a list for a company's agent. */
export const AGENT_COLUMNS: CsvColumns = {
  optional: [...CUSTOMER_COLUMNS.optional, 'event_id', 'address'],
  required: CUSTOMER_COLUMNS.required,
}

const TEXT_CHARACTERS_MAX = 64 * 1024 * 1024
const ROWS_MAX = 200_000
const CELL_CHARACTERS_MAX = 4096
const ERRORS_MAX = 100

/** Which columns a table has; the header may name them in any order. */
export interface CsvColumns {
  readonly optional: readonly string[]
  readonly required: readonly string[]
}

/** One row; an optional column that the table lacks is an empty cell. */
export interface CsvRow {
  readonly cells: Readonly<Record<string, string>>
  /** The line of the file on which the row begins, from 1. */
  readonly line: number
}

/** A row that cannot be read, and why, in our own words. */
export interface CsvFault {
  readonly line: number
  readonly reason: string
}

/** What a table holds. A filer that goes on despite `faults` leaves people untold. */
export interface CsvTable {
  /** The first hundred. */
  readonly faults: readonly CsvFault[]
  readonly rows: readonly CsvRow[]
}

interface RawRow {
  readonly cells: string[]
  readonly fault?: string
  readonly line: number
}

/**
 * Reads comma-separated values (RFC 4180): quoted cells with commas, line ends and doubled quotes; LF or CRLF; a byte order mark.
 *
 * Blank lines are skipped, cells are not trimmed and values are kept as they are. A row that cannot be read becomes a fault with its line and the
 * others are still read. Refuses `customer-list-invalid` where nothing can be relied on: no header or another one, a quote that never
 * closes, too many rows or characters.
 */
export function parseCsv(text: string, columns: CsvColumns): Result<CsvTable> {
  if (text.length > TEXT_CHARACTERS_MAX)
    return refuse('customer-list-invalid', 'the file is too large')
  const raw = readRows(text.startsWith('\ufeff') ? text.slice(1) : text)
  if (!raw.ok) return raw
  const [header, ...body] = raw.value
  const names = readHeader(header, columns)
  if (!names.ok) return names

  const rows: CsvRow[] = []
  const faults: CsvFault[] = []
  const absent = columns.optional.filter((name) => !names.value.includes(name))
  for (const { cells, fault, line } of body) {
    const reason = fault ?? cellFault(cells, names.value.length)
    if (reason === undefined) rows.push({ cells: record(names.value, cells, absent), line })
    else if (faults.length < ERRORS_MAX) faults.push({ line, reason })
  }
  return accept({ faults, rows })
}

/** Characters of a row that is not whole yet; a quotation mark that never closes would otherwise take the rest of the file for one cell. */
const ROW_CHARACTERS_MAX = 1024 * 1024

/**
 * Reads comma-separated values piece by piece, as `parseCsv` does, in the memory of one row.
 *
 * Gives rows and, for those that cannot be read, faults. Returns the refusals of `parseCsv` where nothing after them can be relied on.
 */
export async function* readCsv(
  pieces: AsyncIterable<string>,
  columns: CsvColumns,
): AsyncGenerator<CsvRow | CsvFault, Result<void>> {
  let names: readonly string[] | undefined
  let absent: readonly string[] = []
  for await (const row of rawRows(pieces)) {
    if ('refusal' in row) return row
    if (names === undefined) {
      const header = readHeader(row, columns)
      if (!header.ok) return header
      names = header.value
      absent = columns.optional.filter((name) => !header.value.includes(name))
      continue
    }
    const { cells, fault, line } = row
    const reason = fault ?? cellFault(cells, names.length)
    yield reason === undefined ? { cells: record(names, cells, absent), line } : { line, reason }
  }
  return names === undefined
    ? refuse('customer-list-invalid', 'the file is empty')
    : accept(undefined)
}

/** Rows that are not blank, as they become whole. */
async function* rawRows(pieces: AsyncIterable<string>): AsyncGenerator<RawRow | Refused> {
  let text = ''
  let line = 1
  let isFirst = true
  let isLast = false
  const source = pieces[Symbol.asyncIterator]()
  while (!isLast) {
    const piece = await source.next()
    isLast = piece.done === true
    text += piece.done === true ? '' : piece.value
    if (isFirst && text !== '') {
      if (text.startsWith('\ufeff')) text = text.slice(1)
      isFirst = false
    }
    let at = 0
    while (at < text.length) {
      const row = readRow(text, at, line)
      // A row is whole once its line feed is there, or nothing can follow.
      if (row === undefined || (!isLast && (row.end > text.length || text[row.end - 1] !== '\n')))
        break
      if (row.cells.length > 1 || row.cells[0] !== '' || row.fault !== undefined) yield row
      line += row.lines
      at = row.end
    }
    text = text.slice(at)
    if (text.length > ROW_CHARACTERS_MAX || (isLast && text !== ''))
      yield refuse('customer-list-invalid', `a quotation mark on line ${String(line)} never closes`)
  }
}

function readHeader(header: RawRow | undefined, columns: CsvColumns): Result<readonly string[]> {
  if (header === undefined) return refuse('customer-list-invalid', 'the file is empty')
  const names = header.cells.map((name) => name.trim().toLowerCase())
  const missing = columns.required.filter((name) => !names.includes(name))
  if (names.length === 1 && names[0]?.includes(';') === true) {
    return refuse('customer-list-invalid', 'cells are parted by semicolons; write commas')
  }
  if (header.fault !== undefined || missing.length > 0) {
    const wanted = columns.required.join(',')
    return refuse(
      'customer-list-invalid',
      `the first line names the columns ${wanted}, in any order`,
    )
  }
  const known = [...columns.required, ...columns.optional]
  if (names.some((name) => !known.includes(name))) {
    return refuse('customer-list-invalid', `a column is not one of ${known.join(', ')}`)
  }
  if (new Set(names).size < names.length)
    return refuse('customer-list-invalid', 'a column stands there twice')
  return accept(names)
}

function cellFault(cells: readonly string[], columns: number): string | undefined {
  if (cells.length !== columns) {
    return `${String(cells.length)} cells where the header has ${String(columns)}`
  }
  const isLong = cells.some((cell) => cell.length > CELL_CHARACTERS_MAX)
  return isLong ? `a cell of more than ${String(CELL_CHARACTERS_MAX)} characters` : undefined
}

function record(names: readonly string[], cells: readonly string[], absent: readonly string[]) {
  return Object.fromEntries([
    ...names.map((name, column) => [name, cells[column] ?? ''] as const),
    ...absent.map((name) => [name, ''] as const),
  ])
}

/** Splits a text into rows, one pass, each character looked at once. */
function readRows(text: string): Result<RawRow[]> {
  const rows: RawRow[] = []
  let at = 0
  let line = 1
  while (at < text.length) {
    const row = readRow(text, at, line)
    if (row === undefined) {
      return refuse(
        'customer-list-invalid',
        `a quotation mark on line ${String(line)} never closes`,
      )
    }
    if (row.cells.length > 1 || row.cells[0] !== '' || row.fault !== undefined) rows.push(row)
    if (rows.length > ROWS_MAX)
      return refuse('customer-list-invalid', `more than ${String(ROWS_MAX)} rows`)
    line += row.lines
    at = row.end
  }
  return accept(rows)
}

/** Reads the row that begins at `start`; `undefined` where a quote never closes. */
function readRow(text: string, start: number, line: number) {
  const cells: string[] = []
  let fault: string | undefined
  let lines = 1
  let at = start
  for (;;) {
    const cell = text[at] === '"' ? quotedCell(text, at) : plainCell(text, at)
    if (cell === undefined) return undefined
    cells.push(cell.value)
    fault ??= cell.fault
    lines += cell.lines
    at = cell.end
    if (text[at] !== ',') break
    at += 1
  }
  if (text[at] === '\r') at += 1
  return { cells, end: at + 1, line, lines, ...(fault === undefined ? {} : { fault }) }
}

function plainCell(text: string, start: number) {
  const end = cellEnd(text, start)
  const value = text.slice(start, end)
  const fault = value.includes('"')
    ? 'a quotation mark inside a cell that is not quoted'
    : undefined
  return { end, fault, lines: 0, value }
}

function quotedCell(text: string, start: number) {
  let value = ''
  let at = start + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote === -1) return undefined
    value += text.slice(at, quote)
    at = quote + 1
    if (text[at] !== '"') break
    value += '"'
    at += 1
  }
  const end = cellEnd(text, at)
  const fault = end === at ? undefined : 'characters behind a closing quotation mark'
  return { end, fault, lines: value.split('\n').length - 1, value }
}

/** Where the cell ends: at a comma, a line end, or the end of the text. A carriage return alone is a character like any other. */
function cellEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at++) {
    const character = text[at]
    if (character === ',' || character === '\n') return at
    if (character === '\r' && (text[at + 1] === '\n' || at + 1 === text.length)) return at
  }
  return text.length
}
