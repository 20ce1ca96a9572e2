import { hex, sameBytes } from '#core/bytes.ts'
import { appendLeaf, EMPTY_FRONTIER, type Frontier, frontierRoot } from '#core/log/frontier.ts'
import { parseLogEntry, recordHash, splitAddendum } from '#core/log/leaf.ts'
import { leafHash } from '#core/log/merkle.ts'
import { decodeEntryBundle, TILE_WIDTH, tileWidth } from '#core/log/tile.ts'
import { type ActRecord, type HeadRecord, readActRecord, readHeadRecord } from '#core/record.ts'
import type { Replay } from '#core/replay.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { fetchDirectory } from './directory.ts'
import type { Api } from './http.ts'
import { inFlight } from './in-flight.ts'
import { fetchLog, type SeenCheckpoint } from './log.ts'
import type { PinStore } from './pins.ts'
import { settledLinks } from './settled-links.ts'

/** An entry of the log whose addendum the log publishes. */
export interface PublicRecord {
  readonly leafIndex: number
  /** Record hash, 64 hex digits. */
  readonly hash: string
  readonly record: ActRecord | HeadRecord
}

/** The whole log, read and held against its checkpoint, and the governance chain around it. */
export interface ScannedLog {
  readonly checkpoint: SeenCheckpoint
  /** Read after the checkpoint: every governance record of the log must be in it. */
  readonly replay: Replay
  /**
   * How many links the chain had before the checkpoint was read, without those that wait for witnesses: each of them must be in the log.
   */
  readonly linksBefore: number
  /** Record hash of every entry, in order. */
  readonly hashes: readonly string[]
  /** What the tiles of hashes must hold, by level. */
  readonly levels: readonly (readonly Uint8Array[])[]
  readonly records: readonly PublicRecord[]
}

/** Hears how many entries were read. */
export type LogProgress = (entriesRead: number, size: number) => void

/**
 * Reads the whole log and the governance chain, and holds every entry against the root of the newest checkpoint.
 *
 * Refuses what `fetchDirectory` and `fetchCheckpoint` refuse, `tile-malformed`, `checkpoint-inconsistent` where the entries give another root, and
 * `proof-wrong` for an addendum that is not that of its entry.
 */
export async function scanLog(
  api: Api,
  pins: PinStore,
  onProgress?: LogProgress,
): Promise<Result<ScannedLog>> {
  const seen = await fetchLog(api, pins)
  if (!seen.ok) return seen
  const { checkpoint, replay: before } = seen.value
  const entries = await readEntries(
    api,
    { from: EMPTY_FRONTIER, size: checkpoint.size },
    onProgress,
  )
  if (!entries.ok) return entries
  const { frontier, hashes, levels } = entries.value
  if (!sameBytes(frontierRoot(frontier), checkpoint.root)) {
    return refuse(
      'checkpoint-inconsistent',
      'the entries of the log do not give the root that it signed',
    )
  }
  const records = await readRecords(api, { hashes, from: 0 })
  if (!records.ok) return records
  const after = await fetchDirectory(api, pins)
  if (!after.ok) return after
  return accept({
    checkpoint,
    replay: after.value,
    linksBefore: await settledLinks(api, before, hashes),
    hashes,
    levels,
    records: records.value,
  })
}

/** Entries of the log, in order, and what they make of the tree before them. */
export interface Entries {
  readonly frontier: Frontier
  readonly hashes: readonly string[]
  readonly levels: readonly (readonly Uint8Array[])[]
}

/** Reads the entries that follow a tree. Refuses `tile-malformed` for what is missing or is no entry. */
export async function readEntries(
  api: Api,
  { from, size }: { readonly from: Frontier; readonly size: number },
  onProgress?: LogProgress,
): Promise<Result<Entries>> {
  const hashes: string[] = []
  const levels: Uint8Array[][] = []
  let frontier = from
  while (frontier.size < size) {
    const index = Math.floor(frontier.size / TILE_WIDTH)
    const entries = await readBundle(api, index, tileWidth({ level: 0, index, size }))
    if (!entries.ok) return entries
    for (const entry of entries.value.slice(frontier.size % TILE_WIDTH)) {
      const digest = parseLogEntry(entry)
      if (!digest.ok) return digest
      hashes.push(hex(digest.value))
      const grown = appendLeaf(frontier, leafHash(entry))
      frontier = grown.frontier
      for (const { hash, level } of grown.nodes) (levels[level] ??= []).push(hash)
    }
    onProgress?.(frontier.size, size)
  }
  return accept({ frontier, hashes, levels })
}

async function readBundle(
  api: Api,
  index: number,
  width: number,
): Promise<Result<readonly Uint8Array[]>> {
  const bytes = await api.readTile({ kind: 'entries', index, width })
  return bytes.ok
    ? decodeEntryBundle(bytes.value, width)
    : refuse('tile-malformed', 'the server lacks a tile of the log that it signed')
}

/** Asks for every addendum; that of a private record is nobody's but its parties'. */
export async function readRecords(
  api: Api,
  { from, hashes }: { readonly from: number; readonly hashes: readonly string[] },
): Promise<Result<readonly PublicRecord[]>> {
  const records: PublicRecord[] = []
  const found = inFlight(hashes.entries(), async ([place, hash]) => ({
    leafIndex: from + place,
    hash,
    addendum: await api.readAddendum(hash),
  }))
  for await (const { leafIndex, hash, addendum } of found) {
    if (!addendum.ok && addendum.refusal.reason === 'not-found') continue
    if (!addendum.ok) return addendum
    const record = readRecord(addendum.value, hash)
    if (!record.ok) return record
    records.push({ leafIndex, hash, record: record.value })
  }
  return accept(records)
}

function readRecord(addendum: Uint8Array, hash: string): Result<ActRecord | HeadRecord> {
  if (hex(recordHash(addendum)) !== hash)
    return refuse('proof-wrong', 'an addendum is not that of its entry')
  const split = splitAddendum(addendum)
  if (!split.ok) return split
  const act = readActRecord(split.value.record)
  return act.ok ? act : readHeadRecord(split.value.record)
}
