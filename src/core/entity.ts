import { base64, fromBase64, fromUtf8, sameBytes, utf8 } from './bytes.ts'
import { canonicalJson, type JsonObject, readCanonical } from './canonical-json.ts'
import { checkStatement } from './notice-rules.ts'
import type { NoticeStatement } from './notice-statement.ts'
import { type NoticeTexts, partsOf, renderNotice } from './notice-text.ts'
import { COLUMNS } from './plain-text.ts'
import { accept, refuse, type Result } from './result.ts'

/** The only sizes, in bytes, that an entity has: its length tells who watches the line nothing about what it says. */
export const ENTITY_BUCKETS = [4096, 8192, 16_384, 32_768, 65_536] as const

const CRLF = '\r\n'
/** RFC 2047: an encoded word has at most 75 characters; 45 bytes make 60 of base64 between 12 of frame. */
const ENCODED_WORD_BYTES = 45
const STATEMENT_TYPE = 'application/vnd.dunant.notice+json'
const NOTICE_ID = /^[0-9a-f]{32}$/
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/

/**
 * Composes the MIME entity that a filer signs: the notice as text, and the statement that the text is computed from.
 *
 * RFC 9788 puts the subject inside. Text comes first and the statement second, since a mail program shows the last part of
 * `multipart/alternative` that it knows. Padding stands in the epilogue, which every reader ignores (RFC 2046 section 5.1.1).
 * Refuses what `checkStatement` and `renderNotice` refuse, and `notice-text-wrong` where the text cannot stand in an entity:
 * a line that could be taken for a boundary, or more than the largest bucket.
 */
export function composeEntity(statement: NoticeStatement, texts: NoticeTexts): Result<Uint8Array> {
  const checked = checkStatement(statement)
  if (!checked.ok) return checked
  if (!NOTICE_ID.test(statement.notice))
    return refuse('notice-malformed', 'the notice id is not 32 hex digits')
  const rendered = renderNotice(texts, statement)
  if (!rendered.ok) return rendered

  const { lines, subject } = rendered.value
  const languages = partsOf(rendered.value).map(({ language }) => language)
  if (lines.some((line) => line.startsWith('--'))) {
    return refuse('notice-text-wrong', 'a line of the text looks like a boundary')
  }
  const { notice } = statement
  const whole = utf8(
    [
      crlf(head(notice), subjectHeader(subject), ['HP-Outer: Subject: [...]', '']),
      crlf(textHead(notice, languages), lines),
      statementHead(notice),
      folded(base64(canonicalJson(statement))),
      tail(notice),
    ].join(''),
  )
  const size = ENTITY_BUCKETS.find((bucket) => bucket >= whole.length)
  if (size === undefined)
    return refuse('notice-text-wrong', 'the notice is longer than the largest bucket')
  return accept(padded(whole, size))
}

/**
 * Reads the statement out of an entity; the text is left to `checkEntity`. Refuses `notice-malformed`.
 *
 * Strict on purpose: the one reader of these bytes that matters is the one that composes them again.
 */
export function readEntity(bytes: Uint8Array): Result<JsonObject> {
  if (!ENTITY_BUCKETS.some((bucket) => bucket === bytes.length)) {
    return refuse('notice-malformed', 'not the size of an entity')
  }
  const whole = fromUtf8(bytes)
  const notice = whole?.slice(0, 256).match(/^[^\r]*\r\n boundary="dunant-([0-9a-f]{32})";/)?.[1]
  if (whole === undefined || notice === undefined || !whole.startsWith(crlf(head(notice)))) {
    return refuse('notice-malformed', 'not a notice')
  }
  const json = between(whole, statementHead(notice), tail(notice))
  const decoded = json === undefined ? undefined : unfolded(json)
  if (decoded === undefined) return refuse('notice-malformed', 'the statement is not there once')
  const statement = readCanonical(decoded)
  return statement.ok && isObject(statement.value)
    ? accept(statement.value)
    : refuse('notice-malformed', 'the statement is not canonical JSON')
}

/**
 * Checks that an entity says what its statement and an adopted text say, and not one byte else.
 *
 * The caller has parsed `statement` from `readEntity(bytes)` and has checked that `texts` belong to the adopted template
 * (`checkText`). Salts and the template hash are not words of the text, so the caller also compares both commitments with the act.
 * Refuses what `composeEntity` refuses, and `notice-text-wrong` where the bytes differ.
 */
export function checkEntity(
  bytes: Uint8Array,
  statement: NoticeStatement,
  texts: NoticeTexts,
): Result<NoticeStatement> {
  const composed = composeEntity(statement, texts)
  if (!composed.ok) return composed
  return sameBytes(composed.value, bytes) ? accept(statement) : refuse('notice-text-wrong')
}

function head(notice: string): string[] {
  return [
    'Content-Type: multipart/alternative;',
    ` boundary="${boundary(notice)}"; protected-headers="v1"; hp="cipher"`,
  ]
}

function textHead(notice: string, languages: readonly string[]): string[] {
  return [
    `--${boundary(notice)}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Language: ${languages.join(', ')}`,
    'Content-Transfer-Encoding: 8bit',
    '',
  ]
}

function statementHead(notice: string): string {
  return crlf(
    ['', `--${boundary(notice)}`],
    [`Content-Type: ${STATEMENT_TYPE}`, 'Content-Transfer-Encoding: base64', ''],
  )
}

function tail(notice: string): string {
  return crlf(['', `--${boundary(notice)}--`])
}

/** Lines, each with its end. */
function crlf(...lines: readonly (readonly string[])[]): string {
  return lines
    .flat()
    .map((line) => line + CRLF)
    .join('')
}

function boundary(notice: string): string {
  return `dunant-${notice}`
}

/** As it is where it is short and ASCII; else as encoded words (RFC 2047), which cut no character in two. */
function subjectHeader(subject: string): string[] {
  const isPlain = PRINTABLE_ASCII.test(subject) && !subject.includes('=?')
  if (isPlain && subject.length + 'Subject: '.length <= COLUMNS) return [`Subject: ${subject}`]
  const words: string[] = []
  let piece = ''
  for (const character of subject) {
    if (utf8(piece + character).length > ENCODED_WORD_BYTES) {
      words.push(piece)
      piece = ''
    }
    piece += character
  }
  return [...words, piece].map(
    (word, index) => `${index === 0 ? 'Subject: ' : ' '}=?UTF-8?B?${base64(utf8(word))}?=`,
  )
}

/** Fills an entity up with spaces, in lines no longer than the others. */
function padded(whole: Uint8Array, size: number): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x20)
  bytes.set(whole)
  for (let end = size; end - 2 >= whole.length; end -= COLUMNS + CRLF.length) {
    bytes.set([0x0d, 0x0a], end - CRLF.length)
  }
  return bytes
}

function folded(text: string): string {
  return (text.match(new RegExp(`.{1,${String(COLUMNS)}}`, 'g')) ?? []).join(CRLF)
}

function unfolded(text: string): Uint8Array | undefined {
  const joined = text.replaceAll(CRLF, '')
  return folded(joined) === text ? fromBase64(joined) : undefined
}

/** What stands between two marks that each occur once; `undefined` otherwise. */
function between(whole: string, before: string, after: string): string | undefined {
  const [start, rest, ...more] = whole.split(before)
  const [inside, epilogue, ...further] = (rest ?? '').split(after)
  const isOnce = start !== undefined && more.length === 0 && further.length === 0
  return isOnce && epilogue !== undefined && /^[ \r\n]*$/.test(epilogue) ? inside : undefined
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
