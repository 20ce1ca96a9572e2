import { z } from 'zod'
import { NOTICE_KINDS } from '#core/act-bodies.ts'
import type { Json } from '#core/canonical-json.ts'
import {
  ACTIONS_NOW_MAX,
  checkBrief,
  checkFacts,
  checkStatement,
  HELPER_NAME_CHARACTERS_MAX,
  OWN_WORDS_CHARACTERS_MAX,
  PRODUCT_CHARACTERS_MAX,
} from '#core/notice-rules.ts'
import type { Brief, Contact, Facts, NoticeStatement } from '#core/notice-statement.ts'
import {
  ACTIONS,
  ACTOR_CATEGORIES,
  ASSETS,
  AUTHORITY_TOLD,
  CONFIDENCES,
  HELP_DAYS,
  HELP_KINDS,
  HOLD_REASONS,
  METHODS,
  OBJECTIVES,
  ONGOING,
  REPORTING_LAWS,
  SOUGHT,
  TARGET_STATES,
  TOLD_OTHERS,
} from '#core/notice-vocabulary.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { domain, fingerprint, hash, mailbox, origin, salt16 } from './fields.ts'

const WEB =
  /^(?!www\.|ftp\.)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9](?:\/[a-z0-9-]{1,40}){0,3}$/
const MAIL =
  /^[a-z0-9][a-z0-9._+-]{0,63}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/
const PHONE = /^\+[0-9]{1,3}(?: [0-9]{1,6}){1,6}$/
const LANGUAGE = /^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$/
const CLOCK = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$/
const ZONE = /^UTC(?:[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?$/

/** UTF-16 units: no character takes more than two, so this never refuses what core's own count of characters accepts. */
const OWN_WORDS_MAX = 2 * OWN_WORDS_CHARACTERS_MAX

const language = z.string().max(12).regex(LANGUAGE)
const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/)
const ownWords = z.string().min(1).max(OWN_WORDS_MAX)

const ContactSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('phone'), value: z.string().max(40).regex(PHONE) }),
  z.strictObject({ kind: z.literal('web'), value: z.string().max(120).regex(WEB) }),
  z.strictObject({ kind: z.literal('mail'), value: z.string().max(120).regex(MAIL) }),
]) satisfies z.ZodType<Contact>

const HelpRouteSchema = z.strictObject({
  contact: ContactSchema,
  hours: z.strictObject({
    days: z.enum(HELP_DAYS),
    from: z.string().regex(CLOCK),
    to: z.string().regex(CLOCK),
    zone: z.string().regex(ZONE),
  }),
  kind: z.enum(HELP_KINDS),
  languages: z.array(language).min(1).max(20),
  name: z
    .string()
    .min(1)
    .max(2 * HELPER_NAME_CHARACTERS_MAX),
})

/** The shape of a brief; `parseBrief` checks the rest. */
export const BriefSchema = z.strictObject({
  actor_category: z.enum(ACTOR_CATEGORIES),
  authority: z.strictObject({
    law: z.enum(REPORTING_LAWS).exactOptional(),
    told: z.enum(AUTHORITY_TOLD),
  }),
  confidence: z.enum(CONFIDENCES),
  detected_on: day,
  help: z.array(HelpRouteSchema).min(1).max(HELP_KINDS.length),
  hold_reason: z.enum(HOLD_REASONS).exactOptional(),
  method_plain: ownWords.exactOptional(),
  methods: z.array(z.enum(METHODS)).min(1).max(4),
  next_update: day,
  objective: z.enum(OBJECTIVES),
  ongoing: z.enum(ONGOING),
  product: z
    .string()
    .min(1)
    .max(2 * PRODUCT_CHARACTERS_MAX)
    .exactOptional(),
  told_others: z.array(z.enum(TOLD_OTHERS)).max(TOLD_OTHERS.length),
  v: z.literal(1),
  window_from: day,
  window_to: day.exactOptional(),
}) satisfies z.ZodType<Brief>

/** The shape of one recipient's facts; `parseFacts` checks the rest. */
export const FactsSchema = z.strictObject({
  actions_now: z.array(z.enum(ACTIONS)).min(1).max(ACTIONS_NOW_MAX),
  actions_week: z.array(z.enum(ACTIONS)).max(5),
  asset: z.enum(ASSETS),
  safety: z.literal('call-only').exactOptional(),
  seen: ownWords.exactOptional(),
  sought: z.array(z.enum(SOUGHT)).min(1).max(6),
  target_state: z.enum(TARGET_STATES),
  window_from: day.exactOptional(),
  window_to: day.exactOptional(),
}) satisfies z.ZodType<Facts>

/** The shape of what a filer signs; `parseStatement` checks the rest. */
export const NoticeStatementSchema = z.strictObject({
  also: language.exactOptional(),
  brief: z.strictObject({ content: BriefSchema, salt: hash }),
  check: z.string().length(20),
  facts: FactsSchema,
  filer: domain,
  genesis: hash,
  kind: z.enum(NOTICE_KINDS),
  language,
  notice: salt16,
  origin,
  supersedes: salt16.exactOptional(),
  template: z.strictObject({ hash, salt: hash }),
  to: z.union([
    z.strictObject({ fingerprint, mailbox }),
    z.strictObject({ account: z.string().min(1).max(400) }),
  ]),
  v: z.literal(1),
}) satisfies z.ZodType<NoticeStatement>

/** Reads a statement, as found in a signed entity. Refuses `notice-malformed`, `brief-invalid`, `facts-invalid`. */
export function parseStatement(json: Json): Result<NoticeStatement> {
  const shaped = read(NoticeStatementSchema, json, 'notice-malformed')
  return shaped.ok ? checkStatement(shaped.value) : shaped
}

/** Reads a brief. Refuses `brief-invalid`, naming the field. */
export function parseBrief(json: Json): Result<Brief> {
  const shaped = read(BriefSchema, json, 'brief-invalid')
  return shaped.ok ? checkBrief(shaped.value) : shaped
}

/** Reads one recipient's facts. Refuses `facts-invalid`, naming the field. */
export function parseFacts(json: Json): Result<Facts> {
  const shaped = read(FactsSchema, json, 'facts-invalid')
  return shaped.ok ? checkFacts(shaped.value) : shaped
}

function read<T>(schema: z.ZodType<T>, json: Json, reason: RefusalReason): Result<T> {
  const parsed = schema.safeParse(json)
  if (parsed.success) return accept(parsed.data)
  const issue = parsed.error.issues[0]
  // Paths are made of our own field names and of positions; a message could quote what was written.
  const path = issue?.path.map(String).join('.') ?? ''
  return refuse(reason, `${path === '' ? 'the whole' : path}: ${issue?.code ?? 'invalid'}`)
}
