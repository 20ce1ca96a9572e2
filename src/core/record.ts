import { canonicalJson, type JsonObject, readCanonical } from './canonical-json.ts'
import { refuse, accept, type Result } from './result.ts'

/** What happened to an act: it waits, took effect, ran out, or was taken back. */
export type RecordEvent = 'submitted' | 'adopted' | 'lapsed' | 'withdrawn'

/**
 * What a log leaf commits to about an act. It names no mailbox and no time finer than a day.
 *
 * `prev` chains the governance records; `directory` is the head at which any other act took effect.
 */
export interface ActRecord {
  readonly act: string
  readonly day: string
  readonly directory?: string
  readonly event: RecordEvent
  readonly prev?: string
  /** SHA-256 of each counted signature packet, ascending. */
  readonly signatures: readonly string[]
}

/** Ends each batch that completes a notice or changes governance: the head of the chain among the first `size` leaves. */
export interface HeadRecord {
  readonly day: string
  readonly event: 'directory.head'
  readonly head: string
  readonly size: number
}

const HASH = /^[0-9a-f]{64}$/
const DAY = /^\d{4}-\d{2}-\d{2}$/

/** The canonical bytes of a record, as they follow the salt in an addendum. */
export function recordBytes(record: ActRecord | HeadRecord): Uint8Array {
  return canonicalJson({ ...record })
}

/** Reads the record of an act strictly. Refuses `receipt-malformed`. */
export function readActRecord(bytes: Uint8Array): Result<ActRecord> {
  const value = readObject(bytes)
  if (value === undefined) return refuse('receipt-malformed', 'a record is not canonical')
  const { act, day, directory, event, prev, signatures, ...rest } = value
  if (!isHash(act) || !isDay(day) || !isEvent(event) || !isHashes(signatures)) return malformed()
  if (Object.keys(rest).length > 0) return malformed()
  if (directory !== undefined && !isHash(directory)) return malformed()
  if (prev !== undefined && !isHash(prev)) return malformed()
  return accept({
    act,
    day,
    event,
    signatures,
    ...(directory === undefined ? {} : { directory }),
    ...(prev === undefined ? {} : { prev }),
  })
}

/** Reads a `directory.head` record strictly. Refuses `receipt-malformed`. */
export function readHeadRecord(bytes: Uint8Array): Result<HeadRecord> {
  const value = readObject(bytes)
  if (value === undefined) return malformed()
  const { day, event, head, size, ...rest } = value
  if (!isDay(day) || event !== 'directory.head' || !isHash(head) || Object.keys(rest).length > 0)
    return malformed()
  if (typeof size !== 'number' || size < 0) return malformed()
  return accept({ day, event, head, size })
}

function malformed(): Result<never> {
  return refuse('receipt-malformed', 'a record of the log is not of a known form')
}

function readObject(bytes: Uint8Array): JsonObject | undefined {
  const value = readCanonical(bytes)
  if (!value.ok || !isObject(value.value)) return undefined
  return value.value
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isHash(value: unknown): value is string {
  return typeof value === 'string' && HASH.test(value)
}

function isHashes(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isHash)
}

function isDay(value: unknown): value is string {
  return typeof value === 'string' && DAY.test(value)
}

function isEvent(value: unknown): value is RecordEvent {
  return value === 'submitted' || value === 'adopted' || value === 'lapsed' || value === 'withdrawn'
}
