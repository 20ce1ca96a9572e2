import type { Act, Author, ParsedAct } from '#core/act.ts'
import { authorOf } from '#core/act.ts'
import type { ActBodies, ActType } from '#core/act-bodies.ts'
import { certificatesIn } from '#core/act-certificates.ts'
import { hex } from '#core/bytes.ts'
import { canonicalJson, type Json } from '#core/canonical-json.ts'
import { checkHead, type Directory } from '#core/directory.ts'
import { isHidden } from '#core/plain-text.ts'
import { inspectOffered } from '#core/replay.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS, formatInstant, midnightOf } from '#core/time.ts'
import { parseAct } from '#wire/act.ts'
import { signDetached, type UnlockedKey } from './openpgp.ts'

/** What an act is composed of. */
export interface ActDraft<T extends ActType> {
  readonly type: T
  readonly body: ActBodies[T]
  readonly by: Author
  /** Head of the governance chain that its author verified. */
  readonly directory: string
  readonly origin: string
  /** POSIX seconds. */
  readonly now: number
  /** 16 random bytes. */
  readonly nonce: Uint8Array
  /** A week, where it is left out. */
  readonly lifetimeSeconds?: number
}

/** One line of what a co-signer sees: a label and a value, both safe to print. */
export interface ReviewLine {
  readonly label: string
  readonly value: string
}

/** An act as a co-signer sees it, and the bytes that they would sign. */
export interface ActReview {
  readonly id: string
  readonly parsed: ParsedAct
  readonly lines: readonly ReviewLine[]
}

/** What a co-signer holds an act against. */
export interface ReviewContext {
  /** The id under which the act was announced. */
  readonly id?: string
  /** The directory that the co-signer verified, and POSIX seconds. */
  readonly against?: { readonly directory: Directory; readonly now: number }
}

const LIFETIME_SECONDS = 7 * DAY_SECONDS
const NONCE_BYTES = 16

/**
 * Composes the payload of an act. A customer's act is dated the midnight before `now`, so that it tells no hour.
 *
 * Whether the body holds is for `signAct` and `reviewAct` to say, which read the bytes as the server does.
 *
 * @throws TypeError where the nonce is not 16 bytes or a value cannot stand in canonical JSON.
 */
export function composeAct<T extends ActType>(draft: ActDraft<T>): Uint8Array {
  if (draft.nonce.length !== NONCE_BYTES) throw new TypeError('a nonce is 16 bytes')
  const { kind } = authorOf(draft.by)
  const isCustomer = kind === 'mailbox' || kind === 'key'
  const at = isCustomer ? midnightOf(draft.now) : draft.now
  return canonicalJson({
    at: formatInstant(at),
    body: toJson(draft.body),
    by: { ...draft.by },
    directory: draft.directory,
    expires: formatInstant(at + (draft.lifetimeSeconds ?? LIFETIME_SECONDS)),
    nonce: hex(draft.nonce),
    origin: draft.origin,
    type: draft.type,
    v: 1,
  })
}

/** Bodies are plain data; this only tells the compiler so, and drops members that are undefined. */
function toJson(body: ActBodies[ActType]): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse yields exactly Json
  return JSON.parse(JSON.stringify(body)) as Json
}

/**
 * Signs an act after reading it as the server will: an armored detached signature over the bytes.
 *
 * Refuses what `parseAct` refuses. `at` is when the signature says it was made, in POSIX seconds.
 */
export async function signAct(
  key: UnlockedKey,
  payload: Uint8Array,
  at?: number,
): Promise<Result<string>> {
  const parsed = parseAct(payload)
  if (!parsed.ok) return parsed
  return accept(
    await signDetached(key, canonicalBytes(parsed.value.act), at === undefined ? {} : { at }),
  )
}

/**
 * Reads an act that somebody else composed and shows all of it, as labelled lines, before it is co-signed.
 *
 * Refuses what `parseAct` refuses, `act-known-differently` where the bytes are not those of the announced id, `act-origin-wrong`,
 * `directory-unknown` and `directory-stale` where its author verified another chain, and what a certificate in it is refused for.
 */
export async function reviewAct(
  payload: Uint8Array,
  context: ReviewContext = {},
): Promise<Result<ActReview>> {
  const parsed = parseAct(payload)
  if (!parsed.ok) return parsed
  const { act, id } = parsed.value
  if (context.id !== undefined && context.id !== id) return refuse('act-known-differently')
  const placed = checkPlace(act, context)
  if (!placed.ok) return placed
  const certificates = await describeCertificates(parsed.value)
  if (!certificates.ok) return certificates
  const own = { ...parsed.value, payload: canonicalBytes(act) }
  return accept({
    id,
    parsed: own,
    lines: [...headLines(parsed.value), ...bodyLines(act, certificates.value)],
  })
}

