import { randomFillSync } from 'node:crypto'

const POOL_BYTES = 8192

let pool = Buffer.alloc(0)

/**
 * Random bytes of the system's generator, fetched a few thousand at a time: each call of the generator costs more than the bytes do.
 *
 * No byte is given out twice, and a pool that was given out is never filled again.
 *
 * @throws RangeError for more than a quarter of the pool at once.
 */
export function pooledRandom(count: number): Buffer {
  if (count > POOL_BYTES / 4) throw new RangeError('this is for keys and salts')
  if (pool.length < count) pool = randomFillSync(Buffer.allocUnsafeSlow(POOL_BYTES))
  const bytes = pool.subarray(0, count)
  pool = pool.subarray(count)
  return bytes
}
