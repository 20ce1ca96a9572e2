import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hex, utf8 } from '#core/bytes.ts'
import {
  type ConsistencyClaim,
  EMPTY_ROOT,
  type InclusionClaim,
  leafHash,
  merklePath,
  merkleRoot,
  merkleTree,
  nodeHash,
  type ProvenConsistency,
  type ProvenInclusion,
  treePath,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '#core/log/merkle.ts'
import { at, NOT_COUNTS, reasonOf, valueOf } from './worked-example.ts'

/** RFC 6962 section 2.1 written down as it reads, on another SHA-256: slow, and hard to get wrong. */
function naiveRoot(entries: readonly Uint8Array[]): Uint8Array {
  const first = entries[0]
  if (first === undefined) return sha256()
  if (entries.length === 1) return sha256(Uint8Array.of(0), first)
  const k = naiveSplit(entries.length)
  return sha256(Uint8Array.of(1), naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)))
}

function naivePath(index: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length === 1) return []
  const k = naiveSplit(entries.length)
  return index < k
    ? [...naivePath(index, entries.slice(0, k)), naiveRoot(entries.slice(k))]
    : [...naivePath(index - k, entries.slice(k)), naiveRoot(entries.slice(0, k))]
}

/** SUBPROOF of RFC 6962 section 2.1.2. */
function naiveSubproof(
  oldSize: number,
  entries: readonly Uint8Array[],
  known: boolean,
): Uint8Array[] {
  if (oldSize === entries.length) return known ? [] : [naiveRoot(entries)]
  const k = naiveSplit(entries.length)
  return oldSize <= k
    ? [...naiveSubproof(oldSize, entries.slice(0, k), known), naiveRoot(entries.slice(k))]
    : [...naiveSubproof(oldSize - k, entries.slice(k), false), naiveRoot(entries.slice(0, k))]
}

function naiveSplit(count: number): number {
  let k = 1
  while (k * 2 < count) k *= 2
  return k
}

function sha256(...parts: Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

const ENTRIES = Array.from({ length: 600 }, (_, i) => utf8(`entry ${i}`))
const LEAVES = ENTRIES.map((entry) => leafHash(entry))
const ROOTS = Array.from({ length: 601 }, (_, size) => merkleRoot(LEAVES.slice(0, size)))

function inclusion(index: number, size: number): InclusionClaim {
  const path = merklePath(LEAVES.slice(0, size), index)
  return { index, size, leafHash: at(LEAVES, index), path, root: at(ROOTS, size) }
}

function consistency(oldSize: number, newSize: number): ConsistencyClaim {
  const path = oldSize === 0 ? [] : naiveSubproof(oldSize, ENTRIES.slice(0, newSize), true)
  return { oldSize, newSize, oldRoot: at(ROOTS, oldSize), newRoot: at(ROOTS, newSize), path }
}

function flipped(hash: Uint8Array): Uint8Array {
  return hash.map((byte, i) => (i === 7 ? byte ^ 0x10 : byte))
}

/** Every way to spoil a path by one hash: changed, removed, repeated, swapped, or one more at either end. */
function spoiledPaths(path: readonly Uint8Array[], extra: readonly Uint8Array[]): Uint8Array[][] {
  return [
    ...path.flatMap((hash, i) => [
      path.with(i, flipped(hash)),
      path.with(i, hash.subarray(0, 31)),
      path.with(i, Uint8Array.of(...hash, 0)),
      path.toSpliced(i, 1),
      path.toSpliced(i, 0, hash),
      ...(i > 0 ? [path.with(i, at(path, i - 1)).with(i - 1, hash)] : []),
    ]),
    ...extra.flatMap((hash) => [
      [hash, ...path],
      [...path, hash],
    ]),
  ]
}

describe('the tree', () => {
  test('has the hashes that RFC 6962 gives for its known leaves', () => {
    expect(hex(EMPTY_ROOT)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(hex(leafHash(new Uint8Array()))).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
    expect(nodeHash(EMPTY_ROOT, EMPTY_ROOT)).toEqual(
      sha256(Uint8Array.of(1), EMPTY_ROOT, EMPTY_ROOT),
    )
  })

  test('has the root of the naive recursion at every size up to 300, and at 511 to 513 and 600', () => {
    for (const size of [...Array(301).keys(), 511, 512, 513, 600]) {
      expect(hex(at(ROOTS, size))).toBe(hex(naiveRoot(ENTRIES.slice(0, size))))
    }
  })

  test('gives the paths of the naive recursion', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 600 }), fc.nat(), (size, seed) => {
        const index = seed % size
        expect(inclusion(index, size).path).toEqual(naivePath(index, ENTRIES.slice(0, size)))
      }),
      { numRuns: 60 },
    )
  })

  test('knows no path of a leaf that it does not have', () => {
    for (const index of [3, ...NOT_COUNTS]) {
      expect(() => merklePath(LEAVES.slice(0, 3), index)).toThrow(RangeError)
    }
    expect(() => merklePath([], 0)).toThrow(RangeError)
  })
})

