import { concat, sameBytes } from '#core/bytes.ts'
import { sha256 } from '#core/hash.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { HASH_BYTES, leafHash } from './merkle.ts'

/** The length of the random salt that hides a record whose content could be guessed. */
export const SALT_BYTES = 32
/** The length of every entry of the log: equal for all records, so that it tells nothing about them. */
export const LOG_ENTRY_BYTES = 37

/** C2SP `tlog-addenda`: one digest, at offset 0 (u32), one digest in all (u8). */
const ENTRY_SUFFIX = Uint8Array.of(0, 0, 0, 0, 1)

/** What a log entry commits to: a secret salt and the canonical bytes of a record. */
export interface Addendum {
  readonly salt: Uint8Array
  readonly record: Uint8Array
}

/**
 * Joins salt and record to the bytes that are hashed.
 *
 * @throws RangeError when the salt is not 32 bytes or the record is empty.
 */
export function composeAddendum({ salt, record }: Addendum): Uint8Array {
  if (salt.length !== SALT_BYTES) throw new RangeError('a salt is 32 bytes')
  if (record.length === 0) throw new RangeError('a record is not empty')
  return concat(salt, record)
}

/** Takes an addendum apart again; refuses with `proof-malformed` what is too short to hold a record. */
export function splitAddendum(addendum: Uint8Array): Result<Addendum> {
  if (addendum.length <= SALT_BYTES) {
    return refuse('proof-malformed', 'The addendum is too short to hold a salt and a record.')
  }
  return accept({ salt: addendum.slice(0, SALT_BYTES), record: addendum.slice(SALT_BYTES) })
}

/** The record hash, by which records name each other: SHA-256 of the addendum. */
export function recordHash(addendum: Uint8Array): Uint8Array {
  return sha256(addendum)
}

/** The entry that stands in the log for an addendum: 37 bytes. */
export function logEntry(addendum: Uint8Array): Uint8Array {
  return concat(recordHash(addendum), ENTRY_SUFFIX)
}

/** The leaf hash of the entry that stands in the log for an addendum. */
export function addendumLeafHash(addendum: Uint8Array): Uint8Array {
  return leafHash(logEntry(addendum))
}

/** Reads an entry and answers its record hash; refuses with `tile-malformed` any other form. */
export function parseLogEntry(entry: Uint8Array): Result<Uint8Array> {
  if (entry.length !== LOG_ENTRY_BYTES || !sameBytes(entry.subarray(HASH_BYTES), ENTRY_SUFFIX)) {
    return refuse('tile-malformed', 'A log entry is not of the one form that this log has.')
  }
  return accept(entry.slice(0, HASH_BYTES))
}
