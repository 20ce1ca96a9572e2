/** Seconds in a UTC day; OpenPGP and POSIX time know no leap seconds. */
export const DAY_SECONDS = 86_400

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/

/** POSIX seconds of `2026-11-23T10:00:00Z`; `undefined` for any other spelling or a date that does not exist. */
export function parseInstant(text: string): number | undefined {
  if (!INSTANT.test(text)) return undefined
  const seconds = Date.parse(text) / 1000
  return Number.isSafeInteger(seconds) && formatInstant(seconds) === text ? seconds : undefined
}

/** The instant of POSIX seconds, in UTC: `2026-11-23T10:00:00Z`. */
export function formatInstant(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z`
}

/** The UTC day of POSIX seconds: `2026-11-23`. */
export function dayOf(seconds: number): string {
  return formatInstant(seconds).slice(0, 10)
}

/** POSIX seconds at which the UTC day of an instant began. */
export function midnightOf(seconds: number): number {
  return seconds - (seconds % DAY_SECONDS)
}
