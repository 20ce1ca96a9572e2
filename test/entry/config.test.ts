import { expect, test } from 'vitest'
import { readEnvironment } from '#entry/config.ts'

test('signatures are verified by OpenSSL, by OpenPGP.js where that is asked for, and by nothing else', () => {
  expect(readEnvironment({}).crypto).toBe('native')
  expect(readEnvironment({ DUNANT_CRYPTO: 'stock' }).crypto).toBe('stock')
  expect(() => readEnvironment({ DUNANT_CRYPTO: 'fast' })).toThrow('DUNANT_CRYPTO')
  expect(() => readEnvironment({ DUNANT_CRYPTO: '' })).toThrow('DUNANT_CRYPTO')
})
