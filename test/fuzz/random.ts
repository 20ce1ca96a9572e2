/** Random numbers that come again with the same seed (sfc32), so that every run can be replayed. */
export interface Random {
  /** A whole number from 0 up to, but not including, `below`; 0 where there is none. */
  below(limit: number): number
  /** True once in so many times. */
  oneIn(times: number): boolean
  pick<T>(items: readonly [T, ...T[]]): T
  bytes(count: number): Uint8Array
}

/** Makes the random numbers of a seed. */
export function randomOf(seed: number): Random {
  const next = sfc32(seed)
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit)
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick: (items) => items[below(items.length)] ?? items[0],
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
  }
}

function sfc32(seed: number): () => number {
  let [a, b, c, counter] = [0x9e3779b9, seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 1]
  const next = (): number => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let i = 0; i < 16; i++) next()
  return next
}