function checkPlace(act: Act, { against }: ReviewContext): Result<void> {
  if (against === undefined) return accept(undefined)
  if (act.origin !== against.directory.origin) return refuse('act-origin-wrong')
  return checkHead(against.directory, act.directory, against.now)
}

/** What is signed is always made here, of what was parsed, never passed on as it came. */
function canonicalBytes(act: Act): Uint8Array {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an act was parsed from canonical JSON and is nothing else
  return canonicalJson(act as unknown as Json)
}

function headLines({ act, id }: ParsedAct): ReviewLine[] {
  const { kind, name } = authorOf(act.by)
  return [
    { label: 'What', value: `${TYPE_WORDS[act.type]} (${act.type})` },
    { label: 'Act', value: id },
    { label: 'By', value: `${kind} ${name}` },
    { label: 'Coalition', value: act.origin },
    { label: 'Written', value: act.at },
    { label: 'Open until', value: act.expires },
    { label: 'Directory', value: act.directory },
  ]
}

async function describeCertificates(
  parsed: ParsedAct,
): Promise<Result<ReadonlyMap<string, string>>> {
  const facts = await inspectOffered(parsed)
  if (!facts.ok) return facts
  const words = new Map<string, string>()
  for (const { certificate } of certificatesIn(parsed.act)) {
    const found = facts.value.get(certificate)
    if (found !== undefined)
      words.set(
        certificate,
        `certificate ${found.fingerprint}, ${found.userIds.map(quote).join(', ')}`,
      )
  }
  return accept(words)
}

function bodyLines(act: Act, certificates: ReadonlyMap<string, string>): ReviewLine[] {
  return flatten('', toJson(act.body)).map(({ label, value }) => ({
    label,
    value: certificates.get(value) ?? quote(value),
  }))
}

function flatten(label: string, value: Json): ReviewLine[] {
  if (typeof value !== 'object' || value === null) return [{ label, value: String(value) }]
  const members: readonly (readonly [string, Json | undefined])[] = isArray(value)
    ? value.map((item, index) => [String(index + 1), item] as const)
    : Object.entries(value)
  if (members.length === 0) return [{ label, value: '(none)' }]
  return members.flatMap(([key, member]) =>
    member === undefined ? [] : flatten(label === '' ? key : `${label} ${key}`, member),
  )
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

/** Text as it may be printed: what a reader cannot see, or what would move their cursor, is spelled out. */
function quote(text: string): string {
  return Array.from(text, (character) =>
    isHidden(character) || /\p{Cf}/u.test(character)
      ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
      : character,
  ).join('')
}

/** What each type of act is called before people. */
export const TYPE_WORDS: { readonly [T in ActType]: string } = {
  'act.lapse': 'Record that an act ran out',
  'act.withdraw': 'Take an act or a signature back',
  'campaign.accept': 'Accept an invitation to a campaign',
  'campaign.open': 'Open a campaign',
  'campaign.share': 'Share the content of a campaign',
  'certificate.replace': 'Replace the certificate of an officer',
  'charter.adopt': 'Found the coalition',
  'charter.amend': 'Change the charter',
  'check.publish': 'Publish a list of check codes',
  'fake.publish': 'Publish a known fake',
  'mailbox.close': 'Close a mailbox',
  'mailbox.enrol': 'Enrol a mailbox',
  'mailbox.filers': 'Change who may file to a mailbox',
  'mailbox.invite': 'Invite customers to enrol mailboxes',
  'mailbox.rotate': 'Put a new key behind a mailbox',
  'notice.acknowledge': 'Acknowledge a notice',
  'notice.file': 'File a notice',
  'notice.release': 'Release a joint notice',
  'notice.support': 'Support a notice',
  'officer.add': 'Add an officer',
  'officer.change': 'Change what an officer may do',
  'officer.retire': 'Retire an officer',
  'party.admit': 'Admit a party',
  'party.policy': 'Change the policy of a party',
  'party.suspend': 'Suspend a party',
  'session.open': 'Open a session',
  'template.adopt': 'Adopt a template',
  'template.approve': "Approve a template by counsel's signature",
}
