import { z } from 'zod'
import type { Json } from '#core/canonical-json.ts'
import { accept, refuse, type Result } from '#core/result.ts'

const words = z.string().min(1).max(1000)

/** The sentences of an answer in one language; `{filer}`, `{date}`, `{since}`, `{hours}`, `{parties}` and `{filers}` are filled in. */
export const CheckWordsSchema = z.strictObject({
  corrected: words,
  desk_account: words,
  desk_not_found: words,
  desk_valid: words,
  direction: z.enum(['ltr', 'rtl']),
  incomplete: words,
  language: z.string().max(12),
  never: words,
  not_found: words,
  other: words,
  published: words,
  /** What whoever answers a telephone does and says, in this order. */
  script: z.array(words).length(5),
  steps: z.array(words).length(3),
  supports: words,
  updated: words,
  valid: words,
  withdrawn: words,
})
/** The sentences of an answer in one language. */
export type CheckWords = z.infer<typeof CheckWordsSchema>

/** Reads the sentences of a language. Refuses `template-invalid`, naming the member. */
export function parseCheckWords(json: Json): Result<CheckWords> {
  const parsed = CheckWordsSchema.safeParse(json)
  if (parsed.success) return accept(parsed.data)
  const path = parsed.error.issues[0]?.path.map(String).join('.') ?? ''
  return refuse('template-invalid', path)
}
