import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migratePostgresStorage, openPostgresStorage } from '#adapters/storage/postgres.ts'
import { readServerHome } from '#entry/home.ts'
import { migrateServer } from '#entry/migrate.ts'
import { migrations } from '#migrations'
import { SchemaTooNew } from '#ports/storage.ts'
import { jsonOf, runHere } from '#test/helpers/command-line.ts'
import { emptyPostgres } from '#test/helpers/postgres.ts'
import { copyOf, faultsOf, type SavedServer, saveServer } from '#test/helpers/saved-server.ts'

let saved: SavedServer
beforeAll(async () => {
  saved = await saveServer()
}, 120_000)
afterAll(async () => {
  await saved.clear()
})

const [, second] = migrations
const COPY = `dunant.sqlite.before-${second?.name ?? ''}`

/** A home as the version before the second migration left it. */
function olderHome(name: string): string {
  const home = copyOf(saved.home, saved.path(name))
  const database = new Database(join(home, 'dunant.sqlite'))
  database.exec('drop index checkpoint_cosigned')
  database.exec('alter table checkpoint drop column cosigned')
  database.exec(`delete from schema_migration where name > '${migrations[0]?.name ?? ''}'`)
  database.close()
  return home
}

test('a server of before is copied and brought up to date by its command, and goes on', async () => {
  const home = olderHome('by-command')
  expect((await faultsOf(home)).faults).toEqual(['schema'])
  const migrated = jsonOf(await runHere(['migrate', '--data', home, '--json']))
  expect(migrated['ran']).toEqual(migrations.slice(1).map(({ name }) => name))
  expect(await faultsOf(home, '--deep')).toEqual({ code: 0, faults: [] })
  const again = jsonOf(await runHere(['migrate', '--data', home, '--json']))
  expect(again).toEqual({ ran: [], copy: null })
  // The copy is the database of before, whole: the way back.
  const copy = new Database(String(migrated['copy']), { readonly: true })
  expect(copy.prepare('select name from schema_migration').pluck().all()).toEqual([
    migrations[0]?.name,
  ])
  copy.close()
})

test('a server that starts says that it migrates, and copies first', async () => {
  const home = olderHome('by-start')
  const stop = new AbortController()
  stop.abort()
  const served = await runHere(['serve', '--data', home, '--port', '0'], { signal: stop.signal })
  expect(served.code).toBe(0)
  expect(served.err).toContain(
    `{"event":"migrating","steps":${String(migrations.length - 1)},"first":"${second?.name ?? ''}"}`,
  )
  expect(existsSync(join(home, COPY))).toBe(true)
})

test('a database of a newer version is refused by serve and migrate, and not a byte of it is touched', async () => {
  const home = copyOf(saved.home, saved.path('newer'))
  const path = join(home, 'dunant.sqlite')
  const database = new Database(path)
  database.exec("insert into schema_migration (name) values ('9999-later')")
  database.close()
  const before = readFileSync(path)
  const memory = readFileSync(join(home, 'log-memory'), 'utf8')
  for (const command of ['serve --port 0', 'migrate']) {
    const ran = await runHere([...command.split(' '), '--data', home])
    expect(ran.code).toBe(3)
    expect(ran.err).toContain(
      'a newer version of the program has changed the database (9999-later)',
    )
  }
  expect(readFileSync(path).equals(before)).toBe(true)
  expect(readFileSync(join(home, 'log-memory'), 'utf8')).toBe(memory)
  expect((await faultsOf(home)).faults).toEqual(['schema'])
})

test('a PostgreSQL database of a newer version is refused, and not a row of it is touched', async () => {
  const url = await emptyPostgres()
  await migratePostgresStorage({ url })
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query("insert into schema_migration (name) values ('9999-later')")
    const rows = async () =>
      (
        await client.query<{ xmin: string }>(
          'select xmin, name from schema_migration order by name',
        )
      ).rows
    const before = await rows()
    const home = readServerHome(saved.home)
    const refused = migrateServer({ home, config: { databaseUrl: url } })
    await expect(refused).rejects.toBeInstanceOf(SchemaTooNew)
    await expect(openPostgresStorage({ url })).rejects.toBeInstanceOf(SchemaTooNew)
    expect(await rows()).toEqual(before)
  } finally {
    await client.end()
  }
})

test('a copy that was cut off is made again', async () => {
  const home = olderHome('cut-off')
  writeFileSync(join(home, `${COPY}.part`), 'half')
  await runHere(['migrate', '--data', home])
  const copy = new Database(join(home, COPY), { readonly: true })
  expect(copy.pragma('integrity_check', { simple: true })).toBe('ok')
  copy.close()
  rmSync(home, { recursive: true })
})
