const MINUTE_SECONDS = 60
const DAY_MINUTES = 24 * 60

/** Hours in which nobody is written to who can wait, by the clock on the recipient's wall: minutes after midnight. */
export interface QuietHours {
  readonly from: number
  readonly until: number
}

/** From nine in the evening to eight in the morning. */
export const QUIET_HOURS: QuietHours = { from: 21 * 60, until: 8 * 60 }

/**
 * When the quiet hours end in which an instant lies, in POSIX seconds; `undefined` where it lies in none, or the zone is not known.
 *
 * @param zone as IANA names it
 */
export function quietUntil(
  now: number,
  zone: string | undefined,
  hours: QuietHours = QUIET_HOURS,
): number | undefined {
  const minute = zone === undefined ? undefined : localMinute(now, zone)
  if (minute === undefined) return undefined
  const since = (minute - hours.from + DAY_MINUTES) % DAY_MINUTES
  const length = (hours.until - hours.from + DAY_MINUTES) % DAY_MINUTES
  return since < length
    ? now - (now % MINUTE_SECONDS) + (length - since) * MINUTE_SECONDS
    : undefined
}

function localMinute(now: number, zone: string): number | undefined {
  try {
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }).format(new Date(now * 1000))
    const [hour, minute] = clock.split(':').map(Number)
    return (hour ?? 0) * 60 + (minute ?? 0)
  } catch {
    return undefined
  }
}
