import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { base64, fromBase64 } from '#core/bytes.ts'
import {
  formatCheckpoint,
  parseCheckpoint,
  type VerifiedCheckpoint,
  verifyCheckpoint,
} from '#core/log/checkpoint.ts'
import { EMPTY_ROOT } from '#core/log/merkle.ts'
import { formatNote, parseVkey, signNote } from '#core/log/note.ts'
import {
  CHECKPOINT_NOTE,
  CHECKPOINT_TEXT,
  EXAMPLE,
  NOT_COUNTS,
  reasonOf,
  valueOf,
} from './worked-example.ts'

const root = fromBase64(EXAMPLE.root) ?? new Uint8Array()
const checkpoint = { origin: EXAMPLE.log.name, size: 3, root }
const logVerifier = valueOf(parseVkey(EXAMPLE.logVkey))

function signedText(text: string): string {
  return formatNote({ text, signatures: [signNote(text, EXAMPLE.log)] })
}

test('the text is that of the worked example', () => {
  expect(formatCheckpoint(checkpoint)).toBe(CHECKPOINT_TEXT)
  expect(valueOf(parseCheckpoint(CHECKPOINT_TEXT))).toEqual(checkpoint)
})

test('a checkpoint is read as it was written', () => {
  const sizes = fc.oneof(fc.maxSafeNat(), fc.constantFrom(1, 2 ** 32, Number.MAX_SAFE_INTEGER))
  const roots = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(sizes, roots, (size, bytes) => {
      const text = formatCheckpoint({ ...checkpoint, size, root: size === 0 ? EMPTY_ROOT : bytes })
      expect(formatCheckpoint(valueOf(parseCheckpoint(text)))).toBe(text)
    }),
  )
})

test('a log without entries has the empty root and no other', () => {
  const text = `log.example/v1\n0\n${base64(EMPTY_ROOT)}\n`
  expect(formatCheckpoint({ ...checkpoint, size: 0, root: EMPTY_ROOT })).toBe(text)
  expect(valueOf(parseCheckpoint(text)).size).toBe(0)
  expect(reasonOf(parseCheckpoint(text.replace(base64(EMPTY_ROOT), EXAMPLE.root)))).toBe(
    'checkpoint-malformed',
  )
})

test.each([
  ['nothing', ''],
  ['no origin', `\n3\n${EXAMPLE.root}\n`],
  ['an origin with a space', `log example\n3\n${EXAMPLE.root}\n`],
  ['an extension line', `${CHECKPOINT_TEXT}extension\n`],
  ['a blank line after it', `${CHECKPOINT_TEXT}\n`],
  ['no end of line', CHECKPOINT_TEXT.slice(0, -1)],
  ['no size', `log.example/v1\n\n${EXAMPLE.root}\n`],
  ['a leading zero', `log.example/v1\n03\n${EXAMPLE.root}\n`],
  ['a plus sign', `log.example/v1\n+3\n${EXAMPLE.root}\n`],
  ['a minus sign', `log.example/v1\n-3\n${EXAMPLE.root}\n`],
  ['a size with an exponent', `log.example/v1\n3e0\n${EXAMPLE.root}\n`],
  ['a size in hex', `log.example/v1\n0x3\n${EXAMPLE.root}\n`],
  ['a size of 2^53', `log.example/v1\n9007199254740992\n${EXAMPLE.root}\n`],
  ['a size of 2^53 + 1', `log.example/v1\n9007199254740993\n${EXAMPLE.root}\n`],
  ['a size of 2^64', `log.example/v1\n18446744073709551616\n${EXAMPLE.root}\n`],
  ['carriage returns', CHECKPOINT_TEXT.replaceAll('\n', '\r\n')],
  ['a root of 31 bytes', `log.example/v1\n3\n${base64(root.subarray(1))}\n`],
  ['no root', 'log.example/v1\n3\n\n'],
  ['an unpadded root', CHECKPOINT_TEXT.replace('=', '')],
  ['a root with other trailing bits', CHECKPOINT_TEXT.replace('bk=', 'bl=')],
])('%s is refused, also when it is signed', (_, text) => {
  expect(text).not.toBe(CHECKPOINT_TEXT)
  expect(reasonOf(parseCheckpoint(text))).toBe('checkpoint-malformed')
  if (!text.endsWith('\n') || text.includes('\r')) return
  expect(reasonOf(verifyCheckpoint(signedText(text), logVerifier))).toBe('checkpoint-malformed')
})

test('what could not be read is not written', () => {
  const sizes = NOT_COUNTS.map((size) => ({ size }))
  const wrong = [
    ...sizes,
    { size: 0 },
    { origin: '' },
    { origin: 'a\nb' },
    { root: root.subarray(1) },
  ]
  for (const change of wrong)
    expect(() => formatCheckpoint({ ...checkpoint, ...change })).toThrow(RangeError)
})

test('a checkpoint that the log signed is verified, with its cosignatures kept for later', () => {
  const verified = valueOf(verifyCheckpoint(CHECKPOINT_NOTE, logVerifier))
  expect(verified).toMatchObject(checkpoint)
  expect(formatNote(verified.note)).toBe(CHECKPOINT_NOTE)
})

test('a checkpoint is refused when it is no note, is not signed, or names another origin than its key', () => {
  expect(reasonOf(verifyCheckpoint(CHECKPOINT_TEXT, logVerifier))).toBe('note-malformed')
  const witness = valueOf(parseVkey(EXAMPLE.witnessVkey))
  expect(reasonOf(verifyCheckpoint(CHECKPOINT_NOTE, witness))).toBe('note-unsigned')
  const forged = CHECKPOINT_NOTE.replace('\n3\n', '\n4\n')
  expect(reasonOf(verifyCheckpoint(forged, logVerifier))).toBe('note-signature-wrong')
  const other = signedText(CHECKPOINT_TEXT.replace('log.example/v1', 'log.example/v2'))
  expect(reasonOf(verifyCheckpoint(other, logVerifier))).toBe('checkpoint-malformed')
})

test('only the verifier makes a verified checkpoint', () => {
  // @ts-expect-error A checkpoint that was only read is not verified.
  const verified: VerifiedCheckpoint = {
    ...checkpoint,
    note: { text: CHECKPOINT_TEXT, signatures: [] },
  }
  expect(verified.size).toBe(3)
})
