import { concat, hex } from '#core/bytes.ts'
import type { BundleState } from '#core/decision.ts'
import { HASH_BYTES, nodeHash } from '#core/log/merkle.ts'
import type { BlobStore } from '#ports/blob.ts'
import { type BundleKeys, bundleKeys, NODES_PER_BLOB } from './bundle-layout.ts'

const PART_BYTES = NODES_PER_BLOB * HASH_BYTES

/**
 * Builds the Merkle tree of an upload from the leaf hashes of its chunks and keeps every level, part by part: in flat memory, and with
 * other requests served between the parts. Gives the root in hex.
 *
 * The number of lines is a power of two, so that every level but the root has an even number of nodes.
 */
export async function buildTree(blobs: BlobStore, bundle: BundleState): Promise<string> {
  const keys = bundleKeys(bundle)
  await cutLeaves(blobs, keys, bundle)
  let level = 0
  for (let nodes = bundle.count; nodes > 1; nodes /= 2) {
    level += 1
    for (let part = 0; part * NODES_PER_BLOB < nodes / 2; part++) {
      await blobs.put(keys.level(level, part), await parentsOf(blobs, keys, { level, part }))
    }
  }
  return hex(await read(blobs, keys.level(level, 0)))
}

/** Chunks end where lines end; the tree wants parts of one size. */
async function cutLeaves(blobs: BlobStore, keys: BundleKeys, bundle: BundleState): Promise<void> {
  let waiting = new Uint8Array()
  let part = 0
  for (const { sha256 } of bundle.chunks) {
    waiting = Uint8Array.from(concat(waiting, await read(blobs, keys.leaves(sha256))))
    let cut = 0
    for (; waiting.length - cut >= PART_BYTES; cut += PART_BYTES) {
      await blobs.put(keys.level(0, part++), waiting.slice(cut, cut + PART_BYTES))
    }
    waiting = waiting.slice(cut)
  }
  if (waiting.length > 0) await blobs.put(keys.level(0, part), waiting)
}

async function parentsOf(
  blobs: BlobStore,
  keys: BundleKeys,
  at: { readonly level: number; readonly part: number },
): Promise<Uint8Array> {
  const left = await read(blobs, keys.level(at.level - 1, at.part * 2))
  const right = await blobs.get(keys.level(at.level - 1, at.part * 2 + 1))
  const children = right === undefined ? left : concat(left, right)
  const parents = new Uint8Array(children.length / 2)
  for (let offset = 0; offset < parents.length; offset += HASH_BYTES) {
    const pair = children.subarray(offset * 2, offset * 2 + 2 * HASH_BYTES)
    parents.set(nodeHash(pair.subarray(0, HASH_BYTES), pair.subarray(HASH_BYTES)), offset)
  }
  return parents
}

async function read(blobs: BlobStore, key: string): Promise<Uint8Array> {
  const bytes = await blobs.get(key)
  if (bytes === undefined) throw new Error('a part of a bundle is missing')
  return bytes
}
