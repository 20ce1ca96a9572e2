import type { Brief, Contact, HelpHours, NoticeStatement } from './notice-statement.ts'
import { wrapLines } from './plain-text.ts'
import { refuse, accept, type Result } from './result.ts'
import { BLOCKS, type BlockId, type PassageId, type TemplateText, wordKey } from './template.ts'

/** A paragraph, or an item that can be named on the telephone by its number (`3.2`). */
export interface RenderedParagraph {
  readonly number?: string
  readonly text: string
}

/** One numbered block of a notice. */
export interface RenderedBlock {
  readonly heading: string
  readonly id: BlockId
  readonly paragraphs: readonly RenderedParagraph[]
}

/** A notice as a reader meets it. */
export interface RenderedNotice {
  readonly blocks: readonly RenderedBlock[]
  readonly direction: 'ltr' | 'rtl'
  /** Whom the notice was issued to. */
  readonly issuedTo: string
  readonly language: string
  /** The whole notice as lines of text, without line ends. */
  readonly lines: readonly string[]
  readonly subject: string
}

/** What the blocks are written with: the words of one language, the values of one notice, and a note of what was lacking. */
interface Page {
  readonly missing: string[]
  readonly statement: NoticeStatement
  readonly text: TemplateText
  readonly values: Readonly<Record<string, string>>
}

type Draft = readonly (string | { readonly item: string })[]

/** A withdrawn notice asks for nothing and accuses nobody: it keeps only these blocks. */
const WITHDRAWAL_BLOCKS: readonly BlockId[] = ['summary', 'help', 'check', 'next']

/** Begins with an isolate or a letter that is written from right to left, before any other letter. */
const RIGHT_TO_LEFT =
  /^[^A-Za-z\u00c0-\u058f\u0900-\u1fff\u2c00-\ufb1c]*?[\u0590-\u08ff\u2067\u2068\ufb1d-\ufdff\ufe70-\ufefc]/

const DRAFTS: Readonly<Record<BlockId, (page: Page) => Draft>> = {
  summary: summaryBlock,
  state: (page) => [word(page, 'target_state', page.statement.facts.target_state)],
  actions: actionsBlock,
  avoid: (page) => passage(page, 'avoid').map((item) => ({ item })),
  knowledge: knowledgeBlock,
  confidence: (page) => [word(page, 'confidence', brief(page).confidence)],
  actor: (page) => [
    word(page, 'actor_category', brief(page).actor_category),
    ...passage(page, 'no_state_named'),
  ],
  window: windowBlock,
  help: helpBlock,
  told: toldBlock,
  check: checkBlock,
  next: nextBlock,
}

/**
 * Renders a notice from the words of an adopted template and typed values, and nothing else.
 *
 * The same arguments give the same characters on every machine and for ever: no locale data, no clock; signatures are over the
 * result, so a change to what this writes needs a new `v` in the text. Refuses `language-missing` where the text is in another
 * language than the statement, `facts-invalid` where the template lacks words for a value.
 */
export function renderNotice(
  text: TemplateText,
  statement: NoticeStatement,
): Result<RenderedNotice> {
  if (text.language !== statement.language) return refuse('language-missing')
  const missing: string[] = []
  const bare: Page = { missing, statement, text, values: plainValues(statement) }
  const page: Page = { ...bare, values: { ...bare.values, ...wordValues(bare) } }

  const blocks = BLOCKS.filter((id) => isShown(id, statement)).map((id, index) =>
    numbered(page, id, index + 1),
  )
  const subject = fill(page, entry(page, text.subjects, statement.kind))
  const to = 'account' in statement.to ? 'issued_to_account' : 'issued_to_mailbox'
  const issuedTo = phrase(page, to)
  if (missing[0] !== undefined) return refuse('facts-invalid', `the template lacks ${missing[0]}`)
  const { direction, language } = text
  const lines = linesOf({ blocks, direction, issuedTo, subject })
  return accept({ blocks, direction, issuedTo, language, lines, subject })
}

function isShown(id: BlockId, { kind }: NoticeStatement): boolean {
  return kind !== 'withdrawal' || WITHDRAWAL_BLOCKS.includes(id)
}

function numbered(page: Page, id: BlockId, position: number): RenderedBlock {
  let items = 0
  const paragraphs = DRAFTS[id](page).map((part): RenderedParagraph => {
    if (typeof part === 'string') return { text: part }
    items += 1
    return { number: `${String(position)}.${String(items)}`, text: part.item }
  })
  return { heading: `${String(position)}. ${page.text.headings[id]}`, id, paragraphs }
}

