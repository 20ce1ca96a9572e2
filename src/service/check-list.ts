import { type CheckKeying, CHUNK_PARTS, PART_BYTES } from '#core/check-list.ts'
import { CHECK_LIST_TAG, checkChunkId, checkListId } from '#core/check-publish.ts'
import { concat, hex, utf8 } from '#core/bytes.ts'
import type { CheckChunkState, CheckListState, PublishedList } from '#core/decision.ts'
import { sha256Hex } from '#core/hash.ts'
import { HASH_BYTES, leafHash, merklePath, merkleRoot } from '#core/log/merkle.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS, dayOf } from '#core/time.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { Clock } from '#ports/clock.ts'
import type { Storage, Subject } from '#ports/storage.ts'
import { buildReceipt, type ReceiptPorts } from './build-receipt.ts'
import { loadSubjects, readState } from './load-subjects.ts'

/** A chunk is at most this long. */
export const CHECK_CHUNK_BYTES_MAX = CHUNK_PARTS * PART_BYTES
/** Chunks that one party may upload in a UTC day: sixteen of the longest lists. */
export const CHECK_CHUNKS_PER_DAY = 1040
/** A chunk that no list in force names is dropped after so many days. */
const CHUNK_DAYS = 2
/** How far back chunks are looked for: a prime, so that runs at any interval come to every day. */
const SWEEP_DAYS = 101
/** How long one of those days is the one to be swept. */
const SWEEP_SECONDS = 15
const PAGE = 100

/** What keeping and serving lists needs. */
export type CheckListPorts = ReceiptPorts & {
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly storage: Storage
}

/** A list that is in force, with the proof that it is what its party published. */
export interface ListedCheck {
  readonly filer: string
  readonly keyed: CheckKeying
  readonly list: PublishedList
  readonly receipt: Receipt
}

/**
 * Keeps a chunk of a list for a `check.publish` to name.
 *
 * Refuses `request-malformed` where the bytes are no whole parts or have another SHA-256, `bundle-over-quota`, `state-changed`.
 */
export async function uploadCheckChunk(
  ports: Pick<CheckListPorts, 'blobs' | 'clock' | 'storage'>,
  { bytes, party, sha256 }: { party: string; sha256: string; bytes: Uint8Array },
): Promise<Result<void>> {
  const parts = bytes.length / PART_BYTES
  if (!Number.isInteger(parts) || parts < 1 || parts > CHUNK_PARTS)
    return refuse('request-malformed', 'a chunk is whole parts')
  if (sha256Hex(bytes) !== sha256)
    return refuse('request-malformed', 'the bytes have another SHA-256')
  const ref = { kind: 'check-chunk', id: checkChunkId(party, sha256) } as const
  const held = (await loadSubjects(ports.storage, () => [ref])).get('check-chunk', ref.id)
  if (held !== undefined) return held.dropped ? refuse('state-changed') : accept(undefined)
  const day = dayOf(ports.clock.now())
  const tag = chunkTag(party, day)
  if ((await countTagged(ports.storage, tag)) >= CHECK_CHUNKS_PER_DAY)
    return refuse('bundle-over-quota')
  const leaves = leavesOf(bytes)
  await ports.blobs.put(chunkBlob(ref.id), bytes)
  await ports.blobs.put(leavesBlob(ref.id), concat(...leaves))
  const state: CheckChunkState = {
    party,
    parts,
    root: hex(merkleRoot(leaves)),
    day,
    dropped: false,
  }
  const isKept = await write(ports.storage, { ...ref, version: 0, state, tag })
  return isKept ? accept(undefined) : refuse('state-changed')
}

function leavesOf(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / PART_BYTES }, (_, part) =>
    leafHash(bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES)),
  )
}

async function countTagged(storage: Storage, tag: string): Promise<number> {
  const page = { kind: 'check-chunk', tag, after: '', limit: CHECK_CHUNKS_PER_DAY }
  return (await storage.listSubjects(page)).length
}

