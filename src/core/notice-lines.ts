import type { RenderedParagraph, RenderedPart } from './notice-text.ts'
import { wrapLines } from './plain-text.ts'

/** How notices are set: 76 columns as they are signed, wider letters, a letter on paper, or a voice that reads it out. */
export const COLUMNS_LARGE = 40
/** The columns of a letter: in a type of 12 points, with margins, on A4 and on US letter. */
export const COLUMNS_LETTER = 64

const BETWEEN_LANGUAGES = ['', '', '* * *', '', '']

/** The lines of a notice in its languages, one below the other, each no longer than `columns`. */
export function linesOf(parts: readonly RenderedPart[], columns: number): string[] {
  return parts.flatMap((part, index) => [
    ...(index === 0 ? [] : BETWEEN_LANGUAGES),
    ...partLines(part, columns),
  ])
}

function partLines(part: RenderedPart, columns: number): string[] {
  const { issuedTo, note, title } = part
  const directed = (lines: readonly string[], direction = part.direction) =>
    direction === 'rtl' ? lines.map(rightToLeft) : lines
  return [
    ...directed(wrapLines(title, '', columns)),
    ...(note === undefined
      ? []
      : ['', ...directed(wrapLines(note.text, '', columns), note.direction)]),
    ...(issuedTo === undefined ? [] : ['', ...directed(wrapLines(issuedTo, '', columns))]),
    ...directed(blockLines(part, columns)),
  ]
}

function blockLines(part: RenderedPart, columns: number): string[] {
  return part.blocks.flatMap(({ heading, paragraphs }) => [
    '',
    ...(heading === undefined ? [] : wrapLines(heading, '', columns)),
    ...paragraphs.flatMap((paragraph, index) => [
      ...(index === 0 || isItem(paragraph) ? [] : ['']),
      ...paragraphLines(paragraph, columns),
    ]),
  ])
}

function paragraphLines({ number, text }: RenderedParagraph, columns: number): string[] {
  return wrapLines(text, number === undefined ? '' : `${number} `, columns)
}

function isItem({ number }: RenderedParagraph): boolean {
  return number !== undefined
}

/**
 * Plain text has no direction of its own: the mark is for programs that look for a line's first letter, which here stands behind a
 * number or inside an isolate, and the isolate for programs that show everything from left to right.
 */
function rightToLeft(line: string): string {
  return line === '' ? '' : `\u200f\u2067${line}\u2069`
}
