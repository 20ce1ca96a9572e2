import { formatLine, lineHash, paddedCount } from '#core/bundle.ts'
import { hex, utf8 } from '#core/bytes.ts'
import { type MerkleTree, merkleTree, treePath, treeRoot } from '#core/log/merkle.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Api } from './http.ts'
import type { RandomBytes } from './random.ts'

/** The longest piece of a bundle that the server takes at once. */
export const CHUNK_BYTES_MAX = 8 * 1024 * 1024

/** A bundle that can be uploaded, wherever its lines are. */
export interface BundleSource {
  /** 64 hex digits. */
  readonly root: string
  readonly count: number
  /** Bytes of the whole, line feeds included. */
  readonly totalBytes: number
  /** Whether a line begins at a byte offset, or the bundle ends there. */
  isLineStart(offset: number): boolean
  /** The bytes from an offset at which a line begins, in pieces that end at a line end. */
  chunks(fromBytes: number): Iterable<Uint8Array>
}

/** All lines of a notice, sorted and padded, with their Merkle tree. */
export interface Bundle extends BundleSource {
  /** Without line feeds. */
  readonly lines: readonly string[]
  /** Where a line stands; `undefined` where it does not. */
  indexOf(line: string): number | undefined
  /** The Merkle path of a line: hex hashes, its sibling first. */
  pathOf(index: number): readonly string[]
}

/** How often an upload starts again from what the server holds before it is given up. */
const RESUMES_MAX = 5
const COMMITMENT_BYTES = 32

/**
 * Composes a bundle: sorts the lines and pads them with random commitments, which look like everybody's, to a power of two.
 *
 * @throws TypeError where a line stands there twice.
 */
export function composeBundle(lines: readonly string[], random: RandomBytes): Bundle {
  const count = paddedCount(lines.length)
  const padding = Array.from({ length: count - lines.length }, () => paddingLine(random))
  const sorted = [...lines, ...padding].toSorted(ascending)
  if (sorted.some((line, index) => line === sorted[index - 1]))
    throw new TypeError('a line stands in the bundle twice')
  const tree = merkleTree(sorted.map(lineHash))
  const totalBytes = sorted.reduce((sum, line) => sum + line.length + 1, 0)
  return {
    lines: sorted,
    root: hex(treeRoot(tree)),
    count,
    totalBytes,
    isLineStart: (offset) => isLineStart(sorted, offset),
    chunks: (fromBytes) => toChunks(sorted, fromBytes),
    indexOf: (line) => find(sorted, line),
    pathOf: (index) => hexPath(tree, index),
  }
}

/** A random commitment, which looks like everybody's. */
export function paddingLine(random: RandomBytes): string {
  return formatLine({ kind: 'commitment', commitment: hex(random(COMMITMENT_BYTES)) }, '')
}

/** Lines are ASCII, so that UTF-16 order is the byte order that the server checks. */
function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function find(sorted: readonly string[], line: string): number | undefined {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((sorted[middle] ?? '') < line) low = middle + 1
    else high = middle
  }
  return sorted[low] === line ? low : undefined
}

function hexPath(tree: MerkleTree, index: number): readonly string[] {
  return treePath(tree, index).map(hex)
}

/**
 * Cuts lines into chunks of at most 8 MiB that end at a line end, from a byte offset on.
 *
 * @throws RangeError where no line begins at the offset.
 */
export function* toChunks(lines: readonly string[], fromBytes = 0): Generator<Uint8Array> {
  let skipped = 0
  let position = 0
  for (; skipped < fromBytes && position < lines.length; position++)
    skipped += (lines[position]?.length ?? 0) + 1
  if (skipped !== fromBytes) throw new RangeError('no line begins there')
  let pieces: string[] = []
  let length = 0
  for (; position < lines.length; position++) {
    const line = lines[position] ?? ''
    if (length > 0 && length + line.length + 1 > CHUNK_BYTES_MAX) {
      yield utf8(`${pieces.join('\n')}\n`)
      pieces = []
      length = 0
    }
    pieces.push(line)
    length += line.length + 1
  }
  if (pieces.length > 0) yield utf8(`${pieces.join('\n')}\n`)
}

/**
 * Uploads a bundle, from where an earlier attempt stopped.
 *
 * Refuses what the server refuses; `bundle-offset-wrong` where it holds something that is not how this bundle begins, or another upload of it runs.
 *
 * @param onProgress hears the bytes that the server holds
 */
export async function uploadBundle(
  api: Api,
  bundle: BundleSource,
  onProgress?: (heldBytes: number) => void,
): Promise<Result<void>> {
  for (let resume = 0; ; resume++) {
    const held = await api.bundleHeld(bundle.root)
    if (!held.ok) return held
    onProgress?.(held.value)
    if (held.value === bundle.totalBytes) return accept(undefined)
    const sent = await sendFrom(api, bundle, { held: held.value, onProgress })
    const isBehind = !sent.ok && sent.refusal.reason === 'bundle-offset-wrong'
    if (!isBehind || resume === RESUMES_MAX) return sent
  }
}

async function sendFrom(
  api: Api,
  bundle: BundleSource,
  state: { readonly held: number; readonly onProgress: ((heldBytes: number) => void) | undefined },
): Promise<Result<void>> {
  const { count, root, totalBytes } = bundle
  let offset = state.held
  if (!bundle.isLineStart(offset))
    return refuse('bundle-offset-wrong', 'what the server holds is not how this bundle begins')
  for (const bytes of bundle.chunks(offset)) {
    const answer = await api.uploadChunk({ root, count, offset, totalBytes, bytes })
    if (!answer.ok) return answer
    offset += bytes.length
    if (answer.value.held !== offset)
      return refuse('bundle-offset-wrong', 'the server holds another part than was sent')
    state.onProgress?.(offset)
  }
  return accept(undefined)
}

function isLineStart(lines: readonly string[], offset: number): boolean {
  let start = 0
  for (const line of lines) {
    if (start >= offset) return start === offset
    start += line.length + 1
  }
  return start === offset
}
