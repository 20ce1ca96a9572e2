/** The one source of time. */
export interface Clock {
  /** POSIX seconds, whole. */
  now(): number
}
