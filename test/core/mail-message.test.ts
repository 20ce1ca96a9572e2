import { simpleParser } from 'mailparser'
import { beforeAll, expect, test } from 'vitest'
import { openMessage } from '#client/openpgp.ts'
import { readSignedEntity } from '#client/signed-entity.ts'
import { fromUtf8, utf8 } from '#core/bytes.ts'
import {
  composeMail,
  composePayload,
  type MailHead,
  mailId,
  readProof,
} from '#core/mail-message.ts'
import { minimalCertificate } from '#core/minimal-certificate.ts'
import { readCertificate, verifySignature } from '#core/openpgp.ts'
import { readArmor, readLiteral, splitSignedMessage } from '#core/packets.ts'
import { officer } from '#test/helpers/client-keys.ts'
import {
  ACT,
  addressOf,
  encryptFor,
  type Reader,
  reader,
  signedNotice,
} from '#test/helpers/mail.ts'
import { accepted, NOW, reasonOf } from '#test/helpers/openpgp-keys.ts'

const KEY = new Uint8Array(32).fill(7)
const ID = mailId(KEY, { act: ACT, reference: 'reference-1' })

let sender: Awaited<ReturnType<typeof officer>>
let alice: Reader
let notice: Awaited<ReturnType<typeof signedNotice>>
let payload: Uint8Array
let message: Uint8Array

beforeAll(async () => {
  sender = await officer()
  alice = await reader('alice@customer.example')
  notice = await signedNotice(sender.key, alice.address)
  payload = accepted(composePayload(notice.signed, notice.product))
  message = accepted(await encryptFor(alice, payload))
})

function head(more: Partial<MailHead> = {}): MailHead {
  return {
    from: { name: 'Contoso Security', address: addressOf('reporter@contoso.example') },
    to: addressOf(alice.address),
    id: ID,
    at: NOW,
    ...more,
  }
}

function mailText(more: Partial<MailHead> = {}): string {
  return fromUtf8(accepted(composeMail(head(more), message))) ?? ''
}

test('the entity stands in the mail byte for byte, with the signature that the bundle commits to', async () => {
  const opened = accepted(await openMessage(alice.key, message))
  const decrypted = accepted(readLiteral(opened))
  expect(decrypted).toEqual(payload)
  const text = new TextDecoder('latin1').decode(decrypted)
  const boundary = /boundary="(signed-[0-9a-f]{32})"/.exec(text)?.[1] ?? ''
  const [, entity = '', signature = ''] = text.split(new RegExp(`\r\n--${boundary}(?:--)?\r\n`))
  const parts = accepted(splitSignedMessage(notice.signed))
  expect(Buffer.from(entity, 'latin1')).toEqual(Buffer.from(parts.content))
  const packet = accepted(readArmor(signature.slice(signature.indexOf('-----')), 'PGP SIGNATURE'))
  const verified = await verifySignature({
    payload: Buffer.from(entity, 'latin1'),
    signature: packet,
    certificate: sender.certificate,
    validAt: [NOW],
  })
  expect(reasonOf(verified)).toBe('accepted')
})

test('the product file travels inside the encryption and comes out as it went in', async () => {
  const product = accepted(readProof(payload))
  expect(product).toBe(notice.product)
  const parsed: unknown = JSON.parse(product)
  expect(parsed).toMatchObject({ kind: 'product', index: 7 })
  expect((await readSignedEntity(notice.signed, sender.certificate, [NOW])).ok).toBe(true)
  expect(reasonOf(readProof(utf8('Content-Type: text/plain\r\n\r\nhello')))).toBe(
    'notice-malformed',
  )
})

test('the length of what is encrypted tells no more than a multiple of 4096', () => {
  expect(payload.length % 4096).toBe(0)
})

test('nothing outside the encryption says what the mail is about', async () => {
  const text = mailText()
  const parsed = await simpleParser(text)
  expect(parsed.subject).toBe('[...]')
  expect(text).not.toMatch(/dunant|notice|attack|state/i)
  expect(text).toContain(`Date: `)
  expect(/Date: .*:(\d\d:\d\d) \+0000/.exec(text)?.[1]).toBe('00:00')
  expect(text).toContain('Auto-Submitted: auto-generated')
  expect(text).toContain(`<${ID}@contoso.example>`)
})

