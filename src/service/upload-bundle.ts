import { BUNDLE_LINES_MIN, lineHash, parseLine, splitChunk } from '#core/bundle.ts'
import { concat, fromHex, hex } from '#core/bytes.ts'
import {
  bundleId,
  type BundleState,
  lineId,
  type LineState,
  type MailboxState,
} from '#core/decision.ts'
import { sha256Hex } from '#core/hash.ts'
import { isPowerOfTwo, merkleTree, treeRoot } from '#core/log/merkle.ts'
import { checkEnvelope } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { dayOf } from '#core/time.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { Clock } from '#ports/clock.ts'
import type { Storage, SubjectWrite } from '#ports/storage.ts'
import { bundleKeys, encodeOffsets, NODES_PER_BLOB } from './bundle-layout.ts'
import { loadSubjects } from './load-subjects.ts'

/** A chunk is at most this long. */
export const CHUNK_BYTES_MAX = 8 * 1024 * 1024
/** Bytes that one party may hold in bundles it has not filed. */
export const UNFILED_BYTES_MAX = 2 * 1024 ** 3
/** Bundles that one party may be uploading at the same time. */
export const UPLOADS_MAX = 16
/** Chunks of one bundle; clients send full ones. */
const CHUNKS_MAX = 2048
/** Leaves whose tree is held in memory at once: 4 million hashes are 128 MB. */
const LINES_MAX = 2 ** 22
const READ_MAX = 100

/** What uploading needs. */
export interface UploadPorts {
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly storage: Storage
}

/** One chunk, as its request describes it. */
export interface Chunk {
  readonly party: string
  readonly root: string
  readonly bytes: Uint8Array
  /** Where it begins, and how long the whole bundle is, in bytes. */
  readonly offset: number
  readonly totalBytes: number
  /** Lines of the whole bundle, padding included. */
  readonly count: number
}

/** How far an upload is. */
export interface UploadProgress {
  readonly heldBytes: number
  readonly complete: boolean
}

/** Bytes held of a bundle, 0 where nothing is. */
export async function uploadProgress(
  ports: Pick<UploadPorts, 'storage'>,
  party: string,
  root: string,
): Promise<UploadProgress> {
  const id = bundleId(party, root)
  const bundle = (await loadSubjects(ports.storage, () => [{ kind: 'bundle', id }])).get(
    'bundle',
    id,
  )
  return { heldBytes: bundle?.heldBytes ?? 0, complete: bundle?.complete ?? false }
}

/**
 * Takes one chunk of a bundle: checks every line, stores the bytes, and once all are there checks root and count.
 *
 * Nothing of a refused chunk is kept. Refuses `bundle-offset-wrong` (ask how much is held), `bundle-over-quota`, `bundle-line-*`,
 * `bundle-unsorted`, `mailbox-unavailable`, `envelope-*`, `bundle-root-wrong`, `bundle-count-wrong`, `state-changed`.
 */
export async function uploadChunk(
  ports: UploadPorts,
  chunk: Chunk,
): Promise<Result<UploadProgress>> {
  const id = bundleId(chunk.party, chunk.root)
  const subjects = await loadSubjects(ports.storage, () => [{ kind: 'bundle', id }])
  const held = subjects.get('bundle', id)
  if (held?.complete === true) return accept({ heldBytes: held.heldBytes, complete: true })
  const fits = checkFits(chunk, held)
  if (!fits.ok) return fits
  const quota = held === undefined ? await checkQuota(ports.storage, chunk) : accept(undefined)
  if (!quota.ok) return quota
  const lines = splitChunk(chunk.bytes, held?.lastLine ?? '')
  if (!lines.ok) return lines
  const addressed = await checkLines(ports.storage, chunk.party, lines.value)
  if (!addressed.ok) return addressed
  const next = grow(held ?? newBundle(chunk, ports.clock.now()), chunk, lines.value)
  await storeChunk(ports.blobs, chunk, lines.value)
  const completed =
    next.heldBytes === chunk.totalBytes ? await complete(ports, chunk, next) : accept(next)
  if (!completed.ok) return completed
  const written = await ports.storage.commit({
    guards: [],
    subjects: [
      {
        kind: 'bundle',
        id,
        expected: subjects.versionOf('bundle', id),
        state: JSON.stringify(completed.value),
        tag: openTag(chunk.party),
      },
      ...(await lineWrites(
        ports.storage,
        { bundle: id, firstLine: held?.count ?? 0 },
        addressed.value,
      )),
    ],
    acts: [],
    signatures: [],
    records: [],
  })
  return written === 'committed'
    ? accept({ heldBytes: next.heldBytes, complete: completed.value.complete })
    : refuse('state-changed')
}

