import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { fromBase64 } from '#core/bytes.ts'

/** What keyed hashes are made of; hashes of different purposes have nothing to do with each other. */
export type TagPurpose = 'account' | 'digest' | 'event' | 'mailbox' | 'session'

/** Hides what must not stand in the agent's database in clear, under one key that lies elsewhere. */
export interface Vault {
  /** A keyed hash: 64 hex digits. */
  tag(purpose: TagPurpose, text: string | Uint8Array): string
  /** Ciphertext of a text that belongs in one place only, which `context` names. */
  seal(text: string, context: string): string
  /** @throws Error where the ciphertext was changed, moved to another place, or made with another key. */
  open(sealed: string, context: string): string
}

const KEY_BYTES = 32
const IV_BYTES = 12
const MAC_BYTES = 16
/** Ciphertexts of notices differ in length by so much or not at all, and so does the time that opening them takes. */
const PAD_BYTES = 1024

/** Opens a vault over 32 secret bytes. */
export function openVault(secret: Uint8Array): Vault {
  if (secret.length !== KEY_BYTES) throw new Error('the key of the agent is not 32 bytes')
  const derived = (name: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `dunant-agent-v1 ${name}`, KEY_BYTES))
  const [cipherKey, tagKey] = [derived('seal'), derived('tag')]
  return {
    tag: (purpose, text) =>
      createHmac('sha256', tagKey).update(`${purpose}\n`).update(text).digest('hex'),
    seal: (text, context) => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', cipherKey, iv).setAAD(Buffer.from(context))
      const bytes = padded(Buffer.from(text))
      const sealed = Buffer.concat([cipher.update(bytes), cipher.final()])
      return Buffer.concat([iv, sealed, cipher.getAuthTag()]).toString('base64')
    },
    open: (sealed, context) => {
      const bytes = Buffer.from(fromBase64(sealed) ?? new Uint8Array())
      const decipher = createDecipheriv('aes-256-gcm', cipherKey, bytes.subarray(0, IV_BYTES), {
        authTagLength: MAC_BYTES,
      })
      decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-MAC_BYTES))
      const opened = decipher.update(bytes.subarray(IV_BYTES, -MAC_BYTES))
      decipher.final()
      return opened.subarray(4, 4 + opened.readUInt32BE(0)).toString()
    },
  }
}

function padded(bytes: Buffer): Buffer {
  const length = Math.ceil((bytes.length + 4) / PAD_BYTES) * PAD_BYTES
  const whole = Buffer.alloc(length)
  whole.writeUInt32BE(bytes.length, 0)
  bytes.copy(whole, 4)
  return whole
}
