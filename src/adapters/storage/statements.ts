import { type CompiledQuery, sql } from 'kysely'
import { base64, hex } from '#core/bytes.ts'
import type { Commit, LogAppend, SubjectGuard, SubjectRef, SubjectWrite } from '#ports/storage.ts'
import { compiled } from './compiled.ts'
import { insertPlaced, insertRows, overRows, recordToRow, signatureToRow } from './rows.ts'
import { COLUMNS, type QueryBuilder, type RowOf, type Tables } from './schema.ts'

const { kind, id, version } = COLUMNS.subject
const GUARD = { kind, id, version } as const
const REF = { kind, id } as const
const LEAF = { record_id: 'text', leaf_index: 'bigint' } as const

/**
 * The batch that applies a decision.
 *
 * A subject is created by a plain insert, whose key is its guard, and everything else is compared first. A deleted
 * subject leaves nothing behind, for what is erased must be gone: it reads as version 0 again, a writer who still holds
 * its last version loses, and one who creates it anew starts at version 1.
 */
export function commitStatements(builder: QueryBuilder, commit: Commit): readonly CompiledQuery[] {
  refuseTwice(commit.subjects)
  const kept = commit.subjects.flatMap((write) =>
    write.state === undefined ? [] : [subjectRow(write, write.state)],
  )
  const removed = commit.subjects.filter(({ state }) => state === undefined)
  const expected = commit.subjects
    .filter((write) => write.expected > 0 || write.state === undefined)
    .map((write) => ({ ...write, version: write.expected }))
  return [
    ...guardSubjects(builder, [...commit.guards, ...expected]),
    ...insertRows(builder, 'subject', kept.filter(isNew)),
    ...updateSubjects(
      builder,
      kept.filter((row) => !isNew(row)),
    ),
    ...deleteSubjects(builder, removed),
    ...insertActs(builder, commit),
  ]
}

/** New acts stand where their first record does, and everything about them with them. */
function insertActs(
  builder: QueryBuilder,
  { acts, records, signatures }: Commit,
): readonly CompiledQuery[] {
  const firstRecords = new Map(records.toReversed().map((record) => [record.act, record.id]))
  const places = new Map(acts.map((act) => [act.id, firstRecords.get(act.id) ?? act.id]))
  const placeOf = (act: string): string => places.get(act) ?? act
  return [
    ...insertRows(
      builder,
      'act',
      acts.map((act) => ({ id: act.id, type: act.type, place: placeOf(act.id) })),
    ),
    ...insertRows(
      builder,
      'act_payload',
      acts.map((act) => ({ place: placeOf(act.id), payload: base64(act.payload) })),
    ),
    ...insertPlaced(
      builder,
      'signature',
      signatures.map((signature) => signatureToRow(signature, places.get(signature.act))),
    ),
    ...insertPlaced(
      builder,
      'log_record',
      records.map((record) => recordToRow(record, places.get(record.act))),
    ),
  ]
}

/** The batch that puts leaves on top of a head: it fails whole unless that head is the newest and every record waits. */
export function appendStatements(
  builder: QueryBuilder,
  append: LogAppend,
): readonly CompiledQuery[] {
  refuseGaps(append)
  const { head } = append
  const places = append.leaves.map((leaf) => ({
    record_id: leaf.recordId,
    leaf_index: leaf.leafIndex,
  }))
  const heads = [
    {
      size: head.size,
      prev_size: append.expectedSize,
      root: head.root,
      frontier: head.frontier,
      directory_head: head.directoryHead,
      directory_length: head.directoryLength,
    },
  ]
  const entries = append.leaves.map(({ leafIndex, leafHash, entry }) => ({
    leaf_index: leafIndex,
    leaf_hash: hex(leafHash),
    entry: base64(entry),
  }))
  const nodes = append.nodes.map(({ level, index, hash }) => ({
    level,
    node_index: index,
    hash: hex(hash),
  }))
  return [
    guardNewest(builder, append.expectedSize),
    ...insertRows(builder, 'log_head', heads),
    ...insertPlaced(
      builder,
      'log_record',
      append.newRecords.map((record) => recordToRow(record, undefined)),
    ),
    ...placeRecords(builder, places),
    ...insertRows(builder, 'log_entry', entries),
    ...insertRows(builder, 'log_node', nodes),
  ]
}

