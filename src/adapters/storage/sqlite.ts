import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import type { CompiledQuery } from 'kysely'
import { type CommitOutcome, type Storage, Unavailable } from '#ports/storage.ts'
import { type Engine, sqliteFailure } from './engine.ts'
import { migrate, requireMigrated } from './migrate.ts'
import { storageOn } from './storage.ts'

/** How long a statement waits for another process that writes, say the command line beside the server; nothing else is answered meanwhile. */
const BUSY_MILLISECONDS = 1_000

/** How long commits stay in the write-ahead log, where their order can be read. */
const WAL_MILLISECONDS = 1_000

/** How long a commit waits for others to join, while there are some: about as long as a disk takes. */
const GATHER_MILLISECONDS = 2
/**
 * Turns of the event loop before a commit. Each turn takes one new connection and no more (libuv), and a commit makes the turn it is in as long as
 * the disk is slow: without these, clients that all connect at once would each wait for one commit for every client before them.
 */
const GATHER_TURNS = 32

/** Pages kept in memory. */
const CACHE_KIBIBYTES = 64 * 1024
/** Pages of the write-ahead log at which a commit writes them back itself; `walForgetter` is there before it, unless writes come in floods. */
const WAL_PAGES = 16_384

/** Where a SQLite database is. */
export interface SqliteOptions {
  /** The file; its folder must exist. */
  readonly path: string
}

/** Rows are typed by the query that was compiled; `never` lets them be whatever it says. */
type Statement = Database.Statement<unknown[], never>

/** What commits are made with. */
interface Writer {
  readonly database: Database.Database
  readonly prepare: (text: string) => Statement
  /** Throws where the file is not at its place any more. */
  readonly requireInPlace: () => void
}

interface Job {
  readonly batch: () => readonly CompiledQuery[]
  readonly resolve: (outcome: CommitOutcome) => void
  readonly reject: (error: unknown) => void
}

/**
 * Opens a migrated database.
 *
 * @throws Error where its schema is not the one that this version knows, and Unavailable where it cannot be opened.
 */
export async function openSqliteStorage(options: SqliteOptions): Promise<Storage> {
  const engine = sqliteEngine(options)
  try {
    await requireMigrated(engine)
  } catch (error) {
    await engine.close()
    throw error
  }
  return storageOn(engine)
}

/** Creates the file where there is none and brings its schema up to date; returns the names of the migrations run. */
export async function migrateSqliteStorage(options: SqliteOptions): Promise<readonly string[]> {
  const engine = sqliteEngine(options)
  try {
    return await migrate(engine)
  } finally {
    await engine.close()
  }
}

/**
 * Opens a file for reading and writing, and creates it where there is none.
 *
 * @throws Unavailable where it cannot be opened.
 */
export function sqliteEngine({ path }: SqliteOptions): Engine {
  const database = guarded(() => openDatabase(path))
  const prepare = statementCache(database)
  const writer = groupCommit({ database, prepare, requireInPlace: placeGuard(path) })
  return {
    dialect: 'sqlite',
    read: async (query) => guarded(() => prepare(query.sql).all(...query.parameters)),
    write: async (statements) => await writer.writeLater(() => statements),
    writeLater: writer.writeLater,
    close: async () => {
      writer.flush()
      database.close()
    },
  }
}

/**
 * Opens a file for reading alone, without changing anything of it.
 *
 * @throws Unavailable where it cannot be opened.
 */
export function sqliteReader({ path }: SqliteOptions): Engine {
  const database = guarded(() => new Database(path, { readonly: true, fileMustExist: true }))
  const prepare = statementCache(database)
  return {
    dialect: 'sqlite',
    read: async (query) => guarded(() => prepare(query.sql).all(...query.parameters)),
    write: async () => await Promise.reject(new Error('this database was opened for reading')),
    close: async () => {
      database.close()
    },
  }
}

function openDatabase(path: string): Database.Database {
  const database = new Database(path)
  // FULL makes each commit reach the disk before it is answered; the default of WAL would lose the last ones.
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  database.pragma(`busy_timeout = ${String(BUSY_MILLISECONDS)}`)
  // Keys are hashes, so every act touches pages all over the file: they are found in memory, and written back once a second.
  database.pragma(`cache_size = -${String(CACHE_KIBIBYTES)}`)
  database.pragma(`wal_autocheckpoint = ${String(WAL_PAGES)}`)
  // What is deleted is overwritten, and not only forgotten.
  database.pragma('secure_delete = ON')
  // What a savepoint may have to undo stays in memory: as a file it would lie outside this folder, and took more writes than the commits.
  database.pragma('temp_store = MEMORY')
  return database
}

