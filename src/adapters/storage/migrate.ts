import { type CompiledQuery, sql } from 'kysely'
import { type Dialect, type Migration, migrations } from '#migrations'
import type { SchemaState } from '#ports/inspection.ts'
import { SchemaTooNew } from '#ports/storage.ts'
import type { Engine } from './engine.ts'
import { insertRows } from './rows.ts'
import { queryBuilder, recorded } from './schema.ts'

/** Any fixed number: processes that start at once on one PostgreSQL database queue behind it. */
const MIGRATION_LOCK = 18_631_864

/**
 * Brings the schema up to date, a server's where no other is said, and returns the names of the migrations that it ran.
 *
 * Each migration and the row that says so are one batch, so that a crash leaves it done or not begun, and of two
 * processes that start at once one finds it done.
 *
 * @throws SchemaTooNew where a newer version of the program has changed the database.
 */
export async function migrate(
  engine: Engine,
  known: readonly Migration[] = migrations,
): Promise<readonly string[]> {
  const { dialect } = engine
  if (!(await isMarked(engine))) await engine.write(createMarks(dialect))

  const ran: string[] = []
  for (const migration of await missingMigrations(engine, known)) {
    const steps = await recorded(dialect, async (db) => {
      await migration.up(db, dialect)
    })
    // The mark comes first: a second process fails at it, as a conflict, and not at a table that exists.
    const mark = insertRows(queryBuilder(dialect), 'schema_migration', [{ name: migration.name }])
    const outcome = await engine.write([...lockMarks(dialect), ...mark, ...steps])
    if (outcome === 'committed') ran.push(migration.name)
  }
  return ran
}

/** @throws Error unless the database has exactly the schema that this version knows. */
export async function requireMigrated(engine: Engine): Promise<void> {
  const absent = await missingMigrations(engine, migrations)
  if (absent.length === 0) return
  const names = absent.map(({ name }) => name).join(', ')
  throw new Error(`the database lacks ${names}: run the migrations first`)
}

async function missingMigrations(
  engine: Engine,
  known: readonly Migration[],
): Promise<readonly Migration[]> {
  const { missing, unknown } = await schemaState(engine, known)
  if (unknown.length > 0) {
    throw new SchemaTooNew(
      `a newer version of the program has changed the database (${unknown.join(', ')}), or one from before the first release made it: this one leaves it alone`,
    )
  }
  return known.filter(({ name }) => missing.includes(name))
}

/** How the schema of a database stands to this version of the program; in an empty database, everything is missing. */
export async function schemaState(
  engine: Engine,
  steps: readonly Migration[] = migrations,
): Promise<SchemaState> {
  const known = steps.map(({ name }) => name)
  const done = await doneMigrations(engine)
  return {
    done,
    missing: known.filter((name) => !done.includes(name)),
    unknown: done.filter((name) => !known.includes(name)),
  }
}

async function doneMigrations(engine: Engine): Promise<readonly string[]> {
  if (!(await isMarked(engine))) return []
  const { db } = queryBuilder(engine.dialect)
  const done = await engine.read(
    db.selectFrom('schema_migration').select('name').orderBy('name').compile(),
  )
  return done.map(({ name }) => name)
}

/** Whether the table of migrations exists: in an empty database it does not. */
async function isMarked(engine: Engine): Promise<boolean> {
  const { db } = queryBuilder(engine.dialect)
  const tables =
    engine.dialect === 'postgres'
      ? sql<{
          name: string
        }>`select relname as name from pg_class where oid = to_regclass('schema_migration')`
      : sql<{ name: string }>`select name from sqlite_master where name = 'schema_migration'`
  return (await engine.read(tables.compile(db))).length > 0
}

function createMarks(dialect: Dialect): readonly CompiledQuery[] {
  const { db } = queryBuilder(dialect)
  const lock = sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.compile(db)
  const create =
    sql`create table if not exists schema_migration (name text primary key not null)`.compile(db)
  return dialect === 'postgres' ? [lock, create] : [create]
}

/** Unlike an advisory lock this one is taken before the snapshot, which then shows what the process ahead did. */
function lockMarks(dialect: Dialect): readonly CompiledQuery[] {
  const { db } = queryBuilder(dialect)
  return dialect === 'postgres'
    ? [sql`lock table schema_migration in exclusive mode`.compile(db)]
    : []
}
