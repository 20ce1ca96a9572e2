import { CHECK_CODE_RANDOM_BYTES, checkCodeOf } from '#core/check-code.ts'
import type { NoticeStatement } from '#core/notice-statement.ts'
import {
  noticeTexts,
  partsOf,
  type RenderedBlock,
  type RenderedParagraph,
  renderNotice,
} from '#core/notice-text.ts'
import { accept, type Result } from '#core/result.ts'
import type { BlockId, TemplateText } from '#core/template.ts'
import type { CheckText } from '#wire/check-list.ts'

/** What is the same for all who were told by one notice. */
export interface CheckedNotice {
  /** The UTC day on which it was issued. */
  readonly issued: string
  /** Its act id and what other parties signed; left out where nobody stands behind it but its filer. */
  readonly notice?: string
  readonly supports: CheckText['supports']
}

/** What is asked of a recipient, and who helps. */
const ASKED: readonly BlockId[] = ['actions', 'help']
/** A notice that was taken back asks for nothing. */
const TAKEN_BACK: readonly BlockId[] = ['summary', 'help']

/**
 * What a check answers for a notice: what it says to do, and who helps. It names no recipient, so that all who got the same share one text:
 * a paragraph that says something of the recipient alone is left out.
 *
 * Refuses what `noticeTexts` and `renderNotice` refuse.
 */
export function checkTextOf(
  find: (language: string) => TemplateText | undefined,
  statement: NoticeStatement,
  { issued, notice, supports }: CheckedNotice,
): Result<CheckText> {
  const texts = noticeTexts(statement, find)
  if (!texts.ok) return texts
  const one = renderNotice(texts.value, forNobody(statement, 0))
  if (!one.ok) return one
  const other = renderNotice(texts.value, forNobody(statement, 1))
  if (!other.ok) return other
  const shown = statement.kind === 'withdrawal' ? TAKEN_BACK : ASKED
  const others = partsOf(other.value).flatMap(({ blocks }) => blocks)
  const blocks = partsOf(one.value)
    .flatMap((part) => part.blocks)
    .map((block, i) => ({ id: block.id, ...sharedBlock(block, others[i]) }))
    .filter(({ id, lines }) => shown.includes(id) && lines.length > 0)
    .map(({ heading, lines }) => ({ heading, lines }))
  const { direction, language } = one.value
  return accept({
    blocks,
    direction,
    issued,
    kind: statement.kind,
    language,
    ...(notice === undefined ? {} : { notice }),
    subject: one.value.subject,
    supports,
    template: statement.template.hash,
    v: 1,
  })
}

const NOTICE_DIGITS = 32

/** The same notice for one of two recipients whom nobody is: what differs between them is what a recipient would be known by. */
function forNobody(statement: NoticeStatement, who: 0 | 1): NoticeStatement {
  const id = String(who).repeat(NOTICE_DIGITS)
  const { seen: _, ...facts } = statement.facts
  return {
    ...statement,
    check: checkCodeOf(new Uint8Array(CHECK_CODE_RANDOM_BYTES).fill(who)),
    facts,
    notice: id,
    ...(statement.supersedes === undefined ? {} : { supersedes: id }),
    to: { account: id },
  }
}

function sharedBlock(
  { heading = '', paragraphs }: RenderedBlock,
  other: RenderedBlock | undefined,
): CheckText['blocks'][number] {
  const same = paragraphs.filter(({ text }, i) => text === other?.paragraphs[i]?.text)
  return { heading, lines: same.map(lineOf) }
}

function lineOf({ number, text }: RenderedParagraph): string {
  return number === undefined ? text : `${number} ${text}`
}