describe('inclusion', () => {
  test('every leaf of every tree up to 130 leaves is proven', () => {
    for (let size = 1; size <= 130; size++) {
      const tree = merkleTree(LEAVES.slice(0, size))
      for (let index = 0; index < size; index++) {
        const path = treePath(tree, index)
        const claim = { index, size, leafHash: at(LEAVES, index), path, root: treeRoot(tree) }
        expect(verifyInclusion(claim).ok).toBe(true)
      }
    }
  })

  test('leaves of trees up to 600 leaves are proven, at powers of two and beside them', () => {
    for (const size of [255, 256, 257, 511, 512, 513, 600]) {
      for (const index of [0, 1, 254, 255, 256, 257, 511, 512, size - 2, size - 1]) {
        if (index < size) expect(verifyInclusion(inclusion(index, size)).ok).toBe(true)
      }
    }
  })

  test('says what it proved', () => {
    expect(valueOf(verifyInclusion(inclusion(4, 9)))).toMatchObject({
      index: 4,
      size: 9,
      root: ROOTS[9],
    })
  })

  test('is not proven by any other path, index, size, leaf or root', () => {
    for (const size of [1, 2, 3, 4, 5, 7, 8, 11, 16, 21]) {
      for (let index = 0; index < size; index++) {
        const claim = inclusion(index, size)
        const spoiled: InclusionClaim[] = [
          ...spoiledPaths(claim.path, [claim.root, claim.leafHash]).map((path) => ({
            ...claim,
            path,
          })),
          ...[...Array(size + 2).keys(), ...NOT_COUNTS]
            .filter((other) => other !== index)
            .map((other) => ({ ...claim, index: other })),
          { ...claim, root: flipped(claim.root) },
          { ...claim, root: claim.root.subarray(1) },
          { ...claim, leafHash: flipped(claim.leafHash) },
          { ...claim, leafHash: new Uint8Array() },
          ...[0, ...NOT_COUNTS].map((other) => ({ ...claim, size: other })),
        ]
        for (const wrong of spoiled) expect(reasonOf(verifyInclusion(wrong))).toBe('proof-wrong')
      }
    }
  })
})

describe('inclusion near 2^53 leaves', () => {
  test('is proven, and refused for an index or a size beside the true one', () => {
    // The last leaf of a tree of 2^53 - 1 has a perfect subtree on its left at each of 52 levels.
    const path = LEAVES.slice(0, 52)
    const root = path.reduce((hash, left) => nodeHash(left, hash), at(LEAVES, 99))
    const size = Number.MAX_SAFE_INTEGER
    const claim = { index: size - 1, size, leafHash: at(LEAVES, 99), path, root }
    expect(verifyInclusion(claim).ok).toBe(true)
    for (const wrong of [
      { index: size - 2 },
      { size: size - 1 },
      { size: 2 ** 53 },
      { index: 2 ** 32 - 2 },
    ]) {
      expect(reasonOf(verifyInclusion({ ...claim, ...wrong }))).toBe('proof-wrong')
    }
    // The first leaf of a tree of 2^52 leaves is joined with a right neighbour at each of 52 levels.
    const rightwards = path.reduce((hash, right) => nodeHash(hash, right), at(LEAVES, 99))
    const first = { ...claim, index: 0, size: 2 ** 52, root: rightwards }
    expect(verifyInclusion(first).ok).toBe(true)
    expect(reasonOf(verifyInclusion({ ...first, index: 2 ** 33 }))).toBe('proof-wrong')
  })

  test('is proven where index and last leaf are equal in their low 32 bits alone', () => {
    const path = LEAVES.slice(0, 34)
    const root = path.reduce((hash, right) => nodeHash(hash, right), at(LEAVES, 99))
    const claim = { index: 0, size: 2 ** 33 + 1, leafHash: at(LEAVES, 99), path, root }
    expect(verifyInclusion(claim).ok).toBe(true)
  })

  test('is not proven by the path of a larger tree, whose upper end goes beyond the claimed size', () => {
    for (const [index, size] of [
      [0, 1],
      [2, 3],
      [3, 4],
    ] as const) {
      const larger = inclusion(index + 4, 4 + size)
      expect(verifyInclusion(larger).ok).toBe(true)
      expect(reasonOf(verifyInclusion({ ...larger, index, size }))).toBe('proof-wrong')
    }
  })
})

