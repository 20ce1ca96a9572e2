import { canonicalJson, type Json, type JsonObject } from './canonical-json.ts'
import { sha256Hex } from './hash.ts'
import { accept, refuse, type Result } from './result.ts'

/** The blocks of a notice, in the order in which every notice shows them. */
export const BLOCKS = [
  'summary',
  'state',
  'actions',
  'avoid',
  'knowledge',
  'confidence',
  'actor',
  'window',
  'help',
  'told',
  'check',
  'next',
] as const
/** One of `BLOCKS`. */
export type BlockId = (typeof BLOCKS)[number]

/** The passages that version 1 of the rendering asks a text for, each a list of paragraphs. */
export const PASSAGES = [
  'action',
  'actions_now',
  'actions_week',
  'avoid',
  'beside',
  'cannot_say',
  'check_account',
  'check_all',
  'check_all_aloud',
  'check_digits',
  'check_letters',
  'check_mailbox',
  'check_use',
  'clock_hour',
  'clock_minutes',
  'contact_mail',
  'contact_mail_aloud',
  'contact_phone',
  'contact_web',
  'correction',
  'date',
  'date_aloud',
  'date_first',
  'detected',
  'follow_up',
  'held',
  'help_after',
  'help_intro',
  'help_route',
  'hours',
  'hours_always',
  'issued_to_account',
  'issued_to_mailbox',
  'knowledge',
  'law',
  'list_separator',
  'method_plain',
  'next_update',
  'no_state_named',
  'not_known',
  'not_known_methods',
  'not_known_objective',
  'not_known_outcome',
  'not_known_sought',
  'product',
  'public_sentence',
  'reader',
  'rights',
  'safety_call',
  'safety_hours',
  'safety_subject',
  'seen',
  'sought',
  'told_nobody',
  'window_from',
  'window_from_to',
  'withdrawal_summary',
] as const
/** One of `PASSAGES`. */
export type PassageId = (typeof PASSAGES)[number]

/** The words of one action. */
export type ActionText = {
  readonly effect: string
  readonly minutes: number
  readonly task: string
}

/** Whom a template speaks to; the two need different advice, and an organisation is addressed as one. */
export const AUDIENCES = ['person', 'organisation'] as const
/** One of `AUDIENCES`. */
export type Audience = (typeof AUDIENCES)[number]

/** Signs inside addresses that a reading voice names. */
export const SIGNS = ['at', 'dot', 'hyphen', 'minus', 'plus', 'slash', 'underscore'] as const
/** One of `SIGNS`. */
export type Sign = (typeof SIGNS)[number]

/** How a language says aloud what is otherwise written in figures. */
export type AloudText = {
  /** The first to the thirty-first of a month, in the form they take inside a date. */
  readonly days: readonly string[]
  /** Zero to nine, each for itself. */
  readonly digits: readonly string[]
  /** Zero to twenty-four, as they are said between "from" and "to". */
  readonly hours: readonly string[]
  readonly months: readonly string[]
  /** Zero to sixty. */
  readonly numbers: readonly string[]
  /** What ends a sentence where the text has no sentence of its own: ". " in most languages. */
  readonly pause: string
  readonly signs: Readonly<Record<Sign, string>>
  /** By `y2026` and so on. */
  readonly years: Readonly<Record<string, string>>
}

/**
 * The words of one template in one language, assembled from the files of that language.
 *
 * Keys of `words`, `subjects` and `actions` are values of the closed lists with `_` for `-`, since canonical JSON allows no hyphen in
 * a key. `{name}` in a paragraph is a value that the rendering fills in. The months have the form they take inside a date.
 */
export type TemplateText = {
  readonly actions: Readonly<Record<string, ActionText>>
  readonly aloud: AloudText
  readonly audience: Audience
  readonly direction: 'ltr' | 'rtl'
  readonly headings: Readonly<Record<BlockId, string>>
  readonly kind: string
  readonly language: string
  readonly months: readonly string[]
  readonly passages: Readonly<Record<PassageId, readonly string[]>>
  readonly subjects: Readonly<Record<string, string>>
  readonly v: 1
  readonly version: number
  readonly words: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** What is advised in one state where the filer names no actions: the first to do now, the others this week. */
export type Advice = {
  readonly now: readonly string[]
  readonly state: string
  readonly week: readonly string[]
}

/** What a template can say, in no language: the values it has words for, the minutes of each action, and what it advises. */
export type TemplateKind = {
  readonly actions: readonly { readonly id: string; readonly minutes: number }[]
  /** One for each state that the template has words for. */
  readonly advice: readonly Advice[]
  readonly audience: Audience
  /** What was attacked, where the filer does not say. */
  readonly default_asset: string
  readonly fields: Readonly<Record<string, readonly string[]>>
  readonly kind: string
  readonly v: 1
  readonly version: number
}

/** What a coalition adopts: the kind, and the hash of its text in each language, sorted by language. */
export type TemplateManifest = TemplateKind & {
  readonly languages: readonly { readonly hash: string; readonly language: string }[]
}

/** What a template is called: its kind and its audience, `device/organisation`. */
export function templateName({ audience, kind }: Pick<TemplateKind, 'audience' | 'kind'>): string {
  return `${kind}/${audience}`
}

/**
 * The key under which a text keeps its words for a value: `access-confirmed` is found at `access_confirmed`.
 */
export function wordKey(value: string): string {
  return value.toLowerCase().replaceAll('-', '_')
}

/** The hash of a text: SHA-256 of its canonical JSON, in lower-case hex. */
export function textHash(text: TemplateText | JsonObject): string {
  return sha256Hex(canonicalJson(text))
}

/** The hash of a template: SHA-256 of the canonical JSON of its manifest, in lower-case hex. */
export function templateHash(manifest: TemplateManifest | JsonObject): string {
  return sha256Hex(canonicalJson(manifest))
}

/** Hashes of the texts that a manifest names, ascending and each once; none where it is not of the form of a manifest. */
export function languageHashes(manifest: JsonObject): readonly string[] {
  const { languages } = manifest
  if (!Array.isArray(languages)) return []
  const hashes = languages.map((entry: Json) => (isObject(entry) ? entry['hash'] : undefined))
  return [...new Set(hashes.filter((hash) => typeof hash === 'string'))].toSorted()
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Checks that a text is the one that a template has for its language.
 *
 * Refuses `notice-template-wrong` where the manifest has another hash than `hash` or another text; `language-missing` where the
 * template does not have the language.
 */
export function checkText(
  template: { readonly hash: string; readonly manifest: TemplateManifest },
  text: TemplateText,
): Result<TemplateText> {
  if (templateHash(template.manifest) !== template.hash) {
    return refuse('notice-template-wrong', 'the manifest has another hash')
  }
  const entry = template.manifest.languages.find(({ language }) => language === text.language)
  if (entry === undefined) return refuse('language-missing')
  return entry.hash === textHash(text)
    ? accept(text)
    : refuse('notice-template-wrong', 'the text has another hash')
}