function linesOf({
  blocks,
  direction,
  issuedTo,
  subject,
}: Pick<RenderedNotice, 'blocks' | 'direction' | 'issuedTo' | 'subject'>): string[] {
  const lines = [
    ...wrapLines(subject),
    '',
    ...wrapLines(issuedTo),
    ...blocks.flatMap(({ heading, paragraphs }) => [
      '',
      '',
      ...wrapLines(heading),
      ...paragraphs.flatMap(({ number, text }, index) => [
        ...(index === 0 || (number !== undefined && isItem(paragraphs[index - 1])) ? [] : ['']),
        ...wrapLines(text, number === undefined ? '' : `${number} `),
      ]),
    ]),
  ]
  return direction === 'rtl' ? lines.map(rightToLeft) : lines
}

/**
 * Plain text has no direction of its own: the mark is for programs that look for a line's first letter, which here stands behind a
 * number or inside an isolate, and the isolate for programs that show everything from left to right.
 */
function rightToLeft(line: string): string {
  return line === '' ? '' : `\u200f\u2067${line}\u2069`
}

function isItem(paragraph: RenderedParagraph | undefined): boolean {
  return paragraph?.number !== undefined
}

function summaryBlock(page: Page): Draft {
  const { kind, facts } = page.statement
  if (kind === 'withdrawal') return passage(page, 'withdrawal_summary')
  const replaced = kind === 'first' ? [] : passage(page, kind)
  return [word(page, 'summary', facts.target_state), ...replaced, ...passage(page, 'reader')]
}

function actionsBlock(page: Page): Draft {
  const { actions_now: now, actions_week: week } = page.statement.facts
  return [
    ...passage(page, 'actions_now'),
    ...now.map((id) => action(page, id)),
    ...(week.length === 0 ? [] : passage(page, 'actions_week')),
    ...week.map((id) => action(page, id)),
  ]
}

function action(page: Page, id: string): { readonly item: string } {
  const { effect, minutes, task } = entry(page, page.text.actions, id) ?? {
    effect: '',
    minutes: 0,
    task: '',
  }
  const words = { effect: fill(page, effect), task: fill(page, task) }
  return { item: phrase(page, 'action', { ...words, minutes: String(minutes) }) }
}

function knowledgeBlock(page: Page): Draft {
  const { method_plain: plain, methods, objective, product } = brief(page)
  const { seen, sought, target_state: state } = page.statement.facts
  const unknowns: readonly (readonly [PassageId, boolean])[] = [
    ['not_known_outcome', state === 'targeted-outcome-unknown'],
    ['not_known_methods', methods.includes('unknown')],
    ['not_known_objective', objective === 'unknown'],
    ['not_known_sought', sought.includes('unknown')],
  ]
  const known = methods.filter((method) => method !== 'unknown')
  return [
    ...(known.length === 0 ? [] : passage(page, 'knowledge')),
    ...known.map((method) => ({ item: word(page, 'method', method) })),
    ...(product === undefined ? [] : passage(page, 'product')),
    ...(plain === undefined ? [] : passage(page, 'method_plain', { quote: plain })),
    ...(seen === undefined ? [] : passage(page, 'seen', { quote: seen })),
    ...passage(page, 'not_known'),
    ...unknowns
      .filter(([, isUnknown]) => isUnknown)
      .flatMap(([id]) => passage(page, id).map((item) => ({ item }))),
    ...passage(page, 'cannot_say'),
  ]
}

function windowBlock(page: Page): Draft {
  const { detected_on: detected, hold_reason: held, objective, ongoing } = brief(page)
  const { facts } = page.statement
  const { window_from: from, window_to: to } = facts.window_from === undefined ? brief(page) : facts
  const days = { from: date(page, from ?? ''), to: to === undefined ? '' : date(page, to) }
  const sought = facts.sought.filter((thing) => thing !== 'unknown')
  return [
    ...passage(page, to === undefined ? 'window_from' : 'window_from_to', days),
    word(page, 'ongoing', ongoing),
    ...passage(page, 'detected', { detected_on: date(page, detected) }),
    ...(held === undefined
      ? []
      : passage(page, 'held', { reason: word(page, 'hold_reason', held) })),
    ...(objective === 'unknown' ? [] : [word(page, 'objective', objective)]),
    ...(sought.length === 0
      ? []
      : passage(page, 'sought', { sought: list(page, 'sought', sought) })),
  ]
}

function helpBlock(page: Page): Draft {
  return [
    ...(isWithdrawal(page) ? [] : passage(page, 'help_intro')),
    ...brief(page).help.map(({ contact, hours, kind, languages, name }) => ({
      item: phrase(page, 'help_route', {
        contact: contactLine(page, contact),
        hours: hoursLine(page, hours),
        kind: word(page, 'help_kind', kind),
        languages: languageNames(page, languages),
        name,
      }),
    })),
    ...passage(page, 'help_after'),
  ]
}

