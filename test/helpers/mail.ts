import { generateKey } from 'openpgp'
import { mailCipher } from '#adapters/crypto/mail-cipher.ts'
import { signEntity, type UnlockedKey, unlockKey } from '#client/openpgp.ts'
import { base64, hex } from '#core/bytes.ts'
import { composeEntity } from '#core/entity.ts'
import { type MailAddress, readMailAddress } from '#core/mail-address.ts'
import type { Result } from '#core/result.ts'
import type { RelayedNotice } from '#service/queue-mail.ts'
import { systemRandom } from '#client/random.ts'
import { accepted, DAY, NOW } from './openpgp-keys.ts'
import { accountText, STATEMENT } from './statements.ts'

/** The act id of a notice. */
export const ACT = 'ab'.repeat(32)

/** An address that must be one. */
export function addressOf(text: string): MailAddress {
  return accepted(readMailAddress(text))
}

/** Somebody with a mail program that can decrypt. */
export interface Reader {
  readonly address: string
  readonly certificate: Uint8Array
  readonly privateArmored: string
  readonly key: UnlockedKey
}

/** Makes the key of a mail address, as mail programs do. */
export async function reader(address: string): Promise<Reader> {
  const made = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: { name: 'Reader', email: address },
    date: new Date((NOW - DAY) * 1000),
    format: 'object',
  })
  const privateArmored = made.privateKey.armor()
  const key = accepted(await unlockKey(privateArmored, ''))
  return { address, certificate: made.publicKey.write(), privateArmored, key }
}

/** A notice for an account, signed by an officer, with a product file that has all but a receipt. */
export async function signedNotice(
  officer: UnlockedKey,
  account: string,
): Promise<{ readonly signed: Uint8Array; readonly product: string }> {
  const statement = { ...STATEMENT, to: { account }, notice: hex(systemRandom(16)) }
  const entity = accepted(composeEntity(statement, accountText(STATEMENT.language)))
  const signed = await signEntity(officer, entity, { at: NOW })
  const file = {
    count: 1024,
    index: 7,
    kind: 'product',
    path: ['00'.repeat(32)],
    salt: '11'.repeat(32),
    signed: base64(signed),
    v: 1,
  }
  return { signed, product: `${JSON.stringify(file)}\n` }
}

/** What the agent hands over for one recipient. */
export async function relayed(
  officer: UnlockedKey,
  to: Pick<Reader, 'address' | 'certificate'>,
  more: Partial<RelayedNotice> = {},
): Promise<RelayedNotice> {
  return {
    reference: hex(systemRandom(16)),
    act: ACT,
    batch: '',
    lane: 'priority',
    address: to.address,
    certificate: to.certificate,
    ...(await signedNotice(officer, to.address)),
    ...more,
  }
}

/** Encrypts as a relay does. */
export async function encryptFor(to: Reader, payload: Uint8Array): Promise<Result<Uint8Array>> {
  return await mailCipher.encrypt({ certificate: to.certificate, payload, at: NOW })
}
