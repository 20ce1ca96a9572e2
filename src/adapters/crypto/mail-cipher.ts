import { inspectCertificate } from '#core/openpgp.ts'
import { checkEnvelope, writeLiteral } from '#core/packets.ts'
import { accept } from '#core/result.ts'
import { encryptLiteral } from '#adapters/keys/openpgp.ts'
import type { MailCipher } from '#ports/mail-cipher.ts'
import { encryptMessage } from './encrypt-message.ts'
import { recipientOf } from './recipient.ts'

/** Encrypts by node:crypto where it can, else by OpenPGP.js, and looks at the outcome without decrypting it. */
export const mailCipher: MailCipher = {
  encrypt: async ({ at, certificate, payload }) => {
    const inspected = await inspectCertificate(certificate, 'identifiable', at)
    if (!inspected.ok) return inspected
    const { bytes, encryptionKeys } = inspected.value
    const recipient = await recipientOf(bytes, at)
    const message =
      recipient === undefined
        ? await encryptLiteral(bytes, payload, at)
        : encryptMessage(recipient, writeLiteral(payload))
    const checked = checkEnvelope(message, encryptionKeys)
    return checked.ok ? accept(new Uint8Array(message)) : checked
  },
}
