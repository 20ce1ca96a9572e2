import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { migrateSqliteStorage, openSqliteStorage } from '#adapters/storage/sqlite.ts'
import type { ActRow } from '#ports/storage.ts'
import { act, commitOf } from '#test/ports/storage.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'dunant-temporary-'))
const temporary = join(folder, 'temporary')
mkdirSync(temporary)
// SQLite asks for it once, when the first database of the process is opened.
process.env['SQLITE_TMPDIR'] = temporary
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('SQLite writes nothing outside its own files, however much a commit changes', async () => {
  const path = join(folder, 'database')
  await migrateSqliteStorage({ path })
  const storage = await openSqliteStorage({ path })
  await storage.commit(commitOf({ acts: acts(0) }))
  const before = statSync(temporary, { bigint: true }).mtimeNs
  // What these change must be undone if they fail: far more pages than SQLite keeps in memory by itself.
  await storage.commit(commitOf({ acts: acts(10_000) }))
  const again = commitOf({ acts: [...acts(20_000), act('1')] })
  expect(await storage.commit(again)).toBe('conflict')
  expect(statSync(temporary, { bigint: true }).mtimeNs).toBe(before)
  await storage.close()
})

/** Acts that take some hundred pages. */
function acts(from: number): ActRow[] {
  return Array.from({ length: 2_000 }, (_, i) => ({
    ...act(String(from + i)),
    payload: new Uint8Array(600),
  }))
}
