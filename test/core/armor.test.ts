import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { base64, utf8 } from '#core/bytes.ts'
import { type ArmorLabel, readArmor, writeArmor } from '#core/packets.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { reasonOf } from '#test/helpers/openpgp-keys.ts'
import { computedMilliseconds } from '#test/helpers/effort.ts'

const LABELS: readonly ArmorLabel[] = ['PGP SIGNATURE', 'PGP PUBLIC KEY BLOCK', 'PGP MESSAGE']

const bytes = utf8('some bytes that are not OpenPGP at all, but armor does not mind')
const armored = writeArmor('PGP SIGNATURE', bytes)

/** The checksum as RFC 9580 section 6.1.1 computes it, bit by bit. */
function checksum(data: Uint8Array): number {
  let crc = 0xb704ce
  for (const byte of data) {
    crc ^= byte << 16
    for (let bit = 0; bit < 8; bit++) {
      crc <<= 1
      if ((crc & 0x1000000) !== 0) crc ^= 0x1864cfb
    }
  }
  return crc
}

test('writes the checksum of RFC 9580, for every length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (data) => {
      const written = /^=(.{4})$/m.exec(writeArmor('PGP MESSAGE', data))?.[1] ?? ''
      expect(Buffer.from(written, 'base64').readUIntBE(0, 3)).toBe(checksum(data))
    }),
  )
})

test('reads back what it wrote, for every kind and length', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 500 }),
      fc.constantFrom(...LABELS),
      (data, label) => {
        const text = writeArmor(label, data)
        const read = readArmor(text, label)
        expect(read).toEqual({ ok: true, value: data })
        expect(read.ok && writeArmor(label, read.value)).toBe(text)
      },
    ),
  )
})

test('reads megabytes', () => {
  const large = new Uint8Array(8 * 1024 * 1024).fill(0xa5)
  const read = readArmor(writeArmor('PGP MESSAGE', large), 'PGP MESSAGE')
  expect(read.ok && Buffer.compare(read.value, large)).toBe(0)
})

const ACCEPTED: readonly [string, string][] = [
  ['CRLF', armored.replaceAll('\n', '\r\n')],
  ['line ends before and after', `\n\r\n${armored}\n\r\n\n`],
  ['no line end at all after it', armored.trimEnd()],
  ['no checksum', armored.replace(/\n=.{4}\n/, '\n')],
  [
    'headers',
    armored.replace('\n\n', '\nVersion: GnuPG v2\nComment: a: b\nHash: SHA512\nComment:\n\n'),
  ],
  [
    'lines of 76',
    armored.replace(
      /\n\n([^=]*)=/,
      (_all, body: string) => `\n\n${body.replaceAll('\n', '').replaceAll(/.{76}/g, '$&\n')}\n=`,
    ),
  ],
]
test.each(ACCEPTED)('accepts %s', (_name, text) => {
  expect(readArmor(text, 'PGP SIGNATURE')).toEqual({ ok: true, value: bytes })
})

const REFUSED: readonly [string, string, RefusalReason][] = [
  ['nothing', '', 'armor-malformed'],
  ['text without a block', 'hello', 'armor-malformed'],
  ['text before the block', `hello\n${armored}`, 'armor-surrounded'],
  ['a space before the block', ` ${armored}`, 'armor-surrounded'],
  ['a byte order mark', `\ufeff${armored}`, 'armor-surrounded'],
  ['text after the block', `${armored}hello`, 'armor-surrounded'],
  ['a space after the block', `${armored.trimEnd()} `, 'armor-surrounded'],
  ['two blocks', armored + armored, 'armor-surrounded'],
  ['another kind of block', writeArmor('PGP MESSAGE', bytes), 'armor-malformed'],
  [
    'a block inside another kind',
    armored.replace('BEGIN PGP SIGNATURE', 'BEGIN PGP MESSAGE'),
    'armor-malformed',
  ],
  ['no closing line', armored.replace(/-----END.*\n/, ''), 'armor-malformed'],
  ['no blank line', armored.replace('\n\n', '\n'), 'armor-malformed'],
  ['a blank line in the data', armored.replace(/\n=/, '\n\n='), 'armor-malformed'],
  ['a wrong checksum', armored.replace(/\n=.{4}\n/, '\n=AAAA\n'), 'armor-malformed'],
  ['no data', '-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n', 'armor-malformed'],
  ['white space in the data', armored.replace('c29t', 'c2 9t'), 'armor-malformed'],
  [
    'another spelling of the same bytes',
    writeArmor('PGP SIGNATURE', utf8('a'))
      .replace('YQ==', 'YR==')
      .replace(/\n=.{4}\n/, '\n'),
    'armor-malformed',
  ],
  [
    'padding in the middle',
    armored.replace('\n\n', '\n\nYQ==\n').replace(/\n=.{4}\n/, '\n'),
    'armor-malformed',
  ],
  ['33 headers', armored.replace('\n\n', `\n${'Comment: a\n'.repeat(33)}\n`), 'armor-malformed'],
  [
    'a header of a kilobyte',
    armored.replace('\n\n', `\nComment: ${'a'.repeat(1000)}\n\n`),
    'armor-malformed',
  ],
  ['data behind the opening line', armored.replace('-----\n\n', '----- x\n\n'), 'armor-malformed'],
  ['4 MB of blank lines', '\n'.repeat(4_000_000) + armored, 'packets-too-large'],
  [
    'a line of megabytes',
    `-----BEGIN PGP SIGNATURE-----\n\n${'A'.repeat(30_000)}\n-----END PGP SIGNATURE-----`,
    'armor-malformed',
  ],
]
test.each(REFUSED)('refuses %s', (_name, text, reason) => {
  const start = computedMilliseconds()
  expect(reasonOf(readArmor(text, 'PGP SIGNATURE'))).toBe(reason)
  expect(computedMilliseconds() - start).toBeLessThan(300)
})

test('refuses millions of short lines quickly', () => {
  const text = `-----BEGIN PGP MESSAGE-----\n\n${'A\n'.repeat(5_000_000)}-----END PGP MESSAGE-----\n`
  const start = computedMilliseconds()
  expect(reasonOf(readArmor(text, 'PGP MESSAGE'))).toBe('armor-malformed')
  expect(computedMilliseconds() - start).toBeLessThan(3000)
})

test('never throws, whatever the text', () => {
  const pieces = fc.constantFrom(
    '-----BEGIN PGP SIGNATURE-----',
    '-----END PGP SIGNATURE-----',
    '\n',
    '\r\n',
    '=',
    'AAAA',
    'Comment: x',
    ' ',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 20 }), (parts) => {
      readArmor(parts.join(''), 'PGP SIGNATURE')
    }),
  )
})

/** An armored certificate without a checksum, from base64 of our own. */
function block(encoded: string): string {
  const lines = encoded.replaceAll(/.{64}/g, '$&\n').trimEnd()
  return `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${lines}\n-----END PGP PUBLIC KEY BLOCK-----\n`
}

test('refuses padding in the middle, also where long data is decoded piece by piece', () => {
  const piece = base64(new Uint8Array(49_150))
  expect(piece).toHaveLength(64 * 1024)
  expect(reasonOf(readArmor(block(piece), 'PGP PUBLIC KEY BLOCK'))).toBe('accepted')
  expect(reasonOf(readArmor(block(`${piece}AAAA`), 'PGP PUBLIC KEY BLOCK'))).toBe('armor-malformed')
})
