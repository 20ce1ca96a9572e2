import { scrypt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { DeriveKey } from '#client/check-notice.ts'
import { CHECK_SCRYPT } from '#core/check-list.ts'

/** What scrypt needs is 8 MiB; Node counts a little more. */
const MEMORY_BYTES_MAX = 16 * 1024 * 1024

/** scrypt in the threads of Node's own pool, so that nothing else waits for it. */
export const deriveKey: DeriveKey = async (password, salt) => {
  const { blockSize, cost, keyBytes, parallelization } = CHECK_SCRYPT
  const options = { N: cost, r: blockSize, p: parallelization, maxmem: MEMORY_BYTES_MAX }
  return await new Promise((resolve, reject) => {
    scrypt(password, salt, keyBytes, options, (error, key) => {
      if (error === null) resolve(Uint8Array.from(key))
      else reject(error)
    })
  })
}

/** How many keys are worth computing at once. */
export function keysAtOnce(): number {
  // Node's pool has four threads unless told otherwise, and files are read by it, too.
  return Math.min(Math.max(availableParallelism(), 1), 3)
}
