/** A file that somebody named is not there, cannot be read, or must not be written over; the message says which. */
export class FileError extends Error {
  override readonly name = 'FileError'
}