/** The tag by which a party's unfiled bundles are listed. */
export function openTag(party: string): string {
  return `open:${party}`
}

function checkFits(chunk: Chunk, held: BundleState | undefined): Result<void> {
  const { bytes, count, offset, totalBytes } = chunk
  if (bytes.length > CHUNK_BYTES_MAX) return refuse('request-too-large')
  if (!isPowerOfTwo(count) || count < BUNDLE_LINES_MIN || count > LINES_MAX)
    return refuse('bundle-count-wrong')
  if (held !== undefined && held.totalBytes !== totalBytes)
    return refuse('bundle-offset-wrong', 'the total differs from the first chunk')
  if (offset !== (held?.heldBytes ?? 0) || offset + bytes.length > totalBytes)
    return refuse('bundle-offset-wrong')
  return (held?.chunks.length ?? 0) < CHUNKS_MAX
    ? accept(undefined)
    : refuse('bundle-over-quota', 'too many chunks: send larger ones')
}

/** Counts what the party announced in bundles that are not filed; a whole bundle is reserved with its first chunk. */
async function checkQuota(storage: Storage, chunk: Chunk): Promise<Result<void>> {
  const open = await storage.listSubjects({
    kind: 'bundle',
    tag: openTag(chunk.party),
    after: '',
    limit: UPLOADS_MAX + 1,
  })
  if (open.length >= UPLOADS_MAX)
    return refuse('bundle-over-quota', 'too many bundles are being uploaded')
  const announced = open.reduce((sum, row) => sum + totalOf(row.state), 0)
  return announced + chunk.totalBytes <= UNFILED_BYTES_MAX
    ? accept(undefined)
    : refuse('bundle-over-quota')
}

function totalOf(state: string | undefined): number {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return state === undefined ? 0 : (JSON.parse(state) as BundleState).totalBytes
}

function newBundle(chunk: Chunk, now: number): BundleState {
  const { party, root, totalBytes } = chunk
  return {
    party,
    root,
    totalBytes,
    heldBytes: 0,
    count: 0,
    complete: false,
    day: dayOf(now),
    chunks: [],
    lastLine: '',
  }
}

function grow(bundle: BundleState, chunk: Chunk, lines: readonly string[]): BundleState {
  return {
    ...bundle,
    heldBytes: bundle.heldBytes + chunk.bytes.length,
    count: bundle.count + lines.length,
    chunks: [...bundle.chunks, { sha256: sha256Hex(chunk.bytes), firstLine: bundle.count }],
    lastLine: lines.at(-1) ?? '',
  }
}

/** A mailbox line by its place in the chunk. */
interface AddressedLine {
  readonly position: number
  readonly mailbox: string
}

/** Checks each line: its form, and of a mailbox line that the mailbox takes it and that it is encrypted to its key and no other. */
async function checkLines(
  storage: Storage,
  party: string,
  lines: readonly string[],
): Promise<Result<readonly AddressedLine[]>> {
  const envelopes: (AddressedLine & { readonly message: Uint8Array })[] = []
  for (const [position, text] of lines.entries()) {
    const line = parseLine(text)
    if (!line.ok) return line
    if (line.value.kind === 'mailbox')
      envelopes.push({ position, mailbox: line.value.mailbox, message: line.value.message })
  }
  for (let i = 0; i < envelopes.length; i += READ_MAX) {
    const page = envelopes.slice(i, i + READ_MAX)
    const subjects = await loadSubjects(storage, () =>
      page.map(({ mailbox }) => ({ kind: 'mailbox', id: mailbox })),
    )
    for (const { mailbox, message } of page) {
      const fits = checkAddressee(subjects.get('mailbox', mailbox), party, message)
      if (!fits.ok) return fits
    }
  }
  return accept(envelopes)
}

