import type { Clock } from '#ports/clock.ts'
import type { Rate } from '#wire/limits.ts'

/** Budgets remembered at once. Beyond it the one that was used longest ago is forgotten, which only ever gives it back whole. */
const BUCKETS_MAX = 100_000
const MINUTE_SECONDS = 60

interface Bucket {
  readonly left: number
  /** POSIX seconds. */
  readonly at: number
}

/** Token buckets by name, in memory alone. */
export interface Buckets {
  /** Takes one; gives 0, or the seconds until there will be one, and then nothing is taken. */
  take(name: string, rate: Rate): number
  /** Gives one back. */
  giveBack(name: string, rate: Rate): void
  /** Takes one even where there is none left: for what is known only once it has happened. */
  charge(name: string, rate: Rate): void
  /** Seconds until there is one; 0 where there is. */
  waitFor(name: string, rate: Rate): number
}

/** Opens an empty set of buckets; each is full when it is first asked for. */
export function openBuckets(clock: Clock): Buckets {
  const buckets = new Map<string, Bucket>()
  const leftIn = (name: string, { burst, perMinute }: Rate): number => {
    const bucket = buckets.get(name)
    if (bucket === undefined) return burst
    const passed = Math.max(0, clock.now() - bucket.at)
    return Math.min(burst, bucket.left + (passed * perMinute) / MINUTE_SECONDS)
  }
  const keep = (name: string, left: number): void => {
    buckets.delete(name)
    buckets.set(name, { left, at: clock.now() })
    if (buckets.size <= BUCKETS_MAX) return
    const [oldest] = buckets.keys()
    if (oldest !== undefined) buckets.delete(oldest)
  }
  const waitFor = (name: string, rate: Rate): number => {
    const left = leftIn(name, rate)
    return left >= 1 ? 0 : Math.ceil(((1 - left) * MINUTE_SECONDS) / rate.perMinute)
  }
  return {
    take: (name, rate) => {
      const seconds = waitFor(name, rate)
      if (seconds === 0) keep(name, leftIn(name, rate) - 1)
      return seconds
    },
    giveBack: (name, rate) => keep(name, Math.min(rate.burst, leftIn(name, rate) + 1)),
    charge: (name, rate) => keep(name, Math.max(-rate.burst, leftIn(name, rate) - 1)),
    waitFor,
  }
}
