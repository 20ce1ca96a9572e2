import { hex, sameBytes } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { appendLeaf, EMPTY_FRONTIER, frontierRoot } from '#core/log/frontier.ts'
import { logEntry, parseLogEntry } from '#core/log/leaf.ts'
import { HASH_BYTES, leafHash } from '#core/log/merkle.ts'
import type { Inspection, StoredRecord } from '#ports/inspection.ts'
import type { LogHead, Storage } from '#ports/storage.ts'
import { storedFrontier } from './sequence-log.ts'

const PAGE = 1024

/** What looking at one part of a server came to. A fault must not be served on; a warning wants somebody's attention. */
export interface Finding {
  readonly check: string
  readonly level: 'fault' | 'ok' | 'warning'
  /** Whole words for the operator. */
  readonly detail: string
  /** What to do about it. */
  readonly advice?: string
}

const RESTORE = 'Stop the server, and restore the newest backup (dunant restore).'

/** Holds every entry, leaf hash and tile hash of the log against the root of its newest head. */
export async function examineTree(storage: Storage): Promise<readonly Finding[]> {
  const head = await storage.logHead()
  try {
    storedFrontier(head)
  } catch {
    return [fault('tree', 'the stored frontier does not fold to the stored root', RESTORE)]
  }
  const size = head?.size ?? 0
  const grown = await regrow(storage, size)
  if (typeof grown === 'string') return [fault('tree', grown, RESTORE)]
  return grown.root === (head?.root ?? grown.root)
    ? [ok('tree', `${String(size)} entries give the root ${head?.root ?? ''}`.trimEnd())]
    : [fault('tree', 'the entries give another root than the stored one', RESTORE)]
}

/** Builds the tree again from its entries; answers its root, or what is wrong with a row on the way. */
async function regrow(storage: Storage, size: number): Promise<{ root: string } | string> {
  let frontier = EMPTY_FRONTIER
  for (let from = 0; from < size; from += PAGE) {
    const to = Math.min(from + PAGE, size)
    const entries = await storage.entries(from, to)
    const stored = await storage.leafHashes(from, to)
    if (entries.length !== to - from) return `entries are missing between ${span(from, to)}`
    for (const [i, entry] of entries.entries()) {
      const hash = leafHash(entry)
      const row = stored.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)
      if (!parseLogEntry(entry).ok || !sameBytes(hash, row))
        return `entry ${String(from + i)} is not what its leaf hash says`
      const appended = appendLeaf(frontier, hash)
      frontier = appended.frontier
      for (const node of appended.nodes) {
        if (node.level === 0) continue
        const kept = await storage.nodeHashes(node.level, node.index, node.index + 1)
        if (!sameBytes(kept, node.hash))
          return `tile hash ${String(node.index)} of level ${String(node.level)} is wrong or missing`
      }
    }
  }
  return { root: hex(frontierRoot(frontier)) }
}

function span(from: number, to: number): string {
  return `${String(from)} and ${String(to)}`
}

/** Holds every record against its entry: each leaf has its record, and no record claims another's. */
export async function examineRecords(inspection: Inspection): Promise<readonly Finding[]> {
  const head = await inspection.storage.logHead()
  const size = head?.size ?? 0
  const seen = new Set<number>()
  let waiting = 0
  for await (const record of allRecords(inspection)) {
    const wrong = await recordFault(inspection.storage, record, size)
    if (wrong !== undefined) return [fault('records', wrong, RESTORE)]
    const { leafIndex } = record
    if (leafIndex === undefined) waiting += 1
    else if (leafIndex < size) {
      if (seen.has(leafIndex))
        return [fault('records', `leaf ${String(leafIndex)} has two records`, RESTORE)]
      seen.add(leafIndex)
    }
  }
  return [
    ok('records', `${String(seen.size)} records are the ones that their leaves commit to`),
    ...erased(size - seen.size),
    ...waitingFindings(waiting),
  ]
}

async function recordFault(
  storage: Storage,
  record: StoredRecord,
  size: number,
): Promise<string | undefined> {
  if (sha256Hex(record.addendum) !== record.digest)
    return `record ${record.id} is not what its digest says`
  const { leafIndex } = record
  // A server that runs has appended it since.
  if (leafIndex === undefined || leafIndex >= size) return undefined
  const [entry] = await storage.entries(leafIndex, leafIndex + 1)
  return entry !== undefined && sameBytes(entry, logEntry(record.addendum))
    ? undefined
    : `record ${record.id} is not the one that leaf ${String(leafIndex)} commits to`
}

function erased(count: number): readonly Finding[] {
  if (count <= 0) return []
  const detail = `${String(count)} leaves have no record: erased, or lost`
  const advice = 'Nothing is to be done where an act of the log says that they were erased.'
  return [{ check: 'records', level: 'warning', detail, advice }]
}

function waitingFindings(count: number): readonly Finding[] {
  return [
    ok(
      'waiting',
      `${String(count)} records wait for the log, customers' until their day has ended`,
    ),
  ]
}

async function* allRecords(inspection: Inspection): AsyncGenerator<StoredRecord> {
  for (let after = ''; ; ) {
    const page = await inspection.records({ after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)?.id ?? ''
  }
}

/** Holds every act against its id, which is the hash of its bytes. */
export async function examineActs(inspection: Inspection): Promise<readonly Finding[]> {
  let count = 0
  for (let after = ''; ; ) {
    const page = await inspection.acts({ after, limit: PAGE })
    const wrong = page.find(({ id, payload }) => sha256Hex(payload) !== id)
    if (wrong !== undefined)
      return [fault('acts', `act ${wrong.id} has other bytes than its id says`, RESTORE)]
    count += page.length
    if (page.length < PAGE) break
    after = page.at(-1)?.id ?? ''
  }
  return [ok('acts', `${String(count)} acts have the bytes that their ids say`)]
}

/** The newest head and the newest checkpoint, which must not speak of more than is there. */
export function examineCheckpoint(
  head: LogHead | undefined,
  checkpoint: { readonly size: number } | undefined,
): readonly Finding[] {
  const [leaves, signed] = [head?.size ?? 0, checkpoint?.size ?? 0]
  if (signed > leaves)
    return [fault('checkpoint', 'a checkpoint covers more entries than are stored', RESTORE)]
  if (signed === leaves) return [ok('checkpoint', `the newest checkpoint covers all entries`)]
  const detail = `${String(leaves - signed)} entries wait for a signature`
  const advice =
    'A server signs them when it starts. If it runs, its log signer does not: see /readyz.'
  return [{ check: 'checkpoint', level: 'warning', detail, advice }]
}

/** A finding that all is well. */
export function ok(check: string, detail: string): Finding {
  return { check, level: 'ok', detail }
}

/** A finding that something must not be served on. */
export function fault(check: string, detail: string, advice: string): Finding {
  return { check, level: 'fault', detail, advice }
}
