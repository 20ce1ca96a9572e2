import { expect } from 'vitest'
import { type Commit, Unavailable } from '#ports/storage.ts'
import type { StorageCases } from './storage.contract.ts'
import {
  act,
  commitOf,
  digest,
  headOf,
  logged,
  pendingIds,
  record,
  signature,
  versions,
  write,
} from './storage.fixture.ts'

/** A commit of one of each. */
const WHOLE = commitOf({
  subjects: [write('a', 0, '{}')],
  acts: [act('one')],
  signatures: [signature('s', 'one')],
  records: [record('1', { act: digest('one') })],
})

/** Commits as a whole, acts and signatures. */
export const actCases: StorageCases = [
  {
    name: 'writes all its parts, byte for byte',
    see: async ({ storage }) => {
      expect(await storage.commit(WHOLE)).toBe('committed')
      expect(await storage.findAct(digest('one'))).toEqual(act('one'))
      expect(await storage.signaturesOf(digest('one'))).toEqual([signature('s', 'one')])
      expect(await storage.recordsOf(digest('one'))).toEqual([
        { ...record('1', { act: digest('one') }), leafIndex: undefined },
      ])
    },
  },

  {
    name: 'an empty one succeeds',
    see: async ({ storage }) => {
      expect(await storage.commit(commitOf({}))).toBe('committed')
    },
  },

  {
    name: 'loses whole whichever part of it conflicts',
    see: async ({ storage }) => {
      await storage.commit(
        commitOf({
          subjects: [write('taken', 0, '{}')],
          acts: [act('taken')],
          signatures: [signature('taken', 'taken')],
          records: [record('7', { chain: 0 })],
        }),
      )
      const parts: Readonly<Record<string, Partial<Commit>>> = {
        'a guard': { guards: [{ kind: 'party', id: 'roster', version: 1 }] },
        'a guard on what must not be': { guards: [{ kind: 'party', id: 'taken', version: 0 }] },
        'a subject': { subjects: [write('b', 0, '{}'), write('taken', 0, '{}')] },
        'a deletion': { subjects: [write('taken', 7, undefined)] },
        'an act': { acts: [act('fresh'), act('taken')] },
        'a signature': { acts: [act('fresh')], signatures: [signature('taken', 'taken')] },
        'a record': { records: [record('2'), record('7')] },
        'a place in the chain': { records: [record('2', { chain: 0 })] },
      }
      for (const [name, part] of Object.entries(parts)) {
        const acts = [act('other'), ...(part.acts ?? [])]
        const subjects = [write('a', 0, '{}'), ...(part.subjects ?? [])]
        const records = [record('3'), ...(part.records ?? [])]
        const outcome = await storage.commit(commitOf({ ...part, acts, subjects, records }))
        expect(outcome, name).toBe('conflict')
        expect(await versions(storage, 'a', 'b', 'taken'), name).toEqual([0, 0, 1])
        expect(await storage.findActs([digest('other'), digest('fresh')]), name).toEqual([])
        expect(await pendingIds(storage), name).toEqual([record('7').id])
      }
    },
  },

  {
    name: 'one that conflicts leaves those beside it alone',
    see: async ({ storage }) => {
      const outcomes = await Promise.all([
        storage.commit(commitOf({ acts: [act('one')] })),
        storage.commit(commitOf({ acts: [act('one')] })),
        storage.commit(commitOf({ acts: [act('two')] })),
      ])
      expect(outcomes.toSorted()).toEqual(['committed', 'committed', 'conflict'])
      expect(await storage.findActs([digest('one'), digest('two')])).toHaveLength(2)
    },
  },

  {
    name: 'a signature of an act that is not there is a mistake, neither a conflict nor an outage',
    see: async ({ storage }) => {
      const failed = storage.commit(commitOf({ signatures: [signature('s', 'nowhere')] }))
      await expect(failed).rejects.not.toBeInstanceOf(Unavailable)
    },
  },

  {
    name: 'is there for whoever opens the database later',
    see: async ({ storage, again }) => {
      await storage.commit(WHOLE)
      await logged(storage, [record('2')])
      await storage.saveCheckpoint(1, 'note')
      const later = await again()
      expect(await later.findAct(digest('one'))).toEqual(act('one'))
      expect(await later.logHead()).toEqual(headOf(1))
      expect(await later.latestCheckpoint()).toEqual({ size: 1, note: 'note' })
      await later.close()
    },
  },

  {
    name: 'acts come in the order of ids without those that are unknown',
    see: async ({ storage }) => {
      const names = ['one', 'two', 'three', 'four']
      await storage.commit(commitOf({ acts: names.map(act) }))
      const ids = names.map(digest)
      const found = await storage.findActs([...ids, digest('unknown')])
      expect(found.map(({ id }) => id)).toEqual(ids.toSorted())
      expect(await storage.findAct(digest('unknown'))).toBeUndefined()
      expect(await storage.findActs([])).toEqual([])
    },
  },

  {
    name: 'a hundred acts are found at once, and more are refused',
    see: async ({ storage }) => {
      const names = Array.from({ length: 101 }, (_, index) => String(index))
      await storage.commit(commitOf({ acts: names.map(act) }))
      expect(await storage.findActs(names.slice(0, 100).map(digest))).toHaveLength(100)
      await expect(storage.findActs(names.map(digest))).rejects.toThrow('at most 100')
    },
  },

  {
    name: 'an act of 64 KiB comes back as it was, in a commit of many',
    see: async ({ storage }) => {
      const payload = Uint8Array.from({ length: 65_536 }, (_, index) => index % 251)
      const acts = Array.from({ length: 12 }, (_, index) => ({ ...act(String(index)), payload }))
      expect(await storage.commit(commitOf({ acts }))).toBe('committed')
      expect(await storage.findActs(acts.map(({ id }) => id))).toHaveLength(12)
      expect((await storage.findAct(digest('7')))?.payload).toEqual(payload)
    },
  },

  {
    name: 'signatures come by time, then by packet hash',
    see: async ({ storage }) => {
      const all = [
        signature('late', 'one', 30),
        signature('x', 'one', 20),
        signature('y', 'one', 20),
        signature('early', 'one', 10),
      ]
      await storage.commit(
        commitOf({ acts: [act('one'), act('two')], signatures: [...all, signature('z', 'two')] }),
      )
      const [x, y] = ['x', 'y'].map((name) => signature(name, 'one').packetHash).toSorted()
      const hashes = (await storage.signaturesOf(digest('one'))).map(({ packetHash }) => packetHash)
      expect(hashes).toEqual([all[3]?.packetHash, x, y, all[0]?.packetHash])
    },
  },

  {
    name: 'what the engine cannot do is an outage that names its cause',
    see: async ({ storage, raw }) => {
      await raw('drop table checkpoint')
      const attempts = [
        async () => await storage.latestCheckpoint(),
        async () => await storage.saveCheckpoint(1, 'note'),
      ]
      for (const attempt of attempts) {
        const reason = await attempt().then(
          () => undefined,
          (error: unknown) => error,
        )
        expect(reason).toBeInstanceOf(Unavailable)
        expect(reason instanceof Error && reason.cause).toBeInstanceOf(Error)
      }
      expect(await storage.commit(commitOf({ subjects: [write('a', 0, '{}')] }))).toBe('committed')
    },
  },
]
