import { fromBase64 } from '#core/bytes.ts'
import { type Json, type JsonObject, readCanonical } from '#core/canonical-json.ts'
import { parseLine } from '#core/bundle.ts'
import { verifySignature } from '#core/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import type { LinePath } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { verifyLine, type VerifiedReceipt } from '#core/verify-receipt.ts'
import type { ServedLineList } from './http.ts'
import type { LinesPin, ListedLine } from './pins.ts'

/** What a list of lines is held against. */
export interface LineListExpectation {
  readonly mailbox: string
  readonly origin: string
  /** The list as it was last seen. */
  readonly previous?: LinesPin | undefined
  /** Size of the log that was seen before the list was asked for: a list for less is an old one. */
  readonly sizeMin?: number
}

class LineListVerified {
  protected readonly verified = true
  readonly mailbox: string
  /** The tree size that the list speaks for. */
  readonly size: number
  readonly lines: readonly ListedLine[]
  /** What was signed, to be shown to others where it leaves something out. */
  readonly evidence: ServedLineList

  constructor(
    list: { mailbox: string; size: number; lines: readonly ListedLine[] },
    evidence: ServedLineList,
  ) {
    this.mailbox = list.mailbox
    this.size = list.size
    this.lines = list.lines
    this.evidence = evidence
  }
}

/** A list that the service signed; only `verifyLineList` makes one. */
export type VerifiedLineList = LineListVerified

const HASH = /^[0-9a-f]{64}$/
/** The server shows a thousand lines; ten times as many are read. */
const LINES_MAX = 10_000

/**
 * Verifies the list of a mailbox's lines: signed by the service, for this mailbox, as new as the log that was seen, and with every
 * line that was there before.
 *
 * Refuses `signature-not-accepted`, `receipt-malformed` for a list of another form, `mailbox-unavailable` for another mailbox's,
 * `act-origin-wrong`, `checkpoint-older`, `line-list-shrunk`, and what `readArmor` refuses.
 *
 * @param serviceCertificates those of the verified directory: base64 by fingerprint
 */
export async function verifyLineList(
  served: ServedLineList,
  serviceCertificates: ReadonlyMap<string, string>,
  expected: LineListExpectation,
): Promise<Result<VerifiedLineList>> {
  const payload = fromBase64(served.payload)
  if (payload === undefined) return refuse('receipt-malformed', 'the list is not base64')
  const signed = await checkSigned(served, payload, serviceCertificates)
  if (!signed.ok) return signed
  const list = readList(payload)
  if (list === undefined) return refuse('receipt-malformed', 'the list of lines is not of its form')
  if (list.mailbox !== expected.mailbox)
    return refuse('mailbox-unavailable', 'the list is of another mailbox')
  if (list.origin !== expected.origin) return refuse('act-origin-wrong')
  if (list.size < Math.max(expected.sizeMin ?? 0, expected.previous?.size ?? 0)) {
    return refuse('checkpoint-older', 'the list of lines is older than the log seen before')
  }
  const lost = expected.previous?.lines.find((line) => !hasLine(list.lines, line))
  if (lost !== undefined)
    return refuse('line-list-shrunk', `line ${String(lost.index)} of notice ${lost.notice} is gone`)
  return accept(new LineListVerified(list, served))
}

async function checkSigned(
  served: ServedLineList,
  payload: Uint8Array,
  serviceCertificates: ReadonlyMap<string, string>,
): Promise<Result<void>> {
  const signature = readArmor(served.signature, 'PGP SIGNATURE')
  if (!signature.ok) return signature
  for (const encoded of serviceCertificates.values()) {
    const certificate = fromBase64(encoded) ?? new Uint8Array()
    const verified = await verifySignature({
      payload,
      signature: signature.value,
      certificate,
      validAt: [],
    })
    if (verified.ok) return accept(undefined)
  }
  return refuse('signature-not-accepted', 'the list of lines is not signed by the service')
}

/** What a service-signed list and a logged notice with a line show together. */
export interface OmissionClaim {
  readonly list: VerifiedLineList
  readonly receipt: VerifiedReceipt
  readonly path: LinePath
  /** The line, without its line feed. */
  readonly line: string
}

/**
 * Judges whether a list leaves out a line that it should have: refuses `line-omitted` where the log had the notice before the size that
 * the list speaks for. Whoever holds list, receipt and line can prove it to others.
 *
 * Accepts where the list has the line or speaks for a smaller log. Refuses `receipt-line-wrong` where the line is not this mailbox's or not in the bundle, and
 * `receipt-not-logged` where the notice has not taken effect: then nothing is shown.
 */
export function proveOmission({ list, receipt, path, line }: OmissionClaim): Result<void> {
  const { act, id } = receipt.parsed
  const parsed = parseLine(line)
  const isOwn =
    parsed.ok && parsed.value.kind === 'mailbox' && parsed.value.mailbox === list.mailbox
  if (act.type !== 'notice.file' || !isOwn)
    return refuse('receipt-line-wrong', 'not a line of this mailbox')
  const stands = verifyLine(receipt.parsed, path, line)
  if (!stands.ok) return stands
  if (receipt.record.event !== 'adopted')
    return refuse('receipt-not-logged', 'the notice has not taken effect')
  const wanted = { index: path.index, notice: id, root: act.body.bundle.root }
  if (receipt.leafIndex >= list.size || hasLine(list.lines, wanted)) return accept(undefined)
  const entry = `log entry ${String(receipt.leafIndex)} of ${String(list.size)}`
  return refuse(
    'line-omitted',
    `the service signed a list without line ${String(path.index)} of notice ${id}, ${entry}`,
  )
}

function hasLine(lines: readonly ListedLine[], { index, notice, root }: ListedLine): boolean {
  return lines.some((line) => line.index === index && line.notice === notice && line.root === root)
}

interface List {
  readonly mailbox: string
  readonly origin: string
  readonly size: number
  readonly lines: readonly ListedLine[]
}

/** Reads the signed bytes strictly; `undefined` for any other form. */
function readList(payload: Uint8Array): List | undefined {
  const json = readCanonical(payload)
  if (!json.ok || !isObject(json.value)) return undefined
  const { kind, lines, mailbox, origin, size, v, ...rest } = json.value
  const isKnown = kind === 'mailbox.lines' && v === 1 && Object.keys(rest).length === 0
  if (!isKnown || typeof mailbox !== 'string' || typeof origin !== 'string' || !isCount(size))
    return undefined
  if (!isArray(lines) || lines.length > LINES_MAX) return undefined
  const read = lines.map(readListed)
  return read.every((line) => line !== undefined)
    ? { mailbox, origin, size, lines: read }
    : undefined
}

function readListed(value: Json): ListedLine | undefined {
  if (!isObject(value)) return undefined
  const { index, notice, root, ...rest } = value
  if (!isCount(index) || !isHash(notice) || !isHash(root) || Object.keys(rest).length > 0)
    return undefined
  return { index, notice, root }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}

function isCount(value: Json | undefined): value is number {
  return typeof value === 'number' && value >= 0
}

function isHash(value: Json | undefined): value is string {
  return typeof value === 'string' && HASH.test(value)
}
