/** The command line itself is wrong: what to write stands in the message. Nothing has been done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
