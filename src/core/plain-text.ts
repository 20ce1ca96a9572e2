/** The longest line of a rendered notice, in code points. */
export const COLUMNS = 76

// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
/** Embeddings, overrides and isolates reorder what stands around them; tag characters are text that nobody sees. */
const REORDERING = /[\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e0fff}]/u
const SURROGATE = /[\ud800-\udfff]/
const LONE_SURROGATE = /\p{Surrogate}/u
/** The template puts a company's own words between quotation marks; they must not be able to leave them. */
const QUOTATION = /[“”„«»]/
const ANGLE = /[<>{}]/
const OUTER_SPACE = /^\s|\s$/
/**
 * Whatever a mail program or a browser would turn into something to follow: a scheme, an at sign, or two words joined by a dot.
 *
 * The dot needs two characters behind it that are neither digits nor punctuation, so that "3.5", "U.S." and "10.11.2026" pass and
 * no table of Unicode letters, which differs between engines, is asked.
 */
const LINK =
  /[a-z][a-z0-9+.-]*:(?=\S)|\/\/|\bwww\b|@|[^\s.]\.[^\s\d.,;:!?)\]'"’…]{2}|[a-z0-9][。．｡][a-z]{2}/iu

/**
 * Says what keeps a sentence out of a notice, in our own words; `undefined` for a sentence that may stand in one.
 *
 * A sentence here is what a company writes beside its template: nothing to follow, nothing hidden, nothing that reorders the line.
 */
export function plainTextFault(text: string): string | undefined {
  if (text === '') return 'it is empty'
  if (OUTER_SPACE.test(text)) return 'it begins or ends with a space'
  if (isHidden(text)) return 'it holds a control character or an invisible mark'
  if (ANGLE.test(text)) return 'it holds an angle bracket or a brace'
  if (QUOTATION.test(text)) return 'it holds a quotation mark other than \' and "'
  if (LINK.test(text)) {
    return 'it holds a link, an address, or two words joined by a dot; a notice has nothing to follow'
  }
  return undefined
}

/** Tells whether a text holds characters that a reader cannot see or that reorder what is around them. */
export function isHidden(text: string): boolean {
  return CONTROL.test(text) || REORDERING.test(text) || LONE_SURROGATE.test(text)
}

/** How many characters (code points) a text has. */
export function characters(text: string): number {
  return SURROGATE.test(text) ? Array.from(text).length : text.length
}

/**
 * Breaks a paragraph into lines of at most `COLUMNS` code points.
 *
 * Only U+0020 separates words, so a no-break space holds its words together. A word longer than a line is cut: a mail line may not
 * grow beyond all bounds. The first line begins with `marker`, the others with as many spaces.
 */
export function wrapLines(paragraph: string, marker = ''): string[] {
  const indent = ' '.repeat(marker.length)
  const width = COLUMNS - marker.length
  const lines: string[] = []
  let line = ''
  let columns = 0
  for (const word of paragraph.split(' ').filter((part) => part !== '')) {
    const letters = characters(word)
    if (columns > 0 && columns + 1 + letters > width) {
      lines.push(line)
      line = ''
      columns = 0
    }
    line += columns > 0 ? ` ${word}` : word
    columns += letters + (columns > 0 ? 1 : 0)
    for (; columns > width; columns -= width) {
      const all = Array.from(line)
      lines.push(all.slice(0, width).join(''))
      line = all.slice(width).join('')
    }
  }
  if (columns > 0) lines.push(line)
  return lines.map((text, index) => `${index === 0 ? marker : indent}${text}`)
}
