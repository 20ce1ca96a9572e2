import { createHash } from 'node:crypto'
import { utf8 } from '#core/bytes.ts'
import { sha256 } from '#core/hash.ts'
import type {
  ActRow,
  Commit,
  LogAppend,
  LogHead,
  LogRecord,
  SignatureRow,
  Storage,
  SubjectWrite,
} from '#ports/storage.ts'

/** 64 hex digits that stand for a name. */
export function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex')
}

/** A commit of some parts. */
export function commitOf(parts: Partial<Commit>): Commit {
  return { guards: [], subjects: [], acts: [], signatures: [], records: [], ...parts }
}

export function write(id: string, expected: number, state: string | undefined): SubjectWrite {
  return { kind: 'party', id, expected, state }
}

export function act(name: string): ActRow {
  return { id: digest(name), type: 'notice.file', payload: utf8(`{"nonce":"${name}"}`) }
}

export function signature(name: string, of: string, createdAt = 1_795_000_000): SignatureRow {
  return {
    act: digest(of),
    packetHash: digest(`packet ${name}`),
    packet: sha256(utf8(name)),
    fingerprint: digest(name).slice(0, 40),
    party: 'contoso.example',
    createdAt,
  }
}

/** A private record; ids sort as names do. */
export function record(name: string, parts: Partial<LogRecord> = {}): LogRecord {
  return {
    id: name.padStart(32, '0'),
    act: digest(`act of ${name}`),
    event: 'submitted',
    addendum: utf8(`salt and record ${name}`),
    isPublic: false,
    needsHead: false,
    ...parts,
  }
}

export function leafHash(recordId: string): Uint8Array {
  return sha256(utf8(`leaf ${recordId}`))
}

export function entry(recordId: string): Uint8Array {
  return Uint8Array.from([...sha256(utf8(`entry ${recordId}`)), 0, 0, 0, 0, 1])
}

export function headOf(size: number, writer = 'one'): LogHead {
  return {
    size,
    root: digest(`root ${String(size)} ${writer}`),
    frontier: digest('frontier'),
    directoryHead: '',
    directoryLength: 0,
  }
}

/** A batch that puts the named records on top of a log of `expectedSize`. */
export function appendOf(
  expectedSize: number,
  recordIds: readonly string[],
  parts: Partial<LogAppend> = {},
): LogAppend {
  return {
    expectedSize,
    head: headOf(expectedSize + recordIds.length),
    leaves: recordIds.map((recordId, position) => ({
      recordId,
      leafIndex: expectedSize + position,
      entry: entry(recordId),
      leafHash: leafHash(recordId),
    })),
    newRecords: [],
    nodes: [],
    ...parts,
  }
}

/** Commits records and puts them all into the log, which must be empty. */
export async function logged(storage: Storage, records: readonly LogRecord[]): Promise<void> {
  await storage.commit(commitOf({ records }))
  await storage.appendLog(
    appendOf(
      0,
      records.map(({ id }) => id),
    ),
  )
}

/** The day on which tests take place. */
export const TODAY = '2026-11-23'

/** Versions of some subjects that `write` made. */
export async function versions(storage: Storage, ...ids: string[]): Promise<number[]> {
  const subjects = await storage.readSubjects(ids.map((id) => ({ kind: 'party', id })))
  return subjects.map(({ version }) => version)
}

/** Ids of the records that wait today. */
export async function pendingIds(storage: Storage, limit = 100): Promise<string[]> {
  return (await storage.pendingRecords(TODAY, limit)).map(({ id }) => id)
}
