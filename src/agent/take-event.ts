import { readRecipient } from '#client/recipients.ts'
import { hex } from '#core/bytes.ts'
import type { EventRow, RecipientRow } from '#ports/agent-store.ts'
import type { ReadEvent } from '#wire/agent.ts'
import { parseFacts } from '#wire/notice.ts'
import { type Agent, allow, deny, type LocalResult, templateOf } from './agent.ts'
import { foldFacts } from './fold-facts.ts'
import { recordOf } from './notice-record.ts'
import { recipientOf, type RecipientRecord, sealRecipient } from './recipient-record.ts'

const REFERENCE_BYTES = 16
/** Somebody else took an event of the same recipient meanwhile: tried again, and not for ever. */
const ATTEMPTS_MAX = 20

/** An event that is kept. */
export interface KeptEvent {
  readonly eventId: string
  /** False where the same was reported before. */
  readonly isNew: boolean
}

/**
 * Takes an event under the company's own id: once, however often it arrives. Several of one recipient become one notice.
 *
 * Denies `event-differs` where the id is known with other content, `event-contradicts`, `event-invalid`, `notice-closed`, `not-found`.
 */
export async function takeEvent(
  agent: Agent,
  eventId: string,
  event: ReadEvent,
): Promise<LocalResult<KeptEvent>> {
  const { vault } = agent
  const eventTag = vault.tag('event', eventId)
  const digestTag = vault.tag('digest', JSON.stringify(event, inOrder))
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const known = await agent.store.readEvent(eventTag)
    if (known !== undefined)
      return known.digestTag === digestTag
        ? allow({ eventId, isNew: false })
        : deny('event-differs', 'this event id is known with other content')
    const recipient = await nextRecipient(agent, event)
    if (!recipient.ok) return recipient
    const row: EventRow = {
      eventTag,
      notice: event.notice,
      reference: recipient.value.reference,
      digestTag,
      sealed: vault.seal(JSON.stringify({ event_id: eventId, event }), `event ${eventTag}`),
    }
    if (await agent.store.takeEvent(row, recipient.value)) {
      await noteQueued(agent, recipient.value)
      return allow({ eventId, isNew: true })
    }
  }
  return deny('unavailable', 'too many events of one recipient at once')
}

/** One spelling for what says the same: the members of every object in the order of their names. */
function inOrder(_: string, value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    : value
}

async function noteQueued(agent: Agent, { notice, reference }: RecipientRow): Promise<void> {
  await agent.store.noteStates([
    { notice, reference, state: 'queued', reason: '', at: agent.now() },
  ])
}

/** The recipient of an event, as they stand with it. */
async function nextRecipient(agent: Agent, event: ReadEvent): Promise<LocalResult<RecipientRow>> {
  const { store, vault } = agent
  const notice = await store.readNotice(event.notice)
  if (notice === undefined) return deny('not-found', 'draft the notice first')
  if (notice.phase !== 'draft')
    return deny('notice-closed', 'this notice was given out to be filed; report it for another')
  const { supersedes, template } = recordOf(notice).state
  const read = readEvent(agent, template, event)
  if (!read.ok) return read
  const accountTag = vault.tag('account', read.value.account)
  const known = await store.findRecipient(event.notice, accountTag)
  const earlier =
    supersedes === undefined ? undefined : await store.findRecipient(supersedes, accountTag)
  const said = earlier === undefined ? read : asSafe(recipientOf(agent, earlier), read.value)
  if (!said.ok) return said
  const folded = known === undefined ? said : fold(recipientOf(agent, known), said.value)
  if (!folded.ok) return folded
  const record = folded.value
  const reference = known?.reference ?? hex(agent.random(REFERENCE_BYTES))
  return allow({
    reference,
    notice: event.notice,
    accountTag,
    mailboxTag: record.mailbox === undefined ? null : vault.tag('mailbox', record.mailbox),
    version: (known?.version ?? 0) + 1,
    sealed: sealRecipient(agent, reference, record),
    line: null,
    lineIndex: null,
    batch: null,
  })
}

function readEvent(agent: Agent, hash: string, event: ReadEvent): LocalResult<RecipientRecord> {
  const template = templateOf(agent, hash)
  if (!template.ok) return deny('notice-invalid', template.refusal.detail)
  const { account, address, certificate, facts, fingerprint, language, mailbox } = event
  const { also, country, safety } = event
  const cells = {
    account,
    language,
    facts: typeof facts === 'string' ? facts : JSON.stringify(facts),
    mailbox: mailbox ?? '',
    country: country ?? '',
    also: also ?? '',
    safety: safety ?? '',
    fingerprint: fingerprint ?? '',
  }
  const read = readRecipient({ cells, line: 1 }, template.value)
  if (!read.ok) return deny('event-invalid', read.refusal.detail ?? read.refusal.reason)
  const { line: _, ...recipient } = read.value
  return allow({
    ...recipient,
    ...(address === undefined ? {} : { address }),
    ...(certificate === undefined ? {} : { certificate }),
  })
}

/** Who was in danger when they were told first still is when they are told more, whoever forgot to say so again. */
function asSafe({ facts }: RecipientRecord, next: RecipientRecord): LocalResult<RecipientRecord> {
  if (facts.safety === undefined || next.facts.safety !== undefined) return allow(next)
  const { seen: _, ...rest } = next.facts
  const safe = parseFacts({ ...rest, safety: facts.safety })
  return safe.ok
    ? allow({ ...next, facts: safe.value })
    : deny('event-invalid', safe.refusal.detail)
}

/** What is said later of language, address and country holds; two mailboxes of one account are a contradiction that nobody here can settle. */
function fold(known: RecipientRecord, more: RecipientRecord): LocalResult<RecipientRecord> {
  if (known.mailbox !== undefined && more.mailbox !== undefined && known.mailbox !== more.mailbox)
    return deny('event-contradicts', 'another event names another mailbox for this account')
  const folded = parseFacts(foldFacts(known.facts, more.facts))
  if (!folded.ok) return deny('event-contradicts', folded.refusal.detail ?? folded.refusal.reason)
  return allow({ ...known, ...more, facts: folded.value })
}
