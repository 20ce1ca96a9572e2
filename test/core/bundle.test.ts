import { expect, test } from 'vitest'
import { formatLine, splitChunk } from '#core/bundle.ts'
import { utf8 } from '#core/bytes.ts'
import { reasonOf } from '#test/helpers/openpgp-keys.ts'

const chunkOf = (lines: readonly string[]) => utf8(lines.map((line) => `${line}\n`).join(''))
const ascending = (count: number) =>
  Array.from({ length: count }, (_, i) => String(i).padStart(7, '0'))

test('a chunk of more lines than so many bytes can hold is refused, not taken apart', () => {
  expect(reasonOf(splitChunk(chunkOf(ascending(100_000)), ''))).toBe('bundle-line-invalid')
  expect(reasonOf(splitChunk(new Uint8Array(8 * 1024 * 1024).fill(0x0a), ''))).toBe(
    'bundle-line-invalid',
  )
})

test('a chunk of the shortest lines that there are is taken', () => {
  const lines = ['a', 'b', 'c'].map((letter) =>
    formatLine({ kind: 'mailbox', mailbox: letter.repeat(32), message: new Uint8Array(3) }, 'AAAA'),
  )
  expect(lines[0]).toHaveLength(63)
  expect(splitChunk(chunkOf(lines), '')).toEqual({ ok: true, value: lines })
})

test('empty lines are refused wherever they stand', () => {
  const [line = ''] = ascending(1)
  for (const lines of [[''], ['', ''], ['', line], ['', '', line], [line, '']])
    expect(reasonOf(splitChunk(chunkOf([...lines, 'x'.repeat(80)]), '')), lines.join()).toBe(
      'bundle-line-invalid',
    )
})
