import { concat, sameBytes } from '#core/bytes.ts'
import { sha256 } from '#core/hash.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { isCount } from './decimal.ts'

/** The length of every hash in a tree. */
export const HASH_BYTES = 32
/** The root of a tree without leaves (RFC 6962 section 2.1). */
export const EMPTY_ROOT = sha256(new Uint8Array())

const LEAF_PREFIX = Uint8Array.of(0)
const NODE_PREFIX = Uint8Array.of(1)

/** The hash of a leaf: SHA-256(0x00 || entry) (RFC 6962 section 2.1). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(LEAF_PREFIX, entry)
}

/** The hash of two subtrees: SHA-256(0x01 || left || right) (RFC 6962 section 2.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat(NODE_PREFIX, left, right))
}

/**
 * A whole tree: the leaf hashes, then ever fewer nodes up to the one root.
 *
 * A last node without a sibling stands unchanged in the level above, which gives exactly the tree of RFC 6962.
 */
export interface MerkleTree {
  readonly levels: readonly (readonly Uint8Array[])[]
}

/** Builds all levels once, so that the path of each of many leaves costs no hashing. */
export function merkleTree(leafHashes: readonly Uint8Array[]): MerkleTree {
  const levels: (readonly Uint8Array[])[] = []
  let level = leafHashes
  while (level.length > 1) {
    levels.push(level)
    level = levelAbove(level)
  }
  levels.push(level)
  return { levels }
}

function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let i = 0; i + 1 < level.length; i += 2) {
    above.push(nodeHash(hashAt(level, i), hashAt(level, i + 1)))
  }
  if (level.length % 2 === 1) above.push(hashAt(level, level.length - 1))
  return above
}

/** The root hash of a tree; `EMPTY_ROOT` without leaves. */
export function treeRoot(tree: MerkleTree): Uint8Array {
  return tree.levels.at(-1)?.[0] ?? EMPTY_ROOT
}

/**
 * The audit path of one leaf, the leaf's sibling first (RFC 6962 section 2.1.1).
 *
 * @throws RangeError when the tree has no such leaf.
 */
export function treePath(tree: MerkleTree, leafIndex: number): readonly Uint8Array[] {
  const treeSize = tree.levels[0]?.length ?? 0
  if (!isCount(leafIndex) || leafIndex >= treeSize) throw new RangeError('no such leaf')
  const path: Uint8Array[] = []
  let index = leafIndex
  for (const level of tree.levels) {
    const sibling = level[index % 2 === 1 ? index - 1 : index + 1]
    if (sibling !== undefined) path.push(sibling)
    index = Math.floor(index / 2)
  }
  return path
}

/** The Merkle tree hash of some leaf hashes (RFC 6962 section 2.1). */
export function merkleRoot(leafHashes: readonly Uint8Array[]): Uint8Array {
  return treeRoot(merkleTree(leafHashes))
}

/**
 * The audit path of one leaf; for many leaves of one tree use `merkleTree` and `treePath`.
 *
 * @throws RangeError when there is no such leaf.
 */
export function merklePath(
  leafHashes: readonly Uint8Array[],
  leafIndex: number,
): readonly Uint8Array[] {
  return treePath(merkleTree(leafHashes), leafIndex)
}

/** What an inclusion proof claims: leaf number `index` of the tree with that root is `leafHash`. */
export interface InclusionClaim {
  readonly index: number
  readonly size: number
  readonly leafHash: Uint8Array
  readonly path: readonly Uint8Array[]
  readonly root: Uint8Array
}

class InclusionProven {
  protected readonly proven = true
  readonly index: number
  readonly size: number
  readonly leafHash: Uint8Array
  readonly root: Uint8Array

  constructor({ index, size, leafHash: leaf, root }: InclusionClaim) {
    this.index = index
    this.size = size
    this.leafHash = leaf
    this.root = root
  }
}

/** A leaf that stands in a tree; only `verifyInclusion` makes one. */
export type ProvenInclusion = InclusionProven

/**
 * Checks an inclusion proof exactly as RFC 9162 section 2.1.3.2 does, with divisions in place of 32-bit shifts.
 *
 * Refuses with `proof-wrong` whatever is not a valid proof: a wrong hash, an index outside the tree, a hash that is
 * not 32 bytes, a path too short or too long.
 */
export function verifyInclusion(claim: InclusionClaim): Result<ProvenInclusion> {
  const { index, size, leafHash: leaf, path, root } = claim
  if (!isCount(index) || !isCount(size) || index >= size) {
    return refuse('proof-wrong', 'The leaf index lies outside the tree.')
  }
  if (![leaf, root, ...path].every(isHash)) return refuse('proof-wrong', 'A hash is not 32 bytes.')

  let walk: Walk = { node: index, last: size - 1 }
  let hash = leaf
  for (const sibling of path) {
    if (walk.last === 0) return refuse('proof-wrong', 'The path is too long.')
    hash = isRightOrLast(walk) ? nodeHash(sibling, hash) : nodeHash(hash, sibling)
    walk = climb(walk)
  }
  if (walk.last !== 0) return refuse('proof-wrong', 'The path is too short.')
  if (!sameBytes(hash, root)) return refuse('proof-wrong', 'The path leads to another root.')
  return accept(new InclusionProven(claim))
}

