import type { Refusal, RefusalReason } from './refusal.ts'

/** The outcome of a check: a value that only the check can make, or a named refusal. */
export type Result<T> = { readonly ok: true; readonly value: T } | Refused

/** The failing half of a `Result`, assignable to a `Result` of any type. */
export interface Refused {
  readonly ok: false
  readonly refusal: Refusal
}

/** Wraps a value that passed its check. */
export function accept<T>(value: T): Result<T> {
  return { ok: true, value }
}

/**
 * Makes the failing half of a `Result`.
 *
 * `detail` is for people and is composed of our own words and of ids, never of text that a sender wrote.
 */
export function refuse(reason: RefusalReason, detail?: string): Refused {
  return { ok: false, refusal: detail === undefined ? { reason } : { reason, detail } }
}
