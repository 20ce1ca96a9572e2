import { type RawBuilder, sql } from 'kysely'
import type { Inspection, RowPage } from '#ports/inspection.ts'
import type { Engine } from './engine.ts'
import { schemaState } from './migrate.ts'
import { type PostgresOptions, postgresEngine } from './postgres.ts'
import { actFromRow, recordFromRow, type RecordRow } from './rows.ts'
import { queryBuilder } from './schema.ts'
import { type SqliteOptions, sqliteReader } from './sqlite.ts'
import { storageOn } from './storage.ts'

/**
 * Opens a database file for reading alone, beside the server that writes it, if one does.
 *
 * @throws Unavailable where it cannot be opened.
 */
export function openSqliteInspection(options: SqliteOptions): Inspection {
  const engine = sqliteReader(options)
  return inspectionOn(engine, async () => {
    const found = await engine.read(
      sql<{ integrity_check: string }>`pragma integrity_check(20)`.compile(
        queryBuilder('sqlite').db,
      ),
    )
    return found.map((row) => row.integrity_check).filter((line) => line !== 'ok')
  })
}

/** Opens a PostgreSQL database for reading alone. It checks its pages itself, where it was set up with checksums. */
export function openPostgresInspection(options: PostgresOptions): Inspection {
  return inspectionOn(postgresEngine(options), async () => await Promise.resolve([]))
}

/** The end of a statement that reads one page. */
function from({ after, limit }: RowPage): RawBuilder<unknown> {
  return sql`id > ${after} order by id limit ${limit}`
}

function inspectionOn(engine: Engine, damage: Inspection['damage']): Inspection {
  const { db } = queryBuilder(engine.dialect)
  return {
    storage: storageOn(engine),
    damage,
    schema: async () => await schemaState(engine),
    acts: async (page) => {
      const rows = await engine.read(
        sql<{
          id: string
          type: string
          payload: string
          // An act that has lost its bytes is shown without them, and not left out.
        }>`select id, type, coalesce(payload, '') as payload from act
          left join act_payload on act_payload.place = act.place where ${from(page)}`.compile(db),
      )
      return rows.map(actFromRow)
    },
    records: async (page) => {
      const rows = await engine.read(
        sql<RecordRow & { digest: string }>`select id, act, event, digest, addendum, is_public,
          chain, hold, needs_head, leaf_index from log_record where ${from(page)}`.compile(db),
      )
      return rows.map((row) => ({ ...recordFromRow(row), digest: row.digest }))
    },
    subjects: async (kind, page) =>
      await engine.read(
        sql<{
          kind: string
          id: string
          version: number
          state: string
        }>`select kind, id, version, state from subject where kind = ${kind} and ${from(page)}`.compile(
          db,
        ),
      ),
    close: engine.close,
  }
}
