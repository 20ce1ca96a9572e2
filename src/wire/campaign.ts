import { z } from 'zod'
import type { Json } from '#core/canonical-json.ts'
import type { Brief } from '#core/notice-statement.ts'
import { isHidden } from '#core/plain-text.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { domain, hash, origin } from './fields.ts'
import { BriefSchema } from './notice.ts'

/** How far a brief may go (FIRST TLP 2.0). */
export const TLP_LABELS = [
  'TLP:AMBER',
  'TLP:AMBER+STRICT',
  'TLP:CLEAR',
  'TLP:GREEN',
  'TLP:RED',
] as const
/** How soon a campaign needs an answer. */
export const URGENCIES = ['days', 'hours', 'weeks'] as const

/** Nothing unseen, and nothing that reorders what stands around it: officers read this on terminals. */
const seen = (charactersMax: number) =>
  z
    .string()
    .min(1)
    .max(charactersMax)
    .refine((text) => !isHidden(text), { error: 'hidden characters' })
const words = seen(2000)
const paragraphs = z.array(words).max(50).readonly()
const head = { author: domain, genesis: hash, origin, v: z.literal(1) }

/** What invited parties see before they accept: what it is about and on which terms, nothing of the content. */
export const CampaignLabelSchema = z.strictObject({
  ...head,
  kind: z.literal('campaign.label'),
  sector: seen(120),
  terms: paragraphs,
  tlp: z.enum(TLP_LABELS),
  urgency: z.enum(URGENCIES),
})
/** The label of a campaign. */
export type CampaignLabel = z.infer<typeof CampaignLabelSchema>

/** What those who accepted see: what was found, and what to look for. Never a customer. */
export const CampaignContentSchema = z.strictObject({
  ...head,
  campaign: hash,
  findings: paragraphs,
  indicators: z.array(seen(500)).max(5000).readonly(),
  kind: z.literal('campaign.content'),
})
/** The content of a campaign. */
export type CampaignContent = z.infer<typeof CampaignContentSchema>

/** What lets the parties of a campaign read what a notice commits to: brief, template and their salts. */
export const NoticeBriefSchema = z.strictObject({
  ...head,
  brief: z.strictObject({ content: BriefSchema, salt: hash }),
  campaign: hash,
  kind: z.literal('notice.brief'),
  template: z.strictObject({ hash, salt: hash }),
})
/** The brief of a notice, opened for the parties of its campaign. */
export type NoticeBrief = Omit<z.infer<typeof NoticeBriefSchema>, 'brief'> & {
  readonly brief: { readonly content: Brief; readonly salt: string }
}

/** Everything that parties send each other in a campaign. */
export type CampaignMessage = CampaignContent | CampaignLabel | NoticeBrief

const CampaignMessageSchema = z.discriminatedUnion('kind', [
  CampaignContentSchema,
  CampaignLabelSchema,
  NoticeBriefSchema,
])

/** Reads a message of a campaign. Refuses `brief-invalid`, naming the field. */
export function parseCampaignMessage(json: Json): Result<CampaignMessage> {
  const parsed = CampaignMessageSchema.safeParse(json)
  if (parsed.success) return accept(parsed.data)
  const issue = parsed.error.issues[0]
  return refuse(
    'brief-invalid',
    `${issue?.path.map(String).join('.') ?? ''}: ${issue?.code ?? 'invalid'}`,
  )
}
