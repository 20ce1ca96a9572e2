import { expect, test } from 'vitest'
import {
  approveHold,
  checkSaid,
  endClock,
  HOLD_AIM_SECONDS,
  HOLD_CAP_SECONDS,
  HOLD_DEFAULT_SECONDS,
  type HoldClock,
  proposeHold,
  standingOf,
  startClock,
} from '#agent/hold-clock.ts'
import type { Duty } from '#core/act-bodies.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

const BEGUN = 1_800_000_000
const clock = accepted(startClock({ name: 'case-1', confirmed: BEGUN }, BEGUN + 60))

function held(until: number, now = BEGUN + 3600): HoldClock {
  return accepted(proposeHold(clock, { reason: 'legal-review', until: BEGUN + until }, now))
}

function approvedBy(on: HoldClock, ...officers: readonly (readonly [string, readonly Duty[]])[]) {
  return officers.reduce(
    (before, [officer, duties]) =>
      accepted(approveHold(before, { officer, duties, at: BEGUN + 7200, signed: '' })),
    on,
  )
}

test('customers are due 24 hours after confirmation, to the second', () => {
  expect(standingOf(clock, BEGUN + HOLD_AIM_SECONDS - 1).state).toBe('within-aim')
  expect(standingOf(clock, BEGUN + HOLD_AIM_SECONDS)).toMatchObject({
    state: 'overdue',
    dueAt: BEGUN + HOLD_AIM_SECONDS,
    heldSeconds: HOLD_AIM_SECONDS,
  })
})

test('one officer holds for 72 hours, and a second more takes two', () => {
  const short = held(HOLD_DEFAULT_SECONDS)
  expect(standingOf(short, BEGUN + HOLD_DEFAULT_SECONDS - 1)).toMatchObject({
    state: 'held',
    reason: 'legal-review',
    missing: [],
  })
  expect(standingOf(short, BEGUN + HOLD_DEFAULT_SECONDS).state).toBe('overdue')
  const long = held(HOLD_DEFAULT_SECONDS + 1)
  expect(standingOf(long, BEGUN + HOLD_AIM_SECONDS)).toMatchObject({
    state: 'overdue',
    missing: ['counsel', 'reporter or responder'],
  })
})

test('the two are counsel and somebody else who reports or responds', () => {
  const long = held(HOLD_CAP_SECONDS)
  const at = BEGUN + HOLD_CAP_SECONDS - 1
  const state = (...officers: readonly (readonly [string, readonly Duty[]])[]) =>
    standingOf(approvedBy(long, ...officers), at).state
  expect(state(['a', ['counsel']], ['b', ['reporter']])).toBe('held')
  expect(state(['b', ['responder']], ['a', ['counsel']])).toBe('held')
  expect(state(['a', ['counsel', 'reporter']])).toBe('overdue')
  expect(state(['a', ['counsel']], ['b', ['counsel']])).toBe('overdue')
  expect(state(['a', ['reporter']], ['b', ['responder']])).toBe('overdue')
  expect(state(['a', ['counsel']], ['b', ['admin']])).toBe('overdue')
})

test('an officer approves once', () => {
  const once = approvedBy(held(HOLD_CAP_SECONDS), ['a', ['counsel']])
  const again = approveHold(once, { officer: 'a', duties: ['reporter'], at: BEGUN, signed: '' })
  expect(reasonOf(again)).toBe('nothing-to-do')
})

test('nobody holds beyond 14 days, not even two', () => {
  const wanted = { reason: 'legal-restriction', until: BEGUN + HOLD_CAP_SECONDS + 1 } as const
  expect(reasonOf(proposeHold(clock, wanted, BEGUN))).toBe('hold-too-long')
  const whole = approvedBy(held(HOLD_CAP_SECONDS), ['a', ['counsel']], ['b', ['reporter']])
  expect(standingOf(whole, BEGUN + HOLD_CAP_SECONDS).state).toBe('overdue')
})

test('batches protect detection, and nothing else', () => {
  const until = BEGUN + HOLD_AIM_SECONDS
  const batched = (reason: 'legal-review' | 'protecting-detection') =>
    reasonOf(proposeHold(clock, { reason, until, inBatches: true }, BEGUN))
  expect(batched('protecting-detection')).toBe('accepted')
  expect(batched('legal-review')).toBe('hold-reason-wrong')
})

test('a clock that stopped holds nothing more, and keeps how long it ran', () => {
  const told = accepted(endClock(held(HOLD_DEFAULT_SECONDS), BEGUN + 30 * 3600))
  expect(standingOf(told, BEGUN + 400 * 3600)).toMatchObject({
    state: 'told',
    heldSeconds: 30 * 3600,
  })
  const wanted = { reason: 'verifying', until: BEGUN + 500 * 3600 } as const
  expect(reasonOf(proposeHold(told, wanted, BEGUN + 400 * 3600))).toBe('hold-ended')
  expect(reasonOf(endClock(told, BEGUN))).toBe('hold-ended')
})

test('after 24 hours the notice must say the reason that it was held for', () => {
  const later = BEGUN + HOLD_AIM_SECONDS + 1
  const on = held(HOLD_DEFAULT_SECONDS)
  expect(reasonOf(checkSaid(on, undefined, later - 1))).toBe('accepted')
  expect(reasonOf(checkSaid(on, undefined, later))).toBe('hold-reason-wrong')
  expect(reasonOf(checkSaid(on, 'verifying', later))).toBe('hold-reason-wrong')
  expect(reasonOf(checkSaid(on, 'legal-review', later))).toBe('accepted')
})

test('an attack is not confirmed in the future, and no hold ends in the past', () => {
  expect(reasonOf(startClock({ name: 'x', confirmed: BEGUN + 1 }, BEGUN))).toBe('hold-term-invalid')
  const past = proposeHold(clock, { reason: 'verifying', until: BEGUN }, BEGUN)
  expect(reasonOf(past)).toBe('hold-term-invalid')
})
