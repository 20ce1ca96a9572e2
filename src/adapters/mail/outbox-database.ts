import Database from 'better-sqlite3'
import { migrateOutbox } from './outbox-schema.ts'

const BUSY_MILLISECONDS = 5_000
/** Pages of the write-ahead log at which they are written back: a batch of mails each time would be most of the work. */
const WAL_PAGES = 8_192
/** How long a commit stays in the write-ahead log alone. */
const WAL_MILLISECONDS = 1_000

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
