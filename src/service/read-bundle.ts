import { fromUtf8, hex } from '#core/bytes.ts'
import { bundleId, type BundleState, type Reader } from '#core/decision.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { Storage } from '#ports/storage.ts'
import { bundleKeys, decodeOffsetPair, NODES_PER_BLOB } from './bundle-layout.ts'
import { loadSubjects } from './load-subjects.ts'
import type { DirectoryReader } from './read-directory.ts'
import { releasedLines } from './read-mailbox.ts'
import { releasedSize } from './released-size.ts'

/** What reading a line needs. */
export interface ReadBundlePorts {
  readonly blobs: BlobStore
  readonly directory: DirectoryReader
  readonly storage: Storage
}

/** A line and its Merkle path to the bundle's root. */
export interface BundleLineProof {
  readonly count: number
  readonly index: number
  /** The line without its line feed. */
  readonly line: string
  /** Hex hashes, the sibling first. */
  readonly path: readonly string[]
}

/**
 * Reads one line of a filed bundle: any line for the party that filed it, and its own, once released, for a mailbox.
 *
 * Everything else is `not-found`, so that nobody learns which bundles and lines exist.
 */
export async function readLine(
  ports: ReadBundlePorts,
  reader: Reader,
  wanted: { readonly root: string; readonly index: number },
): Promise<Result<BundleLineProof>> {
  const bundle = await findBundle(ports, reader, wanted)
  if (bundle === undefined || !bundle.complete || wanted.index >= bundle.count)
    return refuse('not-found')
  const line = await lineText(ports.blobs, bundle, wanted.index)
  return accept({
    count: bundle.count,
    index: wanted.index,
    line,
    path: await pathOf(ports.blobs, bundle, wanted.index),
  })
}

async function findBundle(
  ports: ReadBundlePorts,
  reader: Reader,
  wanted: { readonly root: string; readonly index: number },
): Promise<BundleState | undefined> {
  switch (reader.kind) {
    case 'public':
      return undefined
    case 'party': {
      const id = bundleId(reader.domain, wanted.root)
      return (await loadSubjects(ports.storage, () => [{ kind: 'bundle', id }])).get('bundle', id)
    }
    case 'mailbox': {
      const size = await releasedSize(ports)
      const lines = await releasedLines(ports.storage, { mailbox: reader.id, size })
      return lines.find(
        ({ line, bundle }) => bundle.root === wanted.root && line.index === wanted.index,
      )?.bundle
    }
  }
}

async function lineText(blobs: BlobStore, bundle: BundleState, index: number): Promise<string> {
  const keys = bundleKeys(bundle)
  const chunk = bundle.chunks.findLast((candidate) => candidate.firstLine <= index)
  if (chunk === undefined) throw new Error('a bundle has no chunk for its line')
  const position = index - chunk.firstLine
  const pair = await blobs.get(keys.offsets(chunk.sha256), {
    start: position * 4,
    end: position * 4 + 8,
  })
  if (pair?.length !== 8) throw new Error('the offsets of a bundle are incomplete')
  const { start, end } = decodeOffsetPair(pair)
  const line = fromUtf8(
    (await blobs.get(keys.chunk(chunk.sha256), { start, end: end - 1 })) ?? new Uint8Array(),
  )
  if (line === undefined || line.length !== end - 1 - start)
    throw new Error('a chunk of a bundle is incomplete')
  return line
}

/** The tree is perfect, so a path is one sibling from each level below the root. */
async function pathOf(
  blobs: BlobStore,
  bundle: BundleState,
  index: number,
): Promise<readonly string[]> {
  const keys = bundleKeys(bundle)
  const path: string[] = []
  for (let level = 0; 2 ** level < bundle.count; level++) {
    const position = Math.floor(index / 2 ** level)
    const sibling = position % 2 === 0 ? position + 1 : position - 1
    const start = (sibling % NODES_PER_BLOB) * 32
    const node = await blobs.get(keys.level(level, Math.floor(sibling / NODES_PER_BLOB)), {
      start,
      end: start + 32,
    })
    if (node?.length !== 32) throw new Error('the tree of a bundle is incomplete')
    path.push(hex(node))
  }
  return path
}
