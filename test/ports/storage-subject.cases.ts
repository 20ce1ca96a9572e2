import { expect } from 'vitest'
import type { SubjectGuard } from '#ports/storage.ts'
import type { StorageCases } from './storage.contract.ts'
import { act, commitOf, record, signature, versions, write } from './storage.fixture.ts'
import { computedMilliseconds } from '#test/helpers/effort.ts'

/** Versions, guards and listings. */
export const subjectCases: StorageCases = [
  {
    name: 'what was never written has version 0, and answers keep the order of the question',
    see: async ({ storage }) => {
      await storage.commit(commitOf({ subjects: [write('a', 0, '{"x":"é\\u0000"}')] }))
      expect(
        await storage.readSubjects([
          { kind: 'party', id: 'none' },
          { kind: 'party', id: 'a' },
          { kind: 'mailbox', id: 'a' },
          { kind: 'party', id: 'a' },
        ]),
      ).toEqual([
        { kind: 'party', id: 'none', version: 0, state: undefined },
        { kind: 'party', id: 'a', version: 1, state: '{"x":"é\\u0000"}' },
        { kind: 'mailbox', id: 'a', version: 0, state: undefined },
        { kind: 'party', id: 'a', version: 1, state: '{"x":"é\\u0000"}' },
      ])
      expect(await storage.readSubjects([])).toEqual([])
    },
  },

  {
    name: 'a hundred subjects are read at once, and more are refused',
    see: async ({ storage }) => {
      const ids = Array.from({ length: 101 }, (_, index) => `party-${String(index)}`)
      await storage.commit(commitOf({ subjects: ids.map((id) => write(id, 0, '{}')) }))
      expect(await versions(storage, ...ids.slice(0, 100))).toEqual(Array(100).fill(1))
      await expect(versions(storage, ...ids)).rejects.toThrow('at most 100')
    },
  },

  {
    name: 'a version grows by one with each write, and any other expectation loses',
    see: async ({ storage }) => {
      expect(await storage.commit(commitOf({ subjects: [write('a', 0, '1')] }))).toBe('committed')
      expect(await storage.commit(commitOf({ subjects: [write('a', 1, '2')] }))).toBe('committed')
      for (const expected of [0, 1, 3]) {
        expect(await storage.commit(commitOf({ subjects: [write('a', expected, 'x')] }))).toBe(
          'conflict',
        )
      }
      expect(await storage.commit(commitOf({ subjects: [write('b', 1, 'x')] }))).toBe('conflict')
      expect(await versions(storage, 'a', 'b')).toEqual([2, 0])
    },
  },

  {
    name: 'a deleted subject is as if it had never been, and its last version is worth nothing',
    see: async ({ storage }) => {
      await storage.commit(commitOf({ subjects: [write('a', 0, '1')] }))
      await storage.commit(commitOf({ subjects: [write('a', 1, '2')] }))
      expect(await storage.commit(commitOf({ subjects: [write('a', 1, undefined)] }))).toBe(
        'conflict',
      )
      expect(await storage.commit(commitOf({ subjects: [write('a', 2, undefined)] }))).toBe(
        'committed',
      )
      expect(await versions(storage, 'a')).toEqual([0])
      for (const state of ['3', undefined]) {
        expect(await storage.commit(commitOf({ subjects: [write('a', 2, state)] }))).toBe(
          'conflict',
        )
      }
      const guards = [{ kind: 'party', id: 'a', version: 2 }]
      expect(await storage.commit(commitOf({ guards, acts: [act('late')] }))).toBe('conflict')
      expect(await storage.commit(commitOf({ subjects: [write('a', 0, '3')] }))).toBe('committed')
      expect(await versions(storage, 'a')).toEqual([1])
    },
  },

  {
    name: 'of twenty racing compare-and-sets one wins, whoever sends them',
    see: async ({ storage, again }) => {
      await storage.commit(commitOf({ subjects: [write('a', 0, 'start')] }))
      const other = await again()
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const subjects = [write('a', 1, String(index)), write(`new-${String(index)}`, 0, '{}')]
          return await (index % 2 === 0 ? storage : other).commit(commitOf({ subjects }))
        }),
      )
      await other.close()
      expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1)
      const winner = outcomes.indexOf('committed')
      const [subject] = await storage.readSubjects([{ kind: 'party', id: 'a' }])
      expect(subject).toMatchObject({ version: 2, state: String(winner) })
      const created = await versions(storage, ...outcomes.map((_, index) => `new-${String(index)}`))
      expect(created.flatMap((version, index) => (version > 0 ? [index] : []))).toEqual([winner])
    },
  },

  {
    name: 'of two races that each guard what the other writes, one wins',
    see: async ({ storage }) => {
      for (let round = 0; round < 5; round++) {
        const [a, b] = [`a${String(round)}`, `b${String(round)}`]
        const outcomes = await Promise.all([
          storage.commit(commitOf({ guards: guardOn(a), subjects: [write(b, 0, '{}')] })),
          storage.commit(commitOf({ guards: guardOn(b), subjects: [write(a, 0, '{}')] })),
        ])
        expect(outcomes.toSorted()).toEqual(['committed', 'conflict'])
      }
    },
  },

  {
    name: 'many who write different things at once all succeed',
    see: async ({ storage }) => {
      await storage.commit(commitOf({ subjects: [write('roster', 0, '{}')] }))
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, async (_, index) => {
          const one = `one-${String(index)}`
          return await storage.commit(
            commitOf({
              guards: [{ kind: 'party', id: 'roster', version: 1 }],
              subjects: [write(one, 0, '{}')],
              acts: [act(one)],
              signatures: [signature(one, one)],
              records: [record(one)],
            }),
          )
        }),
      )
      expect(new Set(outcomes)).toEqual(new Set(['committed']))
    },
  },

  {
    name: 'a bundle of 2,000 subjects is one commit',
    see: async ({ storage }) => {
      const ids = Array.from({ length: 2_000 }, (_, index) => `mailbox-${String(index)}`)
      const state = JSON.stringify({ line: 'x'.repeat(500) })
      const started = computedMilliseconds()
      const created = ids.map((id) => write(id, 0, state))
      expect(await storage.commit(commitOf({ subjects: created }))).toBe('committed')
      const changed = ids.map((id) => write(id, 1, state))
      expect(await storage.commit(commitOf({ subjects: changed }))).toBe('committed')
      expect(computedMilliseconds() - started).toBeLessThan(10_000)
      // One stale line among them, and nothing of it is written.
      const stale = ids.map((id, index) => write(id, index === 1_999 ? 1 : 2, state))
      expect(await storage.commit(commitOf({ subjects: stale }))).toBe('conflict')
      expect(await versions(storage, 'mailbox-0', 'mailbox-1999')).toEqual([2, 2])
      const gone = ids.map((id) => write(id, 2, undefined))
      expect(await storage.commit(commitOf({ subjects: gone }))).toBe('committed')
      expect(await versions(storage, 'mailbox-0', 'mailbox-1999')).toEqual([0, 0])
    },
  },

  {
    name: 'a commit that names one subject twice is a mistake and changes nothing',
    see: async ({ storage }) => {
      const subjects = [write('a', 0, '1'), write('a', 0, '2')]
      await expect(storage.commit(commitOf({ subjects }))).rejects.toThrow('twice')
      expect(await versions(storage, 'a')).toEqual([0])
    },
  },

  {
    name: 'finds a kind by its tag, page by page in the order of the bytes of ids',
    see: async ({ storage }) => {
      const ids = ['b', 'a', 'B', 'a-b', 'ab', 'é', '10', '9']
      const tagged = ids.map((id) => ({ ...write(id, 0, `"${id}"`), tag: 'active' }))
      const others = [
        { ...write('c', 0, '{}'), tag: 'suspended' },
        { ...write('d', 0, '{}'), kind: 'mailbox', tag: 'active' },
        write('e', 0, '{}'),
      ]
      await storage.commit(commitOf({ subjects: [...tagged, ...others] }))
      const found: string[] = []
      for (let after = ''; ; ) {
        const page = { kind: 'party', tag: 'active', after, limit: 3 }
        const subjects = await storage.listSubjects(page)
        expect(subjects.length).toBeLessThanOrEqual(3)
        const last = subjects.at(-1)
        if (last === undefined) break
        found.push(...subjects.map(({ id }) => id))
        after = last.id
      }
      expect(found).toEqual(['10', '9', 'B', 'a', 'a-b', 'ab', 'b', 'é'])
    },
  },

  {
    name: 'a write replaces the tag, and a write without one takes it away',
    see: async ({ storage }) => {
      const listed = async (tag: string) =>
        await storage.listSubjects({ kind: 'party', tag, after: '', limit: 10 })
      await storage.commit(commitOf({ subjects: [{ ...write('a', 0, '1'), tag: 'active' }] }))
      expect(await listed('active')).toEqual([{ kind: 'party', id: 'a', version: 1, state: '1' }])
      await storage.commit(commitOf({ subjects: [{ ...write('a', 1, '2'), tag: 'gone' }] }))
      expect([await listed('active'), (await listed('gone')).length]).toEqual([[], 1])
      await storage.commit(commitOf({ subjects: [write('a', 2, '3')] }))
      expect(await listed('gone')).toEqual([])
    },
  },
]

/** A guard on what must not be there yet. */
function guardOn(id: string): SubjectGuard[] {
  return [{ kind: 'party', id, version: 0 }]
}
