import { base64, fromBase64, sameBytes } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { isCount, parseDecimal } from './decimal.ts'
import { EMPTY_ROOT, isHash } from './merkle.ts'
import { isKeyName, parseNote, type SignedNote, type VerifierKey, verifyNote } from './note.ts'

/** What a log states about itself: so many entries, and the root over them. */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
}

/**
 * Writes the text of a checkpoint, without extension lines (C2SP `tlog-checkpoint`).
 *
 * @throws RangeError when `parseCheckpoint` would refuse it.
 */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  if (!isCheckpoint(checkpoint)) throw new RangeError('this cannot be a checkpoint')
  return `${checkpoint.origin}\n${checkpoint.size}\n${base64(checkpoint.root)}\n`
}

/**
 * Reads the text of a checkpoint, without the signatures.
 *
 * Refuses with `checkpoint-malformed`: an origin that could not name a key, a size with leading zeros or above
 * 2^53 - 1, a root that is not canonical base64 of 32 bytes, another root than `EMPTY_ROOT` for size 0, any
 * extension line: our log writes none, and each would be something signed that nobody reads.
 */
export function parseCheckpoint(text: string): Result<Checkpoint> {
  const [origin = '', sizeText = '', rootText = '', end, ...rest] = text.split('\n')
  const size = parseDecimal(sizeText)
  const root = fromBase64(rootText)
  if (end !== '' || rest.length > 0 || size === undefined || root === undefined) {
    return refuse('checkpoint-malformed', 'A checkpoint is an origin, a size and a root hash.')
  }
  const checkpoint = { origin, size, root }
  return isCheckpoint(checkpoint)
    ? accept(checkpoint)
    : refuse('checkpoint-malformed', 'The origin or the root hash cannot be that of a log.')
}

function isCheckpoint({ origin, size, root }: Checkpoint): boolean {
  return (
    isKeyName(origin) && isCount(size) && isHash(root) && (size > 0 || sameBytes(root, EMPTY_ROOT))
  )
}

class CheckpointVerified {
  protected readonly verified = true
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
  /** The note it was read from, whose other signatures are not checked. */
  readonly note: SignedNote

  constructor({ origin, size, root }: Checkpoint, note: SignedNote) {
    this.origin = origin
    this.size = size
    this.root = root
    this.note = note
  }
}

/** A checkpoint that its log signed; only `verifyCheckpoint` makes one. */
export type VerifiedCheckpoint = CheckpointVerified

/**
 * Reads a signed checkpoint and checks that the log signed it under its own origin.
 *
 * Refuses as `parseNote`, `verifyNote` and `parseCheckpoint` do, and with `checkpoint-malformed` when the origin is
 * not the name of the log's key.
 */
export function verifyCheckpoint(
  note: string,
  logVerifier: VerifierKey,
): Result<VerifiedCheckpoint> {
  const parsed = parseNote(note)
  if (!parsed.ok) return parsed
  const verified = verifyNote(parsed.value, [logVerifier])
  if (!verified.ok) return verified
  const checkpoint = parseCheckpoint(verified.value.text)
  if (!checkpoint.ok) return checkpoint
  return checkpoint.value.origin === logVerifier.name
    ? accept(new CheckpointVerified(checkpoint.value, parsed.value))
    : refuse('checkpoint-malformed', 'The origin is not the name of the key of the log.')
}
