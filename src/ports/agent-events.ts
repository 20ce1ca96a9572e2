/**
 * What an agent reports about itself: one function per event, typed fields, no free text.
 *
 * Nothing here may carry an account, an address, an event id, a name that the company gave, or how many are told where they are under five.
 */
export interface AgentEvents {
  listening(fields: { readonly url: string }): void
  /** The process was told to end and lets running requests finish. */
  stopping(fields: { readonly seconds: number }): void
  stopped(fields: { readonly cut: number }): void
  noticeFiled(fields: { readonly lane: 'batched' | 'priority' }): void
  noticeReleased(fields: { readonly proof: 'logged' | 'witnessed' }): void
  /** A filing was refused, by the coalition's server or before it was asked. */
  noticeRefused(fields: { readonly reason: string }): void
  /** A list of check codes was published, or waits for another officer of the party. */
  listPublished(fields: { readonly keyed: string; readonly status: string }): void
  listRefused(fields: { readonly keyed: string; readonly reason: string }): void
  localRefused(fields: { readonly reason: string }): void
  /** Something that is asked again later did not answer. */
  unavailable(fields: { readonly operation: string }): void
  /** A fault of the program. */
  failed(fields: { readonly operation: string; readonly error: string }): void
}
