import type { CompiledQuery } from 'kysely'
import type { LogHead, Storage, Subject, SubjectRef } from '#ports/storage.ts'
import type { Engine } from './engine.ts'
import {
  actNamed,
  actsNamed,
  addendumOf,
  entryRange,
  governanceFrom,
  lastRecordOf,
  leafHashRange,
  newestCheckpoint,
  newestHead,
  nodeHashRange,
  recordsOfAct,
  recordsWaiting,
  signaturesOfAct,
  subjectsNamed,
  subjectsTagged,
} from './queries.ts'
import {
  actFromRow,
  bytesFromBase64,
  bytesFromHex,
  recordFromRow,
  signatureFromRow,
} from './rows.ts'
import { type QueryBuilder, queryBuilder, type Tables } from './schema.ts'
import { appendStatements, keepCheckpoint, probeStatements } from './statements.ts'
import { openCommits } from './together.ts'

/** Rows that one call may name; more is a mistake of the caller. */
const NAMED_MAX = 100

/** The storage port on one engine: all that differs between engines is behind `Engine`. */
export function storageOn(engine: Engine): Storage {
  const builder = queryBuilder(engine.dialect)
  const commits = openCommits(engine, builder)
  return {
    readSubjects: async (refs) => await readSubjects(engine, builder, refs),
    listSubjects: async (page) => await engine.read(subjectsTagged(builder, page)),
    commit: commits.commit,
    ...acts(engine, builder),
    ...log(engine, builder),
    ...tree(engine, builder),
    probe: async () => {
      await engine.write(probeStatements(builder))
    },
    close: async () => {
      await commits.settled()
      await engine.close()
    },
  }
}

async function readSubjects(
  engine: Engine,
  builder: QueryBuilder,
  refs: readonly SubjectRef[],
): Promise<readonly Subject[]> {
  refuseTooMany(refs)
  const [query, ...others] = subjectsNamed(builder, refs)
  // Two queries would see two moments.
  if (others.length > 0) throw new Error('the names of subjects are too long')
  const rows = query === undefined ? [] : await engine.read(query)
  const found = new Map(rows.map((row) => [JSON.stringify([row.kind, row.id]), row]))
  return refs.map(({ kind, id }) => {
    const row = found.get(JSON.stringify([kind, id]))
    return { kind, id, version: row?.version ?? 0, state: row?.state }
  })
}

type ActMethods = 'findAct' | 'findActs' | 'signaturesOf' | 'recordsOf'

function acts(engine: Engine, builder: QueryBuilder): Pick<Storage, ActMethods> {
  const findActs: Storage['findActs'] = async (ids) => {
    refuseTooMany(ids)
    const rows = ids.length === 0 ? [] : await engine.read(actsNamed(builder, ids))
    return rows.map(actFromRow)
  }
  return {
    findActs,
    findAct: async (id) => {
      const row = await first(engine, actNamed(builder, id))
      return row === undefined ? undefined : actFromRow(row)
    },
    signaturesOf: async (act) => {
      const rows = await engine.read(signaturesOfAct(builder, act))
      return rows.map((row) => signatureFromRow(act, row))
    },
    recordsOf: async (act) => (await engine.read(recordsOfAct(builder, act))).map(recordFromRow),
  }
}

type LogMethods =
  | 'governance'
  | 'pendingRecords'
  | 'logHead'
  | 'appendLog'
  | 'lastRecord'
  | 'publicAddendum'

function log(engine: Engine, builder: QueryBuilder): Pick<Storage, LogMethods> {
  return {
    governance: async (from, limit) => {
      const rows = await engine.read(governanceFrom(builder, from, limit))
      return rows.map(recordFromRow)
    },
    pendingRecords: async (today, limit) => {
      const rows = await engine.read(recordsWaiting(builder, today, limit))
      return rows.map(recordFromRow)
    },
    logHead: async () => {
      const row = await first(engine, newestHead(builder))
      return row === undefined ? undefined : headFromRow(row)
    },
    appendLog: async (append) => await engine.write(appendStatements(builder, append)),
    lastRecord: async (event, size) => {
      const row = await first(engine, lastRecordOf(builder, event, size))
      return row === undefined ? undefined : recordFromRow(row)
    },
    publicAddendum: async (digest) => {
      const row = await first(engine, addendumOf(builder, digest))
      return row === undefined ? undefined : bytesFromBase64(row.addendum)
    },
  }
}

type TreeMethods = 'leafHashes' | 'nodeHashes' | 'entries' | 'saveCheckpoint' | 'latestCheckpoint'

function tree(engine: Engine, builder: QueryBuilder): Pick<Storage, TreeMethods> {
  return {
    leafHashes: async (from, to) => joined(await engine.read(leafHashRange(builder, from, to))),
    nodeHashes: async (level, from, to) =>
      joined(await engine.read(nodeHashRange(builder, { level, from, to }))),
    entries: async (from, to) => {
      const rows = await engine.read(entryRange(builder, from, to))
      return rows.map(({ entry }) => bytesFromBase64(entry))
    },
    saveCheckpoint: async (size, note, cosigned = 0) => {
      await engine.write([keepCheckpoint(builder, { size, note, cosigned })])
    },
    latestCheckpoint: async (cosigned = 0, sizeMax = Number.MAX_SAFE_INTEGER) =>
      await first(engine, newestCheckpoint(builder, { cosigned, sizeMax })),
  }
}

async function first<Row extends Record<string, unknown>>(
  engine: Engine,
  query: CompiledQuery<Row>,
): Promise<Row | undefined> {
  return (await engine.read(query))[0]
}

function headFromRow(row: Omit<Tables['log_head'], 'prev_size'>): LogHead {
  return {
    size: row.size,
    root: row.root,
    frontier: row.frontier,
    directoryHead: row.directory_head,
    directoryLength: row.directory_length,
  }
}

function joined(rows: readonly { readonly hash: string }[]): Uint8Array {
  return bytesFromHex(rows.map(({ hash }) => hash).join(''))
}

function refuseTooMany(names: readonly unknown[]): void {
  if (names.length > NAMED_MAX)
    throw new Error(`at most ${String(NAMED_MAX)} rows are read by name`)
}
