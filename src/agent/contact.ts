import { createHash, timingSafeEqual } from 'node:crypto'
import { accept, refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS } from '#core/time.ts'

/** A contact that nobody has tested for so long may lead to nobody. */
export const TEST_SECONDS_MAX = 92 * DAY_SECONDS
/** Wrong answers to a test before it must be sent anew. */
const ANSWERS_MAX = 3
const CODE_DIGITS = 8

/**
 * How an organisation is reached, each where the one before has not, with the hours after the notice at which it is due: first what tells
 * most, last what always arrives.
 */
export const RUNGS = [
  { id: 'portal', dueHours: 0 },
  { id: 'mail', dueHours: 0 },
  { id: 'call-back', dueHours: 24 },
  { id: 'account-manager', dueHours: 48 },
  { id: 'letter', dueHours: 72 },
] as const
/** The name of a rung. */
export type RungId = (typeof RUNGS)[number]['id']

/** What became of one rung: tried with a proof, or answered by somebody who is entitled to. */
export interface Attempt {
  readonly notice: string
  readonly rung: RungId
  readonly outcome: 'answered' | 'tried'
  /** POSIX seconds. */
  readonly at: number
  /** What shows it: a SHA-256 of a file, or a word such as a tracking number. */
  readonly proof: string
  /** The officer who noted it. */
  readonly by: string
}

/** How a company reaches one organisation. */
export interface Contact {
  readonly organisation: string
  /** Of the organisation's security team, not of whoever administers its accounts. */
  readonly mail?: string
  /** Primary fingerprint, as the organisation gave it by another way. */
  readonly fingerprint?: string
  /** Base64 of the certificate with that key. */
  readonly certificate?: string
  /** A number that the organisation publishes itself. */
  readonly phone?: string
  readonly manager?: string
  readonly address?: string
  /** The administrator may be the attacker, or the one who must not know. */
  readonly avoidAdmin: boolean
  /** POSIX seconds of the last answer to a test. */
  readonly testedAt?: number
  /** A test that was sent; the code is kept as a hash. */
  readonly test?: { readonly hash: string; readonly sentAt: number; readonly wrong: number }
  /** Notices whose escalation has begun, and when. */
  readonly cases: readonly { readonly notice: string; readonly at: number }[]
  readonly attempts: readonly Attempt[]
  readonly v: 1
}

/** Whether a contact can be relied upon. */
export type ContactStanding = 'stale' | 'tested' | 'untested'

/** Tells whether somebody answered within the last quarter. */
export function contactStanding({ testedAt }: Contact, now: number): ContactStanding {
  if (testedAt === undefined) return 'untested'
  return now - testedAt <= TEST_SECONDS_MAX ? 'tested' : 'stale'
}

/** Starts a test and gives the code that the contact is to read back. An earlier test is void. @param bytes at least 8 random ones */
export function startTest(
  contact: Contact,
  bytes: Uint8Array,
  now: number,
): { readonly contact: Contact; readonly code: string } {
  const value = Buffer.from(bytes).readBigUInt64BE(0)
  const code = (value % 10n ** BigInt(CODE_DIGITS)).toString().padStart(CODE_DIGITS, '0')
  const test = { hash: hashOf(contact, code), sentAt: now, wrong: 0 }
  return { contact: { ...contact, test }, code }
}

/**
 * Takes the code that the contact read back. A change of the contact comes back also where the answer is wrong: it is counted.
 *
 * Refuses nothing itself; `isRight` tells. After three wrong answers the test is void.
 */
export function answerTest(
  contact: Contact,
  code: string,
  now: number,
): { readonly contact: Contact; readonly isRight: boolean } {
  const { test, ...rest } = contact
  if (test === undefined) return { contact, isRight: false }
  const given = Buffer.from(hashOf(contact, code.replace(/\D/g, '')))
  if (timingSafeEqual(given, Buffer.from(test.hash)))
    return { contact: { ...rest, testedAt: now }, isRight: true }
  const wrong = test.wrong + 1
  return {
    contact: wrong < ANSWERS_MAX ? { ...rest, test: { ...test, wrong } } : rest,
    isRight: false,
  }
}

