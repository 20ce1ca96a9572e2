/**
 * What a terminal would obey or a reader would not see: control characters (C0 without the line feed, DEL, C1), line and
 * paragraph separators, everything that reorders text, zero-width marks, tag characters, lone surrogates, private use.
 *
 * The joiners U+200C and U+200D stay, because Persian and Indic words are spelled with them.
 */
const UNSAFE =
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\p{Co}\p{Surrogate}\u{e0000}-\u{e0fff}]/gu

/** Text from anywhere made safe for a terminal: line feeds stay, what could act or hide is spelled out as `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u{${codeOf(character).toString(16)}}`)
}

/** The same on one line. */
export function printableLine(text: string): string {
  return printable(text).replaceAll('\n', String.raw`\u{a}`)
}

/**
 * A value as JSON that is safe to show: such characters can stand only inside strings, where `\u001b` means the same.
 *
 * @throws TypeError for a value that JSON does not have.
 */
export function printableJson(value: unknown): string {
  return escapedJson(value, 2)
}

/** The same on one line. @throws TypeError for a value that JSON does not have. */
export function printableJsonLine(value: unknown): string {
  return escapedJson(value, 0)
}

function escapedJson(value: unknown, indent: number): string {
  const text = JSON.stringify(value, undefined, indent) as string | undefined
  if (text === undefined) throw new TypeError('not a JSON value')
  return text.replace(UNSAFE, (character) =>
    Array.from({ length: character.length }, (_, unit) => escapedUnit(character, unit)).join(''),
  )
}

function escapedUnit(character: string, unit: number): string {
  return `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`
}

function codeOf(character: string): number {
  return character.codePointAt(0) ?? 0
}
