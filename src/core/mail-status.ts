/** Statuses that say that an address does not exist, or does not exist any more (RFC 3463, and its registry). */
const NO_SUCH_ADDRESS: ReadonlySet<string> = new Set([
  '5.1.1',
  '5.1.2',
  '5.1.3',
  '5.1.6',
  '5.1.10',
  '5.2.1',
])

/**
 * Tells whether an enhanced status code means that nothing sent to the address will ever arrive.
 *
 * Blocked senders, full mailboxes and suspected spam are other matters: whoever lets an address be forgotten for those silences a person.
 */
export function isAddressGone(status: string): boolean {
  return NO_SUCH_ADDRESS.has(status)
}
