import { expect, test } from 'vitest'
import { openVault } from '#agent/vault.ts'

const vault = openVault(new Uint8Array(32).fill(7))

test('what is sealed opens in its own place, with its own key, and unchanged', () => {
  const sealed = vault.seal('anna@mail.example ü', 'recipient a')
  expect(vault.open(sealed, 'recipient a')).toBe('anna@mail.example ü')
  expect(() => vault.open(sealed, 'recipient b')).toThrow()
  expect(() => openVault(new Uint8Array(32).fill(8)).open(sealed, 'recipient a')).toThrow()
  const bytes = Buffer.from(sealed, 'base64')
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20)
  expect(() => vault.open(bytes.toString('base64'), 'recipient a')).toThrow()
  expect(() => vault.open('', 'recipient a')).toThrow()
})

test('the length of a ciphertext does not tell that of an account', () => {
  const lengths = ['', 'a', 'a'.repeat(200)].map((text) => vault.seal(text, 'x').length)
  expect(new Set(lengths).size).toBe(1)
})

test('keyed hashes of one text differ by purpose and by key', () => {
  const other = openVault(new Uint8Array(32).fill(8))
  const tags = [
    vault.tag('account', 'anna'),
    vault.tag('event', 'anna'),
    other.tag('account', 'anna'),
  ]
  expect(new Set(tags).size).toBe(3)
  expect(vault.tag('account', 'anna')).toBe(tags[0])
})
