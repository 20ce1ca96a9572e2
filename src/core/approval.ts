import type { Act, ActOf, ParsedAct } from './act.ts'
import {
  type ApprovalState,
  type Decision,
  type DecisionState,
  done,
  type Effect,
  partyOf,
} from './decision.ts'
import type { CountedDuty } from './quorum.ts'
import { accept, refuse, type Result } from './result.ts'
import { DAY_SECONDS, dayOf, parseInstant } from './time.ts'

/** Counsel approves for at most this long: what was right in spring need not be in autumn. */
export const APPROVAL_SECONDS_MAX = 90 * DAY_SECONDS

/** The countries and words that an approval covers. The act commits to it: neither the operator nor a recipient reads it. */
export interface ApprovalScope {
  /** ISO 3166-1 alpha-2, ascending; absent for any country. */
  readonly countries?: readonly string[]
  /** Whether sentences that the company words itself (`method_plain`, `seen`) are covered too. */
  readonly own_words: boolean
}

/**
 * Decides counsel's approval of a template, which runs until the moment it names.
 *
 * Refuses `template-unknown` for a template that is not adopted, `approval-term-invalid` where it ends before it begins or runs too long.
 *
 * @param now POSIX seconds
 */
export function decideApproval(
  state: DecisionState,
  parsed: ParsedAct<ActOf<'template.approve'>>,
  now: number,
): Result<Decision> {
  const { template } = parsed.act.body
  if (!state.directory.templates.has(template)) return refuse('template-unknown')
  const until = parseInstant(parsed.act.body.until)
  if (until === undefined || until <= now || until > parsed.at + APPROVAL_SECONDS_MAX)
    return refuse('approval-term-invalid')
  const party = partyOf(parsed)
  const approval: ApprovalState = { party, template, until, day: dayOf(now), withdrawn: false }
  return accept(
    done({ kind: 'put', subject: 'approval', id: parsed.id, state: approval, tag: party }),
  )
}

/** What a notice gains by the approval that it names: its party's counsel counts as signed. Nothing where it names none. */
export function approvedDuties(act: Act): readonly CountedDuty[] {
  return act.type === 'notice.file' && act.body.approval !== undefined
    ? [{ duty: 'counsel', party: partyOf({ act }) }]
    : []
}

/**
 * Checks the approval that a notice names: of the filer itself, not withdrawn, signed by officers who still stand, and in force when the
 * notice was submitted. A notice that waits for a second officer or for supports meanwhile outlives the approval's end, not its withdrawal.
 *
 * Refuses `approval-unknown`, also for another party's, and `approval-ended`.
 *
 * @param now POSIX seconds
 */
export function checkApproval(
  state: DecisionState,
  parsed: ParsedAct<ActOf<'notice.file'>>,
  now: number,
): Result<void> {
  const { approval: id } = parsed.act.body
  if (id === undefined) return accept(undefined)
  const approval = state.subjects.get('approval', id)
  if (approval === undefined || approval.party !== partyOf(parsed))
    return refuse('approval-unknown')
  const isFirst = state.subjects.get('act', parsed.id) === undefined
  const submitted = isFirst ? now : parsed.at
  const stands = !approval.withdrawn && state.target?.isSigned === true
  return stands && submitted < approval.until ? accept(undefined) : refuse('approval-ended')
}

/** Ends an approval, from now on; `undefined` where the party has none of this id. */
export function withdrawApproval(
  state: DecisionState,
  { id, party }: { readonly id: string; readonly party: string },
): Result<Effect> | undefined {
  const approval = state.subjects.get('approval', id)
  if (approval === undefined || approval.party !== party) return undefined
  if (approval.withdrawn) return refuse('nothing-to-do')
  const ended: ApprovalState = { ...approval, withdrawn: true }
  return accept({ kind: 'put', subject: 'approval', id, state: ended, tag: party })
}
