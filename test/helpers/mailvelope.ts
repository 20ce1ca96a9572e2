import {
  createMessage,
  decrypt,
  generateKey,
  readKey,
  readMessage,
  readPrivateKey,
  readSignature,
  verify,
} from 'openpgp-5'
import { mailCipher } from '#adapters/crypto/mail-cipher.ts'
import type { UnlockedKey } from '#client/openpgp.ts'
import { fromUtf8, hex, utf8 } from '#core/bytes.ts'
import { composeMail, composePayload } from '#core/mail-message.ts'
import { readArmor } from '#core/packets.ts'
import { systemRandom } from '#client/random.ts'
import { addressOf, type Reader, signedNotice } from './mail.ts'
import { accepted, DAY, NOW } from './openpgp-keys.ts'

/** The kinds of keys that version 5 of OpenPGP.js makes, and with it the programs that ship it. */
export const OLDER_KEYS = [
  { type: 'ecc', curve: 'curve25519' },
  { type: 'ecc', curve: 'p256' },
  { type: 'ecc', curve: 'p384' },
  { type: 'ecc', curve: 'p521' },
  { type: 'rsa', rsaBits: 3072 },
  { type: 'rsa', rsaBits: 4096 },
] as const

/** Somebody whose key was made by version 5 of OpenPGP.js. */
export type OlderReader = Pick<Reader, 'address' | 'certificate' | 'privateArmored'>

/** Makes such a key. */
export async function olderReader(
  address: string,
  kind: (typeof OLDER_KEYS)[number],
): Promise<OlderReader> {
  const made = await generateKey({
    ...kind,
    userIDs: { name: 'Reader', email: address },
    date: new Date((NOW - DAY) * 1000),
  })
  const certificate = accepted(readArmor(made.publicKey, 'PGP PUBLIC KEY BLOCK'))
  return { address, certificate, privateArmored: made.privateKey }
}

/** A mail as a relay makes it: the text that goes to the submission server. */
export async function mailTo(officer: UnlockedKey, to: OlderReader): Promise<string> {
  const { product, signed } = await signedNotice(officer, to.address)
  const payload = accepted(composePayload(signed, product))
  const { certificate } = to
  const message = accepted(await mailCipher.encrypt({ certificate, payload, at: NOW }))
  const from = { name: 'Contoso Security', address: addressOf('reporter@contoso.example') }
  const head = { from, to: addressOf(to.address), id: hex(systemRandom(32)), at: NOW }
  return fromUtf8(accepted(composeMail(head, message))) ?? ''
}

/** The OpenPGP message in a mail. */
export function armoredIn(mail: string): string {
  return /-----BEGIN PGP MESSAGE-----[^]+-----END PGP MESSAGE-----\r?\n/.exec(mail)?.[0] ?? ''
}

/** What version 5 makes of a mail, in the way of a program that ships it. */
export interface OlderReading {
  readonly decrypted: Uint8Array
  readonly entity: string
  readonly signature: string
}

/** Decrypts a mail with version 5, and takes apart what it holds (RFC 1847). */
export async function readByOlder(mail: string, to: OlderReader): Promise<OlderReading> {
  const { data } = await decrypt({
    message: await readMessage({ armoredMessage: armoredIn(mail) }),
    decryptionKeys: await readPrivateKey({ armoredKey: to.privateArmored }),
    format: 'binary',
  })
  const text = fromUtf8(data) ?? ''
  const boundary = /boundary="(signed-[0-9a-f]{32})"/.exec(text)?.[1] ?? ''
  const [, entity = '', rest = ''] = text.split(new RegExp(`\\r\\n--${boundary}(?:--)?\\r\\n`))
  const signature =
    /-----BEGIN PGP SIGNATURE-----[^]+-----END PGP SIGNATURE-----\r?\n/.exec(rest)?.[0] ?? ''
  return { decrypted: data, entity, signature }
}

/** Whether version 5 holds the signature for a good one over the entity by the owner of a certificate. */
export async function isGoodToOlder(
  { entity, signature }: Pick<OlderReading, 'entity' | 'signature'>,
  certificate: Uint8Array,
): Promise<boolean> {
  const { signatures } = await verify({
    message: await createMessage({ binary: utf8(entity) }),
    signature: await readSignature({ armoredSignature: signature }),
    verificationKeys: await readKey({ binaryKey: certificate }),
  })
  if (signatures.length !== 1) return false
  return (await signatures[0]?.verified.catch(() => false)) === true
}
