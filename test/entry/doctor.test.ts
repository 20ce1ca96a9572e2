import { chmodSync, readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runHere } from '#test/helpers/command-line.ts'
import { copyOf, faultsOf, type SavedServer, saveServer } from '#test/helpers/saved-server.ts'

let saved: SavedServer
beforeAll(async () => {
  saved = await saveServer()
}, 120_000)
afterAll(async () => {
  await saved.clear()
})

/** Changes the database past everything that protects it, as a damaged disk or an intruder would. */
function sql(home: string, ...statements: readonly string[]): void {
  const database = new Database(join(home, 'dunant.sqlite'))
  database.pragma('foreign_keys = OFF')
  for (const table of ['log_head', 'log_entry', 'log_node']) {
    for (const verb of ['update', 'delete']) database.exec(`drop trigger ${table}_no_${verb}`)
  }
  for (const statement of statements) {
    if (database.prepare(statement).run().changes === 0) throw new Error(`nothing to ${statement}`)
  }
  database.close()
}

function blobIn(home: string, part: string): string {
  const blobs = join(home, 'blobs')
  const found = readdirSync(blobs, { recursive: true })
    .map(String)
    .find((name) => name.includes(part) && name.endsWith('.blob'))
  if (found === undefined) throw new Error(`no blob of ${part}`)
  return join(blobs, found)
}

const ZEROS = '0'.repeat(64)

/** One damage, and the check that must find it. */
const DAMAGES: readonly {
  readonly name: string
  readonly check: string
  readonly damage: (home: string) => void
  readonly options?: readonly string[]
}[] = [
  {
    name: 'an entry of the log that was changed',
    check: 'tree',
    damage: (home) =>
      sql(
        home,
        'update log_entry set entry = (select entry from log_entry where leaf_index = 1) where leaf_index = 2',
      ),
  },
  {
    name: 'an entry that was changed together with its leaf hash',
    check: 'tree',
    damage: (home) =>
      sql(
        home,
        'update log_entry set (entry, leaf_hash) = (select entry, leaf_hash from log_entry where leaf_index = 1) where leaf_index = 2',
      ),
  },
  {
    name: 'an entry that is missing',
    check: 'tree',
    damage: (home) => sql(home, 'delete from log_entry where leaf_index = 3'),
  },
  {
    name: 'a root that the entries do not give',
    check: 'tree',
    damage: (home) =>
      sql(
        home,
        `update log_head set root = '${ZEROS}' where size = (select max(size) from log_head)`,
      ),
  },
  {
    name: 'a record that was changed',
    check: 'records',
    damage: (home) =>
      sql(
        home,
        'update log_record set addendum = (select addendum from log_record where leaf_index = 1) where leaf_index = 2',
      ),
  },
  {
    name: 'a record that was exchanged together with its digest',
    check: 'records',
    damage: (home) =>
      sql(
        home,
        'update log_record set (addendum, digest) = (select addendum, digest from log_record where leaf_index = 1) where leaf_index = 2',
      ),
  },
  {
    name: 'an act that was changed',
    check: 'acts',
    damage: (home) =>
      sql(
        home,
        "update act_payload set payload = 'e30=' where place in (select place from act where type = 'mailbox.invite')",
      ),
  },
  {
    name: 'a signature that is missing from the governance chain',
    check: 'governance',
    damage: (home) =>
      sql(
        home,
        "delete from signature where place in (select place from act where type = 'charter.adopt') and party = 'contoso.example'",
      ),
  },
  {
    name: 'a blob that is missing',
    check: 'blobs',
    damage: (home) => unlinkSync(blobIn(home, 'chunk+')),
  },
  {
    name: 'a blob that was changed',
    check: 'bundles',
    options: ['--deep'],
    damage: (home) => {
      const path = blobIn(home, 'chunk+')
      const bytes = readFileSync(path)
      bytes[100] = (bytes[100] ?? 0) ^ 1
      writeFileSync(path, bytes)
    },
  },
  {
    name: 'a checkpoint of more than is there',
    check: 'checkpoint',
    damage: (home) => sql(home, "insert into checkpoint (size, note) values (100000, '')"),
  },
  {
    name: 'a memory of more than is there',
    check: 'signer',
    damage: (home) => writeFileSync(join(home, 'log-memory'), `100000 ${'ab'.repeat(32)}\n`),
  },
  {
    name: 'a memory of another log',
    check: 'signer',
    damage: (home) => writeFileSync(join(home, 'log-memory'), `2 ${'ab'.repeat(32)}\n`),
  },
  {
    name: 'a memory that is missing',
    check: 'signer',
    damage: (home) => rmSync(join(home, 'log-memory')),
  },
  {
    name: 'a key that others may read',
    check: 'modes',
    damage: (home) => chmodSync(join(home, 'keys', 'log.seed'), 0o644),
  },
  {
    name: 'settings that are missing',
    check: 'settings',
    damage: (home) => rmSync(join(home, 'server.json')),
  },
  {
    name: 'a newer schema',
    check: 'schema',
    damage: (home) => sql(home, "insert into schema_migration (name) values ('9999-later')"),
  },
  {
    name: 'a damaged file',
    check: 'database',
    damage: (home) => {
      const path = join(home, 'dunant.sqlite')
      const bytes = readFileSync(path)
      bytes.fill(0xff, 4096 * 3 + 8, 4096 * 3 + 200)
      writeFileSync(path, bytes)
    },
  },
]

test('a server that is well has no fault, and looking changes nothing', async () => {
  const home = copyOf(saved.home, saved.path('well'))
  const before = readFileSync(join(home, 'dunant.sqlite'))
  expect(await faultsOf(home, '--deep')).toEqual({ code: 0, faults: [] })
  expect(readFileSync(join(home, 'dunant.sqlite')).equals(before)).toBe(true)
})

test.each(DAMAGES)('finds $name', async ({ check, damage, name, options = [] }) => {
  const home = copyOf(saved.home, saved.path(name))
  damage(home)
  const found = await faultsOf(home, ...options)
  expect(found.code).toBe(5)
  expect(found.faults).toContain(check)
  rmSync(home, { recursive: true })
})

test('says to a person what to do', async () => {
  const home = copyOf(saved.home, saved.path('told'))
  rmSync(join(home, 'log-memory'))
  const { out } = await runHere(['doctor', '--data', home])
  expect(out).toMatch(/FAULT +signer +/)
  expect(out).toContain('Do not make up a memory')
})
