/** The command line itself is wrong: what to write stands in the message. Nothing has been done. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The command line is right, and a file that it names is not there, cannot be read, or must not be written over. */
export class FileError extends Error {
  override readonly name = 'FileError'
}
