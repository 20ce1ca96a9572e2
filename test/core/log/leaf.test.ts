import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { hex } from '#core/bytes.ts'
import {
  addendumLeafHash,
  composeAddendum,
  LOG_ENTRY_BYTES,
  logEntry,
  parseLogEntry,
  recordHash,
  splitAddendum,
} from '#core/log/leaf.ts'
import { bytesOf, EXAMPLE, reasonOf, valueOf } from './worked-example.ts'

const addendum = composeAddendum(EXAMPLE)

test('the entry and the leaf hash are those of the worked example', () => {
  expect(hex(logEntry(addendum))).toBe(EXAMPLE.entry)
  expect(hex(addendumLeafHash(addendum))).toBe(EXAMPLE.leafHash)
  expect(EXAMPLE.entry.startsWith(hex(recordHash(addendum)))).toBe(true)
})

test('an entry gives back its record hash', () => {
  expect(valueOf(parseLogEntry(bytesOf(EXAMPLE.entry)))).toEqual(recordHash(addendum))
})

test('every entry has the same length, whatever the record', () => {
  const records = fc.uint8Array({ minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(records, (record) => {
      expect(logEntry(composeAddendum({ salt: EXAMPLE.salt, record }))).toHaveLength(
        LOG_ENTRY_BYTES,
      )
    }),
  )
})

test('an entry of another length or with another end is refused', () => {
  const wrong = [
    '',
    EXAMPLE.entry.slice(2),
    `${EXAMPLE.entry}00`,
    ...[32, 33, 34, 35, 36].map(
      (i) => `${EXAMPLE.entry.slice(0, i * 2)}07${EXAMPLE.entry.slice(i * 2 + 2)}`,
    ),
  ]
  for (const entry of wrong) expect(reasonOf(parseLogEntry(bytesOf(entry)))).toBe('tile-malformed')
})

test('an addendum is taken apart as it was joined', () => {
  const salts = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const records = fc.uint8Array({ minLength: 1 })
  fc.assert(
    fc.property(salts, records, (salt, record) => {
      const split = valueOf(splitAddendum(composeAddendum({ salt, record })))
      expect([hex(split.salt), hex(split.record)]).toEqual([hex(salt), hex(record)])
    }),
  )
})

test('an addendum without a record is neither read nor written', () => {
  const { salt, record } = EXAMPLE
  for (const length of [0, 31, 32]) {
    expect(reasonOf(splitAddendum(new Uint8Array(length)))).toBe('proof-malformed')
  }
  expect(() => composeAddendum({ salt, record: new Uint8Array() })).toThrow(RangeError)
  expect(() => composeAddendum({ salt: salt.subarray(1), record })).toThrow(RangeError)
})
