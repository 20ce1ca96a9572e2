import { concat, fromHex, hex } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { isCount } from './decimal.ts'
import { EMPTY_ROOT, HASH_BYTES, isHash, nodeHash } from './merkle.ts'

/**
 * All that a log must remember to grow: the roots of the perfect subtrees that its size falls into, largest first.
 *
 * A tree of 2^53 - 1 leaves has 53 of them.
 */
export interface Frontier {
  readonly size: number
  readonly nodes: readonly Uint8Array[]
}

/** One hash of a tile: at level 0 of a leaf, at level k of a full tile of level k - 1, which spans 256^k leaves. */
export interface TileHash {
  readonly level: number
  readonly index: number
  readonly hash: Uint8Array
}

/** The tree after one leaf more, and the tile hashes which that leaf completed. */
export interface Appended {
  readonly frontier: Frontier
  readonly nodes: readonly TileHash[]
}

/** The frontier of a log before its first leaf. */
export const EMPTY_FRONTIER: Frontier = { size: 0, nodes: [] }

/** How many doublings lie between two levels of tiles: a tile is 2^8 hashes wide. */
const TILE_HEIGHT = 8

/**
 * Adds one leaf.
 *
 * @throws RangeError when the hash is not 32 bytes or the tree has 2^53 - 1 leaves already.
 */
export function appendLeaf(frontier: Frontier, leafHash: Uint8Array): Appended {
  if (!isHash(leafHash)) throw new RangeError('a leaf hash is 32 bytes')
  if (!isCount(frontier.size + 1)) throw new RangeError('the tree is full')
  const roots = [...frontier.nodes]
  const nodes: TileHash[] = [{ level: 0, index: frontier.size, hash: leafHash }]
  let hash = leafHash
  let index = frontier.size
  for (let height = 1; index % 2 === 1; height++) {
    const left = roots.pop()
    if (left === undefined) throw new RangeError('the frontier does not belong to its size')
    hash = nodeHash(left, hash)
    index = (index - 1) / 2
    if (height % TILE_HEIGHT === 0) nodes.push({ level: height / TILE_HEIGHT, index, hash })
  }
  roots.push(hash)
  return { frontier: { size: frontier.size + 1, nodes: roots }, nodes }
}

/** The root hash of the tree; `EMPTY_ROOT` without leaves. */
export function frontierRoot({ nodes }: Frontier): Uint8Array {
  return nodes.length === 0 ? EMPTY_ROOT : nodes.reduceRight((right, left) => nodeHash(left, right))
}

/** Writes the nodes as lower-case hex, largest subtree first; the size is stored beside it. */
export function encodeFrontier({ nodes }: Frontier): string {
  return hex(concat(...nodes))
}

/** Reads what `encodeFrontier` wrote; refuses with `tile-malformed` what no tree of that size can have. */
export function decodeFrontier(size: number, encoded: string): Result<Frontier> {
  const bytes = fromHex(encoded)
  if (bytes === undefined) return refuse('tile-malformed', 'The frontier is not hex.')
  if (!isCount(size) || bytes.length !== perfectSubtrees(size) * HASH_BYTES) {
    return refuse('tile-malformed', 'The frontier does not belong to a tree of this size.')
  }
  const nodes: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += HASH_BYTES) {
    nodes.push(bytes.slice(start, start + HASH_BYTES))
  }
  return accept({ size, nodes })
}

/** How many ones the binary form of a size has. */
function perfectSubtrees(size: number): number {
  let count = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2
  return count
}
