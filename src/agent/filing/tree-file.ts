import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { hex } from '#core/bytes.ts'
import { HASH_BYTES, nodeHash } from '#core/log/merkle.ts'
import { readExactly } from './line-file.ts'

/** Writes the tree of a power of two of leaves as they come. */
export interface TreeWriter {
  add(leafHash: Uint8Array): void
  /** The root, once all leaves are there and the file would survive a power cut. @throws Error where leaves are missing. */
  finish(): string
}

/** The paths of a written tree. */
export interface TreeReader {
  /** Hex hashes, the leaf's sibling first. Asked in ascending order, each part of the file is read once. */
  pathOf(index: number): readonly string[]
  close(): void
}

const BLOCK_HASHES = 128
const BLOCK_BYTES = BLOCK_HASHES * HASH_BYTES

/** Where a level begins: the leaves first, then half as many, up to the root. */
function levelStart(count: number, level: number): number {
  return HASH_BYTES * (2 * count - (2 * count) / 2 ** level)
}

/** Begins the tree of so many leaves, a power of two. Memory grows with its height alone. */
export function openTreeWriter(path: string, count: number): TreeWriter {
  const file = openSync(path, 'w', 0o600)
  const levels: {
    filled: number
    written: number
    readonly block: Buffer
    left: Uint8Array | undefined
  }[] = []
  const write = (level: number): void => {
    const state = levels[level]
    if (state === undefined || state.filled === 0) return
    const at = levelStart(count, level) + state.written
    for (let done = 0; done < state.filled; )
      done += writeSync(file, state.block, done, state.filled - done, at + done)
    state.written += state.filled
    state.filled = 0
  }
  const add = (hash: Uint8Array, level: number): void => {
    const state = (levels[level] ??= {
      filled: 0,
      written: 0,
      block: Buffer.allocUnsafe(BLOCK_BYTES),
      left: undefined,
    })
    state.block.set(hash, state.filled)
    state.filled += HASH_BYTES
    if (state.filled === BLOCK_BYTES) write(level)
    const { left } = state
    state.left = left === undefined ? hash : undefined
    if (left !== undefined) add(nodeHash(left, hash), level + 1)
  }
  return {
    add: (leafHash) => {
      add(leafHash, 0)
    },
    finish: () => {
      const root = levels.at(-1)?.left
      if (root === undefined || 2 ** (levels.length - 1) !== count)
        throw new Error('a tree lacks leaves')
      for (const level of levels.keys()) write(level)
      fdatasyncSync(file)
      closeSync(file)
      return hex(root)
    },
  }
}

/** Opens the tree of so many leaves. */
export function openTreeReader(path: string, count: number): TreeReader {
  const file = openSync(path, 'r')
  const height = Math.log2(count)
  const blocks: { first: number; bytes: Buffer }[] = []
  const hashAt = (level: number, index: number): string => {
    const first = index - (index % BLOCK_HASHES)
    const known = blocks[level]
    const length = Math.min(BLOCK_HASHES, count / 2 ** level - first) * HASH_BYTES
    const block =
      known?.first === first
        ? known
        : { first, bytes: readExactly(file, levelStart(count, level) + first * HASH_BYTES, length) }
    blocks[level] = block
    const at = (index - first) * HASH_BYTES
    return block.bytes.toString('hex', at, at + HASH_BYTES)
  }
  return {
    pathOf: (index) =>
      Array.from({ length: height }, (_, level) => {
        const own = Math.floor(index / 2 ** level)
        return hashAt(level, own % 2 === 0 ? own + 1 : own - 1)
      }),
    close: () => {
      closeSync(file)
    },
  }
}
