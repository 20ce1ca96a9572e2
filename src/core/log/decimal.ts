const DECIMAL = /^(?:0|[1-9][0-9]{0,15})$/

/** Reads a count or an index as logs write them: no sign, no leading zero, at most 2^53 - 1; else `undefined`. */
export function parseDecimal(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined
  const value = Number(text)
  return isCount(value) ? value : undefined
}

/** Tells whether a number is a whole one from 0 to 2^53 - 1, above which doubles skip numbers. */
export function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
