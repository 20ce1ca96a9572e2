import type { MailEvents } from '#ports/mail-events.ts'

/**
 * Writes each event of a relay as one line of JSON.
 *
 * @param write receives a line without its line feed
 */
export function jsonMailEvents(write: (line: string) => void): MailEvents {
  const report =
    (event: string) =>
    (fields: object): void => {
      write(JSON.stringify({ event, ...fields }))
    }
  return {
    mailTrouble: report('mail_trouble'),
    mailReclaimed: report('mail_reclaimed'),
    unavailable: report('unavailable'),
  }
}
