/** Bytes of one blob at most: what a Worker can hold beside everything else. */
const BLOB_BYTES_MAX = 8 * 1024 * 1024

const KEY = /^[a-z0-9][a-z0-9._/-]{0,200}$/

/**
 * Refuses keys that are not of the port's form. Keys are made of hashes and our own words, so another one is our mistake,
 * and on a file system it might be a path out of the folder.
 */
export function requireKey(key: string): string {
  if (!KEY.test(key) || key.includes('..') || key.includes('//')) {
    throw new Error('a blob key has another form')
  }
  return key
}

/** Refuses blobs that some store could not take. */
export function requireSize(bytes: Uint8Array): Uint8Array {
  if (bytes.length > BLOB_BYTES_MAX) throw new Error('a blob is larger than 8 MiB')
  return bytes
}