/** Changes how an organisation is reached. A new address or key has been tested by nobody. */
export function changeContact(
  contact: Contact,
  change: Partial<
    Pick<
      Contact,
      'address' | 'avoidAdmin' | 'certificate' | 'fingerprint' | 'mail' | 'manager' | 'phone'
    >
  >,
): Contact {
  const next = { ...contact, ...change }
  const isSame = next.mail === contact.mail && next.fingerprint === contact.fingerprint
  if (isSame) return next
  const { test: _, testedAt: __, ...untested } = next
  return untested
}

/** One rung of a case, as it stands. */
export interface RungStanding {
  readonly rung: RungId
  readonly dueAt: number
  readonly state: 'answered' | 'due' | 'impossible' | 'later' | 'tried'
  /** Why it cannot be used or relied on, in our own words. */
  readonly remark?: string
}

/** Shows the ladder of one case: what is due now, what was done, and what must not be done. Nothing is due any more once somebody answered. */
export function ladderOf(contact: Contact, notice: string, now: number): readonly RungStanding[] {
  const begun = contact.cases.find((one) => one.notice === notice)?.at ?? now
  const attempts = contact.attempts.filter((attempt) => attempt.notice === notice)
  const isAnswered = attempts.some(({ outcome }) => outcome === 'answered')
  return RUNGS.map(({ dueHours, id: rung }) => {
    const dueAt = begun + dueHours * 3600
    const own = attempts.filter((attempt) => attempt.rung === rung)
    const remark = remarkOn(contact, rung, now)
    const base = { rung, dueAt, ...(remark === undefined ? {} : { remark: remark.text }) }
    if (own.some(({ outcome }) => outcome === 'answered')) return { ...base, state: 'answered' }
    if (own.length > 0) return { ...base, state: 'tried' }
    if (remark?.forbids === true) return { ...base, state: 'impossible' }
    return { ...base, state: isAnswered || now < dueAt ? 'later' : 'due' }
  })
}

function remarkOn(
  contact: Contact,
  rung: RungId,
  now: number,
): { readonly text: string; readonly forbids: boolean } | undefined {
  const standing = contactStanding(contact, now)
  switch (rung) {
    case 'portal':
      return contact.avoidAdmin
        ? { text: 'the administrator reads the portal, and must not be told', forbids: true }
        : undefined
    case 'mail':
      if (contact.mail === undefined) return { text: 'no address is known', forbids: true }
      if (contact.fingerprint === undefined) return { text: 'no key is known', forbids: true }
      return standing === 'tested'
        ? undefined
        : {
            text: `the contact is ${standing}: it tells nothing that nobody answers`,
            forbids: false,
          }
    case 'call-back':
      return contact.phone === undefined
        ? { text: 'no published number is known', forbids: true }
        : undefined
    case 'account-manager':
      return contact.manager === undefined
        ? { text: 'no account manager is known', forbids: true }
        : undefined
    case 'letter':
      return contact.address === undefined
        ? { text: 'no address for letters is known', forbids: true }
        : undefined
  }
}

/**
 * Notes what was done on a rung. The first one begins the case.
 *
 * Refuses `contact-rung-closed` for a rung that must not or cannot be used, and `contact-untested` for mail that counts as answered though
 * nobody has tested the contact for a quarter.
 */
export function noteAttempt(contact: Contact, attempt: Attempt): Result<Contact> {
  const remark = remarkOn(contact, attempt.rung, attempt.at)
  if (remark?.forbids === true) return refuse('contact-rung-closed', remark.text)
  if (remark !== undefined && attempt.outcome === 'answered')
    return refuse('contact-untested', remark.text)
  const isBegun = contact.cases.some(({ notice }) => notice === attempt.notice)
  const { at, notice } = attempt
  return accept({
    ...contact,
    cases: isBegun ? contact.cases : [...contact.cases, { notice, at }],
    attempts: [...contact.attempts, attempt],
  })
}

function hashOf({ organisation }: Contact, code: string): string {
  return createHash('sha256').update(`${organisation}\n${code}`).digest('hex')
}
