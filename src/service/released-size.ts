import type { WitnessPolicy } from '#core/act-bodies.ts'
import { type Directory, logKeysOf } from '#core/directory.ts'
import { type VerifiedCheckpoint, verifyCheckpoint } from '#core/log/checkpoint.ts'
import { type VerifiedCosignature, verifyCosignatures } from '#core/log/cosignature.ts'
import { matchSignatures, parseNote, parseVkey, type VerifierKey } from '#core/log/note.ts'
import type { LoggedRecord, Storage } from '#ports/storage.ts'
import type { DirectoryReader } from './read-directory.ts'
import { witnessedTrees } from './tree-witnesses.ts'

/** A signed checkpoint as it is stored. */
export interface StoredCheckpoint {
  readonly size: number
  readonly note: string
}

/** What tells how far the log is released. */
export interface ReleasePorts {
  readonly directory: DirectoryReader
  readonly storage: Storage
}

/** The checkpoint that the world is shown, with the witnesses who vouch for its tree. */
export interface PublishedCheckpoint extends StoredCheckpoint {
  readonly witnesses: WitnessPolicy
}

/**
 * The checkpoint that the world is shown: the newest one that the quorum of its witnesses has cosigned, while younger ones wait for theirs.
 * `undefined` where there is none yet.
 *
 * Each tree is judged by the witnesses that its own leaves name, and needs none where they name none. So what was once shown as witnessed
 * stays so, however many acts arrive, and whomever an amendment names.
 */
export async function publishedCheckpoint(
  ports: ReleasePorts,
): Promise<PublishedCheckpoint | undefined> {
  const newest = await ports.storage.latestCheckpoint()
  return newest === undefined ? undefined : await publishedUpTo(ports, newest)
}

/** The published checkpoint, by one who has read the newest one of all. */
export async function publishedUpTo(
  { directory: reader, storage }: ReleasePorts,
  newest: StoredCheckpoint,
): Promise<PublishedCheckpoint | undefined> {
  // Read after the checkpoint, and nothing younger than that is judged: an amendment that comes meanwhile is in none of these trees.
  const directory = await reader.current()
  for (const { above, sizeMax, witnesses } of await witnessedTrees(storage, directory)) {
    if (above >= newest.size) continue
    let size = Math.min(sizeMax, newest.size)
    while (size > above) {
      const found =
        witnesses.quorum === 0 && size === newest.size
          ? newest
          : await storage.latestCheckpoint(witnesses.quorum, size)
      if (found === undefined || found.size <= above) break
      const checkpoint = { ...found, witnesses }
      if (countOnce(storage, directory, checkpoint) >= witnesses.quorum) return checkpoint
      // Its row promises more cosignatures than its note bears out.
      size = found.size - 1
    }
  }
  return undefined
}

/** Whether a note names the log key that the charter names now: readers take no other, once they know of it. */
export function isByCurrentKey(note: string, { charter }: Directory): boolean {
  const parsed = parseNote(note)
  if (!parsed.ok) return false
  const matched = matchSignatures(parsed.value, readVkeys([charter?.log_key ?? '']))
  return matched.ok && matched.value.length > 0
}

/**
 * The tree size up to which envelopes may be handed out: that of the published checkpoint; 0 until there is a charter.
 *
 * So nobody opens a notice of a log that only they were shown.
 */
export async function releasedSize(ports: ReleasePorts): Promise<number> {
  return (await publishedCheckpoint(ports))?.size ?? 0
}

/** What was last counted for each storage: the published note changes once a second at most, and is asked for all the time. */
const counted = new WeakMap<Storage, { directory: Directory; note: string; count: number }>()

function countOnce(
  storage: Storage,
  directory: Directory,
  { note, witnesses }: PublishedCheckpoint,
): number {
  if (witnesses.quorum === 0) return 0
  const known = counted.get(storage)
  if (known?.note === note && known.directory === directory) return known.count
  const count = cosignersOf(note, directory, witnesses)?.length ?? 0
  counted.set(storage, { directory, note, count })
  return count
}

/**
 * The cosignatures of some witnesses under a checkpoint, the latest of each; `undefined` for a note that no key of the log signed, or in
 * which the line of one of these witnesses fails.
 *
 * @param witnesses those that vouch for the checkpoint's tree
 */
export function cosignersOf(
  note: string,
  directory: Directory,
  witnesses: WitnessPolicy,
): readonly VerifiedCosignature[] | undefined {
  const checkpoint = verifyOwnCheckpoint(note, logKeysOf(directory))
  if (checkpoint === undefined) return undefined
  const cosignatures = verifyCosignatures(checkpoint.note, readVkeys(witnesses.keys))
  if (!cosignatures.ok) return undefined
  const inOrder = cosignatures.value.toSorted((a, b) => a.timeSeconds - b.timeSeconds)
  return [...new Map(inOrder.map((one) => [one.witness.name, one])).values()]
}

/**
 * Reads a checkpoint that one of some log keys signed; `undefined` for any other. The newest key may be one that the published tree does not
 * name yet, so that the ones before it are known too.
 */
export function verifyOwnCheckpoint(
  note: string,
  logKeys: readonly string[],
): VerifiedCheckpoint | undefined {
  for (const key of readVkeys(logKeys)) {
    const checkpoint = verifyCheckpoint(note, key)
    if (checkpoint.ok) return checkpoint.value
  }
  return undefined
}

/**
 * Tells whether a checkpoint is of a key that the charter had replaced before a tree of that size: only a thief can have signed it. The
 * amendment itself stands in the first tree that the next key signs.
 *
 * @throws Unavailable
 */
export async function isByReplacedKey(
  storage: Pick<Storage, 'governance'>,
  directory: Directory,
  { note, size }: StoredCheckpoint,
): Promise<boolean> {
  const { chain } = directory
  let isReplaced = false
  for (const key of logKeysOf(directory)) {
    if (verifyOwnCheckpoint(note, [key]) === undefined) continue
    const next = chain.findLastIndex(({ logKey }) => logKey === key) + 1
    const [amendment] = next < chain.length ? await storage.governance(next, 1) : []
    if (amendment?.leafIndex === undefined || size <= amendment.leafIndex) return false
    isReplaced = true
  }
  return isReplaced
}

/** Tells whether an act took effect by a record that stands below a tree size. */
export function isAdoptedBelow(records: readonly LoggedRecord[], size: number): boolean {
  return records.some(
    (record) =>
      record.event === 'adopted' && record.leafIndex !== undefined && record.leafIndex < size,
  )
}

function readVkeys(vkeys: readonly string[]): readonly VerifierKey[] {
  return vkeys.flatMap((vkey) => {
    const key = parseVkey(vkey)
    return key.ok ? [key.value] : []
  })
}