/** Of two notes for one size the one with more cosignatures stays; of two with as many, the later. */
export function keepCheckpoint(builder: QueryBuilder, row: Tables['checkpoint']): CompiledQuery {
  const { cosigned, note, size } = row
  return compiled(
    builder,
    { name: 'keepCheckpoint', given: { size, note, cosigned } },
    (given) =>
      sql`insert into checkpoint (size, note, cosigned) values (${given.size}, ${given.note}, ${given.cosigned})
        on conflict (size) do update set note = excluded.note, cosigned = excluded.cosigned
        where checkpoint.cosigned <= excluded.cosigned`,
  )
}

/** The batch that writes and leaves nothing behind: a row that holds, and its removal. */
export function probeStatements({ db }: QueryBuilder): readonly CompiledQuery[] {
  return [sql`insert into guard (ok) values (1)`.compile(db), sql`delete from guard`.compile(db)]
}

function guardSubjects(
  builder: QueryBuilder,
  guards: readonly SubjectGuard[],
): readonly CompiledQuery[] {
  const rows = guards.map((guard) => ({
    kind: guard.kind,
    id: guard.id,
    version: guard.version,
  }))
  return overRows(
    builder,
    { name: 'guardSubjects', columns: GUARD, rows },
    (given) => sql`insert into guard (ok) select 0 from ${given} as given
      left join subject on subject.kind = given.kind and subject.id = given.id
      where coalesce(subject.version, 0) <> given.version`,
  )
}

function updateSubjects(
  builder: QueryBuilder,
  rows: readonly Tables['subject'][],
): readonly CompiledQuery[] {
  return overRows(
    builder,
    { name: 'updateSubjects', columns: COLUMNS.subject, rows },
    (
      given,
    ) => sql`update subject set version = given.version, state = given.state, tag = given.tag from ${given} as given
      where subject.kind = given.kind and subject.id = given.id`,
  )
}

function deleteSubjects(
  builder: QueryBuilder,
  refs: readonly SubjectRef[],
): readonly CompiledQuery[] {
  const rows = refs.map((ref) => ({ kind: ref.kind, id: ref.id }))
  return overRows(
    builder,
    { name: 'deleteSubjects', columns: REF, rows },
    (given) =>
      sql`delete from subject where (kind, id) in (select given.kind, given.id from ${given} as given)`,
  )
}

function guardNewest(builder: QueryBuilder, size: number): CompiledQuery {
  return compiled(
    builder,
    { name: 'guardNewest', given: { size } },
    (
      given,
    ) => sql`insert into guard (ok) select 0 from (select max(size) as size from log_head) as newest
      where coalesce(newest.size, 0) <> ${given.size}`,
  )
}

/** Gives waiting records their leaves; one that is not waiting, or not there, makes the batch fail. */
function placeRecords(
  builder: QueryBuilder,
  places: readonly RowOf<typeof LEAF>[],
): readonly CompiledQuery[] {
  const guards = overRows(
    builder,
    { name: 'guardWaiting', columns: LEAF, rows: places },
    (given) => sql`insert into guard (ok) select 0 from ${given} as given
      left join log_record on log_record.id = given.record_id
      where log_record.id is null or log_record.leaf_index is not null`,
  )
  const updates = overRows(
    builder,
    { name: 'placeRecords', columns: LEAF, rows: places },
    (given) => sql`update log_record set leaf_index = given.leaf_index from ${given} as given
      where log_record.id = given.record_id`,
  )
  return [...guards, ...updates]
}

function subjectRow(write: SubjectWrite, state: string): Tables['subject'] {
  return {
    kind: write.kind,
    id: write.id,
    version: write.expected + 1,
    state,
    tag: write.tag ?? null,
  }
}

/** Of two writes to one subject the engines would keep different ones. */
export function refuseTwice(writes: readonly SubjectRef[]): void {
  const names = new Set(writes.map((write) => JSON.stringify([write.kind, write.id])))
  if (names.size !== writes.length) throw new Error('a commit writes one subject twice')
}

function refuseGaps({ expectedSize, head, leaves }: LogAppend): void {
  const isInOrder = leaves.every(({ leafIndex }, position) => leafIndex === expectedSize + position)
  const records = new Set(leaves.map(({ recordId }) => recordId))
  if (!isInOrder || head.size !== expectedSize + leaves.length || records.size !== leaves.length) {
    throw new Error('leaves must follow each other from the expected size up to the new head')
  }
}

function isNew(row: Tables['subject']): boolean {
  return row.version === 1
}