interface StateWrite {
  readonly kind: 'check-chunk'
  readonly id: string
  readonly version: number
  readonly state: CheckChunkState | undefined
  readonly tag: string
}

async function write(storage: Storage, { state, version, ...ref }: StateWrite): Promise<boolean> {
  const text = state === undefined ? undefined : JSON.stringify(state)
  const subject = { ...ref, expected: version, state: text }
  const commit = { guards: [], subjects: [subject], acts: [], signatures: [], records: [] }
  return (await storage.commit(commit)) === 'committed'
}

/** The lists in force of all parties that have one in the log, in order of party. A list is shown from its release on, not before. */
export async function readCheckIndex(ports: CheckListPorts): Promise<readonly ListedCheck[]> {
  const now = ports.clock.now()
  const listed: ListedCheck[] = []
  for await (const { state } of listStates(ports.storage)) {
    const { keyed, lists, party } = readState('check-list', state ?? '')
    // One that is not in the log yet is not shown: the one before it is still there.
    for (const list of lists.filter(({ release }) => release <= now)) {
      const receipt = await receiptOf(ports, list.act)
      if (receipt === undefined) continue
      listed.push({ filer: party, keyed, list, receipt })
      break
    }
  }
  return listed
}

async function receiptOf(ports: CheckListPorts, act: string): Promise<Receipt | undefined> {
  const row = await ports.storage.findAct(act)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  return parsed?.ok === true
    ? await buildReceipt(ports, parsed.value, { withChain: false })
    : undefined
}

async function* listStates(storage: Storage): AsyncGenerator<Subject> {
  for (let after = ''; ; ) {
    const page = { kind: 'check-list', tag: CHECK_LIST_TAG, after, limit: PAGE }
    const rows = await storage.listSubjects(page)
    yield* rows
    if (rows.length < PAGE) return
    after = rows.at(-1)?.id ?? ''
  }
}

/** A list that is served, and whose it is. */
export interface ServedList {
  readonly party: string
  readonly list: PublishedList
}

/** Finds a list by its act. Refuses `not-found` for one that is over, or whose release is still to come. */
export async function findCheckList(
  ports: Pick<CheckListPorts, 'acts' | 'clock' | 'storage'>,
  act: string,
): Promise<Result<ServedList>> {
  const row = await ports.storage.findAct(act)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  if (parsed?.ok !== true || parsed.value.act.type !== 'check.publish') return refuse('not-found')
  const { body, by } = parsed.value.act
  const party = 'party' in by ? by.party : ''
  const id = checkListId(party, body.keyed)
  const state = (await loadSubjects(ports.storage, () => [{ kind: 'check-list', id }])).get(
    'check-list',
    id,
  )
  const list = state?.lists.find((one) => one.act === act)
  return list === undefined || list.release > ports.clock.now()
    ? refuse('not-found')
    : accept({ party, list })
}

/** A part of a list and its Merkle path, one behind the other: the part, then 32 bytes for each hash. Refuses `not-found`. */
export async function readCheckPart(
  ports: CheckListPorts,
  act: string,
  index: number,
): Promise<Result<Uint8Array>> {
  const found = await findCheckList(ports, act)
  if (!found.ok) return found
  const { list, party } = found.value
  if (index >= list.buckets + list.texts) return refuse('not-found')
  const chunk = list.chunks[Math.floor(index / CHUNK_PARTS)] ?? ''
  const start = (index % CHUNK_PARTS) * PART_BYTES
  const part = await ports.blobs.get(chunkBlob(checkChunkId(party, chunk)), {
    start,
    end: start + PART_BYTES,
  })
  const leaves = await readLeaves(ports, found.value)
  if (part?.length !== PART_BYTES || leaves === undefined) return refuse('not-found')
  return accept(concat(part, ...merklePath(leaves, index)))
}

