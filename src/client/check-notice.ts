import { concat, fromBase64 } from '#core/bytes.ts'
import {
  bucketOf,
  type CheckStatus,
  checkPassword,
  checkSalt,
  epochOf,
  openSlot,
  openText,
  placeOf,
  RELEASE_SECONDS,
  releaseAt,
} from '#core/check-list.ts'
import type { Statement } from '#core/act-bodies.ts'
import type { Refusal } from '#core/refusal.ts'
import { accept, type Result } from '#core/result.ts'
import { DAY_SECONDS, dayOf } from '#core/time.ts'
import { verifyRecorded } from '#core/verify-act.ts'
import { parseAct } from '#wire/act.ts'
import { type CheckText, parseCheckText } from '#wire/check-list.ts'
import type { OpenList, VerifiedList } from './check-list.ts'

/** scrypt with the numbers of `CHECK_SCRYPT`; how is the caller's affair, since it must hold nobody up. */
export type DeriveKey = (password: Uint8Array, salt: Uint8Array) => Promise<Uint8Array>

/** What is asked. It never leaves the machine. */
export interface CheckQuestion {
  /** Canonical. */
  readonly code: string
  /** Normalised; left out in lists that are keyed by the code alone. */
  readonly account?: string
}

/** Another party that stands behind the notice, by its own signature. */
export interface CheckSupport {
  readonly party: string
  readonly statements: readonly Statement[]
}

/** What one list says of a code. */
export interface CheckFinding {
  readonly filer: string
  readonly status: CheckStatus
  /** The day since which it is so. */
  readonly since: string
  readonly text: CheckText
  readonly supports: readonly CheckSupport[]
}

/** A list that was asked. */
export interface AskedList {
  readonly filer: string
  /** POSIX seconds. */
  readonly release: number
  /** Whether it is of the release in force, or of the one before. */
  readonly isFresh: boolean
  readonly status: 'logged' | 'witnessed'
  /** Why it could not be used. */
  readonly fault?: Refusal
}

/** What all lists say together. */
export interface CheckAnswer {
  readonly findings: readonly CheckFinding[]
  readonly lists: readonly AskedList[]
}

/**
 * Asks some lists about a code. Whatever the answer is, the same parts of each list are read in the same order: the bucket, which depends
 * on the key, and all texts. Nothing is looked at before everything was read.
 *
 * @param now POSIX seconds
 */
export async function askLists(
  lists: readonly OpenList[],
  question: CheckQuestion,
  { derive, genesis, now }: { derive: DeriveKey; genesis: string; now: number },
): Promise<CheckAnswer> {
  const keys = new Map<string, Uint8Array>()
  for (const { identity } of lists) {
    const epoch = epochOf(identity.release)
    if (keys.has(epoch)) continue
    const password = checkPassword(question.code, question.account)
    keys.set(epoch, await derive(password, checkSalt(genesis, epoch)))
  }
  const read: { readonly list: OpenList; readonly key: Uint8Array; readonly parts: Read }[] = []
  for (const list of lists) {
    const key = keys.get(epochOf(list.identity.release)) ?? new Uint8Array()
    read.push({ list, key, parts: await readParts(list, key) })
  }
  const findings: CheckFinding[] = []
  const asked: AskedList[] = []
  for (const { key, list, parts } of read) {
    const found = parts.ok ? await lookUp(list, key, parts.value) : parts
    if (found.ok && found.value !== undefined) findings.push(found.value)
    asked.push({
      filer: list.identity.filer,
      release: list.identity.release,
      isFresh: isFresh(list.identity.release, now),
      status: list.receipt.status,
      ...(found.ok ? {} : { fault: found.refusal }),
    })
  }
  return { findings, lists: asked }
}

/** Tells whether a list is of the release in force at an instant, or of the one before. POSIX seconds. */
export function isFresh(release: number, now: number): boolean {
  return release >= releaseAt(now) - RELEASE_SECONDS
}

type Read = Result<{ readonly bucket: Uint8Array; readonly texts: Uint8Array }>

async function readParts(list: OpenList, key: Uint8Array): Promise<Read> {
  const { body } = list
  const bucket = await list.part(bucketOf(placeOf(key), body))
  const texts: Result<Uint8Array>[] = []
  for (let i = 0; i < body.texts; i++) texts.push(await list.part(body.buckets + i))
  const failed = [bucket, ...texts].find((one) => !one.ok)
  if (failed?.ok === false) return failed
  const bytes = texts.flatMap((one) => (one.ok ? [one.value] : []))
  return bucket.ok ? accept({ bucket: bucket.value, texts: concat(...bytes) }) : bucket
}

async function lookUp(
  list: OpenList,
  key: Uint8Array,
  parts: { readonly bucket: Uint8Array; readonly texts: Uint8Array },
): Promise<Result<CheckFinding | undefined>> {
  const slot = await openSlot(parts.bucket, key, list.identity)
  if (!slot.ok || slot.value === undefined) return slot.ok ? accept(undefined) : slot
  const { sinceDay, status, text: place } = slot.value
  const json = await openText(parts.texts, place, list.identity)
  const text = json.ok ? parseCheckText(json.value) : json
  if (!text.ok) return text
  return accept({
    filer: list.identity.filer,
    status,
    since: dayOf(sinceDay * DAY_SECONDS),
    text: text.value,
    supports: await standingSupports(list, text.value),
  })
}

/** The parties whose own signatures say that they stand behind the notice; what does not verify is left out. */
async function standingSupports(
  { identity, replay }: VerifiedList,
  { notice, supports }: CheckText,
): Promise<readonly CheckSupport[]> {
  const standing = new Map<string, CheckSupport>()
  for (const { payload, signatures } of supports) {
    const parsed = parseAct(fromBase64(payload) ?? new Uint8Array())
    if (!parsed.ok || parsed.value.act.type !== 'notice.support') continue
    const { at, act } = parsed.value
    const { body, by } = act
    const party = 'party' in by ? by.party : ''
    const { directory } = replay
    if (body.notice !== notice || party === identity.filer || act.origin !== directory.origin)
      continue
    const record = { day: dayOf(at) }
    for (const signature of signatures) {
      const signed = await verifyRecorded({ parsed: parsed.value, directory, record }, signature)
      if (signed.ok && signed.value.party === party)
        standing.set(party, { party, statements: body.statements })
    }
  }
  return [...standing.values()]
}
