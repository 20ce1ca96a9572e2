import { expect, test } from 'vitest'
import { utf8 } from '#core/bytes.ts'
import {
  appendLeaf,
  decodeFrontier,
  EMPTY_FRONTIER,
  encodeFrontier,
  type Frontier,
  frontierRoot,
} from '#core/log/frontier.ts'
import { EMPTY_ROOT, leafHash, merkleRoot } from '#core/log/merkle.ts'
import { at, NOT_COUNTS, reasonOf, valueOf } from './worked-example.ts'

const LEAVES = Array.from({ length: 600 }, (_, i) => leafHash(utf8(`entry ${i}`)))

function grown(count: number): Frontier {
  return LEAVES.slice(0, count).reduce(
    (frontier, leaf) => appendLeaf(frontier, leaf).frontier,
    EMPTY_FRONTIER,
  )
}

test('the frontier has the root of the tree at every size up to 600', () => {
  let frontier = EMPTY_FRONTIER
  expect(frontierRoot(frontier)).toEqual(EMPTY_ROOT)
  LEAVES.forEach((leaf, i) => {
    frontier = appendLeaf(frontier, leaf).frontier
    expect(frontierRoot(frontier)).toEqual(merkleRoot(LEAVES.slice(0, i + 1)))
  })
})

test('the frontier does not change when a leaf is added to it', () => {
  const before = grown(7)
  const copy = structuredClone(before)
  appendLeaf(before, at(LEAVES, 7))
  expect(before).toEqual(copy)
})

test('the frontier tells each leaf hash, and each root of 256 leaves with the leaf that completes it', () => {
  let frontier = EMPTY_FRONTIER
  const nodes = LEAVES.flatMap((leaf) => {
    const appended = appendLeaf(frontier, leaf)
    frontier = appended.frontier
    return appended.nodes
  })
  expect(nodes.filter(({ level }) => level === 0).map(({ index }) => index)).toEqual([
    ...Array(600).keys(),
  ])
  expect(nodes.filter(({ level }) => level > 0)).toEqual([
    { level: 1, index: 0, hash: merkleRoot(LEAVES.slice(0, 256)) },
    { level: 1, index: 1, hash: merkleRoot(LEAVES.slice(256, 512)) },
  ])
  expect(nodes.findIndex(({ level }) => level === 1)).toBe(256)
})

test('the frontier tells the root of 65,536 leaves with the last of them', () => {
  const leaf = at(LEAVES, 0)
  const nodes = Array.from({ length: 16 }, () => leaf)
  const appended = appendLeaf({ size: 65_535, nodes }, leaf)
  expect(appended.nodes.map(({ level, index }) => [level, index])).toEqual([
    [0, 65_535],
    [1, 255],
    [2, 0],
  ])
  expect(appended.frontier).toMatchObject({
    size: 65_536,
    nodes: [frontierRoot(appended.frontier)],
  })
})

test('the frontier grows to 2^53 - 1 leaves and no further', () => {
  const leaf = at(LEAVES, 0)
  const nodes = Array.from({ length: 52 }, () => leaf)
  const full = appendLeaf({ size: Number.MAX_SAFE_INTEGER - 1, nodes }, leaf)
  expect(full.frontier.nodes).toHaveLength(53)
  expect(() => appendLeaf(full.frontier, leaf)).toThrow(RangeError)
  expect(() => appendLeaf(EMPTY_FRONTIER, leaf.subarray(1))).toThrow(RangeError)
  expect(() => appendLeaf({ size: 3, nodes: [] }, leaf)).toThrow(RangeError)
})

test('the frontier is read as it was written, and only with its own size', () => {
  for (const size of [0, 1, 2, 3, 255, 256, 257, 511, 600]) {
    const written = encodeFrontier(grown(size))
    const read = valueOf(decodeFrontier(size, written))
    expect(read).toEqual(grown(size))
    expect(encodeFrontier(read)).toBe(written)
  }
  const three = encodeFrontier(grown(3))
  for (const size of [0, 1, 2, 4, 7, ...NOT_COUNTS]) {
    expect(reasonOf(decodeFrontier(size, three))).toBe('tile-malformed')
  }
  for (const text of [three.slice(2), `${three}00`, three.toUpperCase(), `${three.slice(2)}zz`]) {
    expect(reasonOf(decodeFrontier(3, text))).toBe('tile-malformed')
  }
})
