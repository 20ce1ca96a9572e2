import { type Draft, DRAFTS, safetyDraft } from './notice-blocks.ts'
import { linesOf } from './notice-lines.ts'
import { entry, fill, type Page, phrase, type Voice, word } from './notice-page.ts'
import type { NoticeStatement } from './notice-statement.ts'
import { mark, plainValues } from './notice-voice.ts'
import { COLUMNS } from './plain-text.ts'
import { accept, refuse, type Result } from './result.ts'
import { BLOCKS, type BlockId, type TemplateText } from './template.ts'

/** A paragraph, or an item that can be named on the telephone by its number (`3.2`). */
export interface RenderedParagraph {
  readonly number?: string
  readonly text: string
}

/** One numbered block of a notice; where only a number to call is shown, without number and heading. */
export interface RenderedBlock {
  readonly heading?: string
  readonly id: BlockId
  readonly paragraphs: readonly RenderedParagraph[]
}

/** A sentence in another language than what stands around it. */
export interface RenderedNote {
  readonly direction: 'ltr' | 'rtl'
  readonly language: string
  readonly text: string
}

/** A notice in one language. */
export interface RenderedPart {
  readonly blocks: readonly RenderedBlock[]
  readonly direction: 'ltr' | 'rtl'
  /** Whom the notice was issued to; absent where only a number to call is shown. */
  readonly issuedTo?: string
  readonly language: string
  /** That the notice also stands in a second language, said in that language. */
  readonly note?: RenderedNote
  readonly title: string
}

/** A notice as a reader meets it. */
export interface RenderedNotice extends RenderedPart {
  /** The same in a second language. */
  readonly also?: RenderedPart
  /** The whole notice as lines of text, without line ends. */
  readonly lines: readonly string[]
  /** In each of its languages. */
  readonly subject: string
}

/** The words of an adopted template in the language of a notice, or in both of its languages. */
export type NoticeTexts = TemplateText | readonly [TemplateText, TemplateText]

/** A withdrawn notice asks for nothing and accuses nobody: it keeps only these blocks. */
const WITHDRAWAL_BLOCKS: readonly BlockId[] = ['summary', 'help', 'check', 'next']

/**
 * Renders a notice from the words of an adopted template and typed values, and nothing else.
 *
 * The same arguments give the same characters on every machine and for ever: no locale data, no clock; signatures are over the
 * written result, so a change to what this writes needs a new `v` in the text. The spoken one says the same in the same order, with
 * figures, codes and addresses in words, for a voice that reads it out. Refuses `language-missing` where the texts are in other
 * languages than the statement, `facts-invalid` where the template lacks words for a value or asks for one that is not there.
 */
export function renderNotice(
  texts: NoticeTexts,
  statement: NoticeStatement,
  voice: Voice = 'written',
): Result<RenderedNotice> {
  const [text, beside]: readonly TemplateText[] = isPair(texts) ? texts : [texts]
  if (text?.language !== statement.language || beside?.language !== statement.also)
    return refuse('language-missing')
  const missing: string[] = []
  const first = partOf(pageOf({ missing, statement, text, values: {}, voice }))
  const second =
    beside === undefined
      ? undefined
      : partOf(pageOf({ missing, statement, text: beside, values: {}, voice }))
  if (missing[0] !== undefined) return refuse('facts-invalid', missing[0])
  const { note: _own, ...alone } = first
  if (second === undefined)
    return accept({ ...alone, lines: linesOf([alone], widthOf(voice)), subject: alone.title })
  const { note, ...also } = second
  const above = note === undefined ? alone : { ...alone, note }
  const subject = `${first.title} / ${also.title}`
  return accept({ ...above, also, lines: linesOf([above, also], widthOf(voice)), subject })
}

/**
 * Finds the words for a statement: one text, or two where it has a second language. Refuses `language-missing`.
 */
export function noticeTexts(
  { also, language }: Pick<NoticeStatement, 'also' | 'language'>,
  find: (language: string) => TemplateText | undefined,
): Result<NoticeTexts> {
  const text = find(language)
  const beside = also === undefined ? undefined : find(also)
  if (text === undefined || (also !== undefined && beside === undefined))
    return refuse('language-missing')
  return accept(beside === undefined ? text : [text, beside])
}

/** The parts of a notice, one for each of its languages. */
export function partsOf(notice: RenderedNotice): readonly RenderedPart[] {
  return notice.also === undefined ? [notice] : [notice, notice.also]
}

function isPair(texts: NoticeTexts): texts is readonly [TemplateText, TemplateText] {
  return Array.isArray(texts)
}

/** What is read out is not set in columns: each paragraph is a line. */
function widthOf(voice: Voice): number {
  return voice === 'spoken' ? Infinity : COLUMNS
}

/** Values that are words of the language, and stand inside sentences, come after those that are the same in every language. */
function pageOf(bare: Page): Page {
  const plain: Page = { ...bare, values: plainValues(bare) }
  const { brief, facts } = bare.statement
  const actor = word(plain, 'actor', brief.content.actor_category)
  return { ...plain, values: { ...plain.values, actor, asset: word(plain, 'asset', facts.asset) } }
}

function partOf(page: Page): RenderedPart {
  const { statement, text } = page
  const { direction, language } = text
  if (statement.facts.safety !== undefined) {
    const paragraphs = safetyDraft(page).map((part) => ({ text: textOf(part) }))
    const blocks = [{ id: 'help' as const, paragraphs }]
    return { blocks, direction, language, title: phrase(page, 'safety_subject') }
  }
  const blocks = BLOCKS.filter((id) => isShown(id, statement)).map((id, index) =>
    numbered(page, id, index + 1),
  )
  const title = fill(page, entry(page, text.subjects, statement.kind))
  const issuedTo = phrase(
    page,
    'account' in statement.to ? 'issued_to_account' : 'issued_to_mailbox',
  )
  const note = { direction, language, text: phrase(page, 'beside') }
  return { blocks, direction, issuedTo, language, note, title }
}

function textOf(part: Draft[number]): string {
  return typeof part === 'string' ? part : part.item
}

function isShown(id: BlockId, { kind }: NoticeStatement): boolean {
  return kind !== 'withdrawal' || WITHDRAWAL_BLOCKS.includes(id)
}

function numbered(page: Page, id: BlockId, position: number): RenderedBlock {
  let items = 0
  const between = page.voice === 'spoken' ? page.text.aloud.pause : ' '
  const paragraphs = DRAFTS[id](page).map((part): RenderedParagraph => {
    if (typeof part === 'string') return { text: part }
    items += 1
    const number = mark(page, position, items)
    return page.voice === 'spoken'
      ? { text: `${number}${between}${part.item}` }
      : { number, text: part.item }
  })
  return { heading: `${mark(page, position)}${between}${page.text.headings[id]}`, id, paragraphs }
}
