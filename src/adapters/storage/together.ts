import type { CompiledQuery } from 'kysely'
import { type Commit, type CommitOutcome, Unavailable } from '#ports/storage.ts'
import type { Engine } from './engine.ts'
import type { QueryBuilder } from './schema.ts'
import { commitStatements, refuseTwice } from './statements.ts'

/** Commits that one batch writes at most. */
const TOGETHER_MAX = 256

/** Writes commits, each whole or not at all. */
export interface CommitWriter {
  readonly commit: (commit: Commit) => Promise<CommitOutcome>
  /** Resolves once everything that was asked for before has been answered. */
  readonly settled: () => Promise<void>
}

interface Waiting {
  readonly commit: Commit
  readonly resolve: (outcome: CommitOutcome) => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes commits that wait at the same time as one, where the engine lets it: a statement over the rows of thirty acts costs little more than
 * one over those of a single act.
 *
 * All guards of a batch are checked before its first write. So commits share one only where none of them names what another writes: then
 * each finds what it would have found alone, in whichever order. If the batch fails, each of them is written alone, and has its own outcome.
 */
export function openCommits(engine: Engine, builder: QueryBuilder): CommitWriter {
  const alone = async (commit: Commit): Promise<CommitOutcome> => {
    const statements = commitStatements(builder, commit)
    return statements.length === 0 ? 'committed' : await engine.write(statements)
  }
  const { writeLater } = engine
  if (writeLater === undefined) return { commit: alone, settled: async () => {} }
  return together(writeLater, { alone, builder })
}

interface Means {
  readonly alone: CommitWriter['commit']
  readonly builder: QueryBuilder
}

function together(
  writeLater: NonNullable<Engine['writeLater']>,
  { alone, builder }: Means,
): CommitWriter {
  let waiting: readonly Waiting[] = []
  let running: Promise<void> | undefined
  const writeNext = async (): Promise<void> => {
    let taken: readonly Waiting[] = []
    const batch = (): readonly CompiledQuery[] => {
      taken = takeFrom(waiting)
      const isTaken = new Set(taken)
      waiting = waiting.filter((one) => !isTaken.has(one))
      return commitStatements(builder, joined(taken.map(({ commit }) => commit)))
    }
    try {
      const outcome = await writeLater(batch)
      if (outcome === 'conflict' && taken.length > 1) await eachAlone(taken, alone)
      else for (const { resolve } of taken) resolve(outcome)
    } catch (error) {
      // One that is our own mistake must not take the others with it; an outage is everybody's.
      if (taken.length > 1 && !(error instanceof Unavailable)) await eachAlone(taken, alone)
      else for (const { reject } of taken.length > 0 ? taken : dropped()) reject(error)
    }
  }
  /** Those that wait for a batch which could not even be asked for. */
  const dropped = (): readonly Waiting[] => {
    const lost = waiting
    waiting = []
    return lost
  }
  const writeAll = async (): Promise<void> => {
    while (waiting.length > 0) await writeNext()
    running = undefined
  }
  return {
    commit: async (commit) => {
      refuseTwice(commit.subjects)
      if (Object.values(commit).every((rows: readonly unknown[]) => rows.length === 0))
        return 'committed'
      return await new Promise<CommitOutcome>((resolve, reject) => {
        waiting = [...waiting, { commit, resolve, reject }]
        running ??= writeAll()
      })
    },
    settled: async () => await running,
  }
}

async function eachAlone(taken: readonly Waiting[], alone: CommitWriter['commit']): Promise<void> {
  await Promise.all(
    taken.map(async ({ commit, reject, resolve }) => await alone(commit).then(resolve, reject)),
  )
}

/** The first that waits, and all others that have nothing to do with it or with each other, in their order. */
function takeFrom(waiting: readonly Waiting[]): readonly Waiting[] {
  const written = new Set<string>()
  const named = new Set<string>()
  const taken: Waiting[] = []
  for (const one of waiting) {
    if (taken.length === TOGETHER_MAX) break
    const { guards, subjects } = one.commit
    const writes = subjects.map(nameOf)
    const reads = guards.map(nameOf)
    const isApart =
      !writes.some((name) => named.has(name)) && !reads.some((name) => written.has(name))
    if (isApart) taken.push(one)
    // Those behind one that must wait do not overtake it.
    for (const name of writes) written.add(name)
    for (const name of [...writes, ...reads]) named.add(name)
  }
  return taken
}

function joined(commits: readonly Commit[]): Commit {
  const [only, ...others] = commits
  if (only !== undefined && others.length === 0) return only
  const guards = commits.flatMap((commit) => commit.guards)
  return {
    guards: [
      ...new Map(
        guards.map((guard) => [`${nameOf(guard)}/${String(guard.version)}`, guard]),
      ).values(),
    ],
    subjects: commits.flatMap(({ subjects }) => subjects),
    acts: commits.flatMap(({ acts }) => acts),
    signatures: commits.flatMap(({ signatures }) => signatures),
    records: commits.flatMap(({ records }) => records),
  }
}

/** A kind has no slash. */
function nameOf({ id, kind }: { readonly kind: string; readonly id: string }): string {
  return `${kind}/${id}`
}
