import type { CompiledQuery } from 'kysely'
import { expect, test } from 'vitest'
import type { Engine } from '#adapters/storage/engine.ts'
import { queryBuilder } from '#adapters/storage/schema.ts'
import { openCommits } from '#adapters/storage/together.ts'
import { type Commit, type CommitOutcome, Unavailable } from '#ports/storage.ts'
import { act, commitOf, write } from '#test/ports/storage.fixture.ts'

type Batch = readonly CompiledQuery[]

/** An engine that keeps what it is given, and answers as it is told; its first batch waits for all that is asked for at once. */
function scripted(answer: (batch: Batch) => CommitOutcome): { engine: Engine; batches: Batch[] } {
  const batches: Batch[] = []
  const run = async (batch: () => Batch): Promise<CommitOutcome> => {
    await new Promise(setImmediate)
    const statements = batch()
    batches.push(statements)
    return answer(statements)
  }
  const engine: Engine = {
    dialect: 'sqlite',
    read: async () => await Promise.resolve([]),
    write: async (statements) => await run(() => statements),
    writeLater: run,
    close: async () => {},
  }
  return { engine, batches }
}

/** The rows of a batch, one for each act or subject that it writes. */
function names(batch: Batch): string[] {
  return batch.flatMap(({ parameters }) =>
    [...String(parameters[0]).matchAll(/"(one|two|three|four)"/g)].map(([, name]) => name ?? ''),
  )
}

const named = (name: string): Commit => commitOf({ subjects: [write(name, 0, '{}')] })
const guarded = (name: string, guard: string): Commit => ({
  ...named(name),
  guards: [{ kind: 'party', id: guard, version: 0 }],
})

async function writeAll(engine: Engine, commits: readonly Commit[]): Promise<CommitOutcome[]> {
  const writer = openCommits(engine, queryBuilder('sqlite'))
  return await Promise.all(commits.map(async (commit) => await writer.commit(commit)))
}

test('commits that have nothing to do with each other are one batch', async () => {
  const { batches, engine } = scripted(() => 'committed')
  const outcomes = await writeAll(engine, ['one', 'two', 'three'].map(named))
  expect(outcomes).toEqual(['committed', 'committed', 'committed'])
  expect(batches.map(names)).toEqual([['one', 'two', 'three']])
})

test('a commit that guards or writes what another writes comes after it, in a batch of its own', async () => {
  const { batches, engine } = scripted(() => 'committed')
  await writeAll(engine, [
    named('one'),
    guarded('two', 'one'),
    named('three'),
    // It has nothing to do with the first, and must not overtake the second all the same.
    commitOf({ subjects: [write('two', 1, '{}')] }),
  ])
  expect(batches.map((batch) => [...new Set(names(batch))])).toEqual([
    ['one', 'three'],
    ['one', 'two'],
    ['two'],
  ])
})

test('a batch that fails is written again one by one, and each has its own outcome', async () => {
  const isBad = (batch: Batch): boolean => names(batch).includes('two')
  const { batches, engine } = scripted((batch) => (isBad(batch) ? 'conflict' : 'committed'))
  const outcomes = await writeAll(engine, ['one', 'two', 'three'].map(named))
  expect(outcomes).toEqual(['committed', 'conflict', 'committed'])
  expect(batches.map(names)).toEqual([['one', 'two', 'three'], ['one'], ['two'], ['three']])
})

test('a mistake of one caller is not the others’, and an outage is everybody’s', async () => {
  const mistaken = scripted((batch) => {
    if (names(batch).includes('two')) throw new Error('a mistake')
    return 'committed'
  })
  const writer = openCommits(mistaken.engine, queryBuilder('sqlite'))
  const outcomes = await Promise.allSettled(
    ['one', 'two', 'three'].map(async (name) => await writer.commit(named(name))),
  )
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  const gone = scripted(() => {
    throw new Unavailable('gone')
  })
  const all = openCommits(gone.engine, queryBuilder('sqlite'))
  const lost = await Promise.allSettled(
    ['one', 'two'].map(async (name) => await all.commit(named(name))),
  )
  expect(gone.batches).toHaveLength(1)
  expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})

test('an engine that must not mix its callers is given each commit alone', async () => {
  const { batches, engine } = scripted(() => 'committed')
  const { writeLater: _, ...apart } = engine
  await writeAll(apart, [named('one'), named('two'), commitOf({ acts: [act('x')] })])
  expect(batches).toHaveLength(3)
})
