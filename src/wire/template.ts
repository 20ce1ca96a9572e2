import { z } from 'zod'
import { NOTICE_KINDS } from '#core/act-bodies.ts'
import type { Json } from '#core/canonical-json.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import {
  AUDIENCES,
  BLOCKS,
  PASSAGES,
  SIGNS,
  type TemplateKind,
  type TemplateManifest,
  type TemplateText,
} from '#core/template.ts'
import { hash } from './fields.ts'

/** A key of canonical JSON. */
const KEY = /^[a-z][a-z0-9_]{0,62}$/
// oxlint-disable-next-line no-control-regex -- control characters are what this keeps out
const CLEAN = /^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/

const words = z.string().min(1).max(600).regex(CLEAN)
const key = z.string().regex(KEY)
const value = z.string().regex(/^[a-z][A-Za-z0-9-]{0,62}$/)
const language = z.string().regex(/^[a-z]{2,3}(?:-[A-Z][a-z]{3})?$/)
/** No more than a voice has words for. */
const minutes = z.int().min(1).max(60)

const AloudTextSchema = z.strictObject({
  days: z.array(words).length(31),
  digits: z.array(words).length(10),
  hours: z.array(words).length(25),
  months: z.array(words).length(12),
  numbers: z.array(words).length(61),
  pause: words,
  signs: z.record(z.enum(SIGNS), words),
  years: z.record(z.string().regex(/^y20[0-9]{2}$/), words),
})

/** One template in one language. */
export const TemplateTextSchema = z.strictObject({
  actions: z.record(key, z.strictObject({ effect: words, minutes, task: words })),
  aloud: AloudTextSchema,
  audience: z.enum(AUDIENCES),
  direction: z.enum(['ltr', 'rtl']),
  headings: z.record(z.enum(BLOCKS), words),
  kind: value,
  language,
  months: z.array(words).length(12),
  passages: z.record(z.enum(PASSAGES), z.array(words).min(1).max(6)),
  subjects: z.record(z.enum(NOTICE_KINDS), words),
  v: z.literal(1),
  version: z.int().min(1),
  words: z.record(key, z.record(key, words)),
}) satisfies z.ZodType<TemplateText>

const actions = z.array(value).max(10)

/** What a template can say, in no language. */
export const TemplateKindSchema = z.strictObject({
  actions: z.array(z.strictObject({ id: value, minutes })).max(60),
  advice: z.array(z.strictObject({ now: actions, state: value, week: actions })).max(20),
  audience: z.enum(AUDIENCES),
  default_asset: value,
  fields: z.record(key, z.array(value).min(1).max(100)),
  kind: value,
  v: z.literal(1),
  version: z.int().min(1),
}) satisfies z.ZodType<TemplateKind>

/** What a coalition adopts: a template with the hash of each of its texts. */
export const TemplateManifestSchema = z.strictObject({
  ...TemplateKindSchema.shape,
  languages: z.array(z.strictObject({ hash, language })).min(1).max(60),
}) satisfies z.ZodType<TemplateManifest>

/** Reads the words of a template in one language. Refuses `template-invalid`, naming the field. */
export function parseTemplateText(json: Json): Result<TemplateText> {
  return read(TemplateTextSchema, json)
}

/** Reads what a template can say. Refuses `template-invalid`, naming the field. */
export function parseTemplateKind(json: Json): Result<TemplateKind> {
  return read(TemplateKindSchema, json)
}

/** Reads a manifest. Refuses `template-invalid`, naming the field. */
export function parseTemplateManifest(json: Json): Result<TemplateManifest> {
  return read(TemplateManifestSchema, json)
}

function read<T>(schema: z.ZodType<T>, json: Json): Result<T> {
  const parsed = schema.safeParse(json)
  if (parsed.success) return accept(parsed.data)
  const issue = parsed.error.issues[0]
  return refuse(
    'template-invalid',
    `${issue?.path.map(String).join('.') ?? ''}: ${issue?.code ?? 'invalid'}`,
  )
}