/** Unknown, closed and not-allowed mailboxes give one refusal, so that a filer cannot find out which exist. */
function checkAddressee(
  mailbox: MailboxState | undefined,
  party: string,
  message: Uint8Array,
): Result<void> {
  if (mailbox === undefined || mailbox.closed || !mailbox.filers.includes(party))
    return refuse('mailbox-unavailable')
  return checkEnvelope(message, mailbox.encryptionKeys)
}

async function storeChunk(blobs: BlobStore, chunk: Chunk, lines: readonly string[]): Promise<void> {
  const keys = bundleKeys(bundleId(chunk.party, chunk.root))
  const name = sha256Hex(chunk.bytes)
  await blobs.put(keys.chunk(name), chunk.bytes)
  await blobs.put(keys.offsets(name), encodeOffsets(lines))
  await blobs.put(keys.leaves(name), concat(...lines.map(lineHash)))
}

/** All bytes are there: builds the tree, keeps its levels for the lines' paths, and drops the upload if it is not what was announced. */
async function complete(
  ports: UploadPorts,
  chunk: Chunk,
  bundle: BundleState,
): Promise<Result<BundleState>> {
  const keys = bundleKeys(bundleId(chunk.party, chunk.root))
  const hashes: Uint8Array[] = []
  for (const { sha256 } of bundle.chunks) {
    const leaves = (await ports.blobs.get(keys.leaves(sha256))) ?? new Uint8Array()
    for (let i = 0; i < leaves.length; i += 32) hashes.push(leaves.subarray(i, i + 32))
  }
  const verdict = checkTree(chunk, bundle, hashes)
  if (!verdict.ok) {
    await dropBundle(ports, bundle)
    return verdict
  }
  for (const [level, nodes] of verdict.value.entries()) {
    for (let part = 0; part * NODES_PER_BLOB < nodes.length; part++) {
      await ports.blobs.put(
        keys.level(level, part),
        concat(...nodes.slice(part * NODES_PER_BLOB, (part + 1) * NODES_PER_BLOB)),
      )
    }
  }
  return accept({ ...bundle, complete: true })
}

function checkTree(
  chunk: Chunk,
  bundle: BundleState,
  hashes: readonly Uint8Array[],
): Result<readonly (readonly Uint8Array[])[]> {
  if (bundle.count !== chunk.count || hashes.length !== chunk.count)
    return refuse('bundle-count-wrong')
  const tree = merkleTree(hashes)
  return hex(treeRoot(tree)) === hex(fromHex(chunk.root) ?? new Uint8Array())
    ? accept(tree.levels)
    : refuse('bundle-root-wrong')
}

/** Rows of a bundle that was dropped may still be there; they are written over. */
async function lineWrites(
  storage: Storage,
  place: { readonly bundle: string; readonly firstLine: number },
  lines: readonly AddressedLine[],
): Promise<readonly SubjectWrite[]> {
  const writes: SubjectWrite[] = []
  for (let i = 0; i < lines.length; i += READ_MAX) {
    const states = lines.slice(i, i + READ_MAX).map(
      ({ mailbox, position }): LineState => ({
        bundle: place.bundle,
        index: place.firstLine + position,
        mailbox,
      }),
    )
    const rows = await loadSubjects(storage, () =>
      states.map((state) => ({ kind: 'line', id: lineId(state.bundle, state.index) })),
    )
    for (const state of states) {
      const id = lineId(state.bundle, state.index)
      writes.push({
        kind: 'line',
        id,
        expected: rows.versionOf('line', id),
        state: JSON.stringify(state),
        tag: state.mailbox,
      })
    }
  }
  return writes
}

/** Forgets an unfiled bundle: the row first, so that no reader finds a row without its bytes. Its lines, which hang on the row, mean nothing then. */
export async function dropBundle(
  ports: Pick<UploadPorts, 'blobs' | 'storage'>,
  bundle: BundleState,
): Promise<void> {
  const id = bundleId(bundle.party, bundle.root)
  const row = (await loadSubjects(ports.storage, () => [{ kind: 'bundle', id }])).versionOf(
    'bundle',
    id,
  )
  if (row > 0) {
    const outcome = await ports.storage.commit({
      guards: [],
      subjects: [{ kind: 'bundle', id, expected: row, state: undefined }],
      acts: [],
      signatures: [],
      records: [],
    })
    if (outcome === 'conflict') return
  }
  await ports.blobs.deletePrefix(bundleKeys(id).prefix)
}
