/** Luck that a seed repeats. */
export interface Dice {
  /** A whole number from 0 up to, and without, a limit. */
  below(limit: number): number
  of<T>(items: readonly T[]): T
  bytes(count: number): Uint8Array
}

/** Makes dice of a seed (mulberry32). */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    of: <T>(items: readonly T[]): T => {
      const [item] = items.slice(below(items.length))
      if (item === undefined) throw new Error('nothing to choose from')
      return item
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => below(256)),
  }
}

/** A copy with one bit flipped, wherever the dice fall. */
export function flipped(bytes: Uint8Array, dice: Dice): Uint8Array {
  const copy = bytes.slice()
  const place = dice.below(copy.length)
  copy.set([(copy[place] ?? 0) ^ (1 << dice.below(8))], place)
  return copy
}
