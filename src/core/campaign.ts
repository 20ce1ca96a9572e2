import type { ActOf, ParsedAct } from './act.ts'
import type { CampaignState, Decision, DecisionState, Reader, SubjectKey } from './decision.ts'
import { done, partyOf } from './decision.ts'
import { activeParty } from './directory.ts'
import { accept, refuse, type Result } from './result.ts'

/** The acts by which companies agree to look at one attack together. */
export type CampaignAct = ActOf<'campaign.accept' | 'campaign.open' | 'campaign.share'>

/** What deciding a campaign act reads. */
export function campaignReads(parsed: ParsedAct<CampaignAct>): readonly SubjectKey[] {
  const { act } = parsed
  switch (act.type) {
    case 'campaign.open':
      return [{ kind: 'brief', id: act.body.label }]
    case 'campaign.accept':
      return [{ kind: 'campaign', id: act.body.campaign }]
    case 'campaign.share':
      return [
        { kind: 'campaign', id: act.body.campaign },
        { kind: 'brief', id: act.body.content },
      ]
  }
}

/** Decides a campaign act. */
export function decideCampaign(
  state: DecisionState,
  parsed: ParsedAct<CampaignAct>,
): Result<Decision> {
  const { act } = parsed
  switch (act.type) {
    case 'campaign.open':
      return open(state, { act, id: parsed.id })
    case 'campaign.accept':
      return join(state, act)
    case 'campaign.share':
      return share(state, act)
  }
}

function open(
  state: DecisionState,
  parsed: { act: ActOf<'campaign.open'>; id: string },
): Result<Decision> {
  const { invited, label } = parsed.act.body
  const author = partyOf(parsed)
  for (const domain of invited) {
    const party = activeParty(state.directory, domain)
    if (!party.ok) return party
    if (domain === author) return refuse('campaign-not-invited', 'a campaign invites other parties')
  }
  const readable = checkBrief(state, { hash: label, author, allowed: [...invited, author] })
  if (!readable.ok) return readable
  const campaign: CampaignState = { author, invited, accepted: [], label, contents: [] }
  return accept(done({ kind: 'put', subject: 'campaign', id: parsed.id, state: campaign }))
}

function join(state: DecisionState, act: ActOf<'campaign.accept'>): Result<Decision> {
  const campaign = state.subjects.get('campaign', act.body.campaign)
  const party = partyOf({ act })
  if (campaign === undefined || !campaign.invited.includes(party)) return refuse('campaign-unknown')
  if (campaign.accepted.includes(party)) return refuse('nothing-to-do')
  const next: CampaignState = { ...campaign, accepted: [...campaign.accepted, party].toSorted() }
  return accept(done({ kind: 'put', subject: 'campaign', id: act.body.campaign, state: next }))
}

function share(state: DecisionState, act: ActOf<'campaign.share'>): Result<Decision> {
  const campaign = state.subjects.get('campaign', act.body.campaign)
  const party = partyOf({ act })
  if (campaign === undefined || campaign.author !== party) return refuse('campaign-unknown')
  const allowed = [...campaign.accepted, campaign.author]
  const readable = checkBrief(state, { hash: act.body.content, author: party, allowed })
  if (!readable.ok) return readable
  if (campaign.contents.includes(act.body.content)) return refuse('nothing-to-do')
  const next: CampaignState = { ...campaign, contents: [...campaign.contents, act.body.content] }
  return accept(done({ kind: 'put', subject: 'campaign', id: act.body.campaign, state: next }))
}

/** Refuses a message that is not there, is another party's, or can be read by a party outside the circle. */
export function checkBrief(
  state: DecisionState,
  brief: { hash: string; author: string; allowed: readonly string[] },
): Result<void> {
  const held = state.subjects.get('brief', brief.hash)
  if (held === undefined || held.party !== brief.author) return refuse('brief-unknown')
  // Who falsely claims a key cannot read with it, and must not keep its holder out.
  const isInside = held.recipients.every((parties) =>
    parties.some((domain) => brief.allowed.includes(domain)),
  )
  return isInside ? accept(undefined) : refuse('brief-recipients-wrong')
}

/** Tells whether a party belongs to a campaign's circle: its author and those invited. */
export function isInCircle(campaign: CampaignState, domain: string): boolean {
  return campaign.author === domain || campaign.invited.includes(domain)
}

/** Tells whether a party has seen a campaign's content: its author and those who accepted. */
export function hasAccepted(campaign: CampaignState, domain: string): boolean {
  return campaign.author === domain || campaign.accepted.includes(domain)
}

/** Who may read a campaign act: the circle. */
export function mayReadCampaign(campaign: CampaignState | undefined, reader: Reader): boolean {
  return campaign !== undefined && reader.kind === 'party' && isInCircle(campaign, reader.domain)
}
