import type { Duty } from '#core/act-bodies.ts'
import type { HoldReason } from '#core/notice-vocabulary.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS } from '#core/time.ts'

const HOUR_SECONDS = 3600
/** From the moment an attack is confirmed, customers are told within this time. */
export const HOLD_AIM_SECONDS = 24 * HOUR_SECONDS
/** One officer may hold a notice back for so long, with a reason from the closed list. */
export const HOLD_DEFAULT_SECONDS = 72 * HOUR_SECONDS
/** Nobody may hold it back for longer, whatever the reason. */
export const HOLD_CAP_SECONDS = 14 * DAY_SECONDS
/** Who decides beside counsel: whoever knows the attack and its victims. */
const OPERATIVE: readonly Duty[] = ['reporter', 'responder']

/** An officer's word for a hold, with what shows it later. */
export interface HoldApproval {
  /** Primary fingerprint. */
  readonly officer: string
  readonly duties: readonly Duty[]
  /** POSIX seconds. */
  readonly at: number
  /** Base64 of the signed entity that names case, reason and end. */
  readonly signed: string
}

/** One decision to hold a notice back until a moment. */
export interface HoldTerm {
  readonly reason: HoldReason
  /** POSIX seconds. */
  readonly at: number
  readonly until: number
  readonly approvals: readonly HoldApproval[]
}

/** The clock of one attack on customers of a company, from its confirmation to the moment when they were told. Times are POSIX seconds. */
export interface HoldClock {
  readonly name: string
  readonly confirmed: number
  readonly terms: readonly HoldTerm[]
  readonly told?: number
  readonly v: 1
}

/** Where a clock stands. `overdue`: nobody may wait any longer. */
export interface HoldStanding {
  readonly state: 'held' | 'overdue' | 'told' | 'within-aim'
  /** POSIX seconds; customers are told by then. */
  readonly dueAt: number
  /** From confirmation until now, or until customers were told. */
  readonly heldSeconds: number
  readonly reason?: HoldReason
  /** Duties that must still approve a longer hold that was proposed. */
  readonly missing: readonly string[]
}

/** Starts a clock. Refuses `hold-term-invalid` for a confirmation in the future. */
export function startClock(
  { confirmed, name }: Pick<HoldClock, 'confirmed' | 'name'>,
  now: number,
): Result<HoldClock> {
  return confirmed > now
    ? refuse('hold-term-invalid', 'an attack is confirmed before its clock starts')
    : accept({ name, confirmed, terms: [], v: 1 })
}

/**
 * Proposes to hold a notice back until a moment. Up to 72 hours from confirmation it holds at once; beyond, once two officers have approved.
 *
 * Refuses `hold-ended` once customers were told, `hold-term-invalid` for an end that is not ahead, `hold-too-long` beyond 14 days, and
 * `hold-reason-wrong` where recipients are told in batches for another reason than `protecting-detection`.
 */
export function proposeHold(
  clock: HoldClock,
  wanted: { readonly reason: HoldReason; readonly until: number; readonly inBatches?: boolean },
  now: number,
): Result<HoldClock> {
  const { inBatches = false, reason, until } = wanted
  if (clock.told !== undefined) return refuse('hold-ended')
  if (until <= now) return refuse('hold-term-invalid', 'the hold would end before it begins')
  if (inBatches && reason !== 'protecting-detection')
    return refuse(
      'hold-reason-wrong',
      'batches are allowed to protect detection, and for nothing else',
    )
  if (until > clock.confirmed + HOLD_CAP_SECONDS)
    return refuse('hold-too-long', 'nothing is held for more than 14 days from confirmation')
  return accept({ ...clock, terms: [...clock.terms, { reason, until, at: now, approvals: [] }] })
}

/** Adds an officer's approval to the newest hold. Refuses `hold-ended`, and `nothing-to-do` where there is none or the officer has approved it. */
export function approveHold(clock: HoldClock, approval: HoldApproval): Result<HoldClock> {
  const newest = clock.terms.at(-1)
  if (clock.told !== undefined) return refuse('hold-ended')
  if (newest === undefined || newest.approvals.some(({ officer }) => officer === approval.officer))
    return refuse('nothing-to-do')
  const approved = { ...newest, approvals: [...newest.approvals, approval] }
  return accept({ ...clock, terms: [...clock.terms.slice(0, -1), approved] })
}

/** Stops the clock: the customers were told. Refuses `hold-ended` where it has stopped. */
export function endClock(clock: HoldClock, now: number): Result<HoldClock> {
  return clock.told === undefined ? accept({ ...clock, told: now }) : refuse('hold-ended')
}

/**
 * What a hold beyond 72 hours still needs: counsel, and another officer who reports or responds. One person with both duties is one
 * person.
 */
export function missingApprovals(clock: HoldClock, term: HoldTerm): readonly string[] {
  if (term.until <= clock.confirmed + HOLD_DEFAULT_SECONDS) return []
  const { approvals } = term
  const counsel = approvals.filter(({ duties }) => duties.includes('counsel'))
  const operative = approvals.filter(({ duties }) =>
    duties.some((duty) => OPERATIVE.includes(duty)),
  )
  const isPair = counsel.some((one) => operative.some(({ officer }) => officer !== one.officer))
  if (isPair) return []
  return [
    ...(counsel.length === 0 ? ['counsel'] : []),
    ...(operative.length === 0 ? ['reporter or responder'] : []),
    ...(counsel.length > 0 && operative.length > 0 ? ['a second officer'] : []),
  ]
}

/** Tells how a clock stands. */
export function standingOf(clock: HoldClock, now: number): HoldStanding {
  const { confirmed, terms, told } = clock
  const newest = terms.at(-1)
  const holding = terms.filter((term) => missingApprovals(clock, term).length === 0)
  const dueAt = Math.max(confirmed + HOLD_AIM_SECONDS, ...holding.map(({ until }) => until))
  const last = holding.at(-1)
  const base = {
    dueAt,
    heldSeconds: (told ?? now) - confirmed,
    ...(last === undefined ? {} : { reason: last.reason }),
    missing: newest === undefined ? [] : missingApprovals(clock, newest),
  }
  if (told !== undefined) return { ...base, state: 'told' }
  if (now >= dueAt) return { ...base, state: 'overdue' }
  return { ...base, state: now < confirmed + HOLD_AIM_SECONDS ? 'within-aim' : 'held' }
}

/**
 * Checks that a notice says why its readers were not told at once: after 24 hours they are owed a reason, one of those that it was held for.
 *
 * Refuses `hold-reason-wrong`.
 */
export function checkSaid(
  clock: HoldClock,
  said: HoldReason | undefined,
  now: number,
): Result<void> {
  if (now - clock.confirmed <= HOLD_AIM_SECONDS) return accept(undefined)
  const reasons = new Set(clock.terms.map(({ reason }) => reason))
  if (said === undefined)
    return refuse(
      'hold-reason-wrong',
      'the brief must say why customers were not told within 24 hours (hold_reason)',
    )
  return reasons.size === 0 || reasons.has(said)
    ? accept(undefined)
    : refuse(
        'hold-reason-wrong',
        'the brief gives another reason than the one that it was held for',
      )
}
