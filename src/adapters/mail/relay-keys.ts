import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { base32, fromHex, hex, utf8 } from '#core/bytes.ts'
import { formatAddress, type MailAddress, readMailAddress } from '#core/mail-address.ts'

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const ADDRESS_LENGTH_BYTES = 2
const BOUNCE_CHARACTERS = 32
/** A key with its nonce and its tag. */
export const SEALED_KEY_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES

/** What is sealed of a mail. */
export interface Sealable {
  readonly to: MailAddress
  readonly zone?: string | undefined
  readonly message: Uint8Array
}

/** A mail under a key of its own, and that key under the relay's: whoever overwrites the key has deleted the mail. */
export interface Sealed {
  readonly block: Uint8Array
  /** `SEALED_KEY_BYTES` long. */
  readonly key: Uint8Array
}

/** The keys of a relay, each for one thing, all from one secret that lies outside the database. */
export interface RelayKeys {
  /** For `mailId`. */
  readonly ids: Uint8Array
  /** Encrypts what the outbox holds (AES-256-GCM); the id of the mail is bound to it. */
  seal(id: string, mail: Sealable): Sealed
  /** Opens it. @throws Error where the key is another one, or a byte was changed. */
  open(id: string, sealed: Sealed): Sealable
  /** By which an address, or a domain, is found again without being kept. */
  tag(text: string): string
  /** 32 characters that only this relay can make from the id of a mail. */
  bounceToken(id: string): string
}

/** Makes a fresh secret: 64 hex digits. */
export function newRelaySecret(): string {
  return hex(randomBytes(KEY_BYTES))
}

/** Derives the keys of a relay. @throws TypeError unless the secret is 64 hex digits. */
export function relayKeys(secret: string): RelayKeys {
  const bytes = fromHex(secret)
  if (bytes?.length !== KEY_BYTES) throw new TypeError('the secret of a relay is 64 hex digits')
  const derive = (use: string) =>
    new Uint8Array(hkdfSync('sha256', bytes, new Uint8Array(), `dunant-relay-v1 ${use}`, KEY_BYTES))
  const sealing = derive('seal')
  const tags = derive('tag')
  const bounces = derive('bounce')
  return {
    ids: derive('id'),
    seal: (id, mail) => seal(sealing, id, mail),
    open: (id, sealed) => open(sealing, id, sealed),
    tag: (text) => createHmac('sha256', tags).update(text).digest('hex'),
    bounceToken: (id) =>
      base32(createHmac('sha256', bounces).update(id).digest()).slice(0, BOUNCE_CHARACTERS),
  }
}

function seal(master: Uint8Array, id: string, { message, to, zone }: Sealable): Sealed {
  const head = utf8(`${formatAddress(to)}\n${zone ?? ''}`)
  const length = Buffer.alloc(ADDRESS_LENGTH_BYTES)
  length.writeUInt16BE(head.length)
  const key = randomBytes(KEY_BYTES)
  const block = encrypt(key, id, [length, head, message])
  return { block, key: encrypt(master, id, [key]) }
}

function open(master: Uint8Array, id: string, { block, key }: Sealed): Sealable {
  const plain = decrypt(decrypt(master, id, key), id, block)
  const end = ADDRESS_LENGTH_BYTES + plain.readUInt16BE()
  const [found = '', zone = ''] = plain
    .subarray(ADDRESS_LENGTH_BYTES, end)
    .toString('utf8')
    .split('\n')
  const to = readMailAddress(found)
  if (!to.ok) throw new Error('the outbox holds something else than a mail')
  return {
    to: to.value,
    message: new Uint8Array(plain.subarray(end)),
    ...(zone === '' ? {} : { zone }),
  }
}

/** Nonce, ciphertext, tag. */
function encrypt(key: Uint8Array, id: string, parts: readonly Uint8Array[]): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(utf8(id))
  const sealed = parts.map((part) => cipher.update(part))
  return Buffer.concat([nonce, ...sealed, cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: Uint8Array, id: string, sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES))
    .setAAD(utf8(id))
    .setAuthTag(sealed.subarray(-TAG_BYTES))
  const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES))
  return Buffer.concat([plain, decipher.final()])
}
