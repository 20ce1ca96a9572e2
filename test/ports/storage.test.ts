import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Client } from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { migrateD1Storage, openD1Storage } from '#adapters/storage/d1.ts'
import { migratePostgresStorage, openPostgresStorage } from '#adapters/storage/postgres.ts'
import { recordsWaiting, subjectsTagged } from '#adapters/storage/queries.ts'
import { queryBuilder } from '#adapters/storage/schema.ts'
import { migrateSqliteStorage, openSqliteStorage } from '#adapters/storage/sqlite.ts'
import { migrations } from '#migrations'
import { type Storage, Unavailable } from '#ports/storage.ts'
import { startCloudflare } from '#test/helpers/miniflare.ts'
import { emptyPostgres } from '#test/helpers/postgres.ts'
import { type OpenedStorage, storageContract } from './storage.contract.ts'
import { act, commitOf, digest, record, signature, write } from './storage.fixture.ts'

const NAMES = migrations.map(({ name }) => name)

const folder = mkdtempSync(join(tmpdir(), 'dunant-storage-'))
const cloudflare = startCloudflare()
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await cloudflare.stop()
})

/** A database before anything is done with it. */
interface Empty {
  readonly migrate: () => Promise<readonly string[]>
  readonly open: () => Promise<Storage>
  readonly raw: (sql: string) => Promise<void>
}

let files = 0
function newFile(): string {
  files += 1
  return join(folder, `${String(files)}.sqlite`)
}

async function emptySqlite(path = newFile()): Promise<Empty> {
  return {
    migrate: async () => await migrateSqliteStorage({ path }),
    open: async () => await openSqliteStorage({ path }),
    raw: async (sql) => {
      const database = new Database(path)
      try {
        database.exec(sql)
      } finally {
        database.close()
      }
    },
  }
}

async function emptyPostgresStorage(): Promise<Empty & { readonly url: string }> {
  const url = await emptyPostgres()
  return {
    url,
    migrate: async () => await migratePostgresStorage({ url }),
    open: async () => await openPostgresStorage({ url, connectionsMax: 8 }),
    raw: async (sql) => {
      const client = new Client({ connectionString: url })
      await client.connect()
      try {
        await client.query(sql)
      } finally {
        await client.end()
      }
    },
  }
}

async function emptyD1Storage(): Promise<Empty> {
  const d1 = await cloudflare.emptyD1()
  return {
    migrate: async () => await migrateD1Storage(d1),
    open: async () => await openD1Storage(d1),
    raw: async (sql) => {
      await d1.prepare(sql).run()
    },
  }
}

const ENGINES: readonly (readonly [string, () => Promise<Empty>])[] = [
  ['SQLite', emptySqlite],
  ['PostgreSQL', emptyPostgresStorage],
  ['D1', emptyD1Storage],
]

async function opened(empty: Empty): Promise<OpenedStorage> {
  await empty.migrate()
  const storage = await empty.open()
  return {
    storage,
    again: empty.open,
    raw: empty.raw,
    close: async () => {
      await storage.close()
    },
  }
}

for (const [name, open] of ENGINES) {
  storageContract(name, async () => await opened(await open()))

  describe(`migrations on ${name}`, () => {
    test('run once, however often and by however many at once they are asked for', async () => {
      const empty = await open()
      await expect(empty.open()).rejects.toThrow('run the migrations first')
      const ran = await Promise.all([empty.migrate(), empty.migrate(), empty.migrate()])
      // Each migration is run by one of the three, and not all of them by the same.
      expect(ran.flat().toSorted()).toEqual(NAMES)
      expect(await empty.migrate()).toEqual([])
      const storage = await empty.open()
      await storage.close()
    })

    test('leave nothing behind when they fail half-way', async () => {
      const empty = await open()
      // The last table that the first migration creates is in its way.
      await empty.raw('create table guard (other integer)')
      await expect(empty.migrate()).rejects.toBeInstanceOf(Unavailable)
      await empty.raw('drop table guard')
      expect(await empty.migrate()).toEqual(NAMES)
    })

    test('of a newer version make this one leave the database alone', async () => {
      const empty = await open()
      await empty.migrate()
      await empty.raw(`insert into schema_migration (name) values ('9999-later')`)
      await expect(empty.open()).rejects.toThrow('newer version')
      await expect(empty.migrate()).rejects.toThrow('newer version')
    })
  })
}

