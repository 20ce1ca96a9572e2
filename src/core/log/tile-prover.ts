import { isCount } from './decimal.ts'
import { isPowerOfTwo, type MerkleTree, merkleTree, nodeHash } from './merkle.ts'
import { type HashTile, splitTile, TILE_WIDTH, tileWidth } from './tile.ts'

/** Fetches a tile of hashes: exactly `width` hashes of 32 bytes, or throws. */
export type ReadTile = (tile: HashTile) => Promise<Uint8Array>

/** Makes proofs about the tree of one size. */
export interface TileProver {
  /**
   * The audit path of a leaf, its sibling first (RFC 6962 section 2.1.1).
   *
   * @throws RangeError when the tree has no such leaf or a tile has the wrong length.
   */
  inclusionProof(leafIndex: number): Promise<readonly Uint8Array[]>
  /**
   * The proof that the tree of `oldSize` leaves is how this one began (RFC 6962 section 2.1.2); empty for equal
   * sizes and for an old size of 0, as witnesses want it.
   *
   * @throws RangeError when `oldSize` is larger than the tree or a tile has the wrong length.
   */
  consistencyProof(oldSize: number): Promise<readonly Uint8Array[]>
}

/** The log as of one size, and everything that was already read or computed. */
interface Memo {
  readonly size: number
  readonly readTile: ReadTile
  readonly tiles: Map<string, Promise<MerkleTree>>
  /** Roots of imperfect subtrees, by their first leaf: all of them end at the last leaf. */
  readonly edges: Map<number, Promise<Uint8Array>>
}

/** The leaves from `start` up to but not including `end`. */
interface Range {
  readonly start: number
  readonly end: number
}

/**
 * Makes a prover for the tree of one size.
 *
 * It reads each tile once and keeps the nodes, failures included, so that the receipts of a batch cost one reading:
 * make one for each batch and let it go.
 */
export function tileProver(size: number, readTile: ReadTile): TileProver {
  const memo: Memo = { size, readTile, tiles: new Map(), edges: new Map() }
  const roots = async (ranges: readonly Range[]) =>
    await Promise.all(ranges.map((range) => subtreeRoot(memo, range)))
  return {
    inclusionProof: async (leafIndex) => await roots(inclusionRanges(leafIndex, size)),
    consistencyProof: async (oldSize) => await roots(consistencyRanges(oldSize, size)),
  }
}

function inclusionRanges(leafIndex: number, size: number): readonly Range[] {
  if (!isCount(leafIndex) || leafIndex >= size) throw new RangeError('no such leaf')
  const ranges: Range[] = []
  let { start, end }: Range = { start: 0, end: size }
  while (end - start > 1) {
    const middle = start + leftLeaves(end - start)
    if (leafIndex < middle) {
      ranges.push({ start: middle, end })
      end = middle
    } else {
      ranges.push({ start, end: middle })
      start = middle
    }
  }
  return ranges.toReversed()
}

function consistencyRanges(oldSize: number, size: number): readonly Range[] {
  if (!isCount(oldSize) || oldSize > size) throw new RangeError('no such old size')
  if (oldSize === 0) return []
  const ranges: Range[] = []
  let { start, end }: Range = { start: 0, end: size }
  while (end !== oldSize) {
    const middle = start + leftLeaves(end - start)
    if (oldSize <= middle) {
      ranges.push({ start: middle, end })
      end = middle
    } else {
      ranges.push({ start, end: middle })
      start = middle
    }
  }
  // The verifier knows the old root already; any other subtree it must be told.
  if (start > 0) ranges.push({ start, end })
  return ranges.toReversed()
}

/** The largest power of two below a count of at least 2: how RFC 6962 splits a tree. */
function leftLeaves(count: number): number {
  let left = 1
  while (left * 2 < count) left *= 2
  return left
}

function subtreeRoot(memo: Memo, range: Range): Promise<Uint8Array> {
  if (isPowerOfTwo(range.end - range.start)) return perfectRoot(memo, range)
  const known = memo.edges.get(range.start)
  if (known !== undefined) return known
  const root = edgeRoot(memo, range)
  memo.edges.set(range.start, root)
  return root
}

async function edgeRoot(memo: Memo, { start, end }: Range): Promise<Uint8Array> {
  const middle = start + leftLeaves(end - start)
  const [left, right] = await Promise.all([
    subtreeRoot(memo, { start, end: middle }),
    subtreeRoot(memo, { start: middle, end }),
  ])
  return nodeHash(left, right)
}

async function perfectRoot(memo: Memo, { start, end }: Range): Promise<Uint8Array> {
  const { level, height } = placeInTiles(end - start)
  const leavesPerTile = TILE_WIDTH ** (level + 1)
  const index = Math.floor(start / leavesPerTile)
  const tree = await tileTree(memo, { level, index })
  const root = tree.levels[height]?.[(start - index * leavesPerTile) / (end - start)]
  if (root === undefined) throw new RangeError('the tile is too short')
  return root
}

/** Where the root of a perfect subtree is found: the level of its tile, and the height within the tile. */
function placeInTiles(leaves: number): { level: number; height: number } {
  let level = 0
  let rest = leaves
  for (; rest >= TILE_WIDTH; rest /= TILE_WIDTH) level++
  return { level, height: Math.log2(rest) }
}

function tileTree(memo: Memo, place: { level: number; index: number }): Promise<MerkleTree> {
  const key = `${place.level}/${place.index}`
  const known = memo.tiles.get(key)
  if (known !== undefined) return known
  const tree = readTree(memo, place)
  memo.tiles.set(key, tree)
  return tree
}

async function readTree(memo: Memo, place: { level: number; index: number }): Promise<MerkleTree> {
  const width = tileWidth({ ...place, size: memo.size })
  const hashes = splitTile(await memo.readTile({ kind: 'hashes', ...place, width }), width)
  if (!hashes.ok) throw new RangeError('the tile does not have the length that was asked for')
  return merkleTree(hashes.value)
}
