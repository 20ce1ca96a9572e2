import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { base32, base64, fromBase64, fromHex, hex } from '#core/bytes.ts'

test('base64 and hex read back what they wrote, and agree with Node', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(base64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
      expect(fromBase64(base64(bytes))).toEqual(bytes)
      expect(hex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
      expect(fromHex(hex(bytes))).toEqual(bytes)
    }),
  )
})

test.each([
  'QQ',
  'QR==',
  'QUJ=',
  'QUI',
  'QQ==\n',
  'QQ== ',
  'QQ=',
  '=',
  'Q===',
  'QUJDR',
  'QUJD====',
  'Q-==',
  'Q_==',
])('base64 has one spelling: %j is refused', (text) => {
  expect(fromBase64(text)).toBeUndefined()
})

test.each(['A0', 'a', '0x00', ' 00', '00\n'])('hex has one spelling: %j is refused', (text) => {
  expect(fromHex(text)).toBeUndefined()
})

test('base32 is that of RFC 4648 section 10, in lower case and without padding', () => {
  const vectors: readonly [string, string][] = [
    ['', ''],
    ['f', 'my'],
    ['fo', 'mzxq'],
    ['foo', 'mzxw6'],
    ['foob', 'mzxw6yq'],
    ['fooba', 'mzxw6ytb'],
    ['foobar', 'mzxw6ytboi'],
  ]
  for (const [text, encoded] of vectors)
    expect(base32(new TextEncoder().encode(text))).toBe(encoded)
})

test('reads base64 and hex of 16 MiB', () => {
  const bytes = new Uint8Array(16 * 1024 * 1024).fill(0xa5)
  expect(fromBase64(Buffer.from(bytes).toString('base64'))?.length).toBe(bytes.length)
  expect(fromHex(Buffer.from(bytes).toString('hex'))?.length).toBe(bytes.length)
})
