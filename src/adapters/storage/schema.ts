import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Dialect } from '#migrations'
import type { Template } from './compiled.ts'

/** Every column with its SQL type; `?` means that it may be null. */
export const COLUMNS = {
  subject: { kind: 'text', id: 'text', version: 'bigint', state: 'text', tag: 'text?' },
  act: { id: 'text', type: 'text', place: 'text' },
  act_payload: { place: 'text', payload: 'text' },
  signature: {
    place: 'text',
    packet_hash: 'text',
    packet: 'text',
    fingerprint: 'text',
    party: 'text',
    created_at: 'bigint',
  },
  log_record: {
    id: 'text',
    act: 'text',
    place: 'text?',
    event: 'text',
    digest: 'text',
    addendum: 'text',
    is_public: 'bigint',
    chain: 'bigint?',
    hold: 'text?',
    needs_head: 'bigint',
    leaf_index: 'bigint?',
  },
  log_entry: { leaf_index: 'bigint', leaf_hash: 'text', entry: 'text' },
  log_node: { level: 'bigint', node_index: 'bigint', hash: 'text' },
  log_head: {
    size: 'bigint',
    prev_size: 'bigint',
    root: 'text',
    frontier: 'text',
    directory_head: 'text',
    directory_length: 'bigint',
  },
  checkpoint: { size: 'bigint', note: 'text', cosigned: 'bigint' },
  schema_migration: { name: 'text' },
} as const satisfies Readonly<Record<string, Columns>>

/** Columns by name. */
export type Columns = Readonly<Record<string, keyof Values>>

interface Values {
  text: string
  'text?': string | null
  bigint: number
  'bigint?': number | null
}

/** A row of some columns. */
export type RowOf<T extends Columns> = { [Name in keyof T]: Values[T[Name]] }

/** The tables as Kysely types the queries over them. */
export type Tables = { [Name in keyof typeof COLUMNS]: RowOf<(typeof COLUMNS)[Name]> }

/** Builds queries for one dialect without a connection: an `Engine` executes what this compiles. */
export interface QueryBuilder {
  readonly db: Kysely<Tables>
  readonly dialect: Dialect
  /** Queries that were compiled before, by name. */
  readonly templates: Map<string, Template>
}

/** A builder of queries, which are compiled and never executed by Kysely itself. */
export function queryBuilder(dialect: Dialect): QueryBuilder {
  return { db: unconnected<Tables>(dialect, new DummyDriver()), dialect, templates: new Map() }
}

/** The statements that `run` executes, in order, none of which reached a database. */
export async function recorded(
  dialect: Dialect,
  run: (db: Kysely<unknown>) => Promise<void>,
): Promise<readonly CompiledQuery[]> {
  const queries: CompiledQuery[] = []
  const driver: Driver = new DummyDriver()
  const connection: DatabaseConnection = {
    executeQuery: async (query) => {
      queries.push(query)
      return { rows: [] }
    },
    streamQuery: () => {
      throw new Error('a migration reads nothing')
    },
  }
  driver.acquireConnection = async () => connection
  await run(unconnected<unknown>(dialect, driver))
  return queries
}

/** Kysely for one dialect, without a connection, over any tables. */
export function compiler<T>(dialect: Dialect): Kysely<T> {
  return unconnected<T>(dialect, new DummyDriver())
}

function unconnected<T>(dialect: Dialect, driver: Driver): Kysely<T> {
  return new Kysely<T>({
    dialect:
      dialect === 'postgres'
        ? {
            createAdapter: () => new PostgresAdapter(),
            createDriver: () => driver,
            createIntrospector: (db) => new PostgresIntrospector(db),
            createQueryCompiler: () => new PostgresQueryCompiler(),
          }
        : {
            createAdapter: () => new SqliteAdapter(),
            createDriver: () => driver,
            createIntrospector: (db) => new SqliteIntrospector(db),
            createQueryCompiler: () => new SqliteQueryCompiler(),
          },
  })
}
