import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  checkCodeInDigits,
  checkCodeInLetters,
  checkCodeOf,
  isCheckCode,
  parseCheckCode,
} from '#core/check-code.ts'

const random = fc.uint8Array({ minLength: 32, maxLength: 32 })
const LETTERS = 'ABCDEFGHJKLMNOPRSTUVWXYZ'

/** Two different places of a code, and what is put at the first of them. */
const mistakes = (length: number, alphabet: string) =>
  fc.record({
    first: fc.nat(length - 1),
    second: fc.nat(length - 1),
    other: fc.constantFrom(...Array.from(alphabet)),
  })

test('both forms of a code are read back as that code', () => {
  fc.assert(
    fc.property(random, (bytes) => {
      const code = checkCodeOf(bytes)
      expect(isCheckCode(code)).toBe(true)
      expect(checkCodeInLetters(code)).toMatch(/^[A-HJ-PR-Z]{4}(?:-[A-HJ-PR-Z]{4}){4}$/)
      expect(checkCodeInDigits(code)).toMatch(/^\d{5}(?:-\d{5}){5}$/)
      expect(parseCheckCode(checkCodeInLetters(code))).toEqual({ ok: true, value: code })
      expect(parseCheckCode(checkCodeInDigits(code))).toEqual({ ok: true, value: code })
    }),
  )
})

test.each([
  ['letters', (code: string) => code, LETTERS],
  ['digits', (code: string) => checkCodeInDigits(code).replaceAll('-', ''), '0123456789'],
] as const)('one wrong sign, or two that changed places, is found in %s', (_, form, alphabet) => {
  const mistyped = { ok: false, refusal: { reason: 'check-code-mistyped' } }
  fc.assert(
    fc.property(
      random,
      mistakes(form(checkCodeOf(new Uint8Array(32))).length, alphabet),
      (bytes, { first, other, second }) => {
        const signs = Array.from(form(checkCodeOf(bytes)))
        const [a = '', b = ''] = [signs[first], signs[second]]
        if (a !== other) expect(parseCheckCode(signs.with(first, other).join(''))).toEqual(mistyped)
        const exchanged = signs.with(first, b).with(second, a).join('')
        if (a !== b) expect(parseCheckCode(exchanged)).toEqual(mistyped)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('every letter before the checksum is equally likely', () => {
  let seed = 1
  const bytes = () =>
    Uint8Array.from({ length: 32 }, () => (seed = (seed * 48_271) % 2_147_483_647) >> 8)
  const counts = new Map<string, number>()
  const codes = Array.from({ length: 4_000 }, () => checkCodeOf(bytes()).slice(0, 18))
  for (const letter of codes.join('')) counts.set(letter, (counts.get(letter) ?? 0) + 1)
  const expected = (4_000 * 18) / 24
  const deviation = Array.from(LETTERS, (letter) => (counts.get(letter) ?? 0) - expected)
  // Chi-squared with 23 degrees of freedom: 60 is met by chance less than once in 20,000 times, and the numbers are fixed.
  expect(deviation.reduce((sum, d) => sum + (d * d) / expected, 0)).toBeLessThan(60)
})

test('whatever was typed is read or refused, never thrown on', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 220 }), (typed) => {
      const parsed = parseCheckCode(typed)
      if (parsed.ok) expect(isCheckCode(parsed.value)).toBe(true)
    }),
  )
})

test('nothing but a canonical code is printed', () => {
  for (const code of [
    '',
    'AAAA-AAAA-AAAA-AAAA-AAAB',
    'AAAAAAAAAAAAAAAAAAAA',
    'aaaaaaaaaaaaaaaaaaab',
  ])
    expect(() => checkCodeInLetters(code)).toThrow(TypeError)
  expect(() => checkCodeInDigits('AAAAAAAAAAAAAAAAAAAA')).toThrow(TypeError)
  expect(() => checkCodeOf(new Uint8Array(31))).toThrow(TypeError)
})
