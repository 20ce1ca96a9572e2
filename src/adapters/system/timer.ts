import type { Timer } from '#ports/timer.ts'

const SECOND_MILLISECONDS = 1000

/** The timer of the runtime. */
export const systemTimer: Timer = {
  after: (seconds, run) => {
    const timer = setTimeout(run, seconds * SECOND_MILLISECONDS)
    return () => clearTimeout(timer)
  },
}
