import type { ServerTrouble } from './mailer.ts'

/** What a relay reports about itself: typed fields, no free text, and nothing about whom it writes to. */
export interface MailEvents {
  /** The submission server as a whole takes no mail; it is asked again after so many seconds, and no mail is lost by it. */
  mailTrouble(fields: { readonly trouble: ServerTrouble; readonly seconds: number }): void
  /** So many mails were under way when another process ended; they are sent again under the same Message-ID. */
  mailReclaimed(fields: { readonly count: number }): void
  unavailable(fields: { readonly operation: string; readonly code: string }): void
}
