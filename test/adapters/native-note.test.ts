import { expect, test } from 'vitest'
import { nativeNoteCheck } from '#adapters/crypto/native.ts'
import { isSignedBy, type SignatureCheck, verifierOf, signNote } from '#core/log/note.ts'
import { utf8 } from '#core/bytes.ts'
import { consecutive } from '#test/core/log/worked-example.ts'

const signer = { name: 'log.example', seed: consecutive(0x00) }
const text = 'log.example\n3\nAAAA\n'
const { publicKey } = verifierOf(signer, 1)
const { signature } = signNote(text, signer)

/** A signature with its scalar raised by the order of the group: lenient verifiers take it for another good one. */
const malleated = ((): Uint8Array => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const bytes = Uint8Array.from(signature)
  let scalar = order
  for (let i = 0; i < 32; i++) scalar += BigInt(bytes[32 + i] ?? 0) << BigInt(8 * i)
  for (let i = 0; i < 32; i++) bytes[32 + i] = Number((scalar >> BigInt(8 * i)) & 0xffn)
  return bytes
})()

const bent = (bytes: Uint8Array, at: number): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ 1 : byte))

test.each<[string, Parameters<SignatureCheck>[0], boolean]>([
  ['a good one', { message: utf8(text), publicKey, signature }, true],
  ['over another text', { message: utf8('other\n'), publicKey, signature }, false],
  ['with another scalar', { message: utf8(text), publicKey, signature: malleated }, false],
  ['cut short', { message: utf8(text), publicKey, signature: signature.subarray(1) }, false],
  ['with another point', { message: utf8(text), publicKey, signature: bent(signature, 0) }, false],
  ['with another end', { message: utf8(text), publicKey, signature: bent(signature, 63) }, false],
  ['under another key', { message: utf8(text), publicKey: bent(publicKey, 5), signature }, false],
  [
    'under a short key',
    { message: utf8(text), publicKey: publicKey.subarray(1), signature },
    false,
  ],
])('OpenSSL judges a signature on a note as core does: %s', (_, claim, holds) => {
  expect([nativeNoteCheck(claim), isSignedBy(claim)]).toEqual([holds, holds])
})
