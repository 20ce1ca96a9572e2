import type { NoteSignature, VerifierKey } from '#core/log/note.ts'
import type { AddCheckpoint } from '#core/log/witness.ts'

/** What a witness answers; nothing in it has been verified. */
export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[] }
  /** It says that it cosigned another size last. */
  | { readonly kind: 'size-differs'; readonly size: number }
  /** It says that the tree did not grow from what it cosigned last. */
  | { readonly kind: 'inconsistent' }
  | { readonly kind: 'refused'; readonly status: number }
  /** It answered what no witness answers. */
  | { readonly kind: 'malformed' }

/** Somebody outside who watches that the log only grows (C2SP `tlog-witness`). */
export interface Witness {
  readonly vkey: string
  readonly key: VerifierKey
  /** @throws Unavailable where it does not answer in time. */
  addCheckpoint(request: AddCheckpoint): Promise<WitnessAnswer>
  /**
   * The checkpoint of a log that it cosigned last, as it answers monitors; `undefined` where it says that there is none.
   *
   * @throws Unavailable where it does not answer in time, or something else.
   */
  latest(origin: string): Promise<string | undefined>
}
