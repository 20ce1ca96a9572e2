import type { ActOf, ParsedAct } from './act.ts'
import {
  type Decision,
  type DecisionState,
  done,
  type Effect,
  type FakeState,
  partyOf,
  type SubjectKey,
} from './decision.ts'
import { activeParty } from './directory.ts'
import { accept, refuse, type Result } from './result.ts'
import { dayOf } from './time.ts'

/** By which the samples that are shown are found: those that another one replaced are not. */
export const FAKE_TAG = 'shown'

/** What publishing a forgery reads: the sample that it replaces. */
export function fakeReads(parsed: ParsedAct<ActOf<'fake.publish'>>): readonly SubjectKey[] {
  const { replaces } = parsed.act.body
  return replaces === undefined ? [] : [{ kind: 'fake', id: replaces }]
}

/**
 * Decides on a sample of a forgery. Refuses `party-unknown` or `party-suspended` where what it imitates is no active party, `not-found` for
 * an earlier sample that is another party's or was replaced, `act-not-yet-valid` for a day that is still to come.
 */
export function decideFake(
  state: DecisionState,
  parsed: ParsedAct<ActOf<'fake.publish'>>,
  now: number,
): Result<Decision> {
  const { body } = parsed.act
  const party = partyOf(parsed)
  const imitated = activeParty(state.directory, body.imitates)
  if (!imitated.ok) return imitated
  if (body.seen_on > dayOf(now)) return refuse('act-not-yet-valid')
  const sample: FakeState = { party, body }
  const own: Effect = { kind: 'put', subject: 'fake', id: parsed.id, state: sample, tag: FAKE_TAG }
  if (body.replaces === undefined) return accept(done(own))
  const earlier = state.subjects.get('fake', body.replaces)
  if (earlier?.party !== party || earlier.replacedBy !== undefined) return refuse('not-found')
  const replaced: FakeState = { ...earlier, replacedBy: parsed.id }
  return accept(done(own, { kind: 'put', subject: 'fake', id: body.replaces, state: replaced }))
}
