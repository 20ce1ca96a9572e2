/** The longest line of a rendered notice, in columns. */
export const COLUMNS = 76

/** Letters that take two columns (UAX 11, wide and full-width), as a table of our own: those of engines differ between years. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u
/** Letters of scripts that are written without spaces, and their punctuation. Korean has spaces, and its lines end there. */
const UNSPACED =
  /[\u2e80-\u303e\u3041-\u312f\u31a0-\ua4cf\uf900-\ufaff\ufe30-\ufe4f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u
const OPENING = '\u00a0(\\[{“‘«（［｛〈《「『【〔〖'
const CLOSING = '\u00a0)\\]}”’»、。，．：；？！…—·％）］｝〉》」』】〕〗々ー,.:;?!%'
/** Where a line can end inside a word: beside an unspaced letter, neither behind opening nor before closing punctuation. */
const BREAK = new RegExp(
  `(?<![${OPENING}])(?![${CLOSING}])(?:(?<=${UNSPACED.source})(?=.)|(?<=.)(?=${UNSPACED.source}))`,
  'u',
)
const FEW_COLUMNS = /^[\u0020-\u10ff]*$/
/** Isolates and direction marks, which are seen in nothing but the order of what is around them. */
const UNSEEN = /[\u200e\u200f\u2066-\u2069]/
const ISOLATES = /[\u2066-\u2069]/g
const ISOLATE_END = '\u2069'

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
 * Breaks a paragraph into lines of at most `limit` columns.
 *
 * Lines end at U+0020, so a no-break space holds its words together, and beside Chinese and Japanese characters, which have no
 * spaces between words; no line begins with closing or ends with opening punctuation. A word longer than a line is cut: a mail line
 * may not grow beyond all bounds. The first line begins with `marker`, the others with as many spaces.
 */
export function wrapLines(paragraph: string, marker = '', limit = COLUMNS): string[] {
  const indent = ' '.repeat(marker.length)
  const width = limit - marker.length
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const word of paragraph.split(' ').filter((part) => part !== '')) {
    for (const [index, piece] of pieces(word, width).entries()) {
      const size = columns(piece)
      const gap = index === 0 && line !== '' ? ' ' : ''
      if (line !== '' && used + gap.length + size > width) {
        lines.push(line)
        line = piece
        used = size
      } else {
        line += gap + piece
        used += gap.length + size
      }
    }
  }
  if (line !== '') lines.push(line)
  return isolatesCarried(lines).map((text, index) => `${index === 0 ? marker : indent}${text}`)
}

/** How many columns a text takes in letters of equal width: two for each Chinese, Japanese or Korean one, none for marks of direction. */
export function columns(text: string): number {
  return FEW_COLUMNS.test(text)
    ? text.length
    : Array.from(text).reduce((sum, character) => sum + columnsOf(character), 0)
}

function columnsOf(character: string): number {
  if (WIDE.test(character)) return 2
  return UNSEEN.test(character) ? 0 : 1
}

/** The parts of a word between which a line can end, none of them wider than a line. */
function pieces(word: string, width: number): string[] {
  const parts = UNSPACED.test(word) ? word.split(BREAK) : [word]
  return parts.flatMap((part) => (columns(part) > width ? cut(part, width) : [part]))
}

function cut(part: string, width: number): string[] {
  const chunks: string[] = []
  let chunk = ''
  for (const character of part) {
    if (columns(chunk + character) > width) {
      chunks.push(chunk)
      chunk = ''
    }
    chunk += character
  }
  return [...chunks, chunk]
}

/**
 * Ends with each line the isolates that it leaves open, and begins them anew in the next.
 *
 * To whoever lays out plain text a line is a paragraph of its own (UAX 9, P1): without this, the rest of a number that goes on in
 * the next line would be shown in the order of the language around it.
 */
function isolatesCarried(lines: readonly string[]): string[] {
  let open: readonly string[] = []
  return lines.map((line) => {
    const begun = open.join('')
    open = (line.match(ISOLATES) ?? []).reduce<readonly string[]>(
      (stack, mark) => (mark === ISOLATE_END ? stack.slice(0, -1) : [...stack, mark]),
      open,
    )
    return begun + line + ISOLATE_END.repeat(open.length)
  })
}
