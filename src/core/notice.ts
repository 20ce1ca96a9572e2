import type { ActOf, ParsedAct } from './act.ts'
import { checkApproval } from './approval.ts'
import { checkBrief, hasAccepted, isInCircle } from './campaign.ts'
import {
  bundleId,
  type CampaignState,
  type Decision,
  type DecisionState,
  done,
  type Effect,
  lineId,
  type NoticeState,
  partyOf,
  type Reader,
  type SubjectKey,
} from './decision.ts'
import { activeParty, type Directory, type Officer, ownerOf } from './directory.ts'
import { accept, refuse, type Result } from './result.ts'
import { dayOf, DAY_SECONDS, parseInstant } from './time.ts'

/** A joint notice waits at most this long for its supports. */
export const JOINT_SECONDS_MAX = DAY_SECONDS

/** The acts by which a notice is filed, supported, released and acknowledged. */
export type NoticeAct = ActOf<
  'notice.acknowledge' | 'notice.file' | 'notice.release' | 'notice.support'
>

/** What deciding a notice act reads. `known` is the notice as loaded before, to reach its campaign. */
export function noticeReads(act: NoticeAct, known: NoticeState | undefined): readonly SubjectKey[] {
  switch (act.type) {
    case 'notice.file':
      return fileReads(act)
    case 'notice.release':
      return [
        { kind: 'notice', id: act.body.notice },
        { kind: 'act', id: act.body.notice },
        ...approvalOf(known),
        ...(known?.supersedes === undefined
          ? []
          : [{ kind: 'notice', id: known.supersedes } as const]),
      ]
    case 'notice.support':
      return [{ kind: 'notice', id: act.body.notice }, ...campaignOf(known)]
    case 'notice.acknowledge':
      return [
        { kind: 'notice', id: act.body.notice },
        { kind: 'acknowledgement', id: acknowledgementId(act) },
        { kind: 'mailbox', id: 'mailbox' in act.by ? act.by.mailbox : '' },
        ...(known === undefined
          ? []
          : [
              { kind: 'line', id: lineOf(known, act.body.index) } as const,
              { kind: 'bundle', id: bundleId(known.filer, known.bundle.root) } as const,
            ]),
      ]
  }
}

function fileReads(act: ActOf<'notice.file'>): readonly SubjectKey[] {
  const { body } = act
  return [
    { kind: 'bundle', id: bundleId(partyOf({ act }), body.bundle.root) },
    ...(body.campaign === undefined ? [] : [{ kind: 'campaign', id: body.campaign } as const]),
    ...(body.brief_message === undefined
      ? []
      : [{ kind: 'brief', id: body.brief_message } as const]),
    ...(body.supersedes === undefined ? [] : [{ kind: 'notice', id: body.supersedes } as const]),
    ...approvalOf(body),
  ]
}

/** The approval that a notice stands on, and its act, as something to read. */
export function approvalOf(notice: { readonly approval?: string } | undefined): SubjectKey[] {
  const id = notice?.approval
  return id === undefined
    ? []
    : [
        { kind: 'approval', id },
        { kind: 'act', id },
      ]
}

function campaignOf(notice: NoticeState | undefined): readonly SubjectKey[] {
  return notice?.campaign === undefined ? [] : [{ kind: 'campaign', id: notice.campaign }]
}

/** Decides a notice act. */
export function decideNotice(
  state: DecisionState,
  parsed: ParsedAct<NoticeAct>,
  now: number,
): Result<Decision> {
  const { act } = parsed
  switch (act.type) {
    case 'notice.file':
      return file(state, { ...parsed, act }, now)
    case 'notice.support':
      return support(state, { act, id: parsed.id })
    case 'notice.release':
      return release(state, { act, id: parsed.id }, now)
    case 'notice.acknowledge':
      return acknowledge(state, act, now)
  }
}

function file(
  state: DecisionState,
  parsed: ParsedAct<ActOf<'notice.file'>>,
  now: number,
): Result<Decision> {
  const { act } = parsed
  const { body } = act
  const filer = partyOf(parsed)
  for (const check of [
    checkReporter(state, act),
    checkCircle(state, act),
    checkSupersedes(state, act),
    checkJoint(parsed),
    checkApproval(state, parsed, now),
  ]) {
    if (!check.ok) return check
  }
  const id = bundleId(filer, body.bundle.root)
  const bundle = state.subjects.get('bundle', id)
  if (bundle === undefined || bundle.dropped) return refuse('bundle-unknown')
  if (!bundle.complete) return refuse('bundle-incomplete')
  if (bundle.filed !== undefined) return refuse('bundle-filed-already')
  if (bundle.count !== body.bundle.count) return refuse('bundle-count-wrong')
  const notice: NoticeState = {
    filer,
    bundle: body.bundle,
    kind: body.kind,
    reporter: body.reporter,
    supports: [],
    released: body.joint === undefined,
    ...(body.approval === undefined ? {} : { approval: body.approval }),
    ...(body.campaign === undefined ? {} : { campaign: body.campaign }),
    ...(body.joint === undefined ? {} : { joint: body.joint }),
    ...(body.supersedes === undefined ? {} : { supersedes: body.supersedes }),
  }
  const effects: Effect[] = [
    { kind: 'put', subject: 'notice', id: parsed.id, state: notice, tag: filer },
    { kind: 'put', subject: 'bundle', id, state: { ...bundle, filed: parsed.id }, tag: 'filed' },
  ]
  if (body.joint !== undefined) return accept({ effects, status: 'pending' })
  return accept(done(...effects, ...supersede(state, { id: parsed.id, notice })))
}