test('the mail is lines of seven bits that every server passes on unchanged', () => {
  const certificate = mailText({
    from: { name: 'Contoso Sécurité 安全', address: addressOf('reporter@contoso.example') },
  })
  for (const line of certificate.split('\r\n')) {
    expect(line.length).toBeLessThan(100)
    expect(line).toMatch(/^[\t\x20-\x7e]*$/)
  }
  expect(certificate).not.toMatch(/[^\r]\n/)
})

test('programs find the encrypted part where they look for it', () => {
  const text = mailText()
  expect(text).toContain('Content-Type: multipart/encrypted; protocol="application/pgp-encrypted";')
  expect(text).toContain('Content-Disposition: inline; filename="encrypted.asc"')
  expect(text).toContain('\r\n\r\nVersion: 1\r\n')
})

test('a name that could end a header or start another is refused', () => {
  for (const name of [
    '',
    'A\r\nBcc: eve@evil.example',
    'A\nB',
    'A\u0000',
    'A\u2028B',
    'A\u202eB',
    'x'.repeat(61),
  ]) {
    const from = { name, address: addressOf('reporter@contoso.example') }
    expect(reasonOf(composeMail(head({ from }), message)), JSON.stringify(name)).toBe(
      'mail-address-invalid',
    )
  }
})

test('quotes, angle brackets and commas in a name stay in the name', async () => {
  const name = 'Contoso "Security", <evil@x.example>'
  const parsed = await simpleParser(
    mailText({ from: { name, address: addressOf('reporter@contoso.example') } }),
  )
  expect(parsed.from?.value).toEqual([{ name, address: 'reporter@contoso.example' }])
})

test('no mail can be composed of anything but a message encrypted to one key', async () => {
  const bob = await reader('bob@customer.example')
  const other = accepted(await encryptFor(bob, payload))
  const two = new Uint8Array([...other.subarray(0, other.indexOf(0xd2)), ...message])
  for (const bytes of [
    payload,
    notice.signed,
    utf8('hello'),
    new Uint8Array(),
    message.subarray(0, -1),
    two,
  ])
    expect(reasonOf(composeMail(head(), bytes))).toBe('envelope-malformed')
})

test('what is not a signed notice makes no payload', () => {
  for (const bytes of [payload, utf8('hello'), new Uint8Array()])
    expect(reasonOf(composePayload(bytes, notice.product))).toBe('notice-malformed')
})

test('the id of a mail follows from key, act and reference, and from nothing else', () => {
  const same = mailId(KEY, { act: ACT, reference: 'reference-1' })
  expect(same).toBe(ID)
  const others = [
    mailId(new Uint8Array(32), { act: ACT, reference: 'reference-1' }),
    mailId(KEY, { act: 'cd'.repeat(32), reference: 'reference-1' }),
    mailId(KEY, { act: ACT, reference: 'reference-2' }),
  ]
  expect(new Set([...others, ID]).size).toBe(4)
  expect(() => mailId(KEY, { act: ACT, reference: 'a\r\nb-------' })).toThrow(TypeError)
})

test('the Autocrypt header has the certificate of the sender, cut to what is needed', async () => {
  const parsed = accepted(await readCertificate(sender.certificate))
  const address = addressOf('Reporter@contoso.example')
  const autocrypt = accepted(minimalCertificate(parsed, address, NOW))
  expect(autocrypt.length).toBeLessThanOrEqual(sender.certificate.length)
  expect((await readCertificate(autocrypt)).ok).toBe(true)
  const mail = await simpleParser(mailText({ autocrypt }))
  const header =
    mail.headerLines.find(({ key }) => key === 'autocrypt')?.line.replace(/\r\n /g, ' ') ?? ''
  expect(header).toContain('addr=reporter@contoso.example; prefer-encrypt=mutual; keydata=')
  const keydata = header.slice(header.indexOf('keydata=') + 8).replaceAll(' ', '')
  expect(new Uint8Array(Buffer.from(keydata, 'base64'))).toEqual(autocrypt)
  const other = minimalCertificate(parsed, addressOf('else@contoso.example'), NOW)
  expect(reasonOf(other)).toBe('certificate-user-id-wrong')
})
