import { BUNDLE_LINES_MIN, lineHash, parseLine, splitChunk } from '#core/bundle.ts'
import { concat, hex } from '#core/bytes.ts'
import {
  bundleId,
  type BundleState,
  lineId,
  type LineState,
  type MailboxState,
} from '#core/decision.ts'
import { sha256Hex } from '#core/hash.ts'
import { isPowerOfTwo, merkleRoot } from '#core/log/merkle.ts'
import { checkEnvelope } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { dayOf } from '#core/time.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { Clock } from '#ports/clock.ts'
import type { Random } from '#ports/random.ts'
import type { Storage, SubjectWrite } from '#ports/storage.ts'
import { announce } from './bundle-quota.ts'
import { bundleKeys, encodeOffsets } from './bundle-layout.ts'
import { buildTree } from './bundle-tree.ts'
import { loadSubjects } from './load-subjects.ts'

/** A chunk is at most this long. */
export const CHUNK_BYTES_MAX = 8 * 1024 * 1024
/** Bytes that one party may hold in bundles it has not filed. */
export const UNFILED_BYTES_MAX = 2 * 1024 ** 3
/** Bundles that one party may be uploading at the same time. */
export const UPLOADS_MAX = 16
/** Chunks of one bundle; clients send full ones. */
const CHUNKS_MAX = 2048
/** Lines of one bundle: more customers than any notice has had so far, many times over. */
const LINES_MAX = 2 ** 20
const UPLOAD_ID_BYTES = 16
/** Other uploads of the same party that a reservation may lose against. */
const RESERVATIONS_MAX = 2 * UPLOADS_MAX
const READ_MAX = 100

/** What uploading needs. */
export interface UploadPorts {
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly random: Random
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
  const { held } = await findUpload(ports.storage, { party, root })
  return { heldBytes: held?.heldBytes ?? 0, complete: held?.complete ?? false }
}

/**
 * Takes one chunk of a bundle: checks every line, stores the bytes, and once all are there checks root and count.
 *
 * Nothing of a refused chunk is kept, and a bundle that is not what was announced is given up whole. Refuses `bundle-offset-wrong` (ask
 * how much is held), `bundle-over-quota`, `bundle-line-*`, `bundle-unsorted`, `mailbox-unavailable`, `envelope-*`, `bundle-root-wrong`,
 * `bundle-count-wrong`, `state-changed`.
 */
export async function uploadChunk(
  ports: UploadPorts,
  chunk: Chunk,
): Promise<Result<UploadProgress>> {
  const found = await findUpload(ports.storage, chunk)
  const { held } = found
  if (held?.complete === true) return accept({ heldBytes: held.heldBytes, complete: true })
  const fits = checkFits(chunk, held)
  if (!fits.ok) return fits
  const lines = splitChunk(chunk.bytes, held?.lastLine ?? '')
  if (!lines.ok) return lines
  const addressed = await checkLines(ports.storage, chunk.party, lines.value)
  if (!addressed.ok) return addressed
  const hashes = lines.value.map(lineHash)
  const whole = checkWhole(chunk, held, hashes)
  if (!whole.ok) return whole
  const reserved = held === undefined ? await reserve(ports, chunk, found) : accept(found)
  if (!reserved.ok) return reserved
  const { held: bundle, version } = reserved.value
  if (bundle === undefined) return refuse('state-changed')
  const next = grow(bundle, chunk, lines.value)
  await storeChunk(ports.blobs, bundle, { bytes: chunk.bytes, lines: lines.value, hashes })
  const completed =
    next.heldBytes === chunk.totalBytes ? await complete(ports, chunk, next) : accept(next)
  if (!completed.ok) {
    await giveUp(ports, bundle, version)
    return completed
  }
  const rows = await lineWrites(ports.storage, bundle, addressed.value)
  const written = await write(ports.storage, [bundleWrite(completed.value, version), ...rows])
  return written
    ? accept({ heldBytes: next.heldBytes, complete: completed.value.complete })
    : refuse('state-changed')
}

/** An upload that goes on, or one that was given up, and the version that follows. */
interface FoundUpload {
  readonly held: BundleState | undefined
  readonly dropped: BundleState | undefined
  readonly version: number
}

async function findUpload(
  storage: Storage,
  { party, root }: Pick<Chunk, 'party' | 'root'>,
): Promise<FoundUpload> {
  const id = bundleId(party, root)
  const subjects = await loadSubjects(storage, () => [{ kind: 'bundle', id }])
  const bundle = subjects.get('bundle', id)
  const [held, dropped] = bundle?.dropped === true ? [undefined, bundle] : [bundle, undefined]
  return { held, dropped, version: subjects.versionOf('bundle', id) }
}

async function write(storage: Storage, subjects: readonly SubjectWrite[]): Promise<boolean> {
  const commit = { guards: [], subjects, acts: [], signatures: [], records: [] }
  return (await storage.commit(commit)) === 'committed'
}

function bundleWrite(bundle: BundleState, expected: number): SubjectWrite & { tag: string } {
  const id = bundleId(bundle.party, bundle.root)
  const tag = bundle.dropped ? DROPPING_TAG : openTag(bundle.party)
  return { kind: 'bundle', id, expected, state: JSON.stringify(bundle), tag }
}

/**
 * Reserves room for a new upload before a byte of it is stored. The party's quota row makes reservations one after the other, so that
 * many at once cannot each believe to be the last that fits.
 */
