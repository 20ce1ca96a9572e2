import type { RefusalReason } from '#core/refusal.ts'

/** Why a witness does not count: it could not be reached, refused, or answered something else than a cosignature of its own. */
export type WitnessFailure =
  /** It cosigned a later tree of the same log already, which another process had signed. */
  | 'ahead'
  | 'unreachable'
  | 'refused'
  | 'answer-malformed'
  | 'cosignature-missing'
  | 'cosignature-wrong'
  | 'claim-unproven'
  /** It shows a checkpoint of a log key that had been replaced by then: somebody has stolen that key. */
  | 'key-replaced'

/**
 * What the server reports about itself: one function per event, typed fields, no free text.
 *
 * Nothing here may carry what a filer wrote, an address, a network address, a body, or the id of a mailbox.
 */
export interface Events {
  listening(fields: { readonly url: string }): void
  /** The schema of the database is being brought up to date, by so many steps; `first` is the first of them. */
  migrating(fields: { readonly steps: number; readonly first: string }): void
  /** The process was told to end and lets running requests finish. */
  stopping(fields: { readonly seconds: number }): void
  /** The process has let go of everything; `cut` connections had no answer by then. */
  stopped(fields: { readonly cut: number }): void
  actAccepted(fields: { readonly type: string; readonly status: string }): void
  actRefused(fields: { readonly reason: RefusalReason }): void
  checkpointSigned(fields: { readonly treeSize: number }): void
  signerRefused(fields: { readonly reason: RefusalReason }): void
  /** A witness cosigned a checkpoint of a log. */
  checkpointCosigned(fields: { readonly origin: string; readonly treeSize: number }): void
  /** A witness did not cosign; `inconsistent` under a log's own key is a fork of that log. */
  checkpointRefused(fields: { readonly origin: string; readonly reason: string }): void
  /** So many of the witnesses that the charter names have cosigned a checkpoint. */
  cosignaturesCollected(fields: {
    readonly treeSize: number
    readonly cosigned: number
    readonly quorum: number
  }): void
  /** A witness gave no cosignature, or none that counts; the others are asked all the same. */
  witnessFailed(fields: { readonly witness: string; readonly reason: WitnessFailure }): void
  /** A witness of the charter has no address here, or an address belongs to no witness of the charter. */
  witnessMismatch(fields: {
    readonly witness: string
    readonly problem: 'no-address' | 'not-in-charter'
  }): void
  /** A witness holds a checkpoint that our own key signed and that the stored log contradicts: nothing is signed any more. */
  logContradicted(fields: { readonly witness: string; readonly reason: RefusalReason }): void
  unavailable(fields: { readonly operation: string; readonly code: string }): void
  failed(fields: { readonly operation: string; readonly error: string }): void
}
