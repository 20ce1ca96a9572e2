import { hex } from '#core/bytes.ts'
import { merklePath, merkleRoot, verifyConsistency, verifyInclusion } from '#core/log/merkle.ts'
import { must, type Target } from '#test/fuzz/engine.ts'
import {
  auditPath,
  consistencyPath,
  digest,
  rootOf,
  rootsOf,
  treeHash,
} from '#test/fuzz/naive-merkle.ts'
import { answerOf } from './text.ts'

// An input is a tree size, an index or old size, and edits to the right proof: pairs of a place and what to do there.
// So nearly every input is a proof that is almost right, which random hashes never are.

const LEAVES = Array.from({ length: 70 }, (_, i) => digest(Uint8Array.of(0, i)))
/** Beyond what 32 bits and doubles hold exactly. */
const HUGE = [0, 1, 2 ** 31, 2 ** 32 + 1, 2 ** 52, 2 ** 53 - 2, 2 ** 53 - 1]

interface Claim {
  small: number
  size: number
  path: Uint8Array[]
  first: Uint8Array
  root: Uint8Array
}

function edited(claim: Claim, edits: Uint8Array): Claim {
  const now = { ...claim, path: [...claim.path] }
  for (let i = 0; i + 1 < edits.length && i < 12; i += 2) {
    const [kind = 0, where = 0] = edits.subarray(i, i + 2)
    const at = where % Math.max(1, now.path.length)
    const old = now.path[at] ?? digest()
    if (kind % 11 === 0) now.path.splice(at, 1)
    if (kind % 11 === 1) now.path.splice(at, 0, LEAVES[where % LEAVES.length] ?? old)
    if (kind % 11 === 2) now.path.splice(at, 1, flipped(old, where))
    if (kind % 11 === 3) now.path.reverse()
    if (kind % 11 === 4) now.small = where
    if (kind % 11 === 5) now.size = where
    if (kind % 11 === 6) now.first = LEAVES[where % LEAVES.length] ?? now.first
    if (kind % 11 === 7) now.root = old
    if (kind % 11 === 8) now.size = HUGE[where % HUGE.length] ?? now.size
    if (kind % 11 === 9) now.small = HUGE[where % HUGE.length] ?? now.small
    if (kind % 11 === 10) now.path.splice(at, 1, old.subarray(0, where % 33))
  }
  return now
}

function flipped(hash: Uint8Array, where: number): Uint8Array {
  return hash.map((byte, i) => (i === where % hash.length ? byte ^ 1 : byte))
}

/** The widths that the recursive definitions leave unsaid. */
function areHashes({ first, path, root }: Claim): boolean {
  return [first, root, ...path].every(({ length }) => length === 32)
}

function rightProof(isInclusion: boolean, size: number, small: number): Claim {
  const leaves = LEAVES.slice(0, size)
  const root = treeHash(leaves)
  if (!isInclusion) {
    const old = Math.min(size, small)
    const path = consistencyPath(old, leaves)
    return { small: old, size, path, first: treeHash(leaves.slice(0, old)), root }
  }
  const index = size === 0 ? 0 : small % size
  const path = auditPath(index, leaves)
  must(hex(merkleRoot(leaves)) === hex(root), 'the root is another')
  if (size > 0) {
    const same = merklePath(leaves, index).map(hex).join() === path.map(hex).join()
    must(same, 'the path is another')
  }
  return { small: index, size, path, first: leaves[index] ?? digest(), root }
}

function holds(isInclusion: boolean, claim: Claim): boolean {
  const { first, path, root, size, small } = claim
  if (!areHashes(claim)) return false
  if (isInclusion) {
    const found = rootOf({ index: BigInt(small), size: BigInt(size) }, first, path)
    return found !== undefined && hex(found) === hex(root)
  }
  if (small > size) return false
  const empty = hex(digest())
  if (small === 0)
    return path.length === 0 && hex(first) === empty && (size > 0 || hex(root) === empty)
  const found = rootsOf({ old: BigInt(small), now: BigInt(size) }, first, path)
  return found !== undefined && hex(found[0]) === hex(first) && hex(found[1]) === hex(root)
}

const merkle: Target = {
  name: 'merkle',
  bytesMax: 16,
  seeds: () =>
    [0, 1, 2, 3, 7, 8, 33, 64, 69].flatMap((n) => [
      Uint8Array.of(0, n, n >> 1),
      Uint8Array.of(1, n, n >> 1),
    ]),
  run: (input) => {
    const [mode = 0, sizeByte = 0, smallByte = 0] = input
    const isInclusion = mode % 2 === 0
    const right = rightProof(isInclusion, sizeByte % (LEAVES.length + 1), smallByte)
    const claim = edited(right, input.subarray(3))
    const { first, path, root, size, small } = claim
    const verdict = isInclusion
      ? verifyInclusion({ index: small, size, leafHash: first, path, root })
      : verifyConsistency({ oldSize: small, newSize: size, oldRoot: first, newRoot: root, path })
    must(verdict.ok === holds(isInclusion, claim), 'the recursive definition does not agree')
    return answerOf(verdict)
  },
}

/** Merkle proofs, held against RFC 6962's own recursion. */
export const MERKLE_TARGETS: readonly Target[] = [merkle]