/** A mail address is written without its sign, so that no mail program makes a link of it; a number stays on one line. */
function contactLine(page: Page, { kind, value }: Contact): string {
  const [local = '', domain = ''] = value.split('@')
  return phrase(page, `contact_${kind}`, { domain, local, value: value.replaceAll(' ', '\u00a0') })
}

function hoursLine(page: Page, { days, from, to, zone }: HelpHours): string {
  const isAlways = days === 'every-day' && from === '00:00' && to === '24:00'
  return isAlways
    ? phrase(page, 'hours_always')
    : phrase(page, 'hours', { days: word(page, 'help_days', days), from, to, zone })
}

/** A language that the template has no name for is shown by its tag: help in it must not be kept from those who speak it. */
function languageNames(page: Page, tags: readonly string[]): string {
  const names = page.text.words['language'] ?? {}
  const separator = phrase(page, 'list_separator')
  return tags.map((tag) => names[wordKey(tag)] ?? tag).join(separator)
}

function toldBlock(page: Page): Draft {
  const { authority, told_others: told } = brief(page)
  const others = told.map((whom) => word(page, 'told_others', whom))
  return [
    ...(others.length === 0 ? passage(page, 'told_nobody') : others),
    word(page, 'authority', authority.told),
    ...(authority.law === undefined
      ? []
      : passage(page, 'law', { law: word(page, 'law', authority.law) })),
  ]
}

function checkBlock(page: Page): Draft {
  const own = 'account' in page.statement.to ? 'check_account' : 'check_mailbox'
  return [...passage(page, own), ...passage(page, 'check_all'), ...passage(page, 'public_sentence')]
}

function nextBlock(page: Page): Draft {
  const day = { next_update: date(page, brief(page).next_update) }
  return [
    ...(isWithdrawal(page) ? [] : passage(page, 'next_update', day)),
    ...passage(page, 'rights'),
  ]
}

function isWithdrawal({ statement }: Page): boolean {
  return statement.kind === 'withdrawal'
}

/** Values that are the same in every language. */
function plainValues(statement: NoticeStatement) {
  const { filer, genesis, notice, origin, supersedes, to } = statement
  const { product } = statement.brief.content
  const recipient =
    'account' in to
      ? { account: to.account }
      : { fingerprint: inFours(to.fingerprint), mailbox: inFours(to.mailbox) }
  return {
    filer,
    genesis: inFours(genesis),
    notice: inFours(notice),
    origin,
    ...(product === undefined ? {} : { product }),
    supersedes: inFours(supersedes ?? ''),
    ...recipient,
  }
}

/** Values that are words of the language and stand inside sentences. */
function wordValues(page: Page): Readonly<Record<string, string>> {
  return {
    actor: word(page, 'actor', brief(page).actor_category),
    asset: word(page, 'asset', page.statement.facts.asset),
  }
}

function brief({ statement }: Page): Brief {
  return statement.brief.content
}

/** A day by the template's own table of months: locale data differ between machines and years. */
function date(page: Page, day: string): string {
  const [year = '', month = '', dayOfMonth = ''] = day.split('-')
  const name = page.text.months[Number(month) - 1]
  if (name === undefined) page.missing.push(`month ${month}`)
  const pattern = dayOfMonth === '01' ? 'date_first' : 'date'
  return phrase(page, pattern, { day: String(Number(dayOfMonth)), month: name ?? '', year })
}

function list(page: Page, table: string, values: readonly string[]): string {
  return values.map((value) => word(page, table, value)).join(phrase(page, 'list_separator'))
}

function word(page: Page, table: string, value: string): string {
  return fill(page, entry(page, page.text.words[table] ?? {}, value))
}

function passage(
  page: Page,
  id: PassageId,
  values: Readonly<Record<string, string>> = {},
): string[] {
  const local = { ...page, values: { ...page.values, ...values } }
  return page.text.passages[id].map((paragraph) => fill(local, paragraph))
}

/** A passage of one paragraph that stands inside another. */
function phrase(page: Page, id: PassageId, values: Readonly<Record<string, string>> = {}): string {
  return passage(page, id, values).join(' ')
}

/** Notes a value without words instead of throwing, so that the refusal can name it. */
function entry<T>(page: Page, entries: Readonly<Record<string, T>>, name: string) {
  const key = wordKey(name)
  const found = Object.hasOwn(entries, key) ? entries[key] : undefined
  if (found === undefined) page.missing.push(`words for ${key}`)
  return found
}

/** Puts values in place in one pass, so that a value that looks like a placeholder stays text. */
function fill({ missing, text, values }: Page, paragraph = ''): string {
  return paragraph.replace(/\{([a-z_]+)\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined
    if (value === undefined) missing.push(`a value for ${name}`)
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

/** An id in groups of four, to be read aloud and compared. */
function inFours(id: string): string {
  return id.replace(/.{4}(?=.)/g, '$& ')
}
