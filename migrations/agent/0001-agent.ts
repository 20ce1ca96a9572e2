import { type Kysely, sql } from 'kysely'
import type { Migration } from '#migrations'

/**
 * What a company's agent keeps. Accounts, addresses and texts stand in no column in clear: a column `sealed` is ciphertext, and a column
 * `…_tag` a keyed hash, under a key that lies outside the database.
 */
export const agent: Migration = {
  name: '0001-agent',
  up: async (db) => {
    await notices(db)
    await recipients(db)
    await deliveries(db)
    await outward(db)
  },
}

async function notices(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('notice')
    .addColumn('name', 'text', (column) => column.primaryKey().notNull())
    .addColumn('matter', 'text', (column) => column.notNull())
    .addColumn('phase', 'text', (column) => column.notNull())
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('event')
    .addColumn('event_tag', 'text', (column) => column.primaryKey().notNull())
    .addColumn('notice', 'text', (column) => column.notNull())
    .addColumn('reference', 'text', (column) => column.notNull())
    .addColumn('digest_tag', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('event_reference').on('event').column('reference').execute()
}

async function recipients(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('recipient')
    .addColumn('reference', 'text', (column) => column.primaryKey().notNull())
    .addColumn('notice', 'text', (column) => column.notNull())
    .addColumn('account_tag', 'text', (column) => column.notNull())
    .addColumn('mailbox_tag', 'text')
    .addColumn('version', 'bigint', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .addColumn('line', 'bigint')
    .addColumn('line_index', 'bigint')
    .addColumn('batch', 'bigint')
    .execute()
  await db.schema
    .createIndex('recipient_account')
    .unique()
    .on('recipient')
    .columns(['notice', 'account_tag'])
    .execute()
  await db.schema
    .createIndex('recipient_tag')
    .on('recipient')
    .columns(['account_tag', 'notice'])
    .execute()
  await db.schema
    .createIndex('recipient_line')
    .on('recipient')
    .columns(['notice', 'line'])
    .execute()
  await db.schema
    .createIndex('recipient_index')
    .on('recipient')
    .columns(['notice', 'line_index'])
    .execute()
}

async function deliveries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('product')
    .addColumn('reference', 'text', (column) => column.primaryKey().notNull())
    .addColumn('notice', 'text', (column) => column.notNull())
    .addColumn('sealed', 'text', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('product_notice').on('product').column('notice').execute()
  await db.schema
    .createTable('delivery')
    .addColumn('reference', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('notice', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('delivery_key', ['reference', 'state'])
    .execute()
  await db.schema
    .createIndex('delivery_notice')
    .on('delivery')
    .columns(['notice', 'state'])
    .execute()
  await db.schema
    .createTable('dismissal')
    .addColumn('reference', 'text', (column) => column.notNull())
    .addColumn('session_tag', 'text', (column) => column.notNull())
    .addColumn('authenticated_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('dismissal_key', ['reference', 'session_tag'])
    .execute()
  await db.schema
    .createTable('feedback')
    .addColumn('reference', 'text', (column) => column.notNull())
    .addColumn('question', 'text', (column) => column.notNull())
    .addColumn('answer', 'text', (column) => column.notNull())
    .addColumn('notice', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('feedback_key', ['reference', 'question'])
    .execute()
}

async function outward(db: Kysely<unknown>): Promise<void> {
  // A row goes in and out within one batch; one that does not hold fails the batch.
  await sql`create table guard (holds integer not null constraint guard_holds check (holds = 1))`.execute(
    db,
  )
  await db.schema
    .createTable('webhook')
    .addColumn('id', 'text', (column) => column.primaryKey().notNull())
    .addColumn('endpoint', 'text', (column) => column.notNull())
    .addColumn('payload', 'text', (column) => column.notNull())
    .addColumn('attempts', 'bigint', (column) => column.notNull())
    .addColumn('due_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('webhook_due').on('webhook').column('due_at').execute()
  await db.schema
    .createTable('archived')
    .addColumn('sha256', 'text', (column) => column.primaryKey().notNull())
    .addColumn('matter', 'text', (column) => column.notNull())
    .addColumn('notice', 'text', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('keep_until', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('archived_matter').on('archived').column('matter').execute()
  await db.schema
    .createTable('hold')
    .addColumn('matter', 'text', (column) => column.primaryKey().notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .execute()
}
