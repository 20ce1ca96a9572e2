import { base64, fromBase64, sameBytes, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { isCount, parseDecimal } from './decimal.ts'
import { isHash, verifyConsistency } from './merkle.ts'
import {
  formatNote,
  matchSignatures,
  type NoteSignature,
  parseNote,
  parseSignatureLine,
  type SignatureCheck,
  type SignedNote,
  type VerifierKey,
  verifyNote,
} from './note.ts'

/** The longest request that a witness reads: the proof takes 3 KB, a signature line of the largest known kind as much, and 32 of ours 4 KB. */
export const ADD_CHECKPOINT_BYTES_MAX = 16_384
/** The longest answer of a witness that a log reads. */
export const WITNESS_ANSWER_BYTES_MAX = 16_384
/** The media type under which a witness tells the size that it cosigned last. */
export const TREE_SIZE_TYPE = 'text/x.tlog.size'

/** The depth of a tree of 2^63 leaves, which is where C2SP ends. */
const HASHES_MAX = 63
const OLD = 'old '

/** The name under which a witness is asked for a log and remembers it: the SHA-256 of its origin, 64 hex digits. */
export function originHash(origin: string): string {
  return sha256Hex(utf8(origin))
}

/** What a log asks a witness to cosign (C2SP `tlog-witness`, `add-checkpoint`); nothing in it is checked yet. */
export interface AddCheckpoint {
  /** The size that the witness cosigned last, as the log believes. */
  readonly oldSize: number
  /** The consistency proof from the old size; empty where that is 0 or the size of the checkpoint. */
  readonly path: readonly Uint8Array[]
  readonly note: SignedNote
}

/** The tree that a witness cosigned last for one log. */
export interface CosignedTree {
  readonly size: number
  readonly root: Uint8Array
}

/** What a witness makes of a request; each judgement but the first has one status of its own. */
export type WitnessJudgement =
  | {
      readonly kind: 'consistent'
      readonly checkpoint: Checkpoint
      /** The log's signatures, each verified. */
      readonly signatures: readonly NoteSignature[]
    }
  /** 400: not a request, or an old size above that of the checkpoint. */
  | { readonly kind: 'malformed' }
  /** 403: no key that is known of the log signed. */
  | { readonly kind: 'untrusted' }
  /** 409: the witness cosigned another size last. */
  | { readonly kind: 'size-differs'; readonly size: number }
  /** 422: the tree did not grow from the one that the witness cosigned last. */
  | { readonly kind: 'inconsistent' }

/**
 * Reads the body of `add-checkpoint`: `old <size>`, consistency hashes, an empty line, a signed checkpoint.
 *
 * Refuses with `request-malformed` numbers and base64 in any but their one spelling, more than 63 hashes and an old size above that of the
 * checkpoint, and as `parseNote` and `parseCheckpoint` do: also for extension lines, which no log of ours writes.
 */
export function parseAddCheckpoint(
  body: string,
): Result<AddCheckpoint & { readonly checkpoint: Checkpoint }> {
  const headEnd = body.indexOf('\n\n')
  const [first = '', ...lines] = body.slice(0, Math.max(headEnd, 0)).split('\n')
  const oldSize = first.startsWith(OLD) ? parseDecimal(first.slice(OLD.length)) : undefined
  if (headEnd < 0 || oldSize === undefined || lines.length > HASHES_MAX)
    return refuse('request-malformed', 'The request does not begin with an old size and a proof.')
  const path = lines.map((line) => fromBase64(line) ?? new Uint8Array())
  if (!path.every(isHash))
    return refuse('request-malformed', 'A hash of the proof is not 32 bytes.')
  const note = parseNote(body.slice(headEnd + 2))
  if (!note.ok) return note
  const checkpoint = parseCheckpoint(note.value.text)
  if (!checkpoint.ok) return checkpoint
  if (oldSize > checkpoint.value.size)
    return refuse('request-malformed', 'The old size is above that of the checkpoint.')
  return accept({ oldSize, path, note: note.value, checkpoint: checkpoint.value })
}

/**
 * Writes the body of `add-checkpoint`.
 *
 * @throws RangeError where no witness could read it.
 */
export function formatAddCheckpoint({ note, oldSize, path }: AddCheckpoint): string {
  if (!isCount(oldSize) || path.length > HASHES_MAX || !path.every(isHash))
    throw new RangeError('this cannot be asked of a witness')
  const lines = [`${OLD}${oldSize}`, ...path.map((hash) => base64(hash))]
  return `${lines.join('\n')}\n\n${formatNote(note)}`
}

/** What a witness knows of one log. */
export interface WatchedLog {
  /** All of one name, the origin of the log. */
  readonly keys: readonly VerifierKey[]
  /** Computes in the place of `isSignedBy`. */
  readonly check?: SignatureCheck | undefined
  /** The tree that was cosigned last; absent where there was none. */
  readonly last?: CosignedTree | undefined
}

/**
 * Decides whether a witness may cosign a checkpoint after the last one that it cosigned for this log.
 *
 * The order is that of C2SP, the log's key, the size, the proof, but for one thing: a signature is computed only where the size is right, since
 * anybody may send a checkpoint that was published. A checkpoint of the same size is cosigned again, with a later time, where its root is the same.
 * A known key whose line fails is as bad as none.
 */
export function judgeCheckpoint(
  request: AddCheckpoint & { readonly checkpoint: Checkpoint },
  { check, keys, last }: WatchedLog,
): WitnessJudgement {
  const { checkpoint, note, oldSize, path } = request
  const named = matchSignatures(note, keys)
  const isNamed = named.ok && named.value.length > 0
  if (!isNamed || !keys.every(({ name }) => name === checkpoint.origin))
    return { kind: 'untrusted' }
  if (oldSize > checkpoint.size) return { kind: 'malformed' }
  const size = last?.size ?? 0
  if (oldSize !== size) return { kind: 'size-differs', size }
  const verified = verifyNote(note, keys, check)
  if (!verified.ok) return { kind: 'untrusted' }
  return isGrown(last, checkpoint, path)
    ? { kind: 'consistent', checkpoint, signatures: verified.value.signatures }
    : { kind: 'inconsistent' }
}

function isGrown(
  last: CosignedTree | undefined,
  checkpoint: Checkpoint,
  path: readonly Uint8Array[],
): boolean {
  if (last === undefined || last.size === 0) return path.length === 0
  return verifyConsistency({
    oldSize: last.size,
    newSize: checkpoint.size,
    oldRoot: last.root,
    newRoot: checkpoint.root,
    path,
  }).ok
}

/**
 * Reads what a witness answers: one signature line or more, each with its end of line.
 *
 * Nothing is verified here. Refuses with `note-malformed` an answer that holds anything else.
 */
export function parseCosignatureLines(body: string): Result<readonly NoteSignature[]> {
  if (!body.endsWith('\n') || body.length > WITNESS_ANSWER_BYTES_MAX)
    return refuse('note-malformed', 'The answer does not end with a line, or not soon enough.')
  const signatures: NoteSignature[] = []
  for (const line of body.slice(0, -1).split('\n')) {
    const signature = parseSignatureLine(line)
    if (!signature.ok) return signature
    signatures.push(signature.value)
  }
  return accept(signatures)
}

/** Reads the size that a witness answers with 409: a decimal and an end of line; `undefined` for anything else. */
export function parseTreeSize(body: string): number | undefined {
  return body.endsWith('\n') ? parseDecimal(body.slice(0, -1)) : undefined
}

/** A note with some signatures more; one by the same key takes the place of the one before, so that a refresh adds no line. */
export function withSignatures(note: SignedNote, added: readonly NoteSignature[]): SignedNote {
  const isReplaced = (old: NoteSignature): boolean =>
    added.some(({ keyId, name }) => name === old.name && sameBytes(keyId, old.keyId))
  return {
    text: note.text,
    signatures: [...note.signatures.filter((old) => !isReplaced(old)), ...added],
  }
}
