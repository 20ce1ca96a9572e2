import type { ActOf, ParsedAct } from './act.ts'
import { base32, fromHex, utf8 } from './bytes.ts'
import type {
  DecisionState,
  Effect,
  Decision,
  MailboxState,
  Reader,
  SubjectKey,
} from './decision.ts'
import { done } from './decision.ts'
import { sha256, sha256Hex } from './hash.ts'
import type { CertificateFacts } from './openpgp.ts'
import { accept, refuse, type Result } from './result.ts'
import { dayOf, midnightOf } from './time.ts'

/** Leading zero bits that a stranger's proof of work must show: about a million hashes. */
export const WORK_BITS = 20
/** A mailbox changes its filers or its key at most this often in a UTC day. */
export const CHANGES_PER_DAY_MAX = 16
/** A chain has at most this many keys; who needs more closes the mailbox and enrols another. */
export const LINKS_MAX = 64
/** A mailbox names at most this many parties that may file to it. */
export const FILERS_MAX = 32

const ID_DOMAIN = utf8('dunant-mailbox-v1')
const ID_BYTES = 20

/** The acts of and about mailboxes that are not notices. */
export type MailboxAct = ActOf<
  'mailbox.close' | 'mailbox.enrol' | 'mailbox.filers' | 'mailbox.invite' | 'mailbox.rotate'
>

/**
 * The id that a first key and a salt have: base32 of 160 bits, lower case, without padding.
 *
 * The id names the key, so nobody can put another key behind it.
 *
 * @param fingerprint primary fingerprint, hex
 * @param salt 16 bytes, hex
 */
export function mailboxId(fingerprint: string, salt: string): string {
  const parts = [fromHex(fingerprint), fromHex(salt)]
  const [key, salted] = parts
  if (key === undefined || salted === undefined)
    throw new TypeError('a fingerprint or salt is not hex')
  return base32(sha256(ID_DOMAIN, key, salted).subarray(0, ID_BYTES))
}

/**
 * Tells whether a proof of work holds: SHA-256 of `dunant-work-v1`, the mailbox id, the day and the work, joined by line feeds,
 * begins with `WORK_BITS` zero bits.
 */
export function isWork(mailbox: string, day: string, work: string): boolean {
  const digest = sha256(utf8(`dunant-work-v1\n${mailbox}\n${day}\n${work}`))
  let bits = 0
  for (const byte of digest) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24 >= WORK_BITS
    bits += 8
  }
  return true
}

/** What deciding a mailbox act reads. */
export function mailboxReads(act: MailboxAct): readonly SubjectKey[] {
  switch (act.type) {
    case 'mailbox.enrol':
      return [
        { kind: 'mailbox', id: act.body.mailbox },
        ...(act.body.invitation === undefined
          ? []
          : [{ kind: 'invitation', id: tokenHash(act.body.invitation) } as const]),
      ]
    case 'mailbox.invite':
      return act.body.tokens.map((id) => ({ kind: 'invitation', id }))
    case 'mailbox.close':
    case 'mailbox.filers':
    case 'mailbox.rotate':
      return [{ kind: 'mailbox', id: 'mailbox' in act.by ? act.by.mailbox : '' }]
  }
}

/** Decides a mailbox act. */
export function decideMailbox(
  state: DecisionState,
  parsed: ParsedAct<MailboxAct>,
  now: number,
): Result<Decision> {
  const { act } = parsed
  switch (act.type) {
    case 'mailbox.enrol':
      return enrol(state, { act, id: parsed.id }, now)
    case 'mailbox.invite':
      return invite(state, act)
    case 'mailbox.close':
    case 'mailbox.filers':
    case 'mailbox.rotate':
      return change(state, { act, id: parsed.id }, now)
  }
}

function invite(state: DecisionState, act: ActOf<'mailbox.invite'>): Result<Decision> {
  const party = 'party' in act.by ? act.by.party : ''
  if (act.body.tokens.some((id) => state.subjects.get('invitation', id) !== undefined))
    return refuse('invitation-invalid')
  return accept(
    done(
      ...act.body.tokens.map(
        (id) =>
          ({ kind: 'put', subject: 'invitation', id, state: { party, spent: false } }) as const,
      ),
    ),
  )
}

function enrol(
  state: DecisionState,
  parsed: { act: ActOf<'mailbox.enrol'>; id: string },
  now: number,
): Result<Decision> {
  const { body, by } = parsed.act
  const facts = state.certificates.get(body.certificate)
  if (facts === undefined || !('key' in by) || facts.fingerprint !== by.key)
    return refuse('certificate-mismatch')
  if (mailboxId(facts.fingerprint, body.salt) !== body.mailbox) return refuse('mailbox-id-wrong')
  if (state.subjects.get('mailbox', body.mailbox) !== undefined) return refuse('mailbox-exists')
  if (facts.provenKeys.some((key) => state.directory.keys.has(key)))
    return refuse('certificate-enrolled-already')
  const mailbox: MailboxState = {
    ...certificateState(facts, body.certificate),
    filers: [],
    changes: { day: dayOf(now), count: 0 },
    closed: false,
    salt: body.salt,
    links: [parsed.id],
  }
  const put = (filers: readonly string[]): Effect => ({
    kind: 'put',
    subject: 'mailbox',
    id: body.mailbox,
    state: { ...mailbox, filers },
  })
  if (body.invitation === undefined) {
    return isTimelyWork(body.mailbox, body.work ?? '', now)
      ? accept(done(put([])))
      : refuse('work-insufficient')
  }
  const id = tokenHash(body.invitation)
  const invitation = state.subjects.get('invitation', id)
  if (invitation === undefined || invitation.spent) return refuse('invitation-invalid')
  return accept(
    done(put([invitation.party]), {
      kind: 'put',
      subject: 'invitation',
      id,
      state: { ...invitation, spent: true },
    }),
  )
}

