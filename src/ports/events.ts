import type { RefusalReason } from '#core/refusal.ts'

/**
 * What the server reports about itself: one function per event, typed fields, no free text.
 *
 * Nothing here may carry what a filer wrote, an address, a network address, a body, or the id of a mailbox.
 */
export interface Events {
  listening(fields: { readonly url: string }): void
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
  unavailable(fields: { readonly operation: string; readonly code: string }): void
  failed(fields: { readonly operation: string; readonly error: string }): void
}
