import type { Context, MiddlewareHandler, Next } from 'hono'
import { utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import type { Reader } from '#core/decision.ts'
import type { Clock } from '#ports/clock.ts'
import type { Random } from '#ports/random.ts'
import type { Timer } from '#ports/timer.ts'
import {
  CLAIMS,
  type Counted,
  type Rate,
  RATES,
  UNDER_WAY,
  type UnderWay,
  type Work,
} from '#wire/limits.ts'
import { expectBody, isCut, openArrivals } from './arrivals.ts'
import { type Buckets, openBuckets } from './buckets.ts'
import { overloaded, rateLimited } from './problem.ts'
import { neighbourhoodOf, openVisitorNames } from './visitor.ts'

/** Sessions whose owner is remembered at once. */
const SESSIONS_MAX = 10_000
/** Addresses of parties that are remembered at once. */
const KNOWN_MAX = 10_000
/** The status of what was sent away, or could not be done. */
const UNAVAILABLE = 503
/** Addresses that probe this process and its monitors. */
const UNCOUNTED = new Set(['/healthz', '/readyz', '/metrics'])
const WITH_BODY = new Set(['PATCH', 'POST', 'PUT'])
/** The longest body there is; a request without Content-Length is given the time for it. */
const BODY_BYTES_MAX = 8 * 1024 * 1024

/** Whom a request is charged to: `address:…`, `mailbox:…` or `party:…`. */
export type Owner = `${Counted}:${string}`

/** What admission needs. */
export interface AdmissionOptions {
  readonly clock: Clock
  readonly random: Random
  readonly timer: Timer
  /** Where a request comes from: the socket's address, or what a trusted proxy says. */
  readonly clientAddress: (c: Context) => string
  /** How many times the published budgets are given; 1 for the published ones. */
  readonly factor: number
  /** Acts under way at once; as many as is published where it is left out. */
  readonly actsAtOnce?: number | undefined
}

/** Keeps what comes in within what this process can do, and within what each visitor may ask. */
export interface Admission {
  /** The budgets as they are given. */
  readonly rates: typeof RATES
  /** What may be under way at once. */
  readonly underWay: UnderWay
  /** Charges and counts every request; `sessionOwner` tells whose a token is. */
  guard(sessionOwner: SessionOwner): MiddlewareHandler
  /** Does work whose body has arrived, unless as much of its kind as there may be is under way. */
  through(c: Context, work: keyof UnderWay, run: () => Promise<Response>): Promise<Response>
  /** The answer to an owner whose budget is spent; `undefined` where it is not. */
  refuseSpent(c: Context, work: Work, owner: Owner): Response | undefined
  /** Tells whether an act came from an address whose budget is spent: then it is heard only in the name of an officer. */
  isDoubtful(c: Context): boolean
  /**
   * The answer to an act that `isDoubtful`, by the fingerprint of the officer whose key its signature names; `undefined` where it is heard
   * all the same. So whoever floods from a shared address keeps no officer there out, unless they forge that officer's name.
   */
  refuseClaim(c: Context, officer: string | undefined): Response | undefined
}

/** Tells admission whose a request turned out to be, by its session or by what it carried. */
export function ownedBy(c: Context, name: Owner, bySession: boolean): void {
  const found: Found = { name, bySession }
  c.set('owner', found)
}

interface Found {
  readonly name: Owner
  readonly bySession: boolean
}

/** The owner that a reader stands for; `undefined` for the public. */
export function ownerOfReader(reader: Reader): Owner | undefined {
  if (reader.kind === 'public') return undefined
  return reader.kind === 'party' ? `party:${reader.domain}` : `mailbox:${reader.id}`
}

/** Why an act from an address whose budget is spent may still be heard. */
interface Doubt {
  readonly address: Owner
  /** Until the address has budget again. */
  readonly seconds: number
  /** The budget of the officer named, once it was charged. */
  claim?: string
}

/** What a request was let in on. */
interface Ticket {
  readonly owner: Owner
  readonly doubt?: Doubt
}

/** What a request asks for, and where it comes from. */
interface Asked {
  readonly work: Work
  readonly address: Owner
}

type SessionOwner = (c: Context) => Promise<Owner | undefined>

interface State {
  readonly rates: typeof RATES
  readonly buckets: Buckets
  /** Owners of sessions that were seen to be valid. */
  readonly sessions: Map<string, Owner>
  /** Addresses from which a party was heard. */
  readonly known: Set<Owner>
}

/** Opens the admission of one process. */
export function openAdmission(options: AdmissionOptions): Admission {
  const rates = scaled(options.factor)
  const buckets = openBuckets(options.clock)
  const state: State = { rates, buckets, sessions: new Map(), known: new Set() }
  const visitorOf = openVisitorNames(options.random)
  const limits = { ...UNDER_WAY, acts: options.actsAtOnce ?? UNDER_WAY.acts }
  const underWay = openCounters(limits)
  const expect = openRoom(options, state.known)
  return {
    rates,
    underWay: limits,
    guard: (sessionOwner) => async (c: Context, next: Next) => {
      const work = workOf(c)
      if (work === undefined) return await next()
      const address = `address:${visitorOf(options.clientAddress(c))}` as const
      const hasBody = WITH_BODY.has(c.req.method)
      const leave = underWay.enter(address, hasBody ? undefined : 'bodiless')
      if (leave === undefined) return overloaded(c)
      const forget = hasBody ? expect(c, address) : undefined
      try {
        return await counted(state, { c, next, sessionOwner, asked: { work, address } })
      } finally {
        forget?.()
        leave()
      }
    },
    through: async (c, work, run) => {
      const leave = underWay.enterWork(work)
      if (leave === undefined) return overloaded(c)
      try {
        return await run()
      } finally {
        leave()
      }
    },
    refuseSpent: (c, work, owner) => {
      const rate = rateOf(rates, work, owner)
      const seconds = buckets.waitFor(`${work}/${owner}`, rate)
      return seconds === 0 ? undefined : rateLimited(c, { work, seconds, rate })
    },
    isDoubtful: (c) => doubtOf(c) !== undefined,
    refuseClaim: (c, officer) => refuseClaim(state, c, officer),
  }
}

/** Lets a body begin to arrive; once it has, it is `through` that counts what is done with it. */
function openRoom(
  { clientAddress, random, timer }: AdmissionOptions,
  known: ReadonlySet<Owner>,
): (c: Context, address: Owner) => () => void {
  const neighboursOf = openVisitorNames(random, neighbourhoodOf)
  const arrivals = openArrivals({ max: UNDER_WAY.arriving, timer })
  return (c, address) => {
    const isKnown = known.has(address)
    const network = isKnown ? address : neighboursOf(clientAddress(c))
    const arrival = arrivals.enter({ network, isKnown, bytes: announcedBytes(c) })
    expectBody(c, arrival)
    return arrival.end
  }
}

function refuseClaim(
  { buckets, rates }: State,
  c: Context,
  officer: string | undefined,
): Response | undefined {
  const doubt = doubtOf(c)
  if (doubt === undefined) return undefined
  const { address, seconds } = doubt
  const refusal = { work: 'acts', seconds, rate: rates.acts.address } as const
  if (officer === undefined) return rateLimited(c, refusal)
  const claim = `${address}/${officer}`
  const wait = buckets.take(claim, CLAIMS)
  if (wait > 0) return rateLimited(c, { ...refusal, seconds: wait, rate: CLAIMS })
  doubt.claim = claim
  return undefined
}

interface Guarded {
  readonly c: Context
  readonly next: Next
  readonly sessionOwner: SessionOwner
  readonly asked: Asked
}

async function counted(state: State, guarded: Guarded): Promise<Response | undefined> {
  const { c, next, sessionOwner } = guarded
  const ticket = await admit(state, guarded, sessionOwner)
  if (ticket instanceof Response) return ticket
  c.set('doubt', ticket.doubt)
  await next()
  settle(state, guarded, ticket)
  // What the route answered stands in the context.
  return undefined
}

async function admit(
  { buckets, rates, sessions }: State,
  { asked: { address, work }, c }: Pick<Guarded, 'asked' | 'c'>,
  sessionOwner: SessionOwner,
): Promise<Ticket | Response> {
  const token = tokenOf(c)
  const known = token === undefined ? undefined : sessions.get(token)
  const owner = known ?? address
  const rate = rateOf(rates, work, owner)
  const seconds = buckets.take(`${work}/${owner}`, rate)
  if (seconds === 0) return { owner }
  const shown = known === undefined && token !== undefined ? await sessionOwner(c) : undefined
  if (shown !== undefined && buckets.take(`${work}/${shown}`, rateOf(rates, work, shown)) === 0) {
    return { owner: shown }
  }
  if (owner === address && work === 'acts') return { owner, doubt: { address, seconds } }
  return rateLimited(c, { work, seconds, rate })
}

/**
 * What was not done costs nothing; what was done is charged to whom it turned out to be for, and what nobody has proved to be theirs to the
 * address. So a token that is not valid any more spends nothing of the party that it was made for.
 */
function settle(state: State, { asked, c }: Pick<Guarded, 'asked' | 'c'>, ticket: Ticket): void {
  const { address, work } = asked
  const { buckets, rates, sessions } = state
  const rate = rateOf(rates, work, ticket.owner)
  if (c.res.status === UNAVAILABLE && !isCut(c)) {
    giveBack(buckets, { ticket, work, rate })
    return
  }
  const found = ownerFound(c)
  const token = tokenOf(c)
  if (found?.name.startsWith('party:') === true) rememberAddress(state, address)
  if (token !== undefined && found?.bySession === true) remember(sessions, token, found.name)
  if (token !== undefined && found === undefined) sessions.delete(token)
  const payer = found?.name ?? address
  if (payer === ticket.owner) return
  giveBack(buckets, { ticket, work, rate })
  buckets.charge(`${work}/${payer}`, rateOf(rates, work, payer))
}

function giveBack(
  buckets: Buckets,
  { rate, ticket, work }: { readonly ticket: Ticket; readonly work: Work; readonly rate: Rate },
): void {
  const { doubt, owner } = ticket
  if (doubt === undefined) buckets.giveBack(`${work}/${owner}`, rate)
  else if (doubt.claim !== undefined) buckets.giveBack(doubt.claim, CLAIMS)
}

/** Counts what is under way; what enters gets the function to call when it has left, or nothing where there is no room. */
function openCounters(limits: UnderWay): {
  /** `also` names a second count that the request is in. */
  enter(address: Owner, also: 'bodiless' | undefined): (() => void) | undefined
  enterWork(work: keyof UnderWay): (() => void) | undefined
} {
  const counts = new Map<string, number>()
  const add = (name: string, step: 1 | -1): void => {
    const count = (counts.get(name) ?? 0) + step
    if (count === 0) counts.delete(name)
    else counts.set(name, count)
  }
  const has = (name: string, max: number): boolean => (counts.get(name) ?? 0) < max
  return {
    enter: (address, also) => {
      if (!has(address, limits.address)) return undefined
      if (also !== undefined && !has(also, limits[also])) return undefined
      const names = also === undefined ? [address] : [address, also]
      for (const name of names) add(name, 1)
      return () => {
        for (const name of names) add(name, -1)
      }
    },
    enterWork: (work) => {
      const name = `work:${work}`
      if (!has(name, limits[work])) return undefined
      add(name, 1)
      return () => add(name, -1)
    },
  }
}

function scaled(factor: number): typeof RATES {
  const times = ({ burst, perMinute }: Rate): Rate => ({
    burst: burst * factor,
    perMinute: perMinute * factor,
  })
  const each = (work: Work): Readonly<Record<Counted, Rate>> => ({
    address: times(RATES[work].address),
    mailbox: times(RATES[work].mailbox),
    party: times(RATES[work].party),
  })
  return {
    acts: each('acts'),
    challenges: each('challenges'),
    nonces: each('nonces'),
    reads: each('reads'),
    sessions: each('sessions'),
    uploads: each('uploads'),
  }
}

function rateOf(rates: typeof RATES, work: Work, owner: Owner): Rate {
  if (owner.startsWith('party:')) return rates[work].party
  return owner.startsWith('mailbox:') ? rates[work].mailbox : rates[work].address
}

function workOf(c: Context): Work | undefined {
  const { method, path } = c.req
  if (UNCOUNTED.has(path)) return undefined
  if (method === 'PUT') return 'uploads'
  if (path === '/api/session/nonce') return 'nonces'
  if (method !== 'POST') return 'reads'
  if (path === '/api/session') return 'sessions'
  // What strangers send in is dear to keep, as a challenge is dear to make.
  return path === '/api/challenges' || path === '/api/fakes/reports' ? 'challenges' : 'acts'
}

/** A name for the token or cookie that a request shows, whether it is valid or not. */
function tokenOf(c: Context): string | undefined {
  const shown = c.req.header('Authorization') ?? c.req.header('Cookie')
  return shown === undefined ? undefined : sha256Hex(utf8(shown))
}

function remember(sessions: Map<string, Owner>, token: string, owner: Owner): void {
  if (sessions.size >= SESSIONS_MAX) sessions.clear()
  sessions.set(token, owner)
}

function rememberAddress({ known }: State, address: Owner): void {
  if (known.size >= KNOWN_MAX) known.clear()
  known.add(address)
}

function announcedBytes(c: Context): number {
  const announced = Number(c.req.header('Content-Length') ?? BODY_BYTES_MAX)
  return announced >= 0 && announced <= BODY_BYTES_MAX ? announced : BODY_BYTES_MAX
}

function ownerFound(c: Context): Found | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `ownedBy` alone sets it
  return c.get('owner') as Found | undefined
}

function doubtOf(c: Context): Doubt | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the guard alone sets it
  return c.get('doubt') as Doubt | undefined
}
