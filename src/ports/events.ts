import type { RefusalReason } from '#core/refusal.ts'

/**
 * What the server reports about itself: one function per event, typed fields, no free text.
 *
 * Nothing here may carry what a filer wrote, an address, a network address, a body, or the id of a mailbox.
 */
export interface Events {
  listening(fields: { readonly url: string }): void
  actAccepted(fields: { readonly type: string; readonly status: string }): void
  actRefused(fields: { readonly reason: RefusalReason }): void
  checkpointSigned(fields: { readonly treeSize: number }): void
  signerRefused(fields: { readonly reason: RefusalReason }): void
  unavailable(fields: { readonly operation: string; readonly code: string }): void
  failed(fields: { readonly operation: string; readonly error: string }): void
}
