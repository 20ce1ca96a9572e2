import { type ActOf, type ParsedAct } from './act.ts'
import { decideApproval, withdrawApproval } from './approval.ts'
import { campaignReads, decideCampaign, mayReadCampaign } from './campaign.ts'
import { checkReads, decideCheck } from './check-publish.ts'
import {
  type ActState,
  type Decision,
  type DecisionState,
  done,
  type Effect,
  type NoticeState,
  type Reader,
  type SubjectKey,
  type Subjects,
} from './decision.ts'
import { decideFake, fakeReads } from './fake.ts'
import { decideMailbox, mailboxNameOf, mailboxReads, mayReadMailbox } from './mailbox.ts'
import {
  approvalOf,
  decideNotice,
  isReleasable,
  isReleaseDue,
  mayReadNotice,
  noticeReads,
} from './notice.ts'
import { decideGovernance, type GovernanceAct } from './party.ts'
import { RECOVERY_DAYS } from './quorum.ts'
import { accept, refuse, type Result } from './result.ts'
import { languageHashes, templateHash } from './template.ts'
import { DAY_SECONDS } from './time.ts'

/**
 * Names the subjects that deciding an act reads, given those read so far.
 *
 * Some are known only from others (a support's notice names its campaign), so the caller asks again until nothing new is named.
 */
export function readsOf(parsed: ParsedAct, known: Subjects): readonly SubjectKey[] {
  const { act } = parsed
  switch (act.type) {
    case 'act.lapse':
    case 'act.withdraw':
      return [
        { kind: 'act', id: act.body.act },
        { kind: 'approval', id: act.body.act },
        { kind: 'notice', id: act.body.act },
        ...approvalOf(known.get('notice', act.body.act)),
      ]
    case 'campaign.accept':
    case 'campaign.open':
    case 'campaign.share':
      return campaignReads({ ...parsed, act })
    case 'check.publish':
      return checkReads({ ...parsed, act })
    case 'fake.publish':
      return fakeReads({ ...parsed, act })
    case 'mailbox.close':
    case 'mailbox.enrol':
    case 'mailbox.filers':
    case 'mailbox.invite':
    case 'mailbox.rotate':
      return mailboxReads(act)
    case 'notice.acknowledge':
    case 'notice.release':
    case 'notice.support':
      return noticeReads(act, known.get('notice', act.body.notice))
    case 'notice.file':
      return noticeReads(act, undefined)
    case 'session.open':
      return 'mailbox' in act.by ? [{ kind: 'mailbox', id: act.by.mailbox }] : []
    case 'certificate.replace':
    case 'charter.adopt':
    case 'charter.amend':
    case 'officer.add':
    case 'officer.change':
    case 'officer.retire':
    case 'party.admit':
    case 'party.policy':
    case 'party.suspend':
    case 'template.approve':
      return []
    case 'template.adopt':
      return [templateHash(act.body.manifest), ...languageHashes(act.body.manifest)].map((id) => ({
        kind: 'template',
        id,
      }))
  }
}

/**
 * Decides an act whose signatures are complete: the effects it has, or a named refusal. Same arguments, same answer.
 *
 * @param now POSIX seconds
 */
export function decide(state: DecisionState, parsed: ParsedAct, now: number): Result<Decision> {
  const { act } = parsed
  switch (act.type) {
    case 'act.lapse':
      return lapse(state, act, now)
    case 'act.withdraw':
      return withdraw(state, act)
    case 'template.approve':
      return decideApproval(state, { ...parsed, act }, now)
    case 'campaign.accept':
    case 'campaign.open':
    case 'campaign.share':
      return decideCampaign(state, { ...parsed, act })
    case 'check.publish':
      return decideCheck(state, { ...parsed, act }, now)
    case 'fake.publish':
      return decideFake(state, { ...parsed, act }, now)
    case 'mailbox.close':
    case 'mailbox.enrol':
    case 'mailbox.filers':
    case 'mailbox.invite':
    case 'mailbox.rotate':
      return decideMailbox(state, { ...parsed, act }, now)
    case 'notice.acknowledge':
    case 'notice.file':
    case 'notice.release':
    case 'notice.support':
      return decideNotice(state, { ...parsed, act }, now)
    case 'session.open':
      return accept(done())
    case 'certificate.replace':
    case 'charter.adopt':
    case 'charter.amend':
    case 'officer.add':
    case 'officer.change':
    case 'officer.retire':
    case 'party.admit':
    case 'party.policy':
    case 'party.suspend':
    case 'template.adopt':
      return govern(state, { ...parsed, act }, now)
  }
}

