import { expect } from 'vitest'
import { concat } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import type { LogAppend } from '#ports/storage.ts'
import type { StorageCases } from './storage.contract.ts'
import {
  appendOf,
  commitOf,
  digest,
  entry,
  headOf,
  leafHash,
  logged,
  pendingIds,
  record,
  TODAY,
} from './storage.fixture.ts'

const YESTERDAY = '2026-11-22'

/** Records, from the moment they wait until they are leaves. */
export const recordCases: StorageCases = [
  {
    name: "a probe writes, leaves nothing behind, and is in nobody's way",
    see: async ({ again, raw, storage }) => {
      const other = await again()
      await Promise.all([storage.probe(), other.probe(), storage.probe()])
      // This fails where there is a row.
      await raw('insert into guard (ok) select 0 from guard')
      expect(await storage.commit(commitOf({ records: [record('1')] }))).toBe('committed')
      await other.close()
    },
  },

  {
    name: 'governance is in chain order, from any position, logged or not',
    see: async ({ storage }) => {
      const chain = [2, 0, 3, 1].map((position) =>
        record(String(9 - position), { chain: position, isPublic: true }),
      )
      await storage.commit(commitOf({ records: [...chain, record('1')] }))
      await storage.appendLog(appendOf(0, [record('9').id]))
      const found = await storage.governance(0, 100)
      expect(found.map((row) => [row.chain, row.leafIndex])).toEqual([
        [0, 0],
        [1, undefined],
        [2, undefined],
        [3, undefined],
      ])
      expect((await storage.governance(1, 2)).map((row) => row.chain)).toEqual([1, 2])
      expect(await storage.governance(4, 2)).toEqual([])
    },
  },

  {
    name: 'governance waits first, then the others by id, and held ones once their day is over',
    see: async ({ storage }) => {
      await storage.commit(
        commitOf({
          records: [
            record('5'),
            record('3'),
            record('4', { hold: YESTERDAY }),
            record('1', { hold: TODAY }),
            record('9', { chain: 0, needsHead: true }),
            record('8', { chain: 1 }),
            record('2', { hold: '2026-10-31' }),
            record('6', { hold: '2026-11-24' }),
          ],
        }),
      )
      const order = ['9', '8', '2', '3', '4', '5'].map((name) => record(name).id)
      expect(await pendingIds(storage)).toEqual(order)
      expect(await pendingIds(storage, 4)).toEqual(order.slice(0, 4))
      expect(await pendingIds(storage, 1)).toEqual(order.slice(0, 1))
      const [first, , third] = await storage.pendingRecords(TODAY, 3)
      expect(first).toEqual({
        ...record('9', { chain: 0, needsHead: true }),
        leafIndex: undefined,
      })
      expect(third).toEqual({ ...record('2', { hold: '2026-10-31' }), leafIndex: undefined })
      await storage.appendLog(appendOf(0, order.slice(0, 3)))
      expect(await pendingIds(storage)).toEqual(order.slice(3))
      expect(await storage.pendingRecords('2026-11-24', 100)).toHaveLength(4)
    },
  },

  {
    name: 'the last record of an event below a size',
    see: async ({ storage }) => {
      const records = ['1', '2', '3', '4'].map((name) =>
        record(name, { event: name === '2' ? 'other' : 'directory.head' }),
      )
      await storage.commit(commitOf({ records: [record('5', { event: 'directory.head' })] }))
      await logged(storage, records)
      const lastBelow = async (size: number) =>
        (await storage.lastRecord('directory.head', size))?.leafIndex
      expect(await Promise.all([0, 1, 2, 3, 4, 100].map(lastBelow))).toEqual([
        undefined,
        0,
        0,
        2,
        3,
        3,
      ])
      expect(await storage.lastRecord('nothing', 100)).toBeUndefined()
    },
  },

  {
    name: 'an addendum is given out only when it is public and in the log',
    see: async ({ storage }) => {
      const [open, secret, waiting] = [
        record('1', { isPublic: true }),
        record('2'),
        record('3', { isPublic: true }),
      ]
      await storage.commit(commitOf({ records: [waiting] }))
      await logged(storage, [open, secret])
      expect(await storage.publicAddendum(sha256Hex(open.addendum))).toEqual(open.addendum)
      expect(await storage.publicAddendum(sha256Hex(secret.addendum))).toBeUndefined()
      expect(await storage.publicAddendum(sha256Hex(waiting.addendum))).toBeUndefined()
      expect(await storage.publicAddendum(digest('unknown'))).toBeUndefined()
    },
  },
]