describe('SQLite', () => {
  test('an answered commit survives kill -9', async () => {
    const path = newFile()
    const empty = await emptySqlite(path)
    await empty.migrate()
    const script = `
      import { openSqliteStorage } from '#adapters/storage/sqlite.ts'
      const storage = await openSqliteStorage({ path: ${JSON.stringify(path)} })
      for (let i = 0; ; i++) {
        const subjects = [{ kind: 'party', id: String(i), expected: 0, state: '{}' }]
        await storage.commit({ guards: [], subjects, acts: [], signatures: [], records: [] })
        process.stdout.write(i + '\\n')
      }`
    const writer = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    const lines: string[] = []
    writer.stdout.setEncoding('utf8')
    for await (const chunk of writer.stdout) {
      lines.push(...String(chunk).split('\n'))
      if (lines.length > 50 && !writer.killed) writer.kill('SIGKILL')
    }
    // A last line cut short by the kill is a smaller number and does no harm.
    const last = Math.max(...lines.map(Number))
    const storage = await empty.open()
    const answered = Array.from({ length: last + 1 }, (_, index) => index).slice(-100)
    const refs = answered.map((index) => ({ kind: 'party', id: String(index) }))
    expect((await storage.readSubjects(refs)).map(({ version }) => version)).toEqual(
      refs.map(() => 1),
    )
    await storage.close()
    expect(last).toBeGreaterThan(20)
  })

  test('a deleted subject is overwritten in the file, not only forgotten', async () => {
    const path = newFile()
    const empty = await emptySqlite(path)
    await empty.migrate()
    const storage = await empty.open()
    const marker = digest('planted')
    await storage.commit(commitOf({ subjects: [write('a', 0, JSON.stringify({ marker }))] }))
    await storage.commit(commitOf({ subjects: [write('a', 1, undefined)] }))
    await storage.close()
    expect(readFileSync(path).includes(marker)).toBe(false)
  })
})

describe('the layout of SQLite', () => {
  test('no table of ours numbers its rows in the order they came', async () => {
    const path = newFile()
    await migrateSqliteStorage({ path })
    const database = new Database(path)
    const names = database
      .prepare<[], { name: string }>("select name from sqlite_master where type = 'table'")
      .all()
      .map(({ name }) => name)
      .filter((name) => !['guard', 'schema_migration'].includes(name))
    expect(names.length).toBeGreaterThan(7)
    for (const name of names) {
      expect(() => database.prepare(`select rowid from ${name}`), name).toThrow('no such column')
    }
    database.close()
  })

  test('waiting records and listings are found by index alone', async () => {
    const path = newFile()
    await migrateSqliteStorage({ path })
    const database = new Database(path)
    const plan = (query: { readonly sql: string; readonly parameters: readonly unknown[] }) =>
      database
        .prepare<unknown[], { detail: string }>(`explain query plan ${query.sql}`)
        .all(...query.parameters)
        .map(({ detail }) => detail)
        .filter((detail) => /log_record|subject/.test(detail))
    const builder = queryBuilder('sqlite')
    const waiting = plan(recordsWaiting(builder, '2026-11-23', 10))
    const page = { kind: 'party', tag: 'active', after: '', limit: 10 }
    const listing = plan(subjectsTagged(builder, page))
    database.close()
    expect(waiting).toEqual([
      expect.stringContaining('USING INDEX waiting_governance'),
      expect.stringContaining('USING INDEX waiting'),
      expect.stringContaining('USING INDEX waiting_held'),
    ])
    expect(listing).toEqual([expect.stringContaining('USING INDEX subject_by_tag')])
  })
})

describe('closing SQLite', () => {
  test('a closed or unreachable database is an outage', async () => {
    const empty = await emptySqlite()
    await empty.migrate()
    const storage = await empty.open()
    await storage.close()
    await expect(storage.findAct(digest('one'))).rejects.toBeInstanceOf(Unavailable)
    await expect(storage.commit(commitOf({ acts: [act('one')] }))).rejects.toBeInstanceOf(
      Unavailable,
    )
    const nowhere = { path: join(folder, 'nowhere', 'x.sqlite') }
    await expect(openSqliteStorage(nowhere)).rejects.toBeInstanceOf(Unavailable)
  })

  test('what was asked for before closing is done', async () => {
    const empty = await emptySqlite()
    await empty.migrate()
    const storage = await empty.open()
    const commit = storage.commit(commitOf({ acts: [act('one')] }))
    await storage.close()
    expect(await commit).toBe('committed')
    const later = await empty.open()
    expect(await later.findAct(digest('one'))).toEqual(act('one'))
    await later.close()
  })
})

