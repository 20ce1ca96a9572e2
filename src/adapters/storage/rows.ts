import { type CompiledQuery, type RawBuilder, sql } from 'kysely'
import { base64, fromBase64, fromHex } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import {
  type ActRow,
  type LoggedRecord,
  type LogRecord,
  type SignatureRow,
  Unavailable,
} from '#ports/storage.ts'
import type { Dialect } from '#migrations'
import { compiled } from './compiled.ts'
import { COLUMNS, type Columns, type QueryBuilder, type RowOf, type Tables } from './schema.ts'

/** Characters of JSON in one parameter: at most 1.5 MB of UTF-8, and D1 takes 2 MB. */
const CHUNK_CHARACTERS_MAX = 500_000

type Row = Readonly<Record<string, string | number | null>>

/** A statement over many rows: its name, the columns that they are unpacked into, and the rows. */
export interface RowStatement<T extends Columns, R> {
  readonly name: string
  readonly columns: T
  readonly rows: readonly R[]
}

/**
 * Statements over many rows, as few as possible: D1 takes 100 parameters in a statement, so rows travel as one parameter of JSON text,
 * which both dialects unpack with the same expressions.
 *
 * @param build gives the statement over the table of the rows
 */
export function overRows<T extends Columns, Answer>(
  builder: QueryBuilder,
  statement: RowStatement<T, RowOf<T>>,
  build: (given: RawBuilder<unknown>) => RawBuilder<Answer>,
): readonly CompiledQuery<Answer>[] {
  return overUntyped(builder, statement, build)
}

function overUntyped<Answer>(
  builder: QueryBuilder,
  { columns, name, rows }: RowStatement<Columns, Row>,
  build: (given: RawBuilder<unknown>) => RawBuilder<Answer>,
): readonly CompiledQuery<Answer>[] {
  const names = Object.keys(columns)
  return chunks(rows.map((row) => JSON.stringify(names.map((column) => row[column])))).map((json) =>
    compiled(builder, { name, given: { json } }, (given) =>
      build(unpacked(builder.dialect, columns, given.json)),
    ),
  )
}

/** Statements that insert rows; a key that exists already makes them fail. */
export function insertRows<Name extends keyof Tables>(
  builder: QueryBuilder,
  name: Name,
  rows: readonly Tables[Name][],
): readonly CompiledQuery[] {
  const columns: Columns = COLUMNS[name]
  return overUntyped(builder, { name: `insert ${name}`, columns, rows }, (given) => {
    const names = sql.join(Object.keys(columns).map((column) => sql.ref(column)))
    return sql`insert into ${sql.table(name)} (${names}) select ${names} from ${given} as given`
  })
}

/**
 * Statements that insert rows at the places of their acts. An act that was never stored stands at its own id, and what is of no act nowhere.
 */
export function insertPlaced<Name extends 'log_record' | 'signature'>(
  builder: QueryBuilder,
  name: Name,
  rows: readonly Placed<Name>[],
): readonly CompiledQuery[] {
  const columns: Columns = COLUMNS[name]
  const given: Columns = { ...columns, act: 'text', place: 'text?' }
  return overUntyped(builder, { name: `insert ${name}`, columns: given, rows }, (table) => {
    const names = sql.join(Object.keys(columns).map((column) => sql.ref(column)))
    const place = sql`coalesce(given.place, (select act.place from act where act.id = given.act), nullif(given.act, ''))`
    // The first record of an act stands there already.
    const placed = name === 'log_record' ? sql`nullif(${place}, given.id)` : place
    const values = sql.join(
      Object.keys(columns).map((column) =>
        column === 'place' ? placed : sql.ref(`given.${column}`),
      ),
    )
    return sql`insert into ${sql.table(name)} (${names}) select ${values} from ${table} as given`
  })
}

function unpacked(dialect: Dialect, columns: Columns, json: string): RawBuilder<unknown> {
  const selection = sql.join(
    Object.entries(columns).map(([name, type], position) => {
      const sqlType = sql.raw(type.replace('?', ''))
      return sql`cast(value ->> ${sql.lit(position)} as ${sqlType}) as ${sql.ref(name)}`
    }),
  )
  const elements =
    dialect === 'postgres'
      ? sql`json_array_elements(cast(${json} as json)) as element (value)`
      : sql`json_each(${json})`
  return sql`(select ${selection} from ${elements})`
}

/** JSON arrays of the given JSON texts, none longer than the limit unless a single text is. */
function chunks(texts: readonly string[]): readonly string[] {
  const arrays: string[] = []
  let pending: string[] = []
  let characters = 0
  for (const text of texts) {
    if (pending.length > 0 && characters + text.length > CHUNK_CHARACTERS_MAX) {
      arrays.push(`[${pending.join(',')}]`)
      pending = []
      characters = 0
    }
    pending.push(text)
    characters += text.length + 1
  }
  return pending.length > 0 ? [...arrays, `[${pending.join(',')}]`] : arrays
}

/** An act with its payload, as it is read. */
export type WholeAct = Omit<Tables['act'] & Tables['act_payload'], 'place'>

export function actFromRow({ id, type, payload }: WholeAct): ActRow {
  return { id, type, payload: bytesFromBase64(payload) }
}

/** A row that stands at the place of its act: where that is not known here, the statement that inserts it finds it. */
type Placed<Name extends keyof Tables> = Omit<Tables[Name], 'place'> & {
  readonly act: string
  readonly place: string | null
}

export function signatureToRow(
  signature: SignatureRow,
  place: string | undefined,
): Placed<'signature'> {
  return {
    act: signature.act,
    place: place ?? null,
    packet_hash: signature.packetHash,
    packet: base64(signature.packet),
    fingerprint: signature.fingerprint,
    party: signature.party,
    created_at: signature.createdAt,
  }
}

export function signatureFromRow(
  act: string,
  row: Omit<Tables['signature'], 'place'>,
): SignatureRow {
  return {
    act,
    packetHash: row.packet_hash,
    packet: bytesFromBase64(row.packet),
    fingerprint: row.fingerprint,
    party: row.party,
    createdAt: row.created_at,
  }
}

export function recordToRow(record: LogRecord, place: string | undefined): Placed<'log_record'> {
  return {
    id: record.id,
    act: record.act,
    place: place ?? null,
    event: record.event,
    digest: sha256Hex(record.addendum),
    addendum: base64(record.addendum),
    is_public: record.isPublic ? 1 : 0,
    chain: record.chain ?? null,
    hold: record.hold ?? null,
    needs_head: record.needsHead ? 1 : 0,
    leaf_index: null,
  }
}

/** A row of `log_record` without what only finds it. */
export type RecordRow = Omit<Tables['log_record'], 'digest' | 'place'>

export function recordFromRow(row: RecordRow): LoggedRecord {
  return {
    id: row.id,
    act: row.act,
    event: row.event,
    addendum: bytesFromBase64(row.addendum),
    isPublic: row.is_public === 1,
    ...(row.chain === null ? {} : { chain: row.chain }),
    ...(row.hold === null ? {} : { hold: row.hold }),
    needsHead: row.needs_head === 1,
    leafIndex: row.leaf_index ?? undefined,
  }
}

/** @throws Unavailable where the database holds something else: it is damaged. */
export function bytesFromBase64(text: string): Uint8Array {
  return fromBase64(text) ?? damaged()
}

/** @throws Unavailable where the database holds something else: it is damaged. */
export function bytesFromHex(text: string): Uint8Array {
  return fromHex(text) ?? damaged()
}

function damaged(): never {
  throw new Unavailable('the database holds bytes that this program did not write')
}
