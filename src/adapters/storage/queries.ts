import { type CompiledQuery, sql } from 'kysely'
import type { SubjectPage, SubjectRef } from '#ports/storage.ts'
import { type RecordRow, rowTables } from './rows.ts'
import { COLUMNS, type QueryBuilder, type RowOf, type Tables } from './schema.ts'

const SIGNATURE = ['act', 'packet_hash', 'packet', 'fingerprint', 'party', 'created_at'] as const
const RECORD = [
  'id',
  'act',
  'event',
  'addendum',
  'is_public',
  'chain',
  'hold',
  'needs_head',
  'leaf_index',
] as const
/** Sorts after every position in the governance chain. */
const NO_CHAIN = Number.MAX_SAFE_INTEGER

type SubjectRow = Omit<Tables['subject'], 'tag'>

export function subjectsNamed(
  builder: QueryBuilder,
  refs: readonly SubjectRef[],
): readonly CompiledQuery<SubjectRow>[] {
  const { kind, id } = COLUMNS.subject
  return rowTables(builder, { kind, id }, refs.map(refRow)).map((given) =>
    sql<SubjectRow>`select subject.kind, subject.id, subject.version, subject.state from ${given} as given
      join subject on subject.kind = given.kind and subject.id = given.id`.compile(builder.db),
  )
}

/** SQLite, which keeps no statistics here, would walk over a whole kind by its key instead of using the index. */
export function subjectsTagged(
  { db, dialect }: QueryBuilder,
  page: SubjectPage,
): CompiledQuery<SubjectRow> {
  const hint = dialect === 'sqlite' ? sql`indexed by subject_by_tag` : sql``
  return sql<SubjectRow>`select kind, id, version, state from subject ${hint}
    where kind = ${page.kind} and tag = ${page.tag} and id > ${page.after}
    order by id limit ${page.limit}`.compile(db)
}

export function actsNamed(
  { db }: QueryBuilder,
  ids: readonly string[],
): CompiledQuery<Tables['act']> {
  return db
    .selectFrom('act')
    .select(['id', 'type', 'payload'])
    .where('id', 'in', ids)
    .orderBy('id')
    .compile()
}

export function signaturesOfAct(
  { db }: QueryBuilder,
  act: string,
): CompiledQuery<Tables['signature']> {
  return db
    .selectFrom('signature')
    .select(SIGNATURE)
    .where('act', '=', act)
    .orderBy('created_at')
    .orderBy('packet_hash')
    .compile()
}

export function recordsOfAct({ db }: QueryBuilder, act: string): CompiledQuery<RecordRow> {
  return db.selectFrom('log_record').select(RECORD).where('act', '=', act).orderBy('id').compile()
}

export function governanceFrom(
  { db }: QueryBuilder,
  from: number,
  limit: number,
): CompiledQuery<RecordRow> {
  return db
    .selectFrom('log_record')
    .select(RECORD)
    .where('chain', '>=', from)
    .orderBy('chain')
    .limit(limit)
    .compile()
}

/**
 * Three short reads of three partial indexes, merged. One condition over all that waits would walk, at every batch of
 * the log, over a whole day of held records.
 */
export function recordsWaiting(
  { db }: QueryBuilder,
  today: string,
  limit: number,
): CompiledQuery<RecordRow> {
  const waiting = db
    .selectFrom('log_record')
    .select(RECORD)
    .where('leaf_index', 'is', null)
    .limit(limit)
  const governance = waiting.where('chain', 'is not', null).orderBy('chain')
  const others = waiting.where('chain', 'is', null).where('hold', 'is', null).orderBy('id')
  // An expression, lest SQLite walks over the whole table because it is in this order.
  const held = waiting.where('hold', '<', today).orderBy(sql`id || ''`)
  return db
    .selectFrom(
      db
        .selectFrom(governance.as('governance'))
        .select(RECORD)
        .unionAll(db.selectFrom(others.as('others')).select(RECORD))
        .unionAll(db.selectFrom(held.as('held')).select(RECORD))
        .as('waiting'),
    )
    .select(RECORD)
    .orderBy(sql`coalesce(chain, ${sql.lit(NO_CHAIN)})`)
    .orderBy('id')
    .limit(limit)
    .compile()
}

type HeadRow = Omit<Tables['log_head'], 'prev_size'>

export function newestHead({ db }: QueryBuilder): CompiledQuery<HeadRow> {
  return db
    .selectFrom('log_head')
    .select(['size', 'root', 'frontier', 'directory_head', 'directory_length'])
    .orderBy('size', 'desc')
    .limit(1)
    .compile()
}

export function entryRange(
  { db }: QueryBuilder,
  from: number,
  to: number,
): CompiledQuery<RowOf<{ entry: 'text' }>> {
  return db
    .selectFrom('log_entry')
    .select('entry')
    .where('leaf_index', '>=', from)
    .where('leaf_index', '<', to)
    .orderBy('leaf_index')
    .compile()
}

type HashRow = RowOf<{ hash: 'text' }>

export function leafHashRange(
  { db }: QueryBuilder,
  from: number,
  to: number,
): CompiledQuery<HashRow> {
  return db
    .selectFrom('log_entry')
    .select('leaf_hash as hash')
    .where('leaf_index', '>=', from)
    .where('leaf_index', '<', to)
    .orderBy('leaf_index')
    .compile()
}

export function nodeHashRange(
  { db }: QueryBuilder,
  range: { readonly level: number; readonly from: number; readonly to: number },
): CompiledQuery<HashRow> {
  return db
    .selectFrom('log_node')
    .select('hash')
    .where('level', '=', range.level)
    .where('node_index', '>=', range.from)
    .where('node_index', '<', range.to)
    .orderBy('node_index')
    .compile()
}

export function lastRecordOf(
  { db }: QueryBuilder,
  event: string,
  size: number,
): CompiledQuery<RecordRow> {
  return db
    .selectFrom('log_record')
    .select(RECORD)
    .where('event', '=', event)
    .where('leaf_index', '<', size)
    .orderBy('leaf_index', 'desc')
    .limit(1)
    .compile()
}

export function addendumOf(
  { db }: QueryBuilder,
  digest: string,
): CompiledQuery<RowOf<{ addendum: 'text' }>> {
  return (
    db
      .selectFrom('log_record')
      .select('addendum')
      .where('digest', '=', digest)
      // A literal, because a partial index is not found with a parameter.
      .where('is_public', '=', sql.lit(1))
      .where('leaf_index', 'is not', null)
      .compile()
  )
}

export function newestCheckpoint({ db }: QueryBuilder): CompiledQuery<Tables['checkpoint']> {
  return db
    .selectFrom('checkpoint')
    .select(['size', 'note'])
    .orderBy('size', 'desc')
    .limit(1)
    .compile()
}

function refRow({ kind, id }: SubjectRef): RowOf<{ kind: 'text'; id: 'text' }> {
  return { kind, id }
}
