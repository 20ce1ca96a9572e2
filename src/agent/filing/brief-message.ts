import { composeCampaignMessage } from '#client/campaign.ts'
import { readCampaign } from '#client/filed-act.ts'
import type { NoticePlan } from '#client/notice.ts'
import type { Result } from '#core/result.ts'
import { parseCampaignMessage } from '#wire/campaign.ts'
import type { Filer } from './file-notice.ts'

/** Sends brief and template of a notice to the parties of its campaign, encrypted to them. Gives the hash of the message. */
export async function sendBrief(
  { api, directory, party, reporterKey }: Filer,
  plan: NoticePlan,
  campaign: string,
): Promise<Result<string>> {
  const opened = await readCampaign(api, campaign)
  if (!opened.ok) return opened
  const { author, invited } = opened.value
  const { brief, genesis, origin, salts, template } = plan
  const message = parseCampaignMessage({
    author: party,
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
    directory,
    key: reporterKey,
    at: plan.at,
  })
  return sealed.ok ? await api.uploadBrief(sealed.value.message) : sealed
}
