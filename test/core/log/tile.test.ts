import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromBase64, hex, utf8 } from '#core/bytes.ts'
import { appendLeaf, EMPTY_FRONTIER, frontierRoot } from '#core/log/frontier.ts'
import { logEntry } from '#core/log/leaf.ts'
import { HASH_BYTES, merklePath, verifyConsistency, verifyInclusion } from '#core/log/merkle.ts'
import {
  decodeEntryBundle,
  encodeEntryBundle,
  type EntryTile,
  type HashTile,
  joinTile,
  parseTilePath,
  splitTile,
  tilePath,
  tileWidth,
} from '#core/log/tile.ts'
import { tileProver } from '#core/log/tile-prover.ts'
import { at, bytesOf, EXAMPLE, NOT_COUNTS, reasonOf, valueOf } from './worked-example.ts'

describe('the path of a tile', () => {
  const spellings: [string, HashTile | EntryTile][] = [
    ['tile/0/000', { kind: 'hashes', level: 0, index: 0, width: 256 }],
    ['tile/0/000.p/3', { kind: 'hashes', level: 0, index: 0, width: 3 }],
    ['tile/1/005.p/255', { kind: 'hashes', level: 1, index: 5, width: 255 }],
    ['tile/0/999', { kind: 'hashes', level: 0, index: 999, width: 256 }],
    ['tile/0/x001/000', { kind: 'hashes', level: 0, index: 1000, width: 256 }],
    ['tile/0/x001/x234/067', { kind: 'hashes', level: 0, index: 1_234_067, width: 256 }],
    ['tile/3/x070/000.p/1', { kind: 'hashes', level: 3, index: 70_000, width: 1 }],
    ['tile/63/000.p/1', { kind: 'hashes', level: 63, index: 0, width: 1 }],
    ['tile/entries/x001/x234/067', { kind: 'entries', index: 1_234_067, width: 256 }],
    ['tile/entries/000.p/3', { kind: 'entries', index: 0, width: 3 }],
    [
      'tile/0/x035/x184/x372/x088/831',
      { kind: 'hashes', level: 0, index: 35_184_372_088_831, width: 256 },
    ],
  ]

  test.each(spellings)('%s is read and written', (path, tile) => {
    expect(tilePath(tile)).toBe(path)
    expect(parseTilePath(path)).toEqual({ ok: true, value: tile })
  })
})

describe('what is not the path of a tile', () => {
  test.each([
    '',
    'tile/0/0',
    'tile/0/00',
    'tile/0/0000',
    'tile/0/x000/005',
    'tile/0/001/005',
    'tile/0/x001',
    'tile/0/x001/x234',
    'tile/00/000',
    'tile/01/000',
    'tile/64/000.p/1',
    'tile/100/000',
    'tile/-1/000',
    'tile/entry/000',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/000.p',
    'tile/0/000/',
    'tile/0/000\n',
    '/tile/0/000',
    'tile/0/../000',
    'tile/0/٠٠٠',
    'tile/63/001',
    'tile/0/x035/x184/x372/x088/832',
    'tile/entries/x999/x999/x999/x999/x999/999',
  ])('is refused: %j', (path) => {
    expect(reasonOf(parseTilePath(path))).toBe('tile-malformed')
  })
})

describe('any path of a tile', () => {
  test('is read back as it was written, for any tile, and every path that is read has one spelling', () => {
    const tiles = fc.record({
      kind: fc.constant('hashes' as const),
      level: fc.integer({ min: 0, max: 2 }),
      index: fc.oneof(fc.nat(2000), fc.nat(2 ** 29 - 1)),
      width: fc.integer({ min: 1, max: 256 }),
    })
    fc.assert(
      fc.property(tiles, (tile) => {
        expect(valueOf(parseTilePath(tilePath(tile)))).toEqual(tile)
      }),
    )
    const texts = fc.stringMatching(
      /^tile\/([0-9]{1,2}|entries)\/(x[0-9]{3}\/)?[0-9]{3}(\.p\/[0-9]{1,3})?$/,
    )
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseTilePath(text)
        if (parsed.ok) expect(tilePath(parsed.value)).toBe(text)
      }),
    )
  })

  test('is refused when it is megabytes long, without walking through it', () => {
    const path = `tile/0/${'x001/'.repeat(1_000_000)}001`
    expect(reasonOf(parseTilePath(path))).toBe('tile-malformed')
  })

  test('is not written for what cannot be a tile', () => {
    for (const wrong of [
      { level: 64 },
      { width: 0 },
      { width: 257 },
      ...NOT_COUNTS.map((index) => ({ index })),
    ]) {
      const tile: HashTile = { kind: 'hashes', level: 0, index: 0, width: 256, ...wrong }
      expect(() => tilePath(tile)).toThrow(RangeError)
    }
  })
})

function widthAt70000(level: number, index: number): number {
  return tileWidth({ level, index, size: 70_000 })
}

/** How wide the first tiles of leaves, and of tiles, are. */
function firstWidths(size: number): number[] {
  return [0, 1].map((level) => tileWidth({ level, index: 0, size }))
}