/** Heads, leaves and checkpoints. */
export const logCases: StorageCases = [
  {
    name: 'an empty log has no head',
    see: async ({ storage }) => {
      expect(await storage.logHead()).toBeUndefined()
      expect(await storage.leafHashes(0, 256)).toEqual(new Uint8Array())
      expect(await storage.entries(0, 256)).toEqual([])
      expect(await storage.latestCheckpoint()).toBeUndefined()
    },
  },

  {
    name: 'a batch gives records their leaves, new ones included',
    see: async ({ storage }) => {
      await storage.commit(commitOf({ records: [record('1'), record('2')] }))
      const made = record('3', { act: '', event: 'directory.head', isPublic: true })
      const append = appendOf(0, ids('2', '1', '3'), { newRecords: [made] })
      const head = { ...append.head, directoryHead: digest('chain'), directoryLength: 7 }
      expect(await storage.appendLog({ ...append, head })).toBe('committed')
      expect(await storage.logHead()).toEqual(head)
      expect(await pendingIds(storage)).toEqual([])
      expect(await storage.recordsOf(record('1').act)).toEqual([{ ...record('1'), leafIndex: 1 }])
      expect(await storage.lastRecord('directory.head', 3)).toEqual({ ...made, leafIndex: 2 })
    },
  },

  {
    name: 'ranges of leaves, entries and tile hashes end where the log ends',
    see: async ({ storage }) => {
      const names = ['1', '2', '3', '4', '5']
      await storage.commit(commitOf({ records: names.map((name) => record(name)) }))
      const nodes = [node(1, 0), node(1, 1), node(1, 10), node(1, 2), node(2, 0)]
      await storage.appendLog(appendOf(0, ids(...names), { nodes }))
      const all = ids(...names)
      expect(await storage.leafHashes(1, 3)).toEqual(concat(...all.slice(1, 3).map(leafHash)))
      expect(await storage.leafHashes(3, 256)).toEqual(concat(...all.slice(3).map(leafHash)))
      expect(await storage.leafHashes(5, 256)).toEqual(new Uint8Array())
      expect(await storage.entries(0, 2)).toEqual(all.slice(0, 2).map(entry))
      expect(await storage.entries(4, 9)).toEqual(all.slice(4).map(entry))
      expect(await storage.nodeHashes(1, 1, 256)).toEqual(
        concat(node(1, 1).hash, node(1, 2).hash, node(1, 10).hash),
      )
      expect(await storage.nodeHashes(2, 0, 1)).toEqual(node(2, 0).hash)
      expect(await storage.nodeHashes(3, 0, 1)).toEqual(new Uint8Array())
    },
  },

  {
    name: 'a batch that does not fit changes nothing',
    see: async ({ storage }) => {
      await storage.commit(commitOf({ records: [record('1'), record('3')] }))
      const first = [{ level: 1, index: 0, hash: leafHash('first') }]
      const second = [{ level: 1, index: 0, hash: leafHash('second') }]
      await storage.appendLog(appendOf(0, ids('1'), { nodes: first }))
      const batches: Readonly<Record<string, LogAppend>> = {
        'a smaller size than the newest': appendOf(0, ids('3')),
        'a size that never was': appendOf(2, ids('3')),
        'a record that is not there': appendOf(1, ids('3', 'ffff')),
        'a record that is in the log already': appendOf(1, ids('3', '1')),
        'a new record that exists': appendOf(1, ids('3'), { newRecords: [record('3')] }),
        'a tile hash that exists': appendOf(1, ids('3'), { nodes: second }),
      }
      for (const [name, append] of Object.entries(batches)) {
        expect(await storage.appendLog(append), name).toBe('conflict')
        expect(await storage.logHead(), name).toEqual(headOf(1))
        expect(await storage.entries(0, 10), name).toHaveLength(1)
        expect(await pendingIds(storage), name).toEqual(ids('3'))
      }
      expect(await storage.nodeHashes(1, 0, 9)).toEqual(leafHash('first'))
    },
  },

  {
    name: 'a batch with a gap between its leaves is a mistake',
    see: async ({ storage }) => {
      await storage.commit(commitOf({ records: [record('1'), record('2')] }))
      const append = appendOf(0, ids('1', '2'))
      const leaves = append.leaves.map((leaf) => ({ ...leaf, leafIndex: leaf.leafIndex * 2 }))
      await expect(storage.appendLog({ ...append, leaves })).rejects.toThrow('follow')
      await expect(storage.appendLog({ ...append, head: headOf(3) })).rejects.toThrow('follow')
      expect(await storage.logHead()).toBeUndefined()
    },
  },

  {
    name: 'of racing sequencers one wins each round, and the log has neither gap nor double',
    see: async ({ storage, again }) => {
      const names = Array.from({ length: 12 }, (_, index) => String(100 + index))
      await storage.commit(commitOf({ records: names.map((name) => record(name)) }))
      const other = await again()
      for (let size = 0; size < names.length; size += 3) {
        const batch = ids(...names.slice(size, size + 3))
        const outcomes = await Promise.all(
          ['a', 'b', 'c', 'd'].map(async (writer, index) => {
            const head = headOf(size + 3, writer)
            const sequencer = index % 2 === 0 ? storage : other
            return await sequencer.appendLog({ ...appendOf(size, batch), head })
          }),
        )
        expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1)
        const winner = 'abcd'[outcomes.indexOf('committed')]
        expect(await storage.logHead()).toEqual(headOf(size + 3, winner))
      }
      await other.close()
      expect(await storage.entries(0, 100)).toEqual(ids(...names).map(entry))
      expect(await pendingIds(storage)).toEqual([])
    },
  },

  {
    name: 'a batch of 1,024 leaves is one step',
    see: async ({ storage }) => {
      const names = Array.from({ length: 1_024 }, (_, index) => String(10_000 + index))
      await storage.commit(commitOf({ records: names.map((name) => record(name)) }))
      expect(await pendingIds(storage, 2_000)).toEqual(ids(...names))
      expect(await storage.appendLog(appendOf(0, ids(...names)))).toBe('committed')
      expect(await storage.leafHashes(0, 1_024)).toEqual(concat(...ids(...names).map(leafHash)))
    },
  },

  {
    name: 'the engine itself refuses to change or remove what the log said',
    see: async ({ storage, raw }) => {
      await storage.commit(commitOf({ records: [record('1')] }))
      const nodes = [{ level: 1, index: 0, hash: leafHash('first') }]
      await storage.appendLog(appendOf(0, ids('1'), { nodes }))
      const columns = { log_head: 'root', log_entry: 'entry', log_node: 'hash' }
      for (const [table, column] of Object.entries(columns)) {
        for (const sql of [`update ${table} set ${column} = 'x'`, `delete from ${table}`]) {
          await expect(raw(sql), sql).rejects.toThrow('append-only')
        }
      }
      expect(await storage.logHead()).toEqual(headOf(1))
    },
  },

  {
    name: 'a later note for a size replaces the earlier one, and the greatest size is shown',
    see: async ({ storage }) => {
      await storage.saveCheckpoint(5, 'five')
      await storage.saveCheckpoint(10, 'ten')
      await storage.saveCheckpoint(10, 'ten, cosigned')
      await storage.saveCheckpoint(5, 'five, cosigned')
      expect(await storage.latestCheckpoint()).toEqual({ size: 10, note: 'ten, cosigned' })
    },
  },

  {
    name: 'the newest checkpoint that enough witnesses cosigned is found beneath newer ones',
    see: async ({ storage }) => {
      expect(await storage.latestCheckpoint(2)).toBeUndefined()
      for (const size of [3, 5, 7, 9, 11]) await storage.saveCheckpoint(size, String(size))
      expect(await storage.latestCheckpoint(1)).toBeUndefined()
      await storage.saveCheckpoint(3, 'three, by three', 3)
      await storage.saveCheckpoint(5, 'five, by two', 2)
      await storage.saveCheckpoint(7, 'seven, by one', 1)
      expect(await storage.latestCheckpoint()).toEqual({ size: 11, note: '11' })
      expect(await storage.latestCheckpoint(1)).toEqual({ size: 7, note: 'seven, by one' })
      expect(await storage.latestCheckpoint(2)).toEqual({ size: 5, note: 'five, by two' })
      expect(await storage.latestCheckpoint(3)).toEqual({ size: 3, note: 'three, by three' })
      expect(await storage.latestCheckpoint(4)).toBeUndefined()
    },
  },

  {
    name: 'the newest checkpoint of at most so many leaves is found, of all and of the cosigned ones',
    see: async ({ storage }) => {
      await storage.saveCheckpoint(3, 'three, by two', 2)
      await storage.saveCheckpoint(5, 'five')
      await storage.saveCheckpoint(7, 'seven, by two', 2)
      await storage.saveCheckpoint(9, 'nine')
      expect((await storage.latestCheckpoint(0, 9))?.size).toBe(9)
      expect((await storage.latestCheckpoint(0, 8))?.size).toBe(7)
      expect((await storage.latestCheckpoint(0, 5))?.size).toBe(5)
      expect((await storage.latestCheckpoint(2, 7))?.size).toBe(7)
      expect((await storage.latestCheckpoint(2, 6))?.size).toBe(3)
      expect(await storage.latestCheckpoint(0, 2)).toBeUndefined()
      expect(await storage.latestCheckpoint(2, 2)).toBeUndefined()
      expect(await storage.latestCheckpoint(3, 9)).toBeUndefined()
    },
  },

  {
    name: 'a note with fewer cosignatures never replaces one with more',
    see: async ({ storage }) => {
      await storage.saveCheckpoint(5, 'by two', 2)
      await storage.saveCheckpoint(5, 'by one', 1)
      await storage.saveCheckpoint(5, 'by none')
      expect(await storage.latestCheckpoint(2)).toEqual({ size: 5, note: 'by two' })
      expect(await storage.latestCheckpoint()).toEqual({ size: 5, note: 'by two' })
      await storage.saveCheckpoint(5, 'by two, later', 2)
      expect(await storage.latestCheckpoint()).toEqual({ size: 5, note: 'by two, later' })
      await storage.saveCheckpoint(5, 'by three', 3)
      expect(await storage.latestCheckpoint(2)).toEqual({ size: 5, note: 'by three' })
    },
  },
]

function ids(...names: string[]): string[] {
  return names.map((name) => record(name).id)
}

function node(level: number, index: number): LogAppend['nodes'][number] {
  return { level, index, hash: leafHash(`node ${String(level)}/${String(index)}`) }
}
