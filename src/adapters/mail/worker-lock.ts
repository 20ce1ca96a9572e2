import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'

/** Locks end with their connections, which must not be collected as garbage. */
const held = new Set<Database.Database>()

/** The sign that a process lives, which the kernel takes down with it. */
export interface WorkerLock {
  /** 32 hex digits. */
  readonly worker: string
  release(): void
}

/** Puts up the sign of a process that works on an outbox. @throws where no file can be made or locked beside it. */
export function lockWorker(outbox: string): WorkerLock {
  const worker = randomBytes(16).toString('hex')
  const path = pathOf(outbox, worker)
  closeSync(openSync(path, 'wx', 0o600))
  const database = withoutJournal(new Database(path, { timeout: 0 }))
  database.exec('BEGIN EXCLUSIVE')
  held.add(database)
  return {
    worker,
    release: () => {
      held.delete(database)
      database.close()
      rmSync(path, { force: true })
    },
  }
}

/** Runs `bury` if a process is gone; tells whether it was. What it had is this process's to give back, and no other's meanwhile. */
export function buryIfGone(outbox: string, worker: string, bury: () => void): boolean {
  const path = pathOf(outbox, worker)
  const database = new Database(path, { timeout: 0 })
  try {
    if (!isTaken(database)) return false
    bury()
    rmSync(path, { force: true })
    return true
  } finally {
    database.close()
  }
}

function isTaken(database: Database.Database): boolean {
  try {
    withoutJournal(database).exec('BEGIN EXCLUSIVE')
    return true
  } catch {
    return false
  }
}

function pathOf(outbox: string, worker: string): string {
  return `${outbox}.worker-${worker}`
}

/** Nothing is ever written to a lock, so that its journal need not be a file. */
function withoutJournal(database: Database.Database): Database.Database {
  database.pragma('journal_mode = MEMORY')
  return database
}
