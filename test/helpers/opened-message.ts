import { openMessage, type UnlockedKey } from '#client/openpgp.ts'
import { fromUtf8 } from '#core/bytes.ts'
import { readArmor, splitSignedMessage } from '#core/packets.ts'
import { accepted } from './openpgp-keys.ts'

/** Decrypts an armored message to a key and gives the signed text in it. */
export async function openArmored(key: UnlockedKey, armored: string): Promise<string> {
  const message = accepted(readArmor(armored, 'PGP MESSAGE'))
  const signed = accepted(await openMessage(key, message))
  return fromUtf8(accepted(splitSignedMessage(signed)).content) ?? ''
}
