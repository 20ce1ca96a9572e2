import { expect, test } from 'vitest'
import { readEnvironment } from '#entry/config.ts'

test('how many acts may be under way is a number of at least one', () => {
  expect(readEnvironment({}).actsAtOnce).toBe(256)
  expect(readEnvironment({ DUNANT_ACTS_AT_ONCE: '16' }).actsAtOnce).toBe(16)
  for (const wrong of ['0', '-1', '1.5', 'many', '1000000'])
    expect(() => readEnvironment({ DUNANT_ACTS_AT_ONCE: wrong })).toThrow('DUNANT_ACTS_AT_ONCE')
})

test('signatures are verified by OpenSSL, by OpenPGP.js where that is asked for, and by nothing else', () => {
  expect(readEnvironment({}).crypto).toBe('native')
  expect(readEnvironment({ DUNANT_CRYPTO: 'stock' }).crypto).toBe('stock')
  expect(() => readEnvironment({ DUNANT_CRYPTO: 'fast' })).toThrow('DUNANT_CRYPTO')
  expect(() => readEnvironment({ DUNANT_CRYPTO: '' })).toThrow('DUNANT_CRYPTO')
})
