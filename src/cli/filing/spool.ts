import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { ComposedNotice, Undeliverable } from '#client/notice.ts'
import { productName } from '#cli/product-files.ts'
import { openLineWriter, readExactly, readLines } from './line-file.ts'

/** What was composed for one recipient, as it is kept until the notice is filed. */
export interface SpooledNotice {
  /** The line of the customer list. */
  readonly row: number
  /** Of the product file. */
  readonly name: string
  /** Lines of the bundle: the product's first. None where the recipient is not told. */
  readonly lines: readonly string[]
  readonly salt?: string
  /** Base64 of the signed notice. */
  readonly signed?: string
  readonly undeliverable?: Undeliverable
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

const SPOOL = 'composed.ndjson'
/** After so many the spool is made durable: no more than these are composed again after a power cut. */
const SYNC_EVERY = 512

/** Everything that was composed so far. A last line that a killed process left half written, or anything behind it, is not counted. */
export function readSpool(folder: string): SpoolState {
  let state: SpoolState = { told: 0, recipients: 0, lastRow: 0, undeliverable: [], bytes: 0 }
  for (const { bytes, offset, text } of readLines(join(folder, SPOOL))) {
    const notice = parse(text)
    if (notice === undefined) break
    state = grown(state, notice, offset + bytes + 1)
  }
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
      const notice = spooled(one)
      const text = JSON.stringify(notice)
      state = grown(state, notice, writer.add(text) + Buffer.byteLength(text) + 1)
      if (state.recipients % SYNC_EVERY === 0) writer.sync()
      onProgress(state)
    }
    writer.sync()
    return state
  } finally {
    writer.close()
  }
}

/** The notices of a spool, with where they stand. */
export function* spooledNotices(
  folder: string,
): Generator<SpooledNotice & { readonly offset: number; readonly bytes: number }> {
  for (const { bytes, offset, text } of readLines(join(folder, SPOOL))) {
    const notice = parse(text)
    if (notice === undefined) throw new Error('what was composed is damaged')
    yield { ...notice, offset, bytes }
  }
}

/** Opens a spool for reading single notices by their place. */
export function openSpool(folder: string): {
  read(offset: number, bytes: number): SpooledNotice
  close(): void
} {
  const file = openSync(join(folder, SPOOL), 'r')
  return {
    read: (offset, bytes) => {
      const notice = parse(readExactly(file, offset, bytes).toString())
      if (notice === undefined) throw new Error('what was composed is damaged')
      return notice
    },
    close: () => {
      closeSync(file)
    },
  }
}

function spooled({
  mailboxLine,
  product,
  recipient,
  undeliverable,
}: ComposedNotice): SpooledNotice {
  return {
    row: recipient.line,
    name: productName(recipient.account),
    lines: [product?.line, mailboxLine].filter((line) => line !== undefined),
    ...(product === undefined
      ? {}
      : { salt: product.salt, signed: Buffer.from(product.signed).toString('base64') }),
    ...(undeliverable === undefined ? {} : { undeliverable }),
  }
}

function grown(state: SpoolState, notice: SpooledNotice, bytes: number): SpoolState {
  if (notice.undeliverable !== undefined) state.undeliverable.push(notice.undeliverable)
  return {
    told: state.told + (notice.lines.length > 0 ? 1 : 0),
    recipients: state.recipients + 1,
    lastRow: notice.row,
    undeliverable: state.undeliverable,
    bytes,
  }
}

function parse(text: string): SpooledNotice | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
    return JSON.parse(text) as SpooledNotice
  } catch {
    return undefined
  }
}
