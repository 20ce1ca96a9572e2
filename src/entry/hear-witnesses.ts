import { type VerifiedCheckpoint, verifyCheckpoint } from '#core/log/checkpoint.ts'
import { verifyCosignatures } from '#core/log/cosignature.ts'
import { parseVkey, type VerifierKey } from '#core/log/note.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { WitnessTerms } from '#service/witness-terms.ts'

/** A checkpoint that is given as what one witness cosigned last. */
export interface WitnessWord {
  readonly note: string
  /** The address or the file that it came from. */
  readonly from: string
  /** Whether it was asked for just now. What a file says is the last word is what the operator says. */
  readonly isLive: boolean
  /** The verifier key of the witness; `undefined` where what its own address gave tells. */
  readonly vkey: string | undefined
}

/** What a witness had seen. */
export interface HeardWitness extends Pick<WitnessWord, 'from' | 'isLive'> {
  readonly name: string
  readonly size: number
}

/** The same with the tree. */
export interface HeardTree extends HeardWitness {
  readonly root: Uint8Array
}

/**
 * Takes what was given as the last words of witnesses, each for one witness alone.
 *
 * A note with the cosignatures of many shows that they had come so far, and not that none of them went on: the backup itself holds such notes.
 * Any tree that was ever released carries k cosignatures of n, so n - k + 1 witnesses together have seen the largest of them. Fewer could all be
 * behind.
 */
export function hearWitnesses(
  log: { readonly logKey: VerifierKey; readonly origin: string; readonly terms: WitnessTerms },
  words: readonly WitnessWord[],
): Result<readonly HeardTree[]> {
  const { keys, quorum } = log.terms
  const heard: HeardTree[] = []
  for (const word of words) {
    const checkpoint = verifyCheckpoint(word.note, log.logKey)
    if (!checkpoint.ok) return checkpoint
    if (checkpoint.value.origin !== log.origin) return refuse('receipt-origin-wrong')
    const name = speakerOf(checkpoint.value, word, keys)
    if (!name.ok) return name
    const { root, size } = checkpoint.value
    heard.push({ from: word.from, isLive: word.isLive, name: name.value, root, size })
  }
  const spoke = new Set(heard.map(({ name }) => name)).size
  const needed = keys.length - quorum + 1
  return spoke >= needed
    ? accept(heard)
    : refuse(
        'note-unsigned',
        `${String(spoke)} witnesses of the charter were heard, and ${String(needed)} must be: others may have seen more`,
      )
}

/** Whose word it is: of the witness that was named, or of the only one that cosigned it. */
function speakerOf(
  { note }: VerifiedCheckpoint,
  { from, vkey }: WitnessWord,
  keys: readonly string[],
): Result<string> {
  if (vkey !== undefined && !keys.includes(vkey))
    return refuse('note-unsigned', `the charter names no witness ${vkey}`)
  const known = (vkey === undefined ? keys : [vkey])
    .map((key) => parseVkey(key))
    .flatMap((key) => (key.ok ? [key.value] : []))
  const cosigned = verifyCosignatures(note, known)
  if (!cosigned.ok) return cosigned
  const names = new Set(cosigned.value.map(({ witness }) => witness.name))
  const [name] = names
  if (name === undefined)
    return refuse('note-unsigned', `no witness that it could be of has cosigned what ${from} gave`)
  return names.size === 1
    ? accept(name)
    : refuse(
        'note-unsigned',
        `${from} gave a note of ${String(names.size)} witnesses, and one address is the word of one: say whose with --witness VKEY=URL`,
      )
}
