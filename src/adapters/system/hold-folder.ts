import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { Unavailable } from '#ports/storage.ts'

const POLL_MILLISECONDS = 50

/** Locks end with their connections, which must not be collected as garbage. */
const held = new Set<Database.Database>()

/** A folder that no other process works on. */
export interface Hold {
  release(): void
}

/**
 * Takes a folder for as long as this process lives, or until it is released.
 *
 * The lock is the kernel's, on a database file without anything in it: it ends with the process, however that ends, and counts between
 * containers too, where process ids say nothing. The file stays, since who removed it would let two processes lock two files.
 *
 * @throws Unavailable where another process holds it for longer than that, or nothing can be locked there.
 */
export async function holdFolder(folder: string, waitMilliseconds: number): Promise<Hold> {
  const path = join(folder, 'serving.sqlite')
  // Never opened otherwise: closing any file ends all locks that this process has on it (POSIX).
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  const database = new Database(path, { timeout: 0 })
  for (let left = waitMilliseconds; ; left -= POLL_MILLISECONDS) {
    const found = lock(database)
    if (found === 'locked') break
    if (left <= 0) {
      database.close()
      throw new Unavailable(`another process holds ${folder}`)
    }
    await sleep(POLL_MILLISECONDS)
  }
  held.add(database)
  return {
    release: () => {
      held.delete(database)
      database.close()
    },
  }
}

function lock(database: Database.Database): 'busy' | 'locked' {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return 'locked'
  } catch (cause) {
    if (cause instanceof Database.SqliteError && cause.code === 'SQLITE_BUSY') return 'busy'
    database.close()
    throw new Unavailable('a folder that is to be held cannot be locked', { cause })
  }
}
