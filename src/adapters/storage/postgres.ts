import { setTimeout as sleep } from 'node:timers/promises'
import type { CompiledQuery } from 'kysely'
import { DatabaseError, Pool, type PoolClient, TypeOverrides, types } from 'pg'
import { type CommitOutcome, type Storage, Unavailable } from '#ports/storage.ts'
import type { Engine, Failure } from './engine.ts'
import { migrate, requireMigrated } from './migrate.ts'
import { storageOn } from './storage.ts'

const ATTEMPTS_MAX = 12
const PAUSE_MILLISECONDS_MAX = 200
/** For a connection of the pool as well: who waits longer is better told to come back. */
const CONNECT_MILLISECONDS_MAX = 5_000
const STATEMENT_MILLISECONDS_MAX = 60_000
const CONNECTIONS_MAX = 10

/** serialization_failure and deadlock_detected: nothing was written, and the same batch may pass the next time. */
const RETRIED = new Set(['40001', '40P01'])
const UNIQUE_VIOLATION = '23505'

/**
 * SQLite and D1 run one batch after the other, and only SERIALIZABLE gives PostgreSQL the same meaning: under READ
 * COMMITTED several of twenty racing compare-and-sets win.
 *
 * `synchronous_commit` is set here because a server or role may have it off, and then an answered commit can be lost.
 *
 * Sequential scans are kept out because one locks its whole table against every concurrent writer, who would all have
 * to try again; an index lookup locks what it read.
 */
const BEGIN =
  'begin isolation level serializable; set local synchronous_commit = on; set local enable_seqscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off'

/**
 * A second attempt writes alone: nearly every batch inserts into `guard`, and this lock waits for those under way and holds up the rest.
 * It comes before the snapshot is taken, so nothing that happened before can fail the batch.
 *
 * PostgreSQL tracks what was read by pages of an index. In a small database all keys share one page, so batches that
 * have nothing in common would fail each other without end.
 */
const ALONE = 'lock table guard in share row exclusive mode'

/** Where a PostgreSQL database is. */
export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string
  /** Connections kept open at most; 10 where absent. */
  readonly connectionsMax?: number
}

/**
 * Opens a migrated database.
 *
 * @throws Error where its schema is not the one that this version knows, and Unavailable where it cannot be reached.
 */
export async function openPostgresStorage(options: PostgresOptions): Promise<Storage> {
  const engine = postgresEngine(options)
  try {
    await requireMigrated(engine)
  } catch (error) {
    await engine.close()
    throw error
  }
  return storageOn(engine)
}

/** Brings the schema up to date, blobs included; returns the names of the migrations run. Several processes may call it at once. */
export async function migratePostgresStorage(options: PostgresOptions): Promise<readonly string[]> {
  const engine = postgresEngine(options)
  try {
    return await migrate(engine)
  } finally {
    await engine.close()
  }
}

/** PostgreSQL behind the two ways of reaching a database. */
export function postgresEngine({ url, connectionsMax = CONNECTIONS_MAX }: PostgresOptions): Engine {
  const pool = new Pool({
    connectionString: url,
    max: connectionsMax,
    connectionTimeoutMillis: CONNECT_MILLISECONDS_MAX,
    statement_timeout: STATEMENT_MILLISECONDS_MAX,
    idle_in_transaction_session_timeout: STATEMENT_MILLISECONDS_MAX,
    types: typeParsers(),
  })
  // An idle connection that breaks is dropped from the pool; without a listener it would end the process.
  pool.on('error', () => {})
  // So would one that breaks in the middle of a transaction; the query that waits for it fails by itself.
  pool.on('connect', (client) => client.on('error', () => {}))
  return {
    dialect: 'postgres',
    read: async <Row extends Record<string, unknown>>(query: CompiledQuery<Row>) => {
      try {
        return (await pool.query<Row>(query.sql, [...query.parameters])).rows
      } catch (error) {
        throw unavailable(error)
      }
    },
    write: async (statements) => await writeSerially(pool, statements),
    writeLater: async (batch) => await writeSerially(pool, batch()),
    close: async () => {
      await pool.end()
    },
  }
}

/** Gives bigint as a number, as SQLite and D1 do: versions, sizes and seconds stay far below 2^53. */
function typeParsers(): TypeOverrides {
  const parsers = new TypeOverrides()
  parsers.setTypeParser(types.builtins.INT8, Number)
  return parsers
}

async function writeSerially(
  pool: Pool,
  statements: readonly CompiledQuery[],
): Promise<CommitOutcome> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const begin = attempt === 1 ? BEGIN : `${BEGIN}; ${ALONE}`
    const outcome = await attemptBatch(pool, begin, statements)
    if (outcome !== 'retry') return outcome
    await sleep(Math.random() * Math.min(PAUSE_MILLISECONDS_MAX, 2 ** attempt))
  }
  throw new Unavailable('PostgreSQL found no order for concurrent writes')
}

async function attemptBatch(
  pool: Pool,
  begin: string,
  statements: readonly CompiledQuery[],
): Promise<CommitOutcome | 'retry'> {
  const client = await connect(pool)
  try {
    await client.query(begin)
    for (const { sql, parameters } of statements) await client.query(sql, [...parameters])
    await client.query('commit')
    client.release()
    return 'committed'
  } catch (error) {
    await rollBack(client)
    const failure = postgresFailure(error)
    if (failure === 'outage') throw unavailable(error)
    if (failure === 'fault') throw error
    return failure
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw unavailable(error)
  }
}

/** Returns the connection to the pool, or closes it where it does not even roll back. */
async function rollBack(client: PoolClient): Promise<void> {
  try {
    await client.query('rollback')
    client.release()
  } catch {
    client.release(true)
  }
}

function postgresFailure(error: unknown): Failure | 'retry' {
  if (!(error instanceof DatabaseError)) return 'outage'
  const { code = '', constraint } = error
  if (RETRIED.has(code)) return 'retry'
  if (code === UNIQUE_VIOLATION || constraint === 'guard_holds') return 'conflict'
  return code.startsWith('23') ? 'fault' : 'outage'
}

function unavailable(cause: unknown): Unavailable {
  return new Unavailable('PostgreSQL failed', { cause })
}
