import { expect, test } from 'vitest'
import { wkdHash } from '#core/wkd.ts'

test('names a local part as the Web Key Directory does', () => {
  // The example of the draft, and what gpg-wks-client --print-wkd-hash says.
  expect(wkdHash('Joe.Doe')).toBe('iy9q119eutrkn8s1mk4r39qejnbu3n5q')
  expect(wkdHash('joe.doe')).toBe('iy9q119eutrkn8s1mk4r39qejnbu3n5q')
})

test('maps ASCII letters alone to lower case', () => {
  expect(wkdHash('É')).not.toBe(wkdHash('é'))
  expect(wkdHash('\u212a')).not.toBe(wkdHash('k'))
})
