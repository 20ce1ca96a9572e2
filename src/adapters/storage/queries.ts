import { type CompiledQuery, type RawBuilder, sql } from 'kysely'
import type { SubjectPage, SubjectRef } from '#ports/storage.ts'
import { type Buildable, compiled } from './compiled.ts'
import { overRows, type RecordRow, type WholeAct } from './rows.ts'
import { COLUMNS, type QueryBuilder, type RowOf, type Tables } from './schema.ts'

const SIGNATURE = ['packet_hash', 'packet', 'fingerprint', 'party', 'created_at'] as const
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
  return overRows(
    builder,
    { name: 'subjectsNamed', columns: { kind, id }, rows: refs.map(refRow) },
    (
      given,
    ) => sql<SubjectRow>`select subject.kind, subject.id, subject.version, subject.state from ${given} as given
      join subject on subject.kind = given.kind and subject.id = given.id`,
  )
}

/** SQLite, which keeps no statistics here, would walk over a whole kind by its key instead of using the index. */
export function subjectsTagged(
  builder: QueryBuilder,
  { after, kind, limit, tag }: SubjectPage,
): CompiledQuery<SubjectRow> {
  const hint = builder.dialect === 'sqlite' ? sql`indexed by subject_by_tag` : sql``
  return compiled(
    builder,
    { name: 'subjectsTagged', given: { kind, tag, after, limit } },
    (given) => sql<SubjectRow>`select kind, id, version, state from subject ${hint}
      where kind = ${given.kind} and tag = ${given.tag} and id > ${given.after}
      order by id limit ${given.limit}`,
  )
}

export function actNamed(builder: QueryBuilder, id: string): CompiledQuery<WholeAct> {
  return compiled(builder, { name: 'actNamed', given: { id } }, (given, db) =>
    wholeActs(db).where('id', '=', given.id),
  )
}

