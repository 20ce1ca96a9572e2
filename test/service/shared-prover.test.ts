import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Storage } from '#ports/storage.ts'
import { openProver, sharedProver } from '#service/sequence-log.ts'
import { addRecords, type DiskLog, openDisk } from '#test/bench/log.ts'

const LEAVES = 700

let disk: DiskLog

beforeAll(async () => {
  disk = await openDisk()
  await addRecords(disk.storage, LEAVES)
  await disk.sequencer.flush()
})

afterAll(async () => {
  await disk.close()
})

/** The storage, with its readings of leaf hashes counted, and failing while told so. */
function watched(): { storage: Storage; seen: { readings: number; fails: boolean } } {
  const seen = { readings: 0, fails: false }
  const storage: Storage = {
    ...disk.storage,
    leafHashes: async (from, to) => {
      seen.readings += 1
      if (seen.fails) throw new Error('the disk is gone')
      return await disk.storage.leafHashes(from, to)
    },
  }
  return { storage, seen }
}

test('whoever asks about one tree shares what was read, and gets the same proofs', async () => {
  const { seen, storage } = watched()
  const alone = openProver(disk.storage, LEAVES)
  for (const index of [0, 255, 256, 511, 512, 699]) {
    const shared = await sharedProver(storage, LEAVES).inclusionProof(index)
    expect(shared).toEqual(await alone.inclusionProof(index))
  }
  const old = await sharedProver(storage, LEAVES).consistencyProof(300)
  expect(old).toEqual(await alone.consistencyProof(300))
  // Three tiles of leaves, each read once.
  expect(seen.readings).toBe(3)
})

test('another size is another tree', async () => {
  const { storage } = watched()
  await sharedProver(storage, LEAVES).inclusionProof(5)
  const smaller = await sharedProver(storage, 600).inclusionProof(5)
  expect(smaller).toEqual(await openProver(disk.storage, 600).inclusionProof(5))
})

test('a reading that failed is tried again', async () => {
  const { seen, storage } = watched()
  seen.fails = true
  await expect(sharedProver(storage, LEAVES).inclusionProof(5)).rejects.toThrow('the disk is gone')
  seen.fails = false
  expect(await sharedProver(storage, LEAVES).inclusionProof(5)).toHaveLength(10)
})

test('it is replaced before it has read the whole log', async () => {
  const { seen, storage } = watched()
  for (let i = 0; i < 300; i++) await sharedProver(storage, LEAVES).inclusionProof(5)
  expect(seen.readings).toBeGreaterThan(5)
  expect(seen.readings).toBeLessThan(20)
})
