import { type CreateTableBuilder, type Kysely, type RawBuilder, sql } from 'kysely'
import type { Dialect, Migration } from './migration.ts'

/**
 * The first schema.
 *
 * Only TEXT and integers: hashes are lower-case hex and bytes are base64, which every engine gives back unchanged.
 *
 * On SQLite and D1 every table of ours is WITHOUT ROWID. A rowid counts up with each insert, so it would tell in which
 * order customers acted, and between two acts whose time is known that is a time finer than a day. The tables are kept
 * in the order of their keys instead: hashes and random ids.
 *
 * On PostgreSQL text is compared by its bytes (collation "C"), as SQLite does, so that pages come in one order everywhere.
 */
export const initial: Migration = {
  name: '0001-foundation',
  up: async (db, dialect) => {
    const tables = { db, dialect, text: textType(dialect) }
    await createDecisions(tables)
    await createRecords(tables)
    await createLog(tables)
    await createGuard(tables)
    if (dialect === 'postgres') await createBlobs(tables)
  },
}

interface TableMaker {
  readonly db: Kysely<unknown>
  readonly dialect: Dialect
  readonly text: RawBuilder<unknown>
}

function textType(dialect: Dialect): RawBuilder<unknown> {
  return dialect === 'postgres' ? sql`text collate "C"` : sql`text`
}

function table({ db, dialect }: TableMaker, name: string): CreateTableBuilder<string> {
  const builder = db.schema.createTable(name)
  return dialect === 'sqlite' ? builder.modifyEnd(sql`without rowid`) : builder
}