async function readLeaves(
  { blobs }: Pick<CheckListPorts, 'blobs'>,
  { list, party }: ServedList,
): Promise<readonly Uint8Array[] | undefined> {
  const leaves: Uint8Array[] = []
  for (const chunk of list.chunks) {
    const bytes = await blobs.get(leavesBlob(checkChunkId(party, chunk)))
    if (bytes === undefined) return undefined
    for (let at = 0; at < bytes.length; at += HASH_BYTES)
      leaves.push(bytes.subarray(at, at + HASH_BYTES))
  }
  return leaves
}

/** The bytes of a list, a chunk at a time. */
export async function* readCheckChunks(
  { blobs }: Pick<CheckListPorts, 'blobs'>,
  { list, party }: ServedList,
): AsyncGenerator<Uint8Array> {
  for (const chunk of list.chunks) {
    const bytes = await blobs.get(chunkBlob(checkChunkId(party, chunk)))
    if (bytes === undefined) throw new Error('a chunk of a list that is served is gone')
    yield bytes
  }
}

/**
 * Drops the chunks that no list names any more. A chunk is first marked, so that no list can come to name it, then its bytes go, then its row.
 */
export async function dropCheckChunks(
  ports: Pick<CheckListPorts, 'blobs' | 'clock' | 'storage'>,
  party: string,
): Promise<void> {
  const now = ports.clock.now()
  // Of the days long past one is swept at each run, another one each time: a server may have been down for weeks.
  const longPast = CHUNK_DAYS + 1 + (Math.floor(now / SWEEP_SECONDS) % SWEEP_DAYS)
  for (const back of [CHUNK_DAYS, longPast]) {
    const tag = chunkTag(party, dayOf(now - back * DAY_SECONDS))
    const page = { kind: 'check-chunk', tag, after: '', limit: CHECK_CHUNKS_PER_DAY }
    const rows = await ports.storage.listSubjects(page)
    const named = rows.length === 0 ? new Set() : await chunksNamed(ports.storage, party)
    for (const row of rows) if (!named.has(row.id)) await dropChunk(ports, row, tag)
  }
}

async function dropChunk(
  { blobs, storage }: Pick<CheckListPorts, 'blobs' | 'storage'>,
  { id, state, version }: Subject,
  tag: string,
): Promise<void> {
  if (state === undefined) return
  const chunk = { ...readState('check-chunk', state), dropped: true }
  const ref = { kind: 'check-chunk', id, tag } as const
  if (!(await write(storage, { ...ref, version, state: chunk }))) return
  await blobs.deletePrefix(chunkBlob(id))
  await write(storage, { ...ref, version: version + 1, state: undefined })
}

async function chunksNamed(storage: Storage, party: string): Promise<ReadonlySet<string>> {
  const ids = (['account', 'code'] as const).map((keyed) => checkListId(party, keyed))
  const subjects = await loadSubjects(storage, () => ids.map((id) => ({ kind: 'check-list', id })))
  const lists = ids.flatMap((id) => subjects.get('check-list', id)?.lists ?? [])
  return new Set(lists.flatMap(({ chunks }) => chunks.map((chunk) => checkChunkId(party, chunk))))
}

/** Every blob of the lists that a party's state names. */
export function checkListBlobs({ lists, party }: CheckListState): readonly string[] {
  const chunks = new Set(lists.flatMap((list) => list.chunks))
  return [...chunks]
    .map((chunk) => checkChunkId(party, chunk))
    .flatMap((id) => [chunkBlob(id), leavesBlob(id)])
}

function chunkTag(party: string, day: string): string {
  return `${party}:${day}`
}

/** Named by a hash, since the name of a party may be longer than that of a blob. */
function chunkBlob(id: string): string {
  return `check/${sha256Hex(utf8(id))}`
}

function leavesBlob(id: string): string {
  return `${chunkBlob(id)}.leaves`
}
