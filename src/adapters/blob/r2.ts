import type { BlobStore } from '#ports/blob.ts'
import { Unavailable } from '#ports/storage.ts'
import { requireKey, requireSize } from './key.ts'

interface Range {
  readonly start: number
  readonly end: number
}

/** What is used of a Worker's R2 binding (`R2Bucket` of @cloudflare/workers-types). */
export interface Bucket {
  put(key: string, bytes: Uint8Array): Promise<unknown>
  get(key: string, options?: { range: { offset: number; length: number } }): Promise<Content | null>
  head(key: string): Promise<{ readonly size: number } | null>
  list(options: {
    prefix: string
  }): Promise<{ readonly objects: readonly { readonly key: string }[] }>
  delete(keys: string[]): Promise<void>
}

interface Content {
  arrayBuffer(): Promise<ArrayBuffer>
}

/** Blobs as objects of an R2 bucket, which is consistent and durable once a write resolves. */
export function openR2Blobs(bucket: Bucket): BlobStore {
  return {
    put: async (key, bytes) => {
      requireSize(bytes)
      await guarded(bucket.put(requireKey(key), bytes))
    },
    get: async (key, range) => await guarded(readRange(bucket, requireKey(key), range)),
    deletePrefix: async (prefix) => {
      await guarded(removePrefix(bucket, requireKey(prefix)))
    },
  }
}

/** R2 refuses a range that starts behind the end or holds nothing, so the size is asked for first. */
async function readRange(
  bucket: Bucket,
  key: string,
  range: Range | undefined,
): Promise<Uint8Array | undefined> {
  if (range === undefined) return await bytesOf(bucket.get(key))
  const head = await bucket.head(key)
  if (head === null) return undefined
  const length = Math.min(range.end, head.size) - range.start
  if (length <= 0) return new Uint8Array()
  return await bytesOf(bucket.get(key, { range: { offset: range.start, length } }))
}

async function bytesOf(object: Promise<Content | null>): Promise<Uint8Array | undefined> {
  const found = await object
  return found === null ? undefined : new Uint8Array(await found.arrayBuffer())
}

/** Listing starts over after each removal, so that no cursor has to survive it. */
async function removePrefix(bucket: Bucket, prefix: string): Promise<void> {
  for (;;) {
    const { objects } = await bucket.list({ prefix })
    if (objects.length === 0) return
    await bucket.delete(objects.map(({ key }) => key))
  }
}

async function guarded<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    throw new Unavailable('R2 failed', { cause: error })
  }
}
