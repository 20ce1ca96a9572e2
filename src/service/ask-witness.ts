import { sameBytes } from '#core/bytes.ts'
import { type Directory, logKeysOf } from '#core/directory.ts'
import { verifyCosignatures } from '#core/log/cosignature.ts'
import { keyIdOf, type NoteSignature, parseNote, type SignedNote } from '#core/log/note.ts'
import type { Events, WitnessFailure } from '#ports/events.ts'
import { type Storage, Unavailable } from '#ports/storage.ts'
import type { Witness, WitnessAnswer } from '#ports/witness.ts'
import { alarmOf, type WitnessedTree } from './check-log.ts'
import type { LogAlarm } from './log-alarm.ts'
import { isByReplacedKey, verifyOwnCheckpoint } from './released-size.ts'
import { sharedProver } from './sequence-log.ts'

/** One proof that begins at the wrong size is made anew, once. */
const ATTEMPTS_MAX = 2

/** What asking a witness needs. */
export interface AskWitnessPorts {
  readonly events: Events
  readonly origin: string
  readonly storage: Storage
}

/** A checkpoint that is to be cosigned. */
export interface Wanted {
  readonly size: number
  /** With the log's own signatures alone. */
  readonly note: SignedNote
  readonly directory: Directory
}

/** What asking a witness came to. */
export type Asked =
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[] }
  | { readonly kind: 'failed'; readonly reason: WitnessFailure }
  /** It holds a checkpoint of our own key that the stored log contradicts. */
  | { readonly kind: 'contradicted'; readonly alarm: LogAlarm }

/**
 * Asks a witness to cosign a checkpoint, with the consistency proof that it needs, and verifies what it answers.
 *
 * What a witness says of sizes and forks is no more than a claim, by which a lying one could stop every log. So it has to show the checkpoint
 * that it cosigned last: one that our own key signed, and that the stored log is held against.
 *
 * @param sizes what each witness cosigned last as far as is known, by verifier key; it is brought up to date
 */
export async function askWitness(
  ports: AskWitnessPorts,
  witness: Witness,
  { sizes, wanted }: { readonly sizes: Map<string, number>; readonly wanted: Wanted },
): Promise<Asked> {
  for (let attempt = 1; ; attempt++) {
    const oldSize = Math.min(sizes.get(witness.vkey) ?? 0, wanted.size)
    const answer = await addCheckpoint(ports.storage, witness, { oldSize, wanted })
    if (answer.kind === 'cosigned') {
      const lines = ownLines(witness, wanted.note, answer.lines)
      if (lines.kind === 'cosigned') sizes.set(witness.vkey, wanted.size)
      return lines
    }
    if (answer.kind === 'malformed') return failed('answer-malformed')
    if (answer.kind === 'refused') return failed('refused')
    const isNews = answer.kind === 'size-differs' && answer.size !== oldSize
    if (isNews && answer.size <= wanted.size && attempt < ATTEMPTS_MAX) {
      sizes.set(witness.vkey, answer.size)
      continue
    }
    return await holdAgainstLog(ports, witness, wanted)
  }
}

async function addCheckpoint(
  storage: Storage,
  witness: Witness,
  { oldSize, wanted }: { readonly oldSize: number; readonly wanted: Wanted },
): Promise<WitnessAnswer> {
  const path = await sharedProver(storage, wanted.size).consistencyProof(oldSize)
  return await witness.addCheckpoint({ oldSize, path, note: wanted.note })
}

/** Only its own lines count, whatever else it sends along, and they must verify over exactly what was asked. */
function ownLines(witness: Witness, note: SignedNote, lines: readonly NoteSignature[]): Asked {
  const id = keyIdOf(witness.key)
  const own = lines.filter(({ keyId, name }) => name === witness.key.name && sameBytes(keyId, id))
  if (own.length === 0) return failed('cosignature-missing')
  const verified = verifyCosignatures({ text: note.text, signatures: own }, [witness.key])
  return verified.ok && verified.value.length === own.length
    ? { kind: 'cosigned', lines: own.slice(-1) }
    : failed('cosignature-wrong')
}

/** Another process may have it cosign a later tree of the same log, which is no contradiction. */
async function holdAgainstLog(
  ports: AskWitnessPorts,
  witness: Witness,
  wanted: Wanted,
): Promise<Asked> {
  const seen = await seenBy(witness, ports.origin, logKeysOf(wanted.directory))
  if (seen === undefined) return failed('claim-unproven')
  if (await isByReplacedKey(ports.storage, wanted.directory, seen)) return failed('key-replaced')
  const alarm = await alarmOf(ports.storage, seen)
  if (alarm !== undefined) return { kind: 'contradicted', alarm }
  return failed(seen.size > wanted.size ? 'ahead' : 'claim-unproven')
}

/**
 * The tree that a witness cosigned last, by its own cosignature and a signature of the log; size 0 where it says that there is none.
 * `undefined` where what it shows is not signed by both.
 *
 * @param logKeys note verifier keys of the log
 * @throws Unavailable where it does not answer.
 */
export async function seenBy(
  witness: Witness,
  origin: string,
  logKeys: readonly string[],
): Promise<WitnessedTree | undefined> {
  const note = await witness.latest(origin)
  const seen = { by: `the witness ${witness.key.name}`, witness: witness.key.name }
  if (note === undefined) return { ...seen, size: 0, root: new Uint8Array(), note: '' }
  const checkpoint = verifyOwnCheckpoint(note, logKeys)
  const parsed = parseNote(note)
  if (checkpoint === undefined || !parsed.ok) return undefined
  const cosigned = verifyCosignatures(parsed.value, [witness.key])
  return cosigned.ok && cosigned.value.length > 0
    ? { ...seen, size: checkpoint.size, root: checkpoint.root, note }
    : undefined
}

/** What a thrown error says about a witness; anything but an outage is a fault of ours. */
export function failureOf(error: unknown): Asked {
  if (error instanceof Unavailable) return failed('unreachable')
  throw error
}

function failed(reason: WitnessFailure): Asked {
  return { kind: 'failed', reason }
}
