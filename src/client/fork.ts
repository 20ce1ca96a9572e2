import { fromHex, hex, sameBytes } from '#core/bytes.ts'
import { type VerifiedCheckpoint, verifyCheckpoint } from '#core/log/checkpoint.ts'
import { HASH_BYTES, rootThrough } from '#core/log/merkle.ts'
import { parseVkey } from '#core/log/note.ts'
import { TILE_WIDTH, tileWidth } from '#core/log/tile.ts'
import { tileProver } from '#core/log/tile-prover.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Api } from './http.ts'
import { readHashTile } from './log.ts'

/**
 * Two checkpoints that one log signed, verbatim, and what shows that the larger tree did not grow from the smaller one: the inclusion
 * proof, in the larger tree, of the leaf that was the last one of the smaller. Folded with its left siblings alone it gives the root that
 * the smaller tree would have had.
 */
export interface ForkEvidence {
  readonly v: 1
  /** Verifier keys that the charter names or has named; each note is signed by one of them. */
  readonly log_keys: readonly string[]
  /** What was seen first. */
  readonly seen: string
  /** What was shown later. */
  readonly shown: string
  /** Absent for trees of one size, and where the server did not give the tiles that it signed. */
  readonly proof?: { readonly leaf_hash: string; readonly path: readonly string[] }
}

/** What evidence shows. */
export type ForkVerdict =
  /** The log signed two trees that are not one history. */
  | { readonly kind: 'fork'; readonly sizes: readonly [number, number] }
  /** The log signed both; whether one grew from the other is not shown here. */
  | { readonly kind: 'unproven'; readonly sizes: readonly [number, number] }

/** What a client noticed. */
export interface ForkClaim {
  readonly logKeys: readonly string[]
  readonly seen: string
  readonly shown: string
}

/** Gathers the evidence while the server still shows the tree. */
export async function composeEvidence(api: Api, claim: ForkClaim): Promise<ForkEvidence> {
  const evidence: ForkEvidence = {
    v: 1,
    log_keys: claim.logKeys,
    seen: claim.seen,
    shown: claim.shown,
  }
  const trees = readTrees(evidence)
  if (!trees.ok) return evidence
  const { isShownNewer, newer, older } = trees.value
  // Only the tree that the server shows now can be asked for.
  if (older.size === 0 || older.size === newer.size || !isShownNewer) return evidence
  const proof = await proveLast(api, { index: older.size - 1, size: newer.size })
  if (proof === undefined) return evidence
  const proven = { ...evidence, proof }
  return checkEvidence(proven).ok ? proven : evidence
}

/**
 * Checks evidence offline.
 *
 * Refuses what `verifyCheckpoint` refuses where a note is not signed by one of the keys, `proof-wrong` for a proof that is not of the larger
 * tree, and `nothing-to-do` where both notes are of one history.
 */
export function checkEvidence(evidence: ForkEvidence): Result<ForkVerdict> {
  const trees = readTrees(evidence)
  if (!trees.ok) return trees
  const { newer, older } = trees.value
  const sizes = [older.size, newer.size] as const
  if (older.size === newer.size)
    return sameBytes(older.root, newer.root)
      ? refuse('nothing-to-do', 'both notes are of one tree')
      : accept({ kind: 'fork', sizes })
  const { proof } = evidence
  if (proof === undefined) return accept({ kind: 'unproven', sizes })
  const root = rootThrough({
    index: older.size - 1,
    size: newer.size,
    leafHash: fromHex(proof.leaf_hash) ?? new Uint8Array(),
    path: proof.path.map((node) => fromHex(node) ?? new Uint8Array()),
    root: newer.root,
  })
  if (!root.ok) return root
  return sameBytes(root.value, older.root)
    ? refuse('nothing-to-do', 'the larger tree grew from the smaller one')
    : accept({ kind: 'fork', sizes })
}

interface Trees {
  readonly older: VerifiedCheckpoint
  readonly newer: VerifiedCheckpoint
  /** Whether the larger tree is the one that was shown later. */
  readonly isShownNewer: boolean
}

/** Both trees, by size. */
function readTrees({ log_keys, seen, shown }: ForkEvidence): Result<Trees> {
  const first = readNote(seen, log_keys)
  if (!first.ok) return first
  const second = readNote(shown, log_keys)
  if (!second.ok) return second
  if (first.value.origin !== second.value.origin)
    return refuse('checkpoint-malformed', 'the notes are of two logs')
  return first.value.size <= second.value.size
    ? accept({ older: first.value, newer: second.value, isShownNewer: true })
    : accept({ older: second.value, newer: first.value, isShownNewer: false })
}

function readNote(note: string, keys: readonly string[]): Result<VerifiedCheckpoint> {
  let outcome: Result<VerifiedCheckpoint> = refuse('note-unsigned')
  for (const text of keys) {
    const key = parseVkey(text)
    if (!key.ok) return key
    outcome = verifyCheckpoint(note, key.value)
    if (outcome.ok) return outcome
  }
  return outcome
}

async function proveLast(
  api: Api,
  { index, size }: { readonly index: number; readonly size: number },
): Promise<ForkEvidence['proof']> {
  try {
    const prover = tileProver(size, async (tile) => await readHashTile(api, tile))
    const path = await prover.inclusionProof(index)
    const place = Math.floor(index / TILE_WIDTH)
    const width = tileWidth({ level: 0, index: place, size })
    const tile = await readHashTile(api, { kind: 'hashes', level: 0, index: place, width })
    const start = (index % TILE_WIDTH) * HASH_BYTES
    return { leaf_hash: hex(tile.subarray(start, start + HASH_BYTES)), path: path.map(hex) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return undefined
  }
}
