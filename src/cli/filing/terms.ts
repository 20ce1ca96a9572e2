import { composeCampaignMessage } from '#client/campaign.ts'
import type { Api } from '#client/http.ts'
import type { NoticeFiling, NoticePlan } from '#client/notice.ts'
import type { UnlockedKey } from '#client/openpgp.ts'
import { type JointTerms, NOTICE_KINDS, type NoticeKind } from '#core/act-bodies.ts'
import { accept, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { parseCampaignMessage } from '#wire/campaign.ts'
import { readCampaign } from '#cli/commands/campaign.ts'
import { readId } from '#cli/commands/party.ts'
import type { OfficerActor } from '#cli/connection.ts'
import type { Call } from '#cli/output.ts'
import type { ProductFolder } from '#cli/product-files.ts'
import { UsageError } from '#cli/usage-error.ts'
import type { FilingWork } from './journal.ts'

const JOINT_HOURS_MAX = 24

/** A filing under way. */
export interface Filing {
  readonly call: Call
  readonly actor: OfficerActor
  readonly api: Api
  readonly folder: ProductFolder
  readonly reporterKey: UnlockedKey
}

/** What the act says beside bundle, brief and template; with a campaign, the brief goes up for its parties. */
export async function readTerms(
  filing: Filing,
  plan: NoticePlan,
  work: FilingWork,
): Promise<Result<NoticeFiling>> {
  const { args } = filing.call
  const supersedes = args.maybe('supersedes')
  const terms = {
    reporter: filing.reporterKey.fingerprint,
    ...(supersedes === undefined ? {} : { supersedes: readId(supersedes) }),
  }
  const campaign = args.maybe('campaign')
  if (campaign === undefined) return accept(terms)
  const sent = work.journal().briefMessage
  const briefMessage =
    sent === undefined ? await sendBrief(filing, plan, readId(campaign)) : accept(sent)
  if (!briefMessage.ok) return briefMessage
  if (sent === undefined) work.note({ briefMessage: briefMessage.value })
  return accept({ ...terms, campaign, briefMessage: briefMessage.value })
}

async function sendBrief(
  { actor, api, reporterKey }: Filing,
  plan: NoticePlan,
  campaign: string,
): Promise<Result<string>> {
  const opened = await readCampaign(api, campaign)
  if (!opened.ok) return opened
  const { author, invited } = opened.value
  const { brief, genesis, origin, salts, template } = plan
  const message = parseCampaignMessage({
    author: actor.party,
    brief: { content: brief, salt: salts.brief },
    campaign,
    genesis,
    kind: 'notice.brief',
    origin,
    template: { hash: template.hash, salt: salts.template },
    v: 1,
  })
  if (!message.ok) return message
  const sealed = await composeCampaignMessage({
    message: message.value,
    parties: [author, ...invited],
    directory: actor.replay.directory,
    key: reporterKey,
    at: plan.at,
  })
  return sealed.ok ? await api.uploadBrief(sealed.value.message) : sealed
}

/** @throws UsageError where the options for following an earlier notice do not go with the kind. */
export function checkSupersedes({ args }: Call, kind: NoticeKind): void {
  if ((args.maybe('supersedes') === undefined) !== (kind === 'first'))
    throw new UsageError('--supersedes goes with every --kind but first')
  if (kind !== 'first' && args.maybe('supersedes-files') === undefined) {
    throw new UsageError(
      '--supersedes-files is missing: each customer is told which notice this one follows',
    )
  }
}

/** The kind that an option names. @throws UsageError for another. */
export function readKind(named: string): NoticeKind {
  const kind = NOTICE_KINDS.find((known) => known === named)
  if (kind === undefined) throw new UsageError(`--kind is one of ${NOTICE_KINDS.join(', ')}`)
  return kind
}

/** What a joint notice waits for; `undefined` for one that waits for nothing. @throws UsageError for numbers out of range. */
export function readJoint({ args }: Call, now: number): JointTerms | undefined {
  const required = args.count('joint-required')
  const hours = args.count('joint-hours') ?? JOINT_HOURS_MAX
  if (required === undefined) return undefined
  if (required < 1) throw new UsageError('--joint-required is at least 1')
  if (hours < 1 || hours > JOINT_HOURS_MAX)
    throw new UsageError(`--joint-hours is 1 to ${String(JOINT_HOURS_MAX)}`)
  return { required, until: formatInstant(now + hours * 3600) }
}
