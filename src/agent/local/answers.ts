import type { Context } from 'hono'
import type { LocalProblem, LocalReason } from '#wire/agent.ts'

const STATUSES: Readonly<Record<LocalReason, 400 | 401 | 403 | 404 | 409 | 413 | 422 | 500 | 503>> =
  {
    'request-malformed': 400,
    'request-too-large': 413,
    'signature-wrong': 401,
    'signature-stale': 401,
    'signature-replayed': 401,
    'not-allowed': 403,
    'not-found': 404,
    'event-differs': 409,
    'event-contradicts': 409,
    'event-invalid': 422,
    'notice-invalid': 422,
    'batches-unjustified': 422,
    'notice-changed': 409,
    'notice-closed': 409,
    'notice-empty': 409,
    unavailable: 503,
    failed: 500,
  }

const TITLES: Readonly<Record<LocalReason, string>> = {
  'request-malformed': 'The request is not what this path takes.',
  'request-too-large': 'The request is larger than this path takes.',
  'signature-wrong': 'The signature is missing, or is not that of a known client.',
  'signature-stale': 'The signature is more than a minute from the clock of this machine.',
  'signature-replayed': 'This signature was used before; sign each request anew.',
  'not-allowed': 'This client may do other things, and not this one.',
  'not-found': 'There is nothing of this name here.',
  'event-differs': 'This event id is known with other content.',
  'event-contradicts': 'This event contradicts an earlier one of the same recipient.',
  'event-invalid': 'What the event says cannot be told.',
  'notice-invalid': 'The notice cannot be drafted like this.',
  'batches-unjustified':
    'Batches need the hold reason protecting-detection in the brief: nobody waits without being told why.',
  'notice-changed': 'The notice was changed at the same moment; read it again.',
  'notice-closed': 'The notice was given out to be filed, and is not changed any more.',
  'notice-empty': 'Nobody was reported for this notice.',
  unavailable: 'Something that this needs does not answer; try again.',
  failed: 'A fault of the program.',
}

/** The answer of no, as RFC 9457 has it. */
export function problem(c: Context, reason: LocalReason, detail?: string): Response {
  const status = STATUSES[reason]
  const body: LocalProblem = {
    type: `urn:dunant:agent:${reason}`,
    title: TITLES[reason],
    status,
    ...(detail === undefined ? {} : { detail }),
  }
  return c.body(JSON.stringify(body), status, { 'content-type': 'application/problem+json' })
}

/** JSON of exactly so many bytes, or of the next multiple: white space behind it, which every reader ignores. */
export function paddedJson(value: unknown, bytes: number): string {
  const text = JSON.stringify(value)
  const length = Buffer.byteLength(text)
  return text + ' '.repeat(missing(length, bytes))
}

/** HTML of exactly so many bytes, or of the next multiple. */
export function paddedHtml(fragment: string, bytes: number): string {
  const length = Buffer.byteLength(fragment)
  return fragment + '\n'.repeat(missing(length, bytes))
}

function missing(length: number, bytes: number): number {
  return Math.max(1, Math.ceil(length / bytes)) * bytes - length
}