function govern(
  state: DecisionState,
  parsed: ParsedAct<GovernanceAct>,
  now: number,
): Result<Decision> {
  const next = decideGovernance(state.directory, parsed.act, {
    id: parsed.id,
    certificates: state.certificates,
    recoveryDue: now >= parsed.at + RECOVERY_DAYS * DAY_SECONDS,
  })
  if (!next.ok) return next
  const parts = templateParts(state, parsed.act)
  if (!parts.ok) return parts
  return accept(done({ kind: 'directory', directory: next.value }, ...parts.value))
}

/** What `GET /api/templates` serves from now on: the manifest, and the texts that it names, which must have been uploaded. */
function templateParts(state: DecisionState, act: GovernanceAct): Result<readonly Effect[]> {
  if (act.type !== 'template.adopt') return accept([])
  const { manifest } = act.body
  const party = 'party' in act.by ? act.by.party : ''
  const own: Effect = {
    kind: 'put',
    subject: 'template',
    id: templateHash(manifest),
    state: { adopted: true, json: manifest, party },
  }
  const effects: Effect[] = [own]
  for (const id of languageHashes(manifest)) {
    const text = state.subjects.get('template', id)
    if (text === undefined)
      return refuse('template-unknown', 'a text that the manifest names is not uploaded')
    effects.push({ kind: 'put', subject: 'template', id, state: { ...text, adopted: true } })
  }
  return accept(effects)
}

/** An act lapses when it ran out, and a joint notice also when it is due but no longer carries what it needs. */
function lapse(state: DecisionState, act: ActOf<'act.lapse'>, now: number): Result<Decision> {
  const target = state.subjects.get('act', act.body.act)
  if (target === undefined) return refuse('not-found')
  const close = { kind: 'close', act: act.body.act, status: 'lapsed' } as const
  if (isLapsed(target, now)) return accept(done(close))
  const notice = state.subjects.get('notice', act.body.act)
  const isDue =
    notice !== undefined &&
    target.status === 'pending' &&
    isReleaseDue(state.directory, notice, now)
  if (!isDue || isReleasable(state, notice)) return refuse('not-due')
  return accept(done(close, takenBack(act.body.act, notice)))
}

/** A notice that will never be released. */
function takenBack(id: string, notice: NoticeState): Effect {
  const state: NoticeState = { ...notice, withdrawn: true }
  return { kind: 'put', subject: 'notice', id, state, tag: notice.filer }
}

/** Tells whether a pending act has run out; computed, so it counts at once and the lapse act is only its trace. */
export function isLapsed(act: ActState, now: number): boolean {
  return act.status === 'pending' && !act.filed && now > act.expires
}

/** An author takes the act back, an approval also after its effect; a co-signer takes back only its own signatures. */
function withdraw(state: DecisionState, act: ActOf<'act.withdraw'>): Result<Decision> {
  const target = state.subjects.get('act', act.body.act)
  const party = 'party' in act.by ? act.by.party : ''
  const mayWithdraw = target?.party === party || state.target?.parties.includes(party) === true
  if (target === undefined || (!mayWithdraw && !target.withdrawn.includes(party))) {
    return refuse('not-found')
  }
  const close = { kind: 'close', act: act.body.act, status: 'withdrawn' } as const
  const ended = withdrawApproval(state, { id: act.body.act, party })
  if (ended?.ok === false) return ended
  if (ended !== undefined) return accept(done(close, ended.value))
  if (target.status !== 'pending') return refuse('act-not-pending')
  if (target.withdrawn.includes(party)) return refuse('nothing-to-do')
  if (target.party !== party) {
    const next: ActState = { ...target, withdrawn: [...target.withdrawn, party].toSorted() }
    return accept(
      done({ kind: 'put', subject: 'act', id: act.body.act, state: next, tag: 'pending' }),
    )
  }
  const notice = state.subjects.get('notice', act.body.act)
  const effects: Effect[] = [close]
  if (notice !== undefined) effects.push(takenBack(act.body.act, notice))
  return accept(done(...effects))
}

