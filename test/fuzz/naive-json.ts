/**
 * Tells whether bytes are canonical JSON of our profile, by the grammar alone: a second opinion that shares nothing with the product,
 * which parses, writes again and compares.
 */
export function isCanonical(bytes: Uint8Array): boolean {
  if (Buffer.compare(Buffer.from(Buffer.from(bytes).toString('utf8'), 'utf8'), bytes) !== 0)
    return false
  const text = Buffer.from(bytes).toString('utf8')
  try {
    return value(text, 0, 0) === text.length
  } catch (error) {
    if (error instanceof NotCanonical) return false
    throw error
  }
}

class NotCanonical extends Error {}

const DEPTH_MAX = 16
const NUMBER = /(?:0|-?[1-9][0-9]*)(?![0-9.eE])/y
// oxlint-disable-next-line no-control-regex -- control characters are what a string may not hold
const STRING = /"(?:[^"\\\u0000-\u001f\u007f\ud800-\udfff]|\\["\\])*"/uy
const KEY = /"([a-z][a-z0-9_]*)":/y
const WORD = /true|false|null/y

/** Reads one value; gives the place after it. */
function value(text: string, start: number, depth: number): number {
  if (depth > DEPTH_MAX) throw new NotCanonical()
  if (text[start] === '[') return array(text, start, depth)
  if (text[start] === '{') return object(text, start, depth)
  if (text[start] === '"') return take(STRING, text, start).end
  const word = match(WORD, text, start)
  if (word !== undefined) return word.end
  const number = take(NUMBER, text, start)
  const digits = number.all.replace('-', '')
  const most = '9007199254740991'
  if (digits.length > most.length || (digits.length === most.length && digits > most))
    throw new NotCanonical()
  return number.end
}

function array(text: string, start: number, depth: number): number {
  let at = start + 1
  if (text[at] === ']') return at + 1
  for (;;) {
    at = value(text, at, depth + 1)
    if (text[at] === ']') return at + 1
    if (text[at] !== ',') throw new NotCanonical()
    at++
  }
}

function object(text: string, start: number, depth: number): number {
  let at = start + 1
  let last = ''
  if (text[at] === '}') return at + 1
  for (;;) {
    const key = take(KEY, text, at)
    if (key.inner <= last) throw new NotCanonical()
    last = key.inner
    at = value(text, key.end, depth + 1)
    if (text[at] === '}') return at + 1
    if (text[at] !== ',') throw new NotCanonical()
    at++
  }
}

function take(pattern: RegExp, text: string, start: number) {
  const found = match(pattern, text, start)
  if (found === undefined) throw new NotCanonical()
  return found
}

function match(pattern: RegExp, text: string, start: number) {
  pattern.lastIndex = start
  const found = pattern.exec(text)
  if (found === null) return undefined
  return { all: found[0], inner: found[1] ?? '', end: start + found[0].length }
}