/**
 * The root of the first `index + 1` leaves, as the tree of an inclusion proof has them: beside the leaf, the siblings on its left are all
 * that they have. Two signed trees of which the larger one has another root there are a fork, for anybody to see.
 *
 * Refuses what `verifyInclusion` refuses.
 */
export function rootThrough(claim: InclusionClaim): Result<Uint8Array> {
  const proven = verifyInclusion(claim)
  if (!proven.ok) return proven
  let walk: Walk = { node: claim.index, last: claim.size - 1 }
  let hash = claim.leafHash
  for (const sibling of claim.path) {
    if (isRightOrLast(walk)) hash = nodeHash(sibling, hash)
    walk = climb(walk)
  }
  return accept(hash)
}

/** What a consistency proof claims: the old tree is how the new one began. */
export interface ConsistencyClaim {
  readonly oldSize: number
  readonly newSize: number
  readonly oldRoot: Uint8Array
  readonly newRoot: Uint8Array
  readonly path: readonly Uint8Array[]
}

class ConsistencyProven {
  protected readonly proven = true
  readonly oldSize: number
  readonly newSize: number
  readonly oldRoot: Uint8Array
  readonly newRoot: Uint8Array

  constructor({ oldSize, newSize, oldRoot, newRoot }: ConsistencyClaim) {
    this.oldSize = oldSize
    this.newSize = newSize
    this.oldRoot = oldRoot
    this.newRoot = newRoot
  }
}

/** A tree that only grew; only `verifyConsistency` makes one. */
export type ProvenConsistency = ConsistencyProven

/**
 * Checks a consistency proof exactly as RFC 9162 section 2.1.4.2 does.
 *
 * Sizes that are equal, and an old size of 0, which that section leaves out, take the empty path alone; the old
 * root of size 0 must be `EMPTY_ROOT`. Refuses everything else with `proof-wrong`.
 */
export function verifyConsistency(claim: ConsistencyClaim): Result<ProvenConsistency> {
  const { oldSize, newSize, oldRoot, newRoot, path } = claim
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) {
    return refuse('proof-wrong', 'The sizes are not those of a growing tree.')
  }
  if (![oldRoot, newRoot, ...path].every(isHash)) {
    return refuse('proof-wrong', 'A hash is not 32 bytes.')
  }
  if (oldSize === 0 || oldSize === newSize) {
    const expected = oldSize === 0 ? EMPTY_ROOT : newRoot
    const emptyStaysEmpty = newSize > 0 || sameBytes(newRoot, EMPTY_ROOT)
    return path.length === 0 && sameBytes(oldRoot, expected) && emptyStaysEmpty
      ? accept(new ConsistencyProven(claim))
      : refuse('proof-wrong', 'Equal or empty trees need equal roots and an empty path.')
  }
  return isPathConsistent(claim)
    ? accept(new ConsistencyProven(claim))
    : refuse('proof-wrong', 'The path does not join the two roots.')
}

/** Steps 1 to 7 of RFC 9162 section 2.1.4.2, for 0 < oldSize < newSize. */
function isPathConsistent({ oldSize, newSize, oldRoot, newRoot, path }: ConsistencyClaim): boolean {
  if (path.length === 0) return false
  const [start, ...rest] = isPowerOfTwo(oldSize) ? [oldRoot, ...path] : path
  if (start === undefined) return false

  let walk: Walk = { node: oldSize - 1, last: newSize - 1 }
  while (walk.node % 2 === 1) walk = halve(walk)
  let oldHash = start
  let newHash = start
  for (const sibling of rest) {
    if (walk.last === 0) return false
    if (isRightOrLast(walk)) {
      oldHash = nodeHash(sibling, oldHash)
      newHash = nodeHash(sibling, newHash)
    } else {
      newHash = nodeHash(newHash, sibling)
    }
    walk = climb(walk)
  }
  return walk.last === 0 && sameBytes(oldHash, oldRoot) && sameBytes(newHash, newRoot)
}

/** A place on the way from a leaf to the root: this node, and the last node, of one level (`fn` and `sn` in the RFC). */
interface Walk {
  readonly node: number
  readonly last: number
}

function halve({ node, last }: Walk): Walk {
  return { node: Math.floor(node / 2), last: Math.floor(last / 2) }
}

function isRightOrLast({ node, last }: Walk): boolean {
  return node % 2 === 1 || node === last
}

/** Goes one level up, and through the levels in which a last node has no sibling. */
function climb(from: Walk): Walk {
  let walk = from
  if (isRightOrLast(walk)) {
    while (walk.node % 2 === 0 && walk.node !== 0) walk = halve(walk)
  }
  return halve(walk)
}

/** Tells whether a count is 1, 2, 4, 8 and so on; numbers beyond 32 bits rule out the usual bit trick. */
export function isPowerOfTwo(count: number): boolean {
  let rest = count
  while (rest > 1 && rest % 2 === 0) rest /= 2
  return rest === 1
}

/** Tells whether some bytes have the length of a hash. */
export function isHash(bytes: Uint8Array): boolean {
  return bytes.length === HASH_BYTES
}

function hashAt(hashes: readonly Uint8Array[], index: number): Uint8Array {
  const hash = hashes[index]
  if (hash === undefined) throw new RangeError('no such hash')
  return hash
}
