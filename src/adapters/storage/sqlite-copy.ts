import { closeSync, openSync } from 'node:fs'
import Database from 'better-sqlite3'
import { syncFile } from '#adapters/system/durable-file.ts'
import { Unavailable } from '#ports/storage.ts'

/**
 * Writes a copy of a database that a server may be writing to, as of one moment: it reads in one transaction, which in WAL keeps nobody
 * from writing.
 *
 * `VACUUM INTO` and not SQLite's page-wise backup: that one begins again whenever another process writes, and takes along the free pages,
 * which hold what was deleted, and the order in which rows came.
 *
 * @throws Unavailable where the database cannot be read or the copy cannot be written.
 */
export function copySqlite({ from, to }: { readonly from: string; readonly to: string }): void {
  try {
    // SQLite takes an empty file for none, and one of its own making could be read by others.
    closeSync(openSync(to, 'wx', 0o600))
    const database = new Database(from, { readonly: true, fileMustExist: true })
    try {
      database.prepare('vacuum into ?').run(to)
    } finally {
      database.close()
    }
    syncFile(to)
  } catch (cause) {
    throw new Unavailable('SQLite cannot be copied', { cause })
  }
}
