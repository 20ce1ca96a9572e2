/** No number about fewer people than this is told to anybody. */
export const CELL_MIN = 5
/** A 90th percentile of fewer values is the word of one person. */
const PERCENTILE_MIN = 10

/** How long something took, in whole hours rounded up; `undefined` where too few values stand behind it. */
export interface Durations {
  readonly count: number | undefined
  readonly medianHours: number | undefined
  readonly p90Hours: number | undefined
}

/** How many of a group something happened to; `undefined` where the number, or what it leaves over, is too small to tell. */
export interface Share {
  readonly of: number | undefined
  readonly reached: number | undefined
}

/** Sums durations up so that they single nobody out. @param seconds one for each case */
export function durationsOf(seconds: readonly number[]): Durations {
  const sorted = seconds.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  return {
    count: sorted.length < CELL_MIN ? undefined : sorted.length,
    medianHours: sorted.length < CELL_MIN ? undefined : hours(at(0.5)),
    p90Hours: sorted.length < PERCENTILE_MIN ? undefined : hours(at(0.9)),
  }
}

/**
 * Counts that stand under one total, made safe to show together: a number under five is withheld, and so is one that leaves under five
 * over, since the total minus it would tell the rest.
 *
 * Each count may include others (whoever acted was shown the notice), so that differences of two are looked at as well: of two counts that
 * differ by one to four, the smaller is withheld.
 */
export function sharesOf<K extends string>(
  total: number,
  counts: Readonly<Record<K, number>>,
): Readonly<Record<K, Share>> {
  const of = total < CELL_MIN ? undefined : total
  const shown: number[] = of === undefined ? [] : [total]
  const safe = new Map<string, number>()
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of that very record
  const names = Object.keys(counts) as K[]
  for (const name of names.toSorted((a, b) => counts[b] - counts[a])) {
    const count = counts[name]
    if (of === undefined || count < CELL_MIN || shown.some((other) => isNear(other, count)))
      continue
    shown.push(count)
    safe.set(name, count)
  }
  const shares = names.map((name): [K, Share] => [name, { of, reached: safe.get(name) }])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an entry for each key
  return Object.fromEntries(shares) as Record<K, Share>
}

/** Whether the difference of two counts would tell of one to four people. Equal counts tell that nobody is between them. */
function isNear(a: number, b: number): boolean {
  const difference = Math.abs(a - b)
  return difference > 0 && difference < CELL_MIN
}

function hours(seconds: number): number {
  return Math.ceil(seconds / 3600)
}
