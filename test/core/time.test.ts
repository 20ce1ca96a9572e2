import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { DAY_SECONDS, dayOf, formatInstant, midnightOf, parseInstant } from '#core/time.ts'

const seconds = fc.oneof(
  fc.integer({ min: 0, max: 253_402_300_799 }),
  fc.constantFrom(0, DAY_SECONDS - 1, DAY_SECONDS, 253_402_300_799),
)

test('an instant reads back, and its day and midnight are UTC', () => {
  fc.assert(
    fc.property(seconds, (at) => {
      expect(parseInstant(formatInstant(at))).toBe(at)
      expect(formatInstant(midnightOf(at))).toBe(`${dayOf(at)}T00:00:00Z`)
      expect(at - midnightOf(at)).toBeLessThan(DAY_SECONDS)
    }),
  )
})

test.each([
  '2026-11-23T10:00:00z',
  '2026-11-23 10:00:00Z',
  '2026-11-23T10:00:00.000Z',
  '2026-11-23T10:00:00+00:00',
  '2026-02-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-11-23T24:00:00Z',
  '2026-11-23T23:59:60Z',
  '+02026-11-23T10:00:00Z',
  '',
])('%j is no instant', (text) => {
  expect(parseInstant(text)).toBeUndefined()
})
