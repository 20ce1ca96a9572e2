import type { Context } from 'hono'
import type { Refusal } from '#core/refusal.ts'
import type { Events } from '#ports/events.ts'
import type { ProblemAnswer, ProblemName } from '#wire/answers.ts'
import type { Rate, Work } from '#wire/limits.ts'
import { problemTypeOf } from './problem-types.ts'

/** Seconds after which it makes sense to ask again, for the problems that pass by themselves. */
const RETRY_SECONDS: Partial<Record<ProblemName, number>> = {
  'receipt-not-logged': 10,
  'state-changed': 1,
  unavailable: 5,
}

/** When those come back who were sent away. */
const RETURN_SECONDS_MIN = 1
const RETURN_SECONDS_SPREAD = 3
let sentAway = 0

/** Members that a problem may have beside those of every problem. */
export type ProblemMembers = Pick<ProblemAnswer, 'held'>

/** Answers a refusal (RFC 9457, `application/problem+json`). Nothing has changed when it is sent. */
export function problem(c: Context, refusal: Refusal, members: ProblemMembers = {}): Response {
  const { detail } = refusal
  return answer(c, refusal.reason, detail === undefined ? members : { ...members, detail })
}

/** Answers the refusal of something that would have been written, and reports its reason. */
export function refused(c: Context, events: Events, refusal: Refusal): Response {
  events.actRefused({ reason: refusal.reason })
  return problem(c, refusal)
}

/** Answers that a server cannot serve until somebody has acted: which part of it is missing, or who has to do what. */
export function stopped(c: Context, detail: string): Response {
  return answer(c, 'unavailable', { detail })
}

/** Answers a problem that is not a refusal, or one that says no more than its name. */
export function plainProblem(c: Context, name: ProblemName): Response {
  return answer(c, name, {})
}

/** Answers a request that this process has no room at the moment; nothing of it was looked at. */
export function overloaded(c: Context): Response {
  // Those who are sent away together must not come back together.
  c.header('Retry-After', String(RETURN_SECONDS_MIN + (sentAway++ % RETURN_SECONDS_SPREAD)))
  return answer(c, 'overloaded', {})
}

/** Answers whoever has spent a budget, with the header fields of draft-ietf-httpapi-ratelimit-headers. */
export function rateLimited(
  c: Context,
  spent: { readonly work: Work; readonly seconds: number; readonly rate: Rate },
): Response {
  const { rate, seconds, work } = spent
  c.header('Retry-After', String(seconds))
  c.header('RateLimit-Policy', `"${work}";q=${String(rate.perMinute)};w=60`)
  c.header('RateLimit', `"${work}";r=0;t=${String(seconds)}`)
  return answer(c, 'rate-limited', {})
}

function answer(
  c: Context,
  name: ProblemName,
  members: Pick<ProblemAnswer, 'detail' | 'held'>,
): Response {
  const { status, title } = problemTypeOf(name)
  const body: ProblemAnswer = { type: `/problems/${name}`, title, status, ...members }
  const retrySeconds = RETRY_SECONDS[name]
  return c.body(JSON.stringify(body), status, {
    'Content-Type': 'application/problem+json',
    ...(retrySeconds === undefined ? {} : { 'Retry-After': String(retrySeconds) }),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
  })
}