/**
 * Gives a check that a path still leads to the file that was opened there. SQLite goes on in a file that was removed, moved or replaced, and
 * what is committed to it is lost although it was acknowledged.
 */
function placeGuard(path: string): () => void {
  const opened = guarded(() => statSync(path, { bigint: true }))
  return () => {
    const found = statSync(path, { bigint: true })
    if (found.ino !== opened.ino || found.dev !== opened.dev)
      throw new Error('another file stands where the database was')
  }
}

/** Prepared statements by their text. The texts are few, because values travel as parameters. */
function statementCache(database: Database.Database): (text: string) => Statement {
  const cache = new Map<string, Statement>()
  return (text) => {
    const known = cache.get(text)
    if (known !== undefined) return known
    const statement = database.prepare<unknown[], never>(text)
    cache.set(text, statement)
    return statement
  }
}

/**
 * Commits all batches that arrive together, because a commit costs one wait for the disk however much is in it. Each batch has a savepoint
 * of its own, so one that fails leaves its neighbours alone.
 *
 * A lone writer is hardly kept waiting: only after a commit that was shared does the next one wait by the clock.
 */
function groupCommit(
  writer: Writer,
): Required<Pick<Engine, 'writeLater'>> & { readonly flush: () => void } {
  let queue: Job[] = []
  let isShared = false
  const forget = walForgetter(writer.database)
  const flush = (): void => {
    const jobs = queue
    queue = []
    if (jobs.length === 0) return
    isShared = jobs.length > 1
    runTogether(writer, jobs)
    forget()
  }
  return {
    flush,
    writeLater: async (batch) =>
      await new Promise<CommitOutcome>((resolve, reject) => {
        queue.push({ batch, resolve, reject })
        if (queue.length > 1) return
        if (isShared) setTimeout(flush, GATHER_MILLISECONDS)
        else afterTurns(GATHER_TURNS, flush)
      }),
  }
}

function afterTurns(turns: number, run: () => void): void {
  if (turns === 0) run()
  else setImmediate(afterTurns, turns - 1, run)
}

/**
 * Empties the write-ahead log soon after it was written to. It keeps the commits in their order, and companies' acts among them tell the
 * second: whoever seized the disk could read from it when customers came.
 */
function walForgetter(database: Database.Database): () => void {
  let isScheduled = false
  return () => {
    if (isScheduled) return
    isScheduled = true
    setTimeout(() => {
      isScheduled = false
      try {
        if (database.open) database.pragma('wal_checkpoint(TRUNCATE)')
      } catch {
        // Another process reads just now; the next commit comes with the next attempt.
      }
    }, WAL_MILLISECONDS).unref()
  }
}

function runTogether(writer: Writer, jobs: readonly Job[]): void {
  const { database, prepare, requireInPlace } = writer
  const answers: (() => void)[] = []
  try {
    endTransaction(database, prepare)
    prepare('begin immediate').run()
    for (const job of jobs) answers.push(runJob(database, prepare, job))
    requireInPlace()
    prepare('commit').run()
    requireInPlace()
  } catch (error) {
    for (const job of jobs) job.reject(unavailable(error))
    try {
      endTransaction(database, prepare)
    } catch {
      // A disk that does not even let us roll back is asked again before the next commit.
    }
    return
  }
  // Nobody hears of a commit before the disk has it.
  for (const answer of answers) answer()
}

function endTransaction(database: Database.Database, prepare: (text: string) => Statement): void {
  if (database.inTransaction) prepare('rollback').run()
}

function runJob(
  database: Database.Database,
  prepare: (text: string) => Statement,
  { batch, resolve, reject }: Job,
): () => void {
  prepare('savepoint job').run()
  try {
    for (const { sql, parameters } of batch()) prepare(sql).run(...parameters)
    prepare('release job').run()
    return () => resolve('committed')
  } catch (error) {
    // On a full disk and the like the engine itself has rolled back the jobs before this one, too.
    if (!database.inTransaction) throw error
    prepare('rollback to job').run()
    prepare('release job').run()
    const failure = sqliteFailure(error)
    if (failure === 'conflict') return () => resolve('conflict')
    return () => reject(failure === 'fault' ? error : unavailable(error))
  }
}

function guarded<T>(run: () => T): T {
  try {
    return run()
  } catch (error) {
    throw unavailable(error)
  }
}

/** The code of the engine or the system says what the operator has to look at; their texts may quote what was written. */
function unavailable(cause: unknown): Unavailable {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no code'
  return new Unavailable(`SQLite failed (${code})`, { cause })
}
