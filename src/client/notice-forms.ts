import { COLUMNS_LARGE, COLUMNS_LETTER, linesOf } from '#core/notice-lines.ts'
import type { NoticeStatement } from '#core/notice-statement.ts'
import { type NoticeTexts, partsOf, type RenderedNotice, renderNotice } from '#core/notice-text.ts'
import type { Result } from '#core/result.ts'

/**
 * The forms in which one and the same notice reaches people: as it is signed, in large print, for a voice that reads it out, and as a
 * letter on paper or for the telephone.
 */
export const NOTICE_FORMS = ['plain', 'large', 'aloud', 'letter'] as const
/** One of `NOTICE_FORMS`. */
export type NoticeForm = (typeof NOTICE_FORMS)[number]

/** A notice in a form that somebody can read or hear. */
export interface FormedNotice {
  readonly form: NoticeForm
  readonly notice: RenderedNotice
  readonly lines: readonly string[]
}

/** Renders a notice in a form; all forms say the same in the same order. Refuses what `renderNotice` refuses. */
export function formNotice(
  texts: NoticeTexts,
  statement: NoticeStatement,
  form: NoticeForm,
): Result<FormedNotice> {
  const rendered = renderNotice(texts, statement, form === 'aloud' ? 'spoken' : 'written')
  if (!rendered.ok) return rendered
  return { ok: true, value: { form, notice: rendered.value, lines: linesIn(rendered.value, form) } }
}

function linesIn(notice: RenderedNotice, form: NoticeForm): readonly string[] {
  if (form === 'large') return linesOf(partsOf(notice), COLUMNS_LARGE)
  return form === 'letter' ? linesOf(partsOf(notice), COLUMNS_LETTER) : notice.lines
}
