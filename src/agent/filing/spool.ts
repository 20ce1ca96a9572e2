import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { ComposedNotice, Undeliverable } from '#client/notice.ts'
import { productName } from './product-files.ts'
import { openLineWriter, type PlacedLine, readExactly, readLines } from './line-file.ts'

/**
 * What was composed for one recipient: a line of a spool. Behind it stands the signed notice, in base64, where there is one, and then the line of
 * the recipient's mailbox, where there is one; they are most of the spool, and are passed over by whoever needs only this.
 */
interface SpooledHead {
  /** The line of the customer list. */
  readonly row: number
  /** Of the product file. */
  readonly name: string
  readonly product?: { readonly line: string; readonly salt: string }
  readonly hasMailbox: boolean
  readonly undeliverable?: Undeliverable
}

/** What a customer's file is made of. */
export interface SpooledProduct {
  /** Of the file, without its ending. */
  readonly name: string
  readonly salt: string
  /** Base64. */
  readonly signed: string
  /** The line of the customer list. */
  readonly row: number
}

/** A line for the bundle. For a customer's, where in the spool that customer's product stands; else `bytes` is 0. */
export interface SpooledLine {
  readonly line: string
  readonly offset: number
  readonly bytes: number
}

/** What stands in a spool. */
export interface SpoolState {
  readonly told: number
  readonly recipients: number
  /** The last recipient's line of the customer list; 0 at the beginning. */
  readonly lastRow: number
  /** Grows as the spool does. */
  readonly undeliverable: Undeliverable[]
  readonly bytes: number
}

const SPOOL = 'composed'
/** After so many the spool is made durable: no more than these are composed again after a power cut. */
const SYNC_EVERY = 512

/** What was composed so far. What a killed process left half written, and anything behind it, is not counted. */
export function readSpool(folder: string): SpoolState {
  let state: SpoolState = { told: 0, recipients: 0, lastRow: 0, undeliverable: [], bytes: 0 }
  for (const { end, head } of records(folder)) state = grown(state, head, end)
  return state
}

/** Adds what is composed to a spool, from where it stands. */
export async function fillSpool(
  folder: string,
  composed: AsyncIterable<ComposedNotice>,
  progress: { readonly from: SpoolState; readonly onProgress: (state: SpoolState) => void },
): Promise<SpoolState> {
  const { from, onProgress } = progress
  const writer = openLineWriter(join(folder, SPOOL), from.bytes)
  let state = from
  try {
    for await (const one of composed) {
      const head = headOf(one)
      const parts = [JSON.stringify(head), one.product?.signed, one.mailboxLine]
      let end = 0
      for (const part of parts)
        if (part !== undefined) end = writer.add(part) + Buffer.byteLength(part) + 1
      state = grown(state, head, end)
      if (state.recipients % SYNC_EVERY === 0) writer.sync()
      onProgress(state)
    }
    writer.sync()
    return state
  } finally {
    writer.close()
  }
}

/** The lines of a whole spool, in the order of the customer list. @throws Error where it is damaged. */
export function* spooledLines(folder: string): Generator<SpooledLine> {
  for (const { head, mailboxLine, offset, productEnd } of records(folder)) {
    if (head.product === undefined) continue
    yield { line: head.product.line, offset, bytes: productEnd - offset }
    if (mailboxLine !== undefined) yield { line: mailboxLine, offset, bytes: 0 }
  }
}

/** Opens a spool for reading single products by their place. */
export function openSpool(folder: string): {
  read(offset: number, bytes: number): SpooledProduct
  close(): void
} {
  const file = openSync(join(folder, SPOOL), 'r')
  return {
    read: (offset, bytes) => {
      const [first = '', signed = ''] = readExactly(file, offset, bytes).toString().split('\n')
      const head = parse(first)
      if (head?.product === undefined) throw new Error('what was composed is damaged')
      return { name: head.name, salt: head.product.salt, signed, row: head.row }
    },
    close: () => {
      closeSync(file)
    },
  }
}

interface SpooledRecord {
  readonly head: SpooledHead
  readonly mailboxLine: string | undefined
  readonly offset: number
  /** Where the signed notice ends, and where the record does. */
  readonly productEnd: number
  readonly end: number
}

/** Whole records, up to the first that is not. */
function* records(folder: string): Generator<SpooledRecord> {
  const lines = readLines(join(folder, SPOOL))
  for (let first = next(lines); first !== undefined; first = next(lines)) {
    const { offset } = first
    const head = parse(first.text())
    if (head === undefined) return
    const signed = head.product === undefined ? first : next(lines)
    if (signed === undefined) return
    const productEnd = signed.offset + signed.bytes
    const mailbox = head.hasMailbox ? next(lines) : undefined
    if (head.hasMailbox && mailbox === undefined) return
    const end = mailbox === undefined ? productEnd : mailbox.offset + mailbox.bytes
    yield { head, mailboxLine: mailbox?.text(), offset, productEnd, end: end + 1 }
  }
}

function next(lines: Iterator<PlacedLine>): PlacedLine | undefined {
  const found = lines.next()
  return found.done === true ? undefined : found.value
}

function headOf({ mailboxLine, product, recipient, undeliverable }: ComposedNotice): SpooledHead {
  return {
    row: recipient.line,
    name: productName(recipient.account),
    ...(product === undefined ? {} : { product: { line: product.line, salt: product.salt } }),
    hasMailbox: mailboxLine !== undefined,
    ...(undeliverable === undefined ? {} : { undeliverable }),
  }
}

function grown(state: SpoolState, head: SpooledHead, bytes: number): SpoolState {
  if (head.undeliverable !== undefined) state.undeliverable.push(head.undeliverable)
  return {
    told: state.told + (head.product === undefined ? 0 : 1),
    recipients: state.recipients + 1,
    lastRow: head.row,
    undeliverable: state.undeliverable,
    bytes,
  }
}

function parse(text: string): SpooledHead | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
    return JSON.parse(text) as SpooledHead
  } catch {
    return undefined
  }
}
