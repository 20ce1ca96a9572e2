import { describe, expect, test } from 'vitest'
import { fromHex } from '#core/bytes.ts'
import {
  checkCodeInDigits,
  checkCodeInLetters,
  checkCodeOf,
  isCheckCode,
  parseCheckCode,
} from '#core/check-code.ts'
import { readVectors } from './schemas.ts'

describe('check-codes.json', () => {
  const { refused, valid } = readVectors('check-codes.json')

  test.each(valid)('$name', ({ code, digits, letters, random, spellings }) => {
    expect(checkCodeOf(fromHex(random) ?? new Uint8Array())).toBe(code)
    expect([checkCodeInLetters(code), checkCodeInDigits(code)]).toEqual([letters, digits])
    expect(isCheckCode(code)).toBe(true)
    for (const typed of spellings) expect(parseCheckCode(typed)).toEqual({ ok: true, value: code })
  })

  test.each(refused)('refused: $name', ({ refusal, text }) => {
    expect(parseCheckCode(text)).toMatchObject({ ok: false, refusal: { reason: refusal } })
    expect(isCheckCode(text)).toBe(false)
  })
})