/** From its release on, and not before, a notice replaces the one that it follows. */
function supersede(
  state: DecisionState,
  later: { readonly id: string; readonly notice: NoticeState },
): readonly Effect[] {
  const { supersedes: id } = later.notice
  const earlier = id === undefined ? undefined : state.subjects.get('notice', id)
  if (id === undefined || earlier === undefined || earlier.supersededBy !== undefined) return []
  const superseded: NoticeState = { ...earlier, supersededBy: later.id }
  return [{ kind: 'put', subject: 'notice', id, state: superseded, tag: earlier.filer }]
}

/** The certificate that signed the envelopes must be the filer's own, active, and entitled to report. */
function checkReporter(state: DecisionState, act: ActOf<'notice.file'>): Result<void> {
  return isReporter(state.directory, { party: partyOf({ act }), fingerprint: act.body.reporter }, [
    'active',
  ])
    ? accept(undefined)
    : refuse('signer-not-entitled', 'the reporter is not an active reporter of the filing party')
}

function isReporter(
  directory: Directory,
  named: { readonly party: string; readonly fingerprint: string },
  statuses: readonly Officer['status'][],
): boolean {
  const owner = ownerOf(directory, named.fingerprint)
  return (
    owner?.party.domain === named.party &&
    owner.party.status === 'active' &&
    owner.officer.fingerprint === named.fingerprint &&
    statuses.includes(owner.officer.status) &&
    owner.officer.duties.includes('reporter')
  )
}

function checkCircle(state: DecisionState, act: ActOf<'notice.file'>): Result<void> {
  const { brief_message, campaign: id } = act.body
  const filer = partyOf({ act })
  if (id === undefined) {
    return brief_message === undefined && act.body.joint === undefined
      ? accept(undefined)
      : refuse(
          'campaign-unknown',
          'a joint notice, or one with a brief for others, belongs to a campaign',
        )
  }
  const campaign = state.subjects.get('campaign', id)
  if (campaign === undefined || !isInCircle(campaign, filer)) return refuse('campaign-unknown')
  if (!hasAccepted(campaign, filer)) return refuse('campaign-not-accepted')
  if (brief_message === undefined)
    return refuse('brief-unknown', 'the parties of a campaign must be able to read the brief')
  return checkBrief(state, {
    hash: brief_message,
    author: filer,
    allowed: [campaign.author, ...campaign.invited],
  })
}

function checkSupersedes(state: DecisionState, act: ActOf<'notice.file'>): Result<void> {
  const { kind, supersedes } = act.body
  if (supersedes === undefined)
    return kind === 'first' ? accept(undefined) : refuse('notice-unknown')
  const earlier = state.subjects.get('notice', supersedes)
  if (kind === 'first' || earlier === undefined || earlier.filer !== partyOf({ act }))
    return refuse('notice-unknown')
  return earlier.supersededBy === undefined ? accept(undefined) : refuse('notice-superseded')
}

function checkJoint(parsed: ParsedAct<ActOf<'notice.file'>>): Result<void> {
  const { joint } = parsed.act.body
  if (joint === undefined) return accept(undefined)
  const until = parseInstant(joint.until) ?? 0
  const timely =
    until > parsed.at && until <= Math.min(parsed.at + JOINT_SECONDS_MAX, parsed.expires)
  return timely ? accept(undefined) : refuse('joint-deadline-invalid')
}