describe('the width of a tile', () => {
  test('follows the size: 70,000 entries have 274 tiles of leaves, 2 above them and 1 on top', () => {
    expect([
      widthAt70000(0, 0),
      widthAt70000(0, 272),
      widthAt70000(0, 273),
      widthAt70000(0, 274),
    ]).toEqual([256, 256, 112, 0])
    expect([widthAt70000(1, 0), widthAt70000(1, 1), widthAt70000(1, 2)]).toEqual([256, 17, 0])
    expect([
      widthAt70000(2, 0),
      widthAt70000(2, 1),
      widthAt70000(3, 0),
      widthAt70000(63, 0),
    ]).toEqual([1, 0, 0, 0])
  })

  test('follows the size at the edges of a tile', () => {
    expect([0, 255, 256, 257].map(firstWidths)).toEqual([
      [0, 0],
      [255, 0],
      [256, 1],
      [256, 1],
    ])
  })
})

describe('an entry bundle', () => {
  const entry = bytesOf(EXAMPLE.entry)
  const others = ['first', 'third'].map((text) => logEntry(utf8(text.repeat(10))))
  const entries = [at(others, 0), entry, at(others, 1)]

  test('is each entry of 37 bytes after 0025', () => {
    const expected = entries.map((bytes) => `0025${hex(bytes)}`).join('')
    expect(hex(encodeEntryBundle(entries))).toBe(expected)
  })

  test('is read as it was written, for entries of any length', () => {
    const lists = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 256 })
    fc.assert(
      fc.property(lists, (list) => {
        const bundle = encodeEntryBundle(list)
        const read = valueOf(decodeEntryBundle(bundle, list.length))
        expect(read.map(hex)).toEqual(list.map(hex))
        expect(hex(encodeEntryBundle(read))).toBe(hex(bundle))
      }),
      { numRuns: 30 },
    )
    const longest = [new Uint8Array(65_535), new Uint8Array(256)]
    expect(valueOf(decodeEntryBundle(encodeEntryBundle(longest), 2))).toEqual(longest)
  })

  test('is refused when cut at any byte, lengthened, or read with another width', () => {
    const bundle = encodeEntryBundle(entries)
    for (let end = 0; end < bundle.length; end++) {
      expect(reasonOf(decodeEntryBundle(bundle.subarray(0, end), 3))).toBe('tile-malformed')
    }
    expect(reasonOf(decodeEntryBundle(concat(bundle, Uint8Array.of(0)), 3))).toBe('tile-malformed')
    expect(reasonOf(decodeEntryBundle(concat(bundle, Uint8Array.of(0, 0)), 3))).toBe(
      'tile-malformed',
    )
    for (const width of [0, 1, 2, 4, 256, -1, Number.NaN]) {
      expect(reasonOf(decodeEntryBundle(bundle, width))).toBe('tile-malformed')
    }
    expect(reasonOf(decodeEntryBundle(new Uint8Array(), 0))).toBe('tile-malformed')
  })

  test('is not written from no entry, from 257, or from one that is too long', () => {
    const wrong = [[], Array.from({ length: 257 }, () => entry), [new Uint8Array(65_536)]]
    for (const list of wrong) expect(() => encodeEntryBundle(list)).toThrow(RangeError)
  })
})

describe('a tile of hashes', () => {
  const hashes = [EXAMPLE.leafHash0, EXAMPLE.leafHash2].flatMap((text) => fromBase64(text) ?? [])
  const example = [at(hashes, 0), bytesOf(EXAMPLE.leafHash), at(hashes, 1)]

  test('is the 96 bytes of three leaf hashes, and is read as it was written', () => {
    const tile = joinTile(example)
    expect(tile).toHaveLength(96)
    expect(valueOf(splitTile(tile, 3))).toEqual(example)
  })

  test('is refused at any length but that of its width', () => {
    const tile = joinTile(example)
    for (const width of [0, 1, 2, 4, 2.5])
      expect(reasonOf(splitTile(tile, width))).toBe('tile-malformed')
    expect(reasonOf(splitTile(tile.subarray(1), 3))).toBe('tile-malformed')
    expect(() => joinTile([])).toThrow(RangeError)
    expect(() => joinTile([tile.subarray(0, 31)])).toThrow(RangeError)
  })
})

/** A log kept as its tile hashes alone, as storage keeps it, with the root that it had at each size. */
function growLog(size: number) {
  const leaves: Uint8Array[] = []
  const levels: Uint8Array[][] = [[], [], []]
  const frontierAt = new Map<number, typeof EMPTY_FRONTIER>()
  let frontier = EMPTY_FRONTIER
  for (let i = 0; i < size; i++) {
    const leaf = new Uint8Array(createHash('sha256').update(`leaf ${i}`).digest())
    leaves.push(leaf)
    const appended = appendLeaf(frontier, leaf)
    frontier = appended.frontier
    for (const { level, index, hash } of appended.nodes) {
      expect(levels[level]).toHaveLength(index)
      levels[level]?.push(hash)
    }
    frontierAt.set(i + 1, frontier)
  }
  const reads: string[] = []
  return {
    leaves,
    reads,
    root: (treeSize: number) => frontierRoot(frontierAt.get(treeSize) ?? EMPTY_FRONTIER),
    readTile: async (tile: HashTile) => {
      reads.push(tilePath(tile))
      const start = tile.index * 256
      return await Promise.resolve(
        concat(...(levels[tile.level] ?? []).slice(start, start + tile.width)),
      )
    },
  }
}