function isTimelyWork(mailbox: string, work: string, now: number): boolean {
  return isWork(mailbox, dayOf(now), work) || isWork(mailbox, dayOf(midnightOf(now) - 1), work)
}

function change(
  state: DecisionState,
  parsed: { act: ActOf<'mailbox.close' | 'mailbox.filers' | 'mailbox.rotate'>; id: string },
  now: number,
): Result<Decision> {
  const { act } = parsed
  const id = 'mailbox' in act.by ? act.by.mailbox : ''
  const mailbox = state.subjects.get('mailbox', id)
  if (mailbox === undefined || mailbox.closed) return refuse('mailbox-unavailable')
  const counted = countChange(mailbox, act, now)
  if (!counted.ok) return counted
  const next = changed(state, { mailbox: counted.value, act, link: parsed.id })
  return next.ok ? accept(done({ kind: 'put', subject: 'mailbox', id, state: next.value })) : next
}

/**
 * Counts a change. Every act stays for ever, and every filer reads the whole chain of keys, so neither may grow at a stranger's will;
 * closing is always possible.
 */
function countChange(mailbox: MailboxState, act: MailboxAct, now: number): Result<MailboxState> {
  if (act.type === 'mailbox.close') return accept(mailbox)
  const day = dayOf(now)
  const count = mailbox.changes.day === day ? mailbox.changes.count + 1 : 1
  const isTooLong = act.type === 'mailbox.rotate' && mailbox.links.length >= LINKS_MAX
  return count > CHANGES_PER_DAY_MAX || isTooLong
    ? refuse('mailbox-over-quota')
    : accept({ ...mailbox, changes: { day, count } })
}

function changed(
  state: DecisionState,
  wanted: {
    mailbox: MailboxState
    act: ActOf<'mailbox.close' | 'mailbox.filers' | 'mailbox.rotate'>
    link: string
  },
): Result<MailboxState> {
  const { act, link, mailbox } = wanted
  switch (act.type) {
    case 'mailbox.close':
      return accept({ ...mailbox, closed: true })
    case 'mailbox.filers': {
      const unknown = act.body.filers.some((domain) => !state.directory.parties.has(domain))
      if (unknown) return refuse('party-unknown')
      return mailbox.filers.join() === act.body.filers.join()
        ? refuse('nothing-to-do')
        : accept({ ...mailbox, filers: act.body.filers })
    }
    case 'mailbox.rotate': {
      const facts = state.certificates.get(act.body.certificate)
      if (facts === undefined) return refuse('certificate-malformed')
      if (facts.fingerprint === mailbox.fingerprint) return refuse('nothing-to-do')
      if (
        facts.provenKeys.some((key) => mailbox.keys.includes(key) || state.directory.keys.has(key))
      ) {
        return refuse('certificate-enrolled-already')
      }
      return accept({
        ...mailbox,
        ...certificateState(facts, act.body.certificate),
        links: [...mailbox.links, link],
      })
    }
  }
}

function certificateState(
  facts: CertificateFacts,
  certificate: string,
): Pick<MailboxState, 'certificate' | 'encryptionKeys' | 'fingerprint' | 'keys'> {
  return {
    certificate,
    fingerprint: facts.fingerprint,
    keys: facts.provenKeys,
    encryptionKeys: facts.encryptionKeys,
  }
}

/** SHA-256 of an invitation token given as hex: what the party has published of it. */
export function tokenHash(token: string): string {
  return sha256Hex(fromHex(token) ?? utf8(token))
}

/** Who may read a mailbox act: the mailbox itself, and for enrolment and rotation the parties that may file to it. */
export function mayReadMailbox(
  mailbox: MailboxState | undefined,
  reader: Reader,
  act: MailboxAct,
): boolean {
  if (act.type === 'mailbox.invite')
    return reader.kind === 'party' && 'party' in act.by && reader.domain === act.by.party
  if (mailbox === undefined) return false
  if (reader.kind === 'mailbox')
    return reader.fingerprint === mailbox.fingerprint && reader.id === mailboxNameOf(act)
  const isLink = act.type === 'mailbox.enrol' || act.type === 'mailbox.rotate'
  return (
    reader.kind === 'party' && isLink && !mailbox.closed && mailbox.filers.includes(reader.domain)
  )
}

/** The mailbox that an act of this noun is about; '' for invitations. */
export function mailboxNameOf(act: MailboxAct): string {
  if (act.type === 'mailbox.enrol') return act.body.mailbox
  return 'mailbox' in act.by ? act.by.mailbox : ''
}
