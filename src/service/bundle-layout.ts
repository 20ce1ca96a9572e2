import type { BundleState } from '#core/decision.ts'

/** Tree nodes that one blob holds, a power of two: few enough that hashing them holds nobody up. */
export const NODES_PER_BLOB = 8192

/** Where the parts of a bundle stand in the blob store. */
export interface BundleKeys {
  readonly prefix: string
  /** The bytes of a chunk, named by their SHA-256, so that two uploads cannot write over each other. */
  chunk(sha256: string): string
  /** Where each line of a chunk begins and ends: 32-bit numbers, one more than lines. */
  offsets(sha256: string): string
  /** Leaf hashes of the lines of a chunk. */
  leaves(sha256: string): string
  /** Nodes of one level of the tree, 0 being the leaves, in parts of `NODES_PER_BLOB`. */
  level(level: number, part: number): string
}

/** Names the blobs of one upload of a bundle. */
export function bundleKeys(bundle: Pick<BundleState, 'party' | 'root' | 'upload'>): BundleKeys {
  const prefix = `bundle/${bundle.party}/${bundle.root}/${bundle.upload}/`
  return {
    prefix,
    chunk: (sha256) => `${prefix}chunk/${sha256}`,
    offsets: (sha256) => `${prefix}offsets/${sha256}`,
    leaves: (sha256) => `${prefix}leaves/${sha256}`,
    level: (level, part) => `${prefix}level/${String(level)}/${String(part)}`,
  }
}

/** Every blob that a bundle has: of each of its chunks, and once it is complete of its tree. */
export function bundleBlobs(bundle: BundleState): readonly string[] {
  const keys = bundleKeys(bundle)
  const chunks = bundle.chunks.flatMap(({ sha256 }) => [
    keys.chunk(sha256),
    keys.offsets(sha256),
    keys.leaves(sha256),
  ])
  const tree: string[] = []
  if (!bundle.complete) return chunks
  for (let level = 0, nodes = bundle.count; nodes >= 1; level += 1, nodes /= 2) {
    for (let part = 0; part * NODES_PER_BLOB < nodes; part++) tree.push(keys.level(level, part))
  }
  return [...chunks, ...tree]
}

/** The byte offsets of a chunk's lines, big end first, with the end of the last line feed as the last. Lines are ASCII. */
export function encodeOffsets(lines: readonly string[]): Uint8Array {
  const bytes = new Uint8Array((lines.length + 1) * 4)
  let offset = 0
  for (let i = 0; i <= lines.length; i++) {
    for (let byte = 0; byte < 4; byte++) bytes[i * 4 + byte] = (offset >>> (24 - byte * 8)) & 0xff
    offset += (lines[i]?.length ?? 0) + 1
  }
  return bytes
}

/** Reads two neighbouring offsets: where a line begins, and where the next one does. */
export function decodeOffsetPair(bytes: Uint8Array): {
  readonly start: number
  readonly end: number
} {
  const numberAt = (at: number): number =>
    bytes.subarray(at, at + 4).reduce((value, byte) => value * 256 + byte, 0)
  return { start: numberAt(0), end: numberAt(4) }
}