function support(
  state: DecisionState,
  parsed: { act: ActOf<'notice.support'>; id: string },
): Result<Decision> {
  const { body } = parsed.act
  const party = partyOf(parsed)
  const notice = state.subjects.get('notice', body.notice)
  const campaign =
    notice?.campaign === undefined ? undefined : state.subjects.get('campaign', notice.campaign)
  if (
    notice === undefined ||
    notice.withdrawn === true ||
    !mayReadNotice({ notice, campaign }, partyReader(party))
  ) {
    return refuse('notice-unknown')
  }
  if (notice.filer === party) return refuse('notice-own')
  if (campaign === undefined || !hasAccepted(campaign, party))
    return refuse('campaign-not-accepted')
  if (notice.supports.some((entry) => entry.party === party)) return refuse('support-exists')
  const entry = { act: parsed.id, party, statements: body.statements }
  const next: NoticeState = { ...notice, supports: [...notice.supports, entry] }
  return accept(
    done({ kind: 'put', subject: 'notice', id: body.notice, state: next, tag: notice.filer }),
  )
}

function partyReader(domain: string): Reader {
  return { kind: 'party', domain, fingerprint: '' }
}

function release(
  state: DecisionState,
  parsed: { act: ActOf<'notice.release'>; id: string },
  now: number,
): Result<Decision> {
  const { act } = parsed
  const notice = state.subjects.get('notice', act.body.notice)
  if (notice === undefined) return refuse('notice-unknown')
  if (notice.released) return refuse('notice-not-pending')
  if (!isReleaseDue(state.directory, notice, now)) return refuse('not-due')
  if (!isReleasable(state, notice)) return refuse('signer-not-entitled')
  const counted = countedSupports(state.directory, notice)
  if (counted.join() !== act.body.supports.join()) return refuse('state-changed')
  const released: NoticeState = { ...notice, released: true, release: parsed.id }
  return accept(
    done(
      {
        kind: 'put',
        subject: 'notice',
        id: act.body.notice,
        state: released,
        tag: notice.filer,
      },
      ...supersede(state, { id: act.body.notice, notice }),
      { kind: 'close', act: act.body.notice, status: 'effective' },
    ),
  )
}

/** Act ids of the supports of parties that are active, ascending. */
export function countedSupports(directory: Directory, notice: NoticeState): readonly string[] {
  return notice.supports
    .filter(({ party }) => activeParty(directory, party).ok)
    .map((entry) => entry.act)
    .toSorted()
}

/** Tells whether a joint notice has its supports or has waited long enough. */
export function isReleaseDue(directory: Directory, notice: NoticeState, now: number): boolean {
  if (notice.released || notice.withdrawn === true || notice.joint === undefined) return false
  return (
    countedSupports(directory, notice).length >= notice.joint.required ||
    now >= (parseInstant(notice.joint.until) ?? 0)
  )
}

/**
 * Tells whether a notice that is due may go out: what was signed while it waited still stands, and the key that signed the envelopes was
 * not reported as compromised. Otherwise it lapses, since no customer's client would accept it.
 */
export function isReleasable(state: DecisionState, notice: NoticeState): boolean {
  const reporter = { party: notice.filer, fingerprint: notice.reporter }
  const isEntitled = isReporter(state.directory, reporter, ['active', 'retired'])
  return isEntitled && state.target?.isSigned === true
}

function lineOf(notice: NoticeState, index: number): string {
  return lineId(bundleId(notice.filer, notice.bundle.root), index)
}

function acknowledge(
  state: DecisionState,
  act: ActOf<'notice.acknowledge'>,
  now: number,
): Result<Decision> {
  const notice = state.subjects.get('notice', act.body.notice)
  const mailbox = 'mailbox' in act.by ? state.subjects.get('mailbox', act.by.mailbox) : undefined
  if (mailbox === undefined || mailbox.closed) return refuse('mailbox-unavailable')
  if (notice?.released !== true) return refuse('notice-unknown')
  const line = state.subjects.get('line', lineOf(notice, act.body.index))
  const bundle = state.subjects.get('bundle', bundleId(notice.filer, notice.bundle.root))
  const isOwn = 'mailbox' in act.by && line?.mailbox === act.by.mailbox
  if (!isOwn || line.upload !== bundle?.upload) return refuse('notice-unknown')
  const id = acknowledgementId(act)
  if (state.subjects.get('acknowledgement', id) !== undefined) return refuse('nothing-to-do')
  return accept(
    done({
      kind: 'put',
      subject: 'acknowledgement',
      id,
      state: { day: dayOf(now), index: act.body.index },
      tag: act.body.notice,
    }),
  )
}

function acknowledgementId(act: ActOf<'notice.acknowledge'>): string {
  return `${act.body.notice}:${'mailbox' in act.by ? act.by.mailbox : ''}`
}

/** Who may read a notice and its supports: the filer and the campaign's circle; recipients go by their line instead. */
export function mayReadNotice(
  state: { notice: NoticeState | undefined; campaign: CampaignState | undefined },
  reader: Reader,
): boolean {
  if (reader.kind !== 'party' || state.notice === undefined) return false
  if (reader.domain === state.notice.filer) return true
  return state.campaign !== undefined && isInCircle(state.campaign, reader.domain)
}