describe('consistency', () => {
  test('every pair of trees up to 70 leaves is proven by the proof of the naive recursion', () => {
    for (let newSize = 0; newSize <= 70; newSize++) {
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        const result = verifyConsistency(consistency(oldSize, newSize))
        if (!result.ok) throw new Error(`${oldSize} to ${newSize} was refused`)
        expect(result.value).toMatchObject({ oldSize, newSize })
      }
    }
  })

  test('is not proven by any other path, size or root', () => {
    const sizes = [0, 1, 2, 3, 4, 6, 7, 8, 12, 13, 16]
    for (const newSize of sizes) {
      for (const oldSize of sizes.filter((size) => size <= newSize)) {
        const claim = consistency(oldSize, newSize)
        const spoiled: ConsistencyClaim[] = [
          ...spoiledPaths(claim.path, [claim.oldRoot, claim.newRoot]).map((path) => ({
            ...claim,
            path,
          })),
          { ...claim, oldRoot: flipped(claim.oldRoot) },
          { ...claim, oldRoot: new Uint8Array() },
          ...(oldSize === 0 && newSize > 0 ? [] : [{ ...claim, newRoot: flipped(claim.newRoot) }]),
          { ...claim, newRoot: new Uint8Array() },
          ...NOT_COUNTS.map((size) => ({ ...claim, oldSize: size })),
          ...NOT_COUNTS.map((size) => ({ ...claim, newSize: size })),
          { ...claim, oldSize: newSize + 1 },
        ]
        for (const wrong of spoiled) expect(reasonOf(verifyConsistency(wrong))).toBe('proof-wrong')
      }
    }
  })

  test('is not proven by the path between larger trees, whose upper end goes beyond the claimed sizes', () => {
    const claim = consistency(7, 8)
    expect(verifyConsistency(claim).ok).toBe(true)
    expect(reasonOf(verifyConsistency({ ...claim, oldSize: 3, newSize: 4 }))).toBe('proof-wrong')
  })

  test('is not proven between trees that differ in one early leaf', () => {
    const forked = [leafHash(utf8('forked')), ...LEAVES.slice(1)]
    for (let newSize = 2; newSize <= 40; newSize++) {
      for (let oldSize = 1; oldSize < newSize; oldSize++) {
        const oldRoot = merkleRoot(forked.slice(0, oldSize))
        const wrong = { ...consistency(oldSize, newSize), oldRoot }
        expect(reasonOf(verifyConsistency(wrong))).toBe('proof-wrong')
      }
    }
  })

  test('is proven near 2^53 leaves, where 32-bit arithmetic would go astray', () => {
    // From 2^52 leaves to one more: the old root, then the new leaf.
    const [oldRoot, leaf] = [at(LEAVES, 1), at(LEAVES, 2)]
    const claim = {
      oldSize: 2 ** 52,
      newSize: 2 ** 52 + 1,
      oldRoot,
      newRoot: nodeHash(oldRoot, leaf),
      path: [leaf],
    }
    expect(verifyConsistency(claim).ok).toBe(true)
    expect(reasonOf(verifyConsistency({ ...claim, oldSize: 2 ** 52 - 1 }))).toBe('proof-wrong')
    expect(reasonOf(verifyConsistency({ ...claim, newSize: 2 ** 53 }))).toBe('proof-wrong')
  })
})

describe('what another library falsely accepted is refused:', () => {
  const none = new Uint8Array()

  test('an index equal to the tree size', () => {
    for (const size of [1, 2, 8]) {
      const claim = inclusion(size - 1, size)
      expect(reasonOf(verifyInclusion({ ...claim, index: size }))).toBe('proof-wrong')
    }
  })

  test('a leaf and a root of no bytes', () => {
    const claim = { index: 0, size: 1, leafHash: none, path: [], root: none }
    expect(reasonOf(verifyInclusion(claim))).toBe('proof-wrong')
  })

  test('an old size of 0 with an old root or a path that is not empty', () => {
    const claim = { ...consistency(0, 5), path: consistency(3, 5).path }
    expect(reasonOf(verifyConsistency(claim))).toBe('proof-wrong')
    expect(reasonOf(verifyConsistency({ ...claim, path: [], oldRoot: at(ROOTS, 3) }))).toBe(
      'proof-wrong',
    )
    expect(reasonOf(verifyConsistency({ ...claim, path: [], oldRoot: none }))).toBe('proof-wrong')
  })

  test.each([
    [1, 8],
    [2, 5],
  ])(
    'the old root prepended to the path from %i to %i, which alone is accepted',
    (oldSize, newSize) => {
      const claim = consistency(oldSize, newSize)
      const path = [claim.oldRoot, ...claim.path]
      expect(verifyConsistency(claim).ok).toBe(true)
      expect(reasonOf(verifyConsistency({ ...claim, path }))).toBe('proof-wrong')
    },
  )

  test('a path between equal sizes', () => {
    for (const size of [1, 4, 5]) {
      const claim = { ...consistency(size, size), path: [at(ROOTS, size)] }
      expect(reasonOf(verifyConsistency(claim))).toBe('proof-wrong')
      expect(verifyConsistency({ ...claim, path: [] }).ok).toBe(true)
    }
  })
})

test('what is proven is made by the verifier alone', () => {
  // @ts-expect-error A claim is not a proof.
  const inclusionProof: ProvenInclusion = inclusion(0, 1)
  const { index, size, leafHash: leaf, root } = valueOf(verifyInclusion(inclusion(0, 1)))
  // @ts-expect-error Neither is a copy of what a proof says.
  const copied: ProvenInclusion = { index, size, leafHash: leaf, root }
  // @ts-expect-error Nor is a claim of consistency.
  const consistencyProof: ProvenConsistency = consistency(1, 2)
  expect([inclusionProof, copied, consistencyProof]).toHaveLength(3)
})
