import { z } from 'zod'
import { NOTICE_KINDS } from '#core/act-bodies.ts'
import { isCheckCode } from '#core/check-code.ts'
import { CHECK_KEYINGS, CHECK_STATUSES } from '#core/check-list.ts'
import type { Json } from '#core/canonical-json.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { domain, hash, instant } from './fields.ts'
import { ReceiptSchema } from './receipt.ts'

const line = z.string().max(4000)

/** What a check answers with: who says what to do, to be compared with what was received. It names no recipient. */
export const CheckTextSchema = z.strictObject({
  /** The blocks that say what to do and whom to ask, as the notice has them. */
  blocks: z.array(z.strictObject({ heading: line, lines: z.array(line).max(100) })).max(8),
  direction: z.enum(['ltr', 'rtl']),
  /** The UTC day on which the notice was issued. */
  issued: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
  kind: z.enum(NOTICE_KINDS),
  language: z.string().max(12),
  /** Act id of the notice, where other parties stand behind it. */
  notice: hash.exactOptional(),
  subject: line,
  /** Acts of other parties, `notice.support`, that stand behind the notice. */
  supports: z
    .array(
      z.strictObject({
        payload: z
          .string()
          .max(8192)
          .regex(/^[A-Za-z0-9+/]+={0,2}$/),
        signatures: z.array(z.string().max(8192)).min(1).max(8),
      }),
    )
    .max(16),
  template: hash,
  v: z.literal(1),
})
/** What a check answers with. */
export type CheckText = z.infer<typeof CheckTextSchema>

/** Reads the text of a list. Refuses `check-list-malformed`. */
export function parseCheckText(json: Json): Result<CheckText> {
  const parsed = CheckTextSchema.safeParse(json)
  return parsed.success
    ? accept(parsed.data)
    : refuse('check-list-malformed', 'a text is not of its form')
}

/** The lists in force. Receipts come without the governance chain, which `GET /api/directory` has. */
export const CheckIndexSchema = z.strictObject({
  lists: z
    .array(
      z.strictObject({
        act: hash,
        filer: domain,
        keyed: z.enum(CHECK_KEYINGS),
        receipt: ReceiptSchema,
        release: instant,
      }),
    )
    .max(20_000),
  /** From one release to the next. */
  release_seconds: z.int().min(1),
})

/**
 * A line of the file that a list is built from: a text under a name of the filer's own, or a code with the name of its text. A text stands
 * before the first code that names it.
 */
export const CheckLineSchema = z.union([
  z.strictObject({ id: z.string().min(1).max(64), text: CheckTextSchema }),
  z.strictObject({
    account: z.string().min(1).max(400),
    code: z.string().refine(isCheckCode, { error: 'not a check code' }),
    since: z.string().regex(/^\d{4}-\d{2}-\d{2}$/),
    status: z.enum(CHECK_STATUSES),
    text: z.string().min(1).max(64),
  }),
])
/** A line of the file that a list is built from. */
export type CheckLine = z.infer<typeof CheckLineSchema>
