import { fromBase64, fromUtf8, utf8 } from './bytes.ts'
import { leafHash } from './log/merkle.ts'
import { accept, refuse, type Result } from './result.ts'

/** A line of a bundle is at most this long, without its line feed. */
export const LINE_BYTES_MAX = 128 * 1024
/** No line is shorter, with its line feed: a chunk of nothing but line feeds must not become millions of strings. */
const LINE_BYTES_MIN = 64
/** A bundle is padded to a power of two, and to no less than this. */
export const BUNDLE_LINES_MIN = 1024

/** One line of a bundle: a message to a mailbox, or a commitment that tells nothing. */
export type BundleLine =
  | { readonly kind: 'commitment'; readonly commitment: string }
  | { readonly kind: 'mailbox'; readonly mailbox: string; readonly message: Uint8Array }

const COMMITMENT = /^\{"commitment":"([0-9a-f]{64})"\}$/
const MAILBOX = /^\{"mailbox":"([a-z2-7]{32})","message":"([A-Za-z0-9+/]+={0,2})"\}$/

/** The one spelling of a line, without its line feed. */
export function formatLine(line: BundleLine, base64Message: string): string {
  return line.kind === 'commitment'
    ? `{"commitment":"${line.commitment}"}`
    : `{"mailbox":"${line.mailbox}","message":"${base64Message}"}`
}

/**
 * Reads a line, which has one spelling: canonical JSON of exactly the two forms.
 *
 * Refuses `bundle-line-too-long`, `bundle-line-invalid`.
 */
export function parseLine(text: string): Result<BundleLine> {
  if (text.length > LINE_BYTES_MAX) return refuse('bundle-line-too-long')
  const commitment = COMMITMENT.exec(text)?.[1]
  if (commitment !== undefined) return accept({ kind: 'commitment', commitment })
  const [, mailbox, encoded] = MAILBOX.exec(text) ?? []
  const message = encoded === undefined ? undefined : fromBase64(encoded)
  if (mailbox === undefined || message === undefined) return refuse('bundle-line-invalid')
  return accept({ kind: 'mailbox', mailbox, message })
}

/** The leaf hash of a line in its bundle's Merkle tree (RFC 6962), over the line without its line feed. */
export function lineHash(text: string): Uint8Array {
  return leafHash(utf8(text))
}

/**
 * Splits a chunk of a bundle into its lines. A chunk ends at a line end; lines are ASCII and strictly ascending, also after `last`,
 * the last line of the chunk before ('' for the first).
 *
 * Refuses `bundle-line-invalid`, `bundle-line-too-long`, `bundle-unsorted`.
 */
export function splitChunk(chunk: Uint8Array, last: string): Result<readonly string[]> {
  if (chunk.length === 0 || chunk.at(-1) !== 0x0a)
    return refuse('bundle-line-invalid', 'a chunk ends at a line end')
  const text = fromUtf8(chunk)
  if (text === undefined || text.length !== chunk.length) return refuse('bundle-line-invalid')
  const linesMax = Math.ceil(chunk.length / LINE_BYTES_MIN)
  const lines = text.slice(0, -1).split('\n', linesMax + 1)
  if (lines.length > linesMax) return refuse('bundle-line-invalid')
  let before = last
  for (const line of lines) {
    if (line === '') return refuse('bundle-line-invalid')
    if (line.length > LINE_BYTES_MAX) return refuse('bundle-line-too-long')
    if (before !== '' && line <= before) return refuse('bundle-unsorted')
    before = line
  }
  return accept(lines)
}

/** The least power of two that holds so many lines, and at least 1,024. */
export function paddedCount(lines: number): number {
  let count = BUNDLE_LINES_MIN
  while (count < lines) count *= 2
  return count
}