async function createDecisions(tables: TableMaker): Promise<void> {
  const { db, text } = tables
  await table(tables, 'subject')
    .addColumn('kind', text, (column) => column.notNull())
    .addColumn('id', text, (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('state', text, (column) => column.notNull())
    .addColumn('tag', text)
    .addPrimaryKeyConstraint('subject_key', ['kind', 'id'])
    .execute()
  await db.schema
    .createIndex('subject_by_tag')
    .on('subject')
    .columns(['kind', 'tag', 'id'])
    .where(sql.ref('tag'), 'is not', null)
    .execute()

  // What is long stands at the place of its act, the id of its first record: those of companies follow each other in time, so that acts that
  // come together share pages. Under the hash of the act each would change pages of its own, several times as many.
  await table(tables, 'act')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('type', text, (column) => column.notNull())
    .addColumn('place', text, (column) => column.notNull())
    .execute()
  await table(tables, 'act_payload')
    .addColumn('place', text, (column) => column.primaryKey().notNull())
    .addColumn('payload', text, (column) => column.notNull())
    .execute()

  await table(tables, 'signature')
    .addColumn('place', text, (column) => column.notNull().references('act_payload.place'))
    .addColumn('packet_hash', text, (column) => column.notNull())
    .addColumn('packet', text, (column) => column.notNull())
    .addColumn('fingerprint', text, (column) => column.notNull())
    .addColumn('party', text, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('signature_key', ['place', 'packet_hash'])
    .execute()
}

/**
 * Records carry their own `leaf_index`, written when they enter the log: the tables of the log itself then stay
 * append-only while a private record can be erased, and what waits is exactly what three small partial indexes hold.
 */
async function createRecords(tables: TableMaker): Promise<void> {
  const { db, text } = tables
  await table(tables, 'log_record')
    .addColumn('id', text, (column) => column.primaryKey().notNull())
    .addColumn('act', text, (column) => column.notNull())
    // Of the first record of an act null, since its own id is the place.
    .addColumn('place', text)
    .addColumn('event', text, (column) => column.notNull())
    .addColumn('digest', text, (column) => column.notNull())
    .addColumn('addendum', text, (column) => column.notNull())
    .addColumn('is_public', 'bigint', (column) => column.notNull())
    .addColumn('chain', 'bigint')
    .addColumn('hold', text)
    .addColumn('needs_head', 'bigint', (column) => column.notNull())
    .addColumn('leaf_index', 'bigint')
    // A governance record that waits would let later ones overtake it, and the chain would not be in leaf order.
    .addCheckConstraint('governance_never_waits', sql`chain is null or hold is null`)
    .execute()

  const index = (name: string, columns: string[], where: RawBuilder<unknown>) =>
    sql`create index ${sql.ref(name)} on log_record (${sql.join(columns.map((column) => sql.ref(column)))}) where ${where}`.execute(
      db,
    )

  await index('log_record_by_place', ['place'], sql`place is not null`)
  await sql`create unique index log_record_by_chain on log_record (chain) where chain is not null`.execute(
    db,
  )
  await index('log_record_by_event', ['event', 'leaf_index'], sql`leaf_index is not null`)
  await index('log_record_by_digest', ['digest'], sql`is_public = 1`)
  await index('waiting_governance', ['chain'], sql`leaf_index is null and chain is not null`)
  await index('waiting', ['id'], sql`leaf_index is null and chain is null and hold is null`)
  await index('waiting_held', ['hold', 'id'], sql`leaf_index is null and hold is not null`)
}

async function createLog(tables: TableMaker): Promise<void> {
  const { text } = tables
  await table(tables, 'log_head')
    .addColumn('size', 'bigint', (column) => column.primaryKey().notNull())
    // Two heads cannot have the same predecessor: this is the compare-and-swap that keeps the log one chain.
    .addColumn('prev_size', 'bigint', (column) => column.notNull().unique())
    .addColumn('root', text, (column) => column.notNull())
    .addColumn('frontier', text, (column) => column.notNull())
    .addColumn('directory_head', text, (column) => column.notNull())
    .addColumn('directory_length', 'bigint', (column) => column.notNull())
    .addCheckConstraint('log_grows', sql`size > prev_size`)
    .execute()
  await table(tables, 'log_entry')
    .addColumn('leaf_index', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('leaf_hash', text, (column) => column.notNull())
    .addColumn('entry', text, (column) => column.notNull())
    .execute()
  await table(tables, 'log_node')
    .addColumn('level', 'bigint', (column) => column.notNull())
    .addColumn('node_index', 'bigint', (column) => column.notNull())
    .addColumn('hash', text, (column) => column.notNull())
    .addPrimaryKeyConstraint('log_node_key', ['level', 'node_index'])
    .execute()
  await table(tables, 'checkpoint')
    .addColumn('size', 'bigint', (column) => column.primaryKey().notNull())
    .addColumn('note', text, (column) => column.notNull())
    .execute()
  await forbidChanges(tables)
}

/** Makes the engine itself refuse to change or remove what the log once said. */
async function forbidChanges({ db, dialect }: TableMaker): Promise<void> {
  if (dialect === 'postgres') {
    await sql`create function refuse_log_change() returns trigger language plpgsql as
      ${sql.raw(`'begin raise exception ''the log is append-only''; end'`)}`.execute(db)
  }
  for (const name of ['log_head', 'log_entry', 'log_node']) {
    if (dialect === 'postgres') {
      await sql`create trigger append_only before update or delete or truncate on ${sql.table(name)}
        for each statement execute function refuse_log_change()`.execute(db)
      continue
    }
    for (const verb of ['update', 'delete']) {
      await sql`create trigger ${sql.ref(`${name}_no_${verb}`)} before ${sql.raw(verb)} on ${sql.table(name)}
        begin select raise(abort, 'the log is append-only'); end`.execute(db)
    }
  }
}

/** A table that never holds a row: inserting into it is how a statement makes its whole batch fail. */
async function createGuard({ db }: TableMaker): Promise<void> {
  await db.schema
    .createTable('guard')
    .addColumn('ok', 'bigint', (column) => column.notNull())
    .addCheckConstraint('guard_holds', sql`ok = 1`)
    .execute()
}

/** Large ciphertext, where PostgreSQL keeps that too; uncompressed, so that a part is read without the whole. */
async function createBlobs({ db, text }: TableMaker): Promise<void> {
  await db.schema
    .createTable('blob')
    .addColumn('key', text, (column) => column.primaryKey().notNull())
    .addColumn('bytes', 'bytea', (column) => column.notNull())
    .execute()
  await sql`alter table blob alter column bytes set storage external`.execute(db)
}