async function reserve(
  ports: UploadPorts,
  chunk: Chunk,
  { dropped, version }: FoundUpload,
): Promise<Result<FoundUpload>> {
  // The new row takes the place of the one that says where these are.
  if (dropped !== undefined) await ports.blobs.deletePrefix(bundleKeys(dropped).prefix)
  const quotaRef = { kind: 'quota', id: chunk.party }
  for (let attempt = 0; attempt < RESERVATIONS_MAX; attempt++) {
    const [quota] = await ports.storage.readSubjects([quotaRef])
    const day = dayOf(ports.clock.now())
    const announced = announce(quota?.state, { day, bytes: chunk.totalBytes })
    if (!announced.ok) return announced
    const fits = await checkQuota(ports.storage, chunk)
    if (!fits.ok) return fits
    const upload = hex(ports.random.bytes(UPLOAD_ID_BYTES))
    const bundle = newBundle(chunk, { now: ports.clock.now(), upload })
    const quotaWrite = { ...quotaRef, expected: quota?.version ?? 0, state: announced.value }
    if (await write(ports.storage, [bundleWrite(bundle, version), quotaWrite])) {
      return accept({ held: bundle, dropped: undefined, version: version + 1 })
    }
    if ((await findUpload(ports.storage, chunk)).version !== version) break
  }
  return refuse('state-changed')
}

/** The tag of bundles that were given up and whose bytes may still be there. */
export const DROPPING_TAG = 'dropping'

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

function newBundle(
  { party, root, totalBytes }: Chunk,
  made: { readonly now: number; readonly upload: string },
): BundleState {
  return {
    upload: made.upload,
    dropped: false,
    party,
    root,
    totalBytes,
    heldBytes: 0,
    count: 0,
    complete: false,
    day: dayOf(made.now),
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

/** A bundle that comes in one piece is judged before anything of it is kept. */
function checkWhole(
  chunk: Chunk,
  held: BundleState | undefined,
  hashes: readonly Uint8Array[],
): Result<void> {
  const isWhole = held === undefined && chunk.bytes.length === chunk.totalBytes
  if (!isWhole) return accept(undefined)
  if (hashes.length !== chunk.count) return refuse('bundle-count-wrong')
  return hex(merkleRoot(hashes)) === chunk.root ? accept(undefined) : refuse('bundle-root-wrong')
}

async function storeChunk(
  blobs: BlobStore,
  bundle: BundleState,
  part: {
    readonly bytes: Uint8Array
    readonly lines: readonly string[]
    readonly hashes: readonly Uint8Array[]
  },
): Promise<void> {
  const keys = bundleKeys(bundle)
  const { bytes, hashes, lines } = part
  const name = sha256Hex(bytes)
  await blobs.put(keys.chunk(name), bytes)
  await blobs.put(keys.offsets(name), encodeOffsets(lines))
  await blobs.put(keys.leaves(name), concat(...hashes))
}

/** All bytes are there: builds the tree and holds it against what was announced. */
async function complete(
  ports: UploadPorts,
  chunk: Chunk,
  bundle: BundleState,
): Promise<Result<BundleState>> {
  if (bundle.count !== chunk.count) return refuse('bundle-count-wrong')
  return (await buildTree(ports.blobs, bundle)) === chunk.root
    ? accept({ ...bundle, complete: true })
    : refuse('bundle-root-wrong')
}

/** Rows of a bundle that was dropped may still be there; they are written over. */
async function lineWrites(
  storage: Storage,
  bundle: BundleState,
  lines: readonly AddressedLine[],
): Promise<readonly SubjectWrite[]> {
  const { count: firstLine, upload } = bundle
  const id = bundleId(bundle.party, bundle.root)
  const writes: SubjectWrite[] = []
  for (let i = 0; i < lines.length; i += READ_MAX) {
    const states = lines.slice(i, i + READ_MAX).map(
      ({ mailbox, position }): LineState => ({
        bundle: id,
        index: firstLine + position,
        mailbox,
        upload,
      }),
    )
    const rows = await loadSubjects(storage, () =>
      states.map((state) => ({ kind: 'line', id: lineId(state.bundle, state.index) })),
    )
    for (const state of states) {
      const row = lineId(state.bundle, state.index)
      writes.push({
        kind: 'line',
        id: row,
        expected: rows.versionOf('line', row),
        state: JSON.stringify(state),
        tag: state.mailbox,
      })
    }
  }
  return writes
}

/**
 * Gives an upload up as of the version that was judged, and only then removes its bytes: one that went on, was completed or filed in the
 * meantime is left alone.
 */
export async function giveUp(
  ports: Pick<UploadPorts, 'blobs' | 'storage'>,
  bundle: BundleState,
  version: number,
): Promise<void> {
  const dropped: BundleState = { ...bundle, dropped: true, chunks: [], lastLine: '' }
  const isDropped = await write(ports.storage, [bundleWrite(dropped, version)])
  if (isDropped) await clearDropped(ports, dropped, version + 1)
}

/** Removes the bytes of a bundle that was given up, and only then takes it off the list of those whose bytes are to be removed. */
export async function clearDropped(
  ports: Pick<UploadPorts, 'blobs' | 'storage'>,
  bundle: BundleState,
  version: number,
): Promise<void> {
  await ports.blobs.deletePrefix(bundleKeys(bundle).prefix)
  const { tag: _, ...cleared } = bundleWrite(bundle, version)
  await write(ports.storage, [cleared])
}
