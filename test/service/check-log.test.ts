import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromHex } from '#core/bytes.ts'
import { EMPTY_ROOT } from '#core/log/merkle.ts'
import type { TreeHead } from '#ports/log-signer.ts'
import type { Storage } from '#ports/storage.ts'
import { checkLog } from '#service/check-log.ts'
import { addRecords, type DiskLog, openDisk } from '#test/bench/log.ts'
import { reasonOf } from '#test/helpers/openpgp-keys.ts'

const SIZES = [1, 255, 256, 300, 700]

let disk: DiskLog
let seen: readonly TreeHead[]

beforeAll(async () => {
  disk = await openDisk()
  const heads: TreeHead[] = []
  for (const [i, size] of SIZES.entries()) {
    await addRecords(disk.storage, size - (SIZES[i - 1] ?? 0))
    await disk.sequencer.flush()
    const head = await disk.storage.logHead()
    heads.push({ size, root: fromHex(head?.root ?? '') ?? new Uint8Array() })
  }
  seen = heads
})
afterAll(async () => {
  await disk.close()
})

async function check(...trees: readonly TreeHead[]): Promise<string> {
  return reasonOf(
    await checkLog(
      disk.storage,
      trees.map((tree) => ({ by: 'a witness', ...tree })),
    ),
  )
}

test('a log may go on from every tree that it once was, and from nothing', async () => {
  expect(seen.map(({ size }) => size)).toEqual(SIZES)
  expect(await check(...seen, { size: 0, root: EMPTY_ROOT })).toBe('accepted')
})

test('a database older than what anybody has seen is refused', async () => {
  expect(await check(...seen, { size: 701, root: EMPTY_ROOT })).toBe('checkpoint-older')
})

test('another log of the same or of a smaller size is refused', async () => {
  for (const { size } of seen)
    expect(await check({ size, root: new Uint8Array(32) }), String(size)).toBe(
      'checkpoint-inconsistent',
    )
})

test('an empty database is refused by whoever has seen an entry', async () => {
  const empty = await openDisk()
  const [first] = seen
  expect(
    reasonOf(
      await checkLog(empty.storage, [
        { by: 'the log signer', size: 1, root: first?.root ?? EMPTY_ROOT },
      ]),
    ),
  ).toBe('checkpoint-older')
  expect(
    reasonOf(await checkLog(empty.storage, [{ by: 'the log signer', size: 0, root: EMPTY_ROOT }])),
  ).toBe('accepted')
  await empty.close()
})

test('a stored head whose frontier does not fold to its root stops everything', async () => {
  const storage: Storage = {
    ...disk.storage,
    logHead: async () => {
      const head = await disk.storage.logHead()
      return head === undefined ? undefined : { ...head, root: '00'.repeat(32) }
    },
  }
  await expect(checkLog(storage, [])).rejects.toThrow('frontier')
})
