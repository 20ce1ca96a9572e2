import { expect, test } from 'vitest'
import { addressKey, addressOfUserId, formatAddress, readMailAddress } from '#core/mail-address.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

test('ordinary addresses are read, and written as they were but for the domain', () => {
  for (const text of [
    'a@b.co',
    "o'brien+tag@mail.customer.example",
    'A.b-c_d@xn--bcher-kva.example',
  ])
    expect(formatAddress(accepted(readMailAddress(text)))).toBe(text)
  expect(formatAddress(accepted(readMailAddress('Alice@CUSTOMER.Example')))).toBe(
    'Alice@customer.example',
  )
})

test('whatever could leave a header, a command or an address of the web is refused', () => {
  for (const text of [
    '',
    '@',
    'a@',
    '@b.co',
    'a b@c.co',
    'a@b',
    'a@b..co',
    'a@-b.co',
    'a@b.co.',
    'a@1.2.3.4',
    'a@[1.2.3.4]',
    'a@b.co:25',
    'a@b.co/x',
    'a@b.co?x',
    'a@b.co#x',
    'a..b@c.co',
    '.a@c.co',
    'a.@c.co',
    '"a b"@c.co',
    'a@b.co\r\nRCPT TO:<c@d.co>',
    'a\n@b.co',
    'a\u0000@b.co',
    'ä@b.co',
    'a@bücher.example',
    '<a@b.co>',
    'a@b@c.co',
    `${'a'.repeat(65)}@b.co`,
    `a@${'b.'.repeat(126)}example`,
  ])
    expect(reasonOf(readMailAddress(text)), JSON.stringify(text)).toBe('mail-address-invalid')
})

test('addresses that differ in the case of ASCII letters are looked up as one', () => {
  const [one, other] = ['Alice@a.example', 'aLICE@A.example'].map((text) =>
    accepted(readMailAddress(text)),
  )
  expect(addressKey(one ?? fail())).toBe(addressKey(other ?? fail()))
})

test('the address of a user ID is the one between its brackets, or all of it', () => {
  expect(addressOfUserId('Alice <alice@a.example>')).toEqual({
    local: 'alice',
    domain: 'a.example',
  })
  expect(addressOfUserId('alice@a.example')).toEqual({ local: 'alice', domain: 'a.example' })
  for (const text of ['Alice', 'alice@a.example <bob@b.example> x', 'x <a@b.co> <c@d.co>', ''])
    expect(addressOfUserId(text), text).toBeUndefined()
})

function fail(): never {
  throw new Error('not an address')
}
