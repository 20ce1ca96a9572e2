import { z } from 'zod'
import type { ApprovalScope } from '#core/approval.ts'
import type { Json } from '#core/canonical-json.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { ascending, hash, instant } from './fields.ts'

/** What the approving party keeps beside the act: it opens the commitment, and stays with the party. */
export interface ApprovalFile {
  /** Act id of the `template.approve`. */
  readonly approval: string
  readonly salt: string
  readonly scope: ApprovalScope
  readonly template: string
  readonly until: string
  readonly v: 1
}

/** The file of an approval. */
export const ApprovalFileSchema = z.strictObject({
  approval: hash,
  salt: hash,
  scope: z.strictObject({
    countries: ascending(z.string().regex(/^[A-Z]{2}$/), { min: 1, max: 249 }).exactOptional(),
    own_words: z.boolean(),
  }),
  template: hash,
  until: instant,
  v: z.literal(1),
}) satisfies z.ZodType<ApprovalFile>

/** Reads the file of an approval. Refuses `approval-exceeded`. */
export function parseApproval(json: Json): Result<ApprovalFile> {
  const parsed = ApprovalFileSchema.safeParse(json)
  return parsed.success
    ? accept(parsed.data)
    : refuse('approval-exceeded', 'this is not the file of an approval')
}
