/**
 * Large ciphertext, by key. A key is written once and never changed.
 *
 * Keys match `[a-z0-9][a-z0-9._/-]{0,200}` without `..` or `//`; bytes are at most 8 MiB.
 *
 * @throws Unavailable from every method when the store failed.
 */
export interface BlobStore {
  /** Durable when it resolves. Writing the same key again replaces it whole (a retry after a crash). */
  put(key: string, bytes: Uint8Array): Promise<void>
  /** Bytes [start, end) of a blob, or all of it; `undefined` where there is no such blob. Fewer bytes where it ends earlier. */
  get(
    key: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array | undefined>
  /** Removes every blob whose key starts with `prefix`. */
  deletePrefix(prefix: string): Promise<void>
}
