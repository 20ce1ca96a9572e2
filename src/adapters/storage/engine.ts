import type { CompiledQuery } from 'kysely'
import type { Dialect } from '#migrations'
import type { CommitOutcome } from '#ports/storage.ts'

/**
 * A database in the only two ways that SQLite, PostgreSQL and D1 share: one query, and one atomic batch.
 *
 * There are no interactive transactions, because D1 has none.
 */
export interface Engine {
  readonly dialect: Dialect
  /**
   * Runs one query, which sees the database as of one moment.
   *
   * @throws Unavailable
   */
  readonly read: <Row extends Record<string, unknown>>(
    query: CompiledQuery<Row>,
  ) => Promise<readonly Row[]>
  /**
   * Runs statements as one durable batch, one batch after the other. `conflict` where a guard or a unique key failed:
   * then nothing of it was written.
   *
   * @throws Unavailable
   */
  readonly write: (statements: readonly CompiledQuery[]) => Promise<CommitOutcome>
  /**
   * The same for a batch that is asked for when its turn has come, so that it may hold what was not there before. Left out where one caller
   * must not wait for what another has begun, as on Workers.
   */
  readonly writeLater?: (batch: () => readonly CompiledQuery[]) => Promise<CommitOutcome>
  readonly close: () => Promise<void>
}

/**
 * What the failure of a statement means: `conflict` for guards and unique keys, `fault` for the other constraints, which
 * only our own mistake can break, and `outage` for all that the engine did.
 */
export type Failure = 'conflict' | 'fault' | 'outage'

/** Reads the failures of SQLite and of D1, which passes on the same texts. */
export function sqliteFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : ''
  if (/UNIQUE constraint failed|CHECK constraint failed: guard_holds/.test(message)) {
    return 'conflict'
  }
  return /constraint failed/.test(message) ? 'fault' : 'outage'
}
