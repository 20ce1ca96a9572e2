/** How far a mail has come, as its filer sees it. */
export type MailState =
  | { readonly state: 'queued' }
  /** `quiet-hours` ends by itself; `stopped` was asked for. */
  | { readonly state: 'held'; readonly reason: 'quiet-hours' | 'stopped' }
  /** The submission server has it. */
  | { readonly state: 'sent' }
  /** It came back, or was refused for good. */
  | { readonly state: 'bounced' }
  /** Not tried: the address has bounced before. */
  | { readonly state: 'suppressed' }
  /** Nobody took it for as long as we try. */
  | { readonly state: 'given-up' }

/** Where states are reported to. */
export interface Deliveries {
  /**
   * Notes the states of recipients' mails, by the random reference. The same state may be noted again after a crash.
   *
   * Durable when it resolves.
   */
  note(changed: readonly { readonly reference: string; readonly state: MailState }[]): Promise<void>
}