describe('PostgreSQL', () => {
  test('a server that is not there is an outage', async () => {
    const url = 'postgres://nobody:x@127.0.0.1:1/none'
    await expect(openPostgresStorage({ url })).rejects.toBeInstanceOf(Unavailable)
  })

  test('a connection that breaks is an outage at most once', async () => {
    const empty = await emptyPostgresStorage()
    await empty.migrate()
    const storage = await empty.open()
    await storage.commit(commitOf({ acts: [act('one')] }))
    await empty.raw(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )
    await storage.findAct(digest('one')).catch((error: unknown) => {
      expect(error).toBeInstanceOf(Unavailable)
    })
    expect(await storage.findAct(digest('one'))).toEqual(act('one'))
    expect(await storage.commit(commitOf({ acts: [act('two')] }))).toBe('committed')
    await storage.close()
  })

  test('text has one order everywhere: that of its bytes', async () => {
    const empty = await emptyPostgresStorage()
    await empty.migrate()
    const client = new Client({ connectionString: empty.url })
    await client.connect()
    const { rows } = await client.query<{ collation: string; count: string }>(
      `select coalesce(collation_name, 'of the database') as collation, count(*) as count
       from information_schema.columns
       where table_schema = 'public' and data_type = 'text' and table_name <> 'schema_migration' group by 1`,
    )
    await client.end()
    expect(rows.map(({ collation }) => collation)).toEqual(['C'])
    expect(Number(rows[0]?.count)).toBeGreaterThan(20)
  })
})

describe('writing to PostgreSQL', () => {
  test('many writers in a small database all get their turn', async () => {
    const empty = await emptyPostgresStorage()
    await empty.migrate()
    const storage = await openPostgresStorage({ url: empty.url, connectionsMax: 16 })
    await storage.commit(commitOf({ subjects: [write('roster', 0, '{}')] }))
    const guards = [{ kind: 'party', id: 'roster', version: 1 }]
    const outcomes = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const name = `one-${String(index)}`
        return await storage.commit(
          commitOf({
            guards,
            subjects: [write(name, 0, '{}')],
            acts: [act(name)],
            signatures: [signature(name, name)],
            records: [record(name)],
          }),
        )
      }),
    )
    await storage.close()
    expect(new Set(outcomes)).toEqual(new Set(['committed']))
  })

  test('a batch that lost to concurrent ones is then written alone, and gives up in the end', async () => {
    const empty = await emptyPostgresStorage()
    await empty.migrate()
    // Stands for concurrent writers who win against everybody who is not alone, and against one act always.
    await empty.raw(`create function lose() returns trigger language plpgsql as $$ begin
        if new.type = 'never' or not exists (select 1 from pg_locks
          where pid = pg_backend_pid() and relation = 'guard'::regclass and mode = 'ShareRowExclusiveLock')
        then raise exception 'lost' using errcode = 'serialization_failure'; end if;
        return new; end $$;
      create trigger lose before insert on act for each row execute function lose()`)
    const storage = await empty.open()
    expect(await storage.commit(commitOf({ acts: [act('one')] }))).toBe('committed')
    const never = { ...act('two'), type: 'never' }
    await expect(storage.commit(commitOf({ acts: [never] }))).rejects.toBeInstanceOf(Unavailable)
    expect(await storage.findActs([digest('one'), digest('two')])).toEqual([act('one')])
    await storage.close()
  })

  test('commits wait for the disk even where the database was told not to', async () => {
    const empty = await emptyPostgresStorage()
    await empty.migrate()
    await empty.raw(`do $$ begin
      execute format('alter database %I set synchronous_commit = off', current_database()); end $$`)
    // The setting under which each act was written, as the database itself saw it.
    await empty.raw(`create table seen (setting text);
      create function see() returns trigger language plpgsql as $$ begin
        insert into seen select current_setting('synchronous_commit') || ', ' || current_setting('transaction_isolation');
        return new; end $$;
      create trigger see after insert on act for each row execute function see()`)
    const storage = await empty.open()
    await storage.commit(commitOf({ acts: [act('one')] }))
    await storage.close()
    const client = new Client({ connectionString: empty.url })
    await client.connect()
    const { rows } = await client.query<{ setting: string }>('select setting from seen')
    await client.end()
    expect(rows).toEqual([{ setting: 'on, serializable' }])
  })
})

test('SQLite does not keep the order of commits in its write-ahead log for longer than a moment', async () => {
  const path = newFile()
  await migrateSqliteStorage({ path })
  const storage = await openSqliteStorage({ path })
  await storage.commit(commitOf({ acts: [act('customer')] }))
  expect(statSync(`${path}-wal`).size).toBeGreaterThan(0)
  await expect.poll(() => statSync(`${path}-wal`).size, { timeout: 20_000 }).toBe(0)
  expect(await storage.findAct(act('customer').id)).toBeDefined()
  await storage.close()
})