/** Names the subjects that `mayRead` looks at, given those read so far. */
export function mayReadReads(parsed: ParsedAct, known: Subjects): readonly SubjectKey[] {
  const { act } = parsed
  switch (act.type) {
    case 'campaign.open':
      return [{ kind: 'campaign', id: parsed.id }]
    case 'campaign.accept':
    case 'campaign.share':
      return [{ kind: 'campaign', id: act.body.campaign }]
    case 'mailbox.close':
    case 'mailbox.enrol':
    case 'mailbox.filers':
    case 'mailbox.rotate':
      return [{ kind: 'mailbox', id: mailboxNameOf(act) }]
    case 'notice.file':
      return noticeAndCampaign(parsed.id, known)
    case 'notice.acknowledge':
    case 'notice.release':
    case 'notice.support':
      return noticeAndCampaign(act.body.notice, known)
    case 'act.lapse':
    case 'act.withdraw':
    case 'certificate.replace':
    case 'charter.adopt':
    case 'charter.amend':
    case 'check.publish':
    case 'fake.publish':
    case 'mailbox.invite':
    case 'officer.add':
    case 'officer.change':
    case 'officer.retire':
    case 'party.admit':
    case 'party.policy':
    case 'party.suspend':
    case 'session.open':
    case 'template.adopt':
    case 'template.approve':
      return []
  }
}

function noticeAndCampaign(id: string, known: Subjects): readonly SubjectKey[] {
  const campaign = known.get('notice', id)?.campaign
  return [
    { kind: 'notice', id },
    ...(campaign === undefined ? [] : [{ kind: 'campaign', id: campaign } as const]),
  ]
}

/** Tells whether a reader may have an act. An act that may not be read is answered exactly as one that does not exist. */
export function mayRead(subjects: Subjects, reader: Reader, parsed: ParsedAct): boolean {
  const { act } = parsed
  if (reader.kind === 'party' && 'party' in act.by && act.by.party === reader.domain) return true
  switch (act.type) {
    case 'certificate.replace':
    case 'charter.adopt':
    case 'charter.amend':
    case 'check.publish':
    case 'fake.publish':
    case 'officer.add':
    case 'officer.change':
    case 'officer.retire':
    case 'party.admit':
    case 'party.policy':
    case 'party.suspend':
    case 'template.adopt':
      return true
    case 'campaign.open':
      return mayReadCampaign(subjects.get('campaign', parsed.id), reader)
    case 'campaign.accept':
    case 'campaign.share':
      return mayReadCampaign(subjects.get('campaign', act.body.campaign), reader)
    case 'mailbox.close':
    case 'mailbox.enrol':
    case 'mailbox.filers':
    case 'mailbox.invite':
    case 'mailbox.rotate':
      return mayReadMailbox(subjects.get('mailbox', mailboxNameOf(act)), reader, act)
    case 'notice.file':
      return mayReadNotice(noticeOf(subjects, parsed.id), reader)
    case 'notice.release':
    case 'notice.support':
      return mayReadNotice(noticeOf(subjects, act.body.notice), reader)
    case 'notice.acknowledge':
      return mayReadAcknowledgement(subjects, reader, act)
    case 'act.lapse':
    case 'act.withdraw':
    case 'session.open':
    case 'template.approve':
      return false
  }
}

function mayReadAcknowledgement(
  subjects: Subjects,
  reader: Reader,
  act: ActOf<'notice.acknowledge'>,
): boolean {
  if (reader.kind === 'mailbox') return 'mailbox' in act.by && act.by.mailbox === reader.id
  return reader.kind === 'party' && subjects.get('notice', act.body.notice)?.filer === reader.domain
}

function noticeOf(subjects: Subjects, id: string): Parameters<typeof mayReadNotice>[0] {
  const notice = subjects.get('notice', id)
  return {
    notice,
    campaign:
      notice?.campaign === undefined ? undefined : subjects.get('campaign', notice.campaign),
  }
}
