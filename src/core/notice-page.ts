import type { Brief, NoticeStatement } from './notice-statement.ts'
import { type PassageId, type TemplateText, wordKey } from './template.ts'

/** Read by eye, or read out: figures, codes and addresses are said in words then. */
export type Voice = 'spoken' | 'written'

/** What the blocks are written with: the words of one language, the values of one notice, and a note of what was lacking. */
export interface Page {
  readonly missing: string[]
  readonly statement: NoticeStatement
  readonly text: TemplateText
  readonly values: Readonly<Record<string, string>>
  readonly voice: Voice
}

type Values = Readonly<Record<string, string>>

/** Begins with an isolate or a letter that is written from right to left, before any other letter. */
const RIGHT_TO_LEFT =
  /^[^A-Za-z\u00c0-\u058f\u0900-\u1fff\u2c00-\ufb1c]*?[\u0590-\u08ff\u2067\u2068\ufb1d-\ufdff\ufe70-\ufefc]/

/** What is the same for every recipient. */
export function brief({ statement }: Page): Brief {
  return statement.brief.content
}

/** Whether the notice takes an earlier one back. */
export function isWithdrawal({ statement }: Page): boolean {
  return statement.kind === 'withdrawal'
}

/** The words for some values of a closed list, as one enumeration. */
export function list(page: Page, table: string, values: readonly string[]): string {
  return values.map((value) => word(page, table, value)).join(phrase(page, 'list_separator'))
}

/** The words for a value of a closed list. */
export function word(page: Page, table: string, value: string): string {
  return fill(page, entry(page, page.text.words[table] ?? {}, value))
}

/** The paragraphs of a passage, with its placeholders filled. */
export function passage(page: Page, id: PassageId, values: Values = {}): string[] {
  const local = { ...page, values: { ...page.values, ...values } }
  return page.text.passages[id].map((paragraph) => fill(local, paragraph))
}

/** A passage of one paragraph that stands inside another. */
export function phrase(page: Page, id: PassageId, values: Values = {}): string {
  return passage(page, id, values).join(' ')
}

/** Notes a value without words instead of throwing, so that the refusal can name it. */
export function entry<T>(page: Page, entries: Readonly<Record<string, T>>, name: string) {
  const key = wordKey(name)
  const found = Object.hasOwn(entries, key) ? entries[key] : undefined
  if (found === undefined) page.missing.push(`the template lacks words for ${key}`)
  return found
}

/** Puts values in place in one pass, so that a value that looks like a placeholder stays text. */
export function fill({ missing, text, values }: Page, paragraph = ''): string {
  return paragraph.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) missing.push(`the template asks for ${name}, and nothing says it`)
    return text.direction === 'rtl' ? isolated(value ?? '') : (value ?? '')
  })
}

/**
 * Keeps a Latin domain name from reordering the sentence around it (Unicode Bidirectional Algorithm, UAX 9).
 *
 * A value runs as its first letter does. A phrase of the text itself runs as the text does, also where it has no letter outside the
 * values in it: a date is a number, a name and a number.
 */
function isolated(value: string): string {
  return `${RIGHT_TO_LEFT.test(value) ? '\u2067' : '\u2068'}${value}\u2069`
}
