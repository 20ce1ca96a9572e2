import type { D1Database, D1PreparedStatement } from '@cloudflare/workers-types'
import type { CompiledQuery } from 'kysely'
import { type CommitOutcome, type Storage, Unavailable } from '#ports/storage.ts'
import { type Engine, sqliteFailure } from './engine.ts'
import { migrate, requireMigrated } from './migrate.ts'
import { storageOn } from './storage.ts'

/**
 * Opens a migrated database.
 *
 * @throws Error where its schema is not the one that this version knows, and Unavailable where it cannot be reached.
 */
export async function openD1Storage(d1: D1Database): Promise<Storage> {
  const engine = d1Engine(d1)
  await requireMigrated(engine)
  return storageOn(engine)
}

/** Brings the schema up to date; returns the names of the migrations run. */
export async function migrateD1Storage(d1: D1Database): Promise<readonly string[]> {
  return await migrate(d1Engine(d1))
}

/**
 * Kysely compiles and D1 executes. A Kysely dialect for D1 would offer transactions that D1 does not have, and Kysely's
 * introspection reads tables that D1 keeps to itself.
 */
function d1Engine(d1: D1Database): Engine {
  const prepare = ({ sql, parameters }: CompiledQuery): D1PreparedStatement =>
    d1.prepare(sql).bind(...parameters)
  return {
    dialect: 'sqlite',
    read: async <Row extends Record<string, unknown>>(query: CompiledQuery<Row>) => {
      try {
        return (await prepare(query).all<Row>()).results
      } catch (error) {
        throw unavailable(error)
      }
    },
    write: async (statements): Promise<CommitOutcome> => {
      try {
        await d1.batch(statements.map(prepare))
        return 'committed'
      } catch (error) {
        const failure = sqliteFailure(error)
        if (failure === 'conflict') return 'conflict'
        throw failure === 'fault' ? error : unavailable(error)
      }
    },
    close: async () => {},
  }
}

function unavailable(cause: unknown): Unavailable {
  return new Unavailable('D1 failed', { cause })
}