const log = growLog(70_000)
const EDGES = [1, 2, 3, 255, 256, 257, 511, 512, 513, 1000, 65_535, 65_536, 65_537, 69_999, 70_000]

async function isIncluded(size: number, indexes: readonly number[]): Promise<boolean> {
  const prover = tileProver(size, log.readTile)
  const root = log.root(size)
  const results = await Promise.all(
    indexes.map(async (index) => {
      const path = await prover.inclusionProof(index)
      return verifyInclusion({ index, size, leafHash: at(log.leaves, index), path, root })
    }),
  )
  return results.every(({ ok }) => ok)
}

describe('proofs out of tiles', () => {
  test('prove the leaves at every edge of every tile, in trees of sizes at the edges', async () => {
    for (const size of EDGES) {
      const indexes = [0, ...EDGES, ...EDGES.map((edge) => edge - 1)].filter(
        (index) => index < size,
      )
      expect(await isIncluded(size, indexes)).toBe(true)
    }
  })

  test('are the paths of the whole tree', async () => {
    for (const size of [1, 7, 300, 513]) {
      const prover = tileProver(size, log.readTile)
      for (const index of [0, 1, 6, 255, 256, 299, 512].filter((leaf) => leaf < size)) {
        const path = merklePath(log.leaves.slice(0, size), index)
        expect(await prover.inclusionProof(index)).toEqual(path)
      }
    }
  })

  test('prove consistency between all sizes at the edges', async () => {
    for (const newSize of EDGES) {
      const prover = tileProver(newSize, log.readTile)
      for (const oldSize of EDGES.filter((size) => size <= newSize)) {
        const path = await prover.consistencyProof(oldSize)
        const roots = { oldRoot: log.root(oldSize), newRoot: log.root(newSize) }
        expect(verifyConsistency({ oldSize, newSize, path, ...roots }).ok).toBe(true)
      }
    }
  })

  test('prove consistency between all sizes up to 40', async () => {
    for (let newSize = 0; newSize <= 40; newSize++) {
      const prover = tileProver(newSize, log.readTile)
      for (let oldSize = 0; oldSize <= newSize; oldSize++) {
        const path = await prover.consistencyProof(oldSize)
        const roots = { oldRoot: log.root(oldSize), newRoot: log.root(newSize) }
        expect(verifyConsistency({ oldSize, newSize, path, ...roots }).ok).toBe(true)
      }
    }
  })

  test('prove any leaf of any size, and any two sizes', async () => {
    const sizes = fc.integer({ min: 1, max: 70_000 })
    await fc.assert(
      fc.asyncProperty(sizes, fc.nat(), async (size, seed) => {
        expect(await isIncluded(size, [seed % size])).toBe(true)
        const oldSize = 1 + (seed % size)
        const path = await tileProver(size, log.readTile).consistencyProof(oldSize)
        const roots = { oldRoot: log.root(oldSize), newRoot: log.root(size) }
        expect(verifyConsistency({ oldSize, newSize: size, path, ...roots }).ok).toBe(true)
      }),
      { numRuns: 40 },
    )
  })
})

describe('a prover', () => {
  test('reads each tile once for a whole batch, and only at the width that the size gives it', async () => {
    log.reads.length = 0
    const batch = Array.from({ length: 256 }, (_, i) => 69_744 + i)
    expect(await isIncluded(70_000, batch)).toBe(true)
    expect(log.reads.toSorted()).toEqual([
      'tile/0/272',
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ])
  })

  test('makes no proof of a tile that is too short, nor of a read that fails', async () => {
    const short = tileProver(300, async (tile) => (await log.readTile(tile)).subarray(HASH_BYTES))
    await expect(short.inclusionProof(5)).rejects.toThrow(RangeError)
    const failing = tileProver(300, () => Promise.reject(new Error('no disk')))
    await expect(failing.consistencyProof(5)).rejects.toThrow('no disk')
  })

  test('makes no proof for leaves and sizes that the tree does not have', async () => {
    const prover = tileProver(300, log.readTile)
    for (const wrong of [300, ...NOT_COUNTS]) {
      await expect(prover.inclusionProof(wrong)).rejects.toThrow(RangeError)
    }
    for (const wrong of [301, ...NOT_COUNTS]) {
      await expect(prover.consistencyProof(wrong)).rejects.toThrow(RangeError)
    }
    await expect(tileProver(0, log.readTile).inclusionProof(0)).rejects.toThrow(RangeError)
  })
})
