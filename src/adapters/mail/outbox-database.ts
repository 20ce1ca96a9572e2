import Database from 'better-sqlite3'
import { DAY_SECONDS } from '#core/time.ts'
import { migrateOutbox } from './outbox-schema.ts'
import type { RelayKeys } from './relay-keys.ts'

/** The lanes, by the number that a row has; the first goes first. */
export const LANES = ['priority', 'normal'] as const
/** No time of our own is set further ahead than this beyond the release of a mail. */
export const AHEAD_SECONDS_MAX = 2 * DAY_SECONDS
const BUSY_MILLISECONDS = 5_000
/** Pages of the write-ahead log at which they are written back: a batch of mails each time would be most of the work. */
const WAL_PAGES = 8_192
/** How long a commit stays in the write-ahead log alone. */
const WAL_MILLISECONDS = 1_000

/** What every part of an outbox works with. */
export interface Opened {
  readonly database: Database.Database
  readonly keys: RelayKeys
  readonly worker: string
  /** A statement by its text, prepared once. */
  readonly sql: (text: string) => Database.Statement<unknown[], never>
  /** The rows of a query, of the type that it was written for. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller, who wrote the query, says what its rows are
  readonly rows: <Row>(text: string, ...given: readonly unknown[]) => readonly Row[]
}

/** Opens the database of an outbox and brings its schema up to date. */
export function openDatabase(path: string): Database.Database {
  const database = new Database(path, { timeout: BUSY_MILLISECONDS })
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('foreign_keys = ON')
  // What is deleted of a page that is written anyway is overwritten: the key of a mail is. Its block means nothing without.
  database.pragma('secure_delete = FAST')
  database.pragma(`wal_autocheckpoint = ${String(WAL_PAGES)}`)
  migrateOutbox(database)
  return database
}

/** What was overwritten in the database still stands in the write-ahead log: that is emptied soon after. */
export function walForgetter(database: Database.Database): () => void {
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

/** The mail is gone with the commit that says that it is not needed any more. */
export function finish(
  { sql }: Opened,
  seq: number,
  { now, state }: { readonly state: string; readonly now: number },
): void {
  sql(
    `update mail set phase = 'done', worker = null, sealed_key = null, state = ?, settled_at = ? where seq = ?`,
  ).run(state, now, seq)
  sql('delete from sealed where mail = ?').run(seq)
}
