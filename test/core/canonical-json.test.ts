import { spawnSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '#core/bytes.ts'
import { canonicalJson, type Json, readCanonical } from '#core/canonical-json.ts'

const reasonOf = (text: string): string => {
  const read = readCanonical(utf8(text))
  return read.ok ? 'accepted' : read.refusal.reason
}

/** Values within the profile: keys are plain, numbers safe integers, strings without control characters. */
const value = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((n) => (Object.is(n, -0) ? 0 : n)),
    fc.string({ unit: 'grapheme' }).filter((text) => !/[\p{Cc}]/u.test(text)),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), tie('json'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
})).json

test('what was written reads back as the same value', () => {
  fc.assert(
    fc.property(value, (json) => {
      const read = readCanonical(canonicalJson(json))
      expect(read).toEqual({ ok: true, value: json })
    }),
  )
})

describe('refuses every other spelling of the same value', () => {
  const spellings: readonly [string, string][] = [
    ['white space', '{"a": 1}'],
    ['a trailing line feed', '{"a":1}\n'],
    ['unsorted keys', '{"b":1,"a":2}'],
    ['duplicate keys', '{"a":1,"a":1}'],
    ['duplicate keys that differ', '{"a":1,"a":2}'],
    ['a fraction that is whole', '{"a":1.0}'],
    ['an exponent', '{"a":1e3}'],
    ['minus zero', '{"a":-0}'],
    ['an escape that is not needed', '{"a":"\\u0041"}'],
    ['an escaped slash', '{"a":"\\/"}'],
    ['a number above 2^53 - 1', '{"a":9007199254740992}'],
    ['a number below -(2^53 - 1)', '{"a":-9007199254740992}'],
    ['a fraction', '{"a":0.5}'],
    ['an escaped line feed', '{"a":"\\n"}'],
    ['U+007F', '{"a":"\u007f"}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['a key in upper case', '{"A":1}'],
    ['an empty key', '{"":1}'],
    ['a key with a hyphen', '{"a-b":1}'],
    ['__proto__ as a key', '{"__proto__":1}'],
    ['nesting beyond 16', `${'['.repeat(18)}${']'.repeat(18)}`],
    ['nesting of 32,000', `${'['.repeat(32_000)}${']'.repeat(32_000)}`],
    ['a byte order mark', '\ufeff{"a":1}'],
  ]
  test.each(spellings)('%s', (_name, text) => {
    expect(reasonOf(text)).toMatch(/^act-not-(?:canonical|json)$/)
  })
})

test('accepts the largest and smallest integers', () => {
  expect(reasonOf('[-9007199254740991,0,9007199254740991]')).toBe('accepted')
})

test('names bytes that are not UTF-8 and text that is not JSON', () => {
  const read = readCanonical(Uint8Array.of(0x22, 0xc3, 0x28, 0x22))
  expect(read.ok ? '' : read.refusal.reason).toBe('act-not-utf8')
  expect(reasonOf('{"a":')).toBe('act-not-json')
})

test.skipIf(spawnSync('jq', ['--version']).error !== undefined)('is what jq -cS writes', () => {
  const samples = fc.sample(value, { numRuns: 200, seed: 7 })
  const input = samples.map((json) => JSON.stringify(json)).join('\n')
  const { stdout } = spawnSync('jq', ['-cS', '.'], { input, encoding: 'utf8' })
  expect(stdout.trimEnd().split('\n')).toEqual(samples.map((json) => fromUtf8(canonicalJson(json))))
})
