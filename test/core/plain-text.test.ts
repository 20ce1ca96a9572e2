import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { COLUMNS, columns, wrapLines } from '#core/plain-text.ts'

const HAN = '我们只能看到自己系统里发生的事，还有一些事我们不知道。'
const MIXED = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...Array.from('汉字かな한글，。（）“”、…： 2026a.example\u00a0\u{20bb7}ي')),
    fc.string({ maxLength: 1, minLength: 1, unit: 'grapheme' }),
  ),
  maxLength: 400,
})

test('a full-width letter takes two columns, a mark of direction none', () => {
  expect(columns('abc')).toBe(3)
  expect(columns('汉字，한글')).toBe(10)
  expect(columns('\u{20bb7}')).toBe(2)
  expect(columns('\u200f\u2067عربي\u2069')).toBe(4)
})

test('Chinese, which has no spaces, fills its lines and breaks between letters', () => {
  const lines = wrapLines(HAN.repeat(3), '3.1 ')
  expect(lines).toEqual([
    `3.1 ${HAN}我们只能看到自己系`,
    '    统里发生的事，还有一些事我们不知道。我们只能看到自己系统里发生的事，还有',
    '    一些事我们不知道。',
  ])
  expect(lines.map(columns).slice(0, 2)).toEqual([COLUMNS, COLUMNS])
})

test('no line begins with closing or ends with opening punctuation', () => {
  const full = '字'.repeat(COLUMNS / 2 - 1)
  expect(wrapLines(`${full}字。`)).toEqual([full, '字。'])
  expect(wrapLines(`${full}字”）。`)).toEqual([full, '字”）。'])
  expect(wrapLines(`${full}（字`)).toEqual([full, '（字'])
})

test('a Latin name and a number stay whole between Chinese letters', () => {
  const full = '字'.repeat(COLUMNS / 2 - 2)
  expect(wrapLines(`${full}contoso.example字`)).toEqual([full, 'contoso.example字'])
  expect(wrapLines(`${full}字10\u00a0分钟`)).toEqual([`${full}字`, '10\u00a0分钟'])
})

test('Korean, which has spaces, breaks at them alone', () => {
  const word = '안녕하세요'
  const lines = wrapLines(Array.from({ length: 14 }, () => word).join(' '))
  expect(lines).toEqual([Array(7).fill(word).join(' '), Array(7).fill(word).join(' ')])
})

test('an isolate that goes on in the next line ends with this one and begins anew', () => {
  const [first = '', second = '', ...more] = wrapLines(
    `${'ب '.repeat(34)}\u2068${'0123 '.repeat(3)}4567\u2069.`,
  )
  expect(more).toEqual([])
  expect(first.endsWith('\u20680123\u2069')).toBe(true)
  expect(second).toBe('\u20680123 0123 4567\u2069.')
})

test('no line is wider than it may be, and nothing but spaces at the ends of lines is lost', () => {
  fc.assert(
    fc.property(MIXED, fc.constantFrom('', '3.1 ', '10.12 '), (text, marker) => {
      const lines = wrapLines(text, marker)
      expect(lines.filter((line) => columns(line) > COLUMNS)).toEqual([])
      const kept = lines.map((line) => line.slice(marker.length)).join('')
      expect(kept.replaceAll(/[ \u2066-\u2069]/g, '')).toBe(
        text.replaceAll(/[ \u2066-\u2069]/g, ''),
      )
    }),
  )
})
