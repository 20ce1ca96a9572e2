import { array, assert, constantFrom, oneof, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { printable, printableJson, printableLine } from '#cli/terminal.ts'
import { runHere, runProcess, scratch } from '#test/helpers/command-line.ts'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a terminal obeys, or what changes or hides the text around it. */
const HOSTILE: readonly (readonly [string, string])[] = [
  ['clear the screen', '\u001b[2J'],
  ['set the title', '\u001b]0;gone\u0007'],
  ['a C1 control sequence', '\u009b31m'],
  ['return to the line start', 'good\rbad'],
  ['backspace', 'good\b\b\b\bbad'],
  ['delete', '\u007f'],
  ['right-to-left override', '\u202eexe.txt'],
  ['isolate', '\u2066hidden\u2069'],
  ['left-to-right mark', '\u200e'],
  ['Arabic letter mark', '\u061c'],
  ['zero-width space', 'a\u200bb'],
  ['byte order mark', '\ufeff'],
  ['line separator', '\u2028'],
  ['tag characters', '\u{e0041}'],
  ['a lone surrogate', '\ud800'],
  ['private use', '\ue000'],
  ['soft hyphen', '\u00ad'],
  ['null', '\0'],
  ['tab', '\t'],
]
const DANGEROUS =
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u061c\u00ad\p{Co}\p{Surrogate}\u{e0000}-\u{e0fff}]/u

test.each(HOSTILE)('%s is spelled out', (_, text) => {
  expect(DANGEROUS.test(text)).toBe(true)
  expect(printable(text)).not.toMatch(DANGEROUS)
  expect(printable(text)).toMatch(/\\u\{[0-9a-f]+\}/)
  expect(printableJson({ text })).not.toMatch(DANGEROUS)
})

test('text in any script stays as it is, line ends included', () => {
  const text = 'Ève, Διονύσης, 王, שלום, می‌خواهم, क्‍ष, 👩‍👩‍👧\nsecond line'
  expect(printable(text)).toBe(text)
  expect(printableLine('a\nb')).toBe(String.raw`a\u{a}b`)
})

test('nothing dangerous passes, and JSON means the same afterwards', () => {
  const any = oneof(string({ unit: 'binary' }), constantFrom(...HOSTILE.map(([, text]) => text)))
  assert(
    property(array(any), (texts) => {
      expect(printable(texts.join(''))).not.toMatch(DANGEROUS)
      const shown = printableJson(texts)
      expect(shown).not.toMatch(DANGEROUS)
      expect(JSON.parse(shown)).toEqual(texts)
    }),
  )
})

test('a command prints nothing raw of what a file or the command line holds', async () => {
  const folder = scratch()
  try {
    const evil = '\u001b]0;gone\u0007\u202e'
    writeFileSync(join(folder.path, 'receipt.json'), evil)
    const named = await runProcess(['receipt', 'show', `${evil}.json`])
    const asked = await runProcess([`${evil}x`, '--json'])
    const option = await runHere(['log', 'verify', `--${evil}`])
    for (const ran of [named, asked, option]) {
      expect(ran.code).toBeGreaterThan(0)
      expect(`${ran.out}${ran.err}`).not.toMatch(DANGEROUS)
      expect(`${ran.out}${ran.err}`).toContain('1b')
    }
  } finally {
    folder.clear()
  }
})
