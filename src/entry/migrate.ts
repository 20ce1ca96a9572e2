import { existsSync, renameSync, rmSync } from 'node:fs'
import { openPostgresInspection, openSqliteInspection } from '#adapters/storage/inspect.ts'
import { migratePostgresStorage } from '#adapters/storage/postgres.ts'
import { migrateSqliteStorage } from '#adapters/storage/sqlite.ts'
import { copySqlite } from '#adapters/storage/sqlite-copy.ts'
import type { Events } from '#ports/events.ts'
import type { SchemaState } from '#ports/inspection.ts'
import { SchemaTooNew } from '#ports/storage.ts'
import type { ProcessConfig } from './config.ts'
import type { ServerHome } from './home.ts'

/** Whose database is brought up to date, and who is told before. */
export interface MigrateOptions {
  readonly home: ServerHome
  readonly config: Pick<ProcessConfig, 'databaseUrl'>
  readonly events?: Pick<Events, 'migrating'>
}

/** What was done. */
export interface Migrated {
  /** The names of the migrations that were run now; none where the database was up to date. */
  readonly ran: readonly string[]
  /** A copy of the database as it was before, where there was something to lose and it is a file. */
  readonly copy: string | undefined
}

/**
 * Brings the schema of a server's database up to date. Each step is one atomic batch.
 *
 * A SQLite database that holds something is copied first, beside itself: the only way back, since an older program refuses a newer schema.
 * Whoever runs PostgreSQL makes a backup by its own means.
 *
 * @throws SchemaTooNew, before anything is touched, where a newer version of the program has changed the database. @throws Unavailable
 */
export async function migrateServer({ config, events, home }: MigrateOptions): Promise<Migrated> {
  const { databaseUrl: url } = config
  const { database: path } = home.paths
  const isNew = url === undefined && !existsSync(path)
  const schema = isNew ? undefined : await schemaOf(url, path)
  const { done = [], missing = [], unknown = [] } = schema ?? {}
  if (unknown.length > 0)
    throw new SchemaTooNew(
      `a newer version of the program has changed the database (${unknown.join(', ')}), or one from before the first release made it: this one leaves it alone. Run that version, or restore a backup that was made before`,
    )
  const [first] = missing
  const holdsSomething = first !== undefined && done.length > 0
  if (holdsSomething) events?.migrating({ steps: missing.length, first })
  const copy = holdsSomething && url === undefined ? copyBefore(path, first) : undefined
  const ran =
    url === undefined ? await migrateSqliteStorage({ path }) : await migratePostgresStorage({ url })
  return { ran, copy }
}

async function schemaOf(url: string | undefined, path: string): Promise<SchemaState> {
  const inspection =
    url === undefined ? openSqliteInspection({ path }) : openPostgresInspection({ url })
  try {
    return await inspection.schema()
  } finally {
    await inspection.close()
  }
}

/** The copy has its name only once it is whole. That of a run that was cut off before its first step is as good as a new one. */
function copyBefore(path: string, first: string): string {
  const copy = `${path}.before-${first}`
  if (existsSync(copy)) return copy
  rmSync(`${copy}.part`, { force: true })
  copySqlite({ from: path, to: `${copy}.part` })
  renameSync(`${copy}.part`, copy)
  return copy
}