export function actsNamed({ db }: QueryBuilder, ids: readonly string[]): CompiledQuery<WholeAct> {
  return wholeActs(db).where('id', 'in', ids).orderBy('id').compile()
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- Kysely's own type, which says what is selected
function wholeActs(db: QueryBuilder['db']) {
  return db
    .selectFrom('act')
    .innerJoin('act_payload', 'act_payload.place', 'act.place')
    .select(['id', 'type', 'payload'])
}

export function signaturesOfAct(
  builder: QueryBuilder,
  act: string,
): CompiledQuery<Omit<Tables['signature'], 'place'>> {
  return compiled(builder, { name: 'signaturesOfAct', given: { act } }, (given, db) =>
    db
      .selectFrom('signature')
      .select(SIGNATURE)
      .where('place', '=', placeOf(given.act))
      .orderBy('created_at')
      .orderBy('packet_hash'),
  )
}

export function recordsOfAct(builder: QueryBuilder, act: string): CompiledQuery<RecordRow> {
  return compiled(builder, { name: 'recordsOfAct', given: { act } }, (given, db) =>
    db
      .selectFrom('log_record')
      .select(RECORD)
      .where((row) =>
        row.or([row('id', '=', placeOf(given.act)), row('place', '=', placeOf(given.act))]),
      )
      .orderBy('id'),
  )
}

/** Where everything about an act stands; see `insertPlaced`. */
function placeOf(act: string): RawBuilder<string> {
  return sql`coalesce((select act.place from act where act.id = ${act}), ${act})`
}

export function governanceFrom(
  builder: QueryBuilder,
  from: number,
  limit: number,
): CompiledQuery<RecordRow> {
  return compiled(builder, { name: 'governanceFrom', given: { from, limit } }, (given, db) =>
    db
      .selectFrom('log_record')
      .select(RECORD)
      .where('chain', '>=', given.from)
      .orderBy('chain')
      .limit(given.limit),
  )
}

/**
 * Three short reads of three partial indexes, merged. One condition over all that waits would walk, at every batch of
 * the log, over a whole day of held records.
 */
export function recordsWaiting(
  builder: QueryBuilder,
  today: string,
  limit: number,
): CompiledQuery<RecordRow> {
  return compiled(builder, { name: 'recordsWaiting', given: { today, limit } }, waitingQuery)
}

function waitingQuery(
  { limit, today }: { readonly today: string; readonly limit: number },
  db: QueryBuilder['db'],
): Buildable<RecordRow> {
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
}

type HeadRow = Omit<Tables['log_head'], 'prev_size'>

export function newestHead(builder: QueryBuilder): CompiledQuery<HeadRow> {
  return compiled(builder, { name: 'newestHead', given: {} }, (_, db) =>
    db
      .selectFrom('log_head')
      .select(['size', 'root', 'frontier', 'directory_head', 'directory_length'])
      .orderBy('size', 'desc')
      .limit(1),
  )
}

export function entryRange(
  builder: QueryBuilder,
  from: number,
  to: number,
): CompiledQuery<RowOf<{ entry: 'text' }>> {
  return compiled(builder, { name: 'entryRange', given: { from, to } }, (given, db) =>
    db
      .selectFrom('log_entry')
      .select('entry')
      .where('leaf_index', '>=', given.from)
      .where('leaf_index', '<', given.to)
      .orderBy('leaf_index'),
  )
}

type HashRow = RowOf<{ hash: 'text' }>

export function leafHashRange(
  builder: QueryBuilder,
  from: number,
  to: number,
): CompiledQuery<HashRow> {
  return compiled(builder, { name: 'leafHashRange', given: { from, to } }, (given, db) =>
    db
      .selectFrom('log_entry')
      .select('leaf_hash as hash')
      .where('leaf_index', '>=', given.from)
      .where('leaf_index', '<', given.to)
      .orderBy('leaf_index'),
  )
}

export function nodeHashRange(
  builder: QueryBuilder,
  { from, level, to }: { readonly level: number; readonly from: number; readonly to: number },
): CompiledQuery<HashRow> {
  return compiled(builder, { name: 'nodeHashRange', given: { level, from, to } }, (given, db) =>
    db
      .selectFrom('log_node')
      .select('hash')
      .where('level', '=', given.level)
      .where('node_index', '>=', given.from)
      .where('node_index', '<', given.to)
      .orderBy('node_index'),
  )
}

export function lastRecordOf(
  builder: QueryBuilder,
  event: string,
  size: number,
): CompiledQuery<RecordRow> {
  return compiled(builder, { name: 'lastRecordOf', given: { event, size } }, (given, db) =>
    db
      .selectFrom('log_record')
      .select(RECORD)
      .where('event', '=', given.event)
      .where('leaf_index', '<', given.size)
      .orderBy('leaf_index', 'desc')
      .limit(1),
  )
}

export function addendumOf(
  builder: QueryBuilder,
  digest: string,
): CompiledQuery<RowOf<{ addendum: 'text' }>> {
  return compiled(builder, { name: 'addendumOf', given: { digest } }, (given, db) =>
    db
      .selectFrom('log_record')
      .select('addendum')
      .where('digest', '=', given.digest)
      // A literal, because a partial index is not found with a parameter.
      .where('is_public', '=', sql.lit(1))
      .where('leaf_index', 'is not', null),
  )
}

type CheckpointRow = Pick<Tables['checkpoint'], 'size' | 'note'>

export function newestCheckpoint(
  builder: QueryBuilder,
  { cosigned, sizeMax }: { readonly cosigned: number; readonly sizeMax: number },
): CompiledQuery<CheckpointRow> {
  if (cosigned === 0)
    return compiled(builder, { name: 'newestCheckpoint', given: { sizeMax } }, (given, db) =>
      db
        .selectFrom('checkpoint')
        .select(['size', 'note'])
        .where('size', '<=', given.sizeMax)
        .orderBy('size', 'desc')
        .limit(1),
    )
  return compiled(builder, { name: 'newestCosigned', given: { cosigned, sizeMax } }, (given, db) =>
    db
      .selectFrom('checkpoint')
      .select(['size', 'note'])
      // A literal, because a partial index is not found with a parameter.
      .where('cosigned', '>', sql.lit(0))
      .where('cosigned', '>=', given.cosigned)
      .where('size', '<=', given.sizeMax)
      .orderBy('size', 'desc')
      .limit(1),
  )
}

function refRow({ kind, id }: SubjectRef): RowOf<{ kind: 'text'; id: 'text' }> {
  return { kind, id }
}
