import {
  constants,
  createCipheriv,
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  hkdfSync,
  type KeyObject,
  publicEncrypt,
} from 'node:crypto'
import { pooledRandom } from './random-pool.ts'
import type { Recipient } from './recipient.ts'
import { integer, writeLength } from './sign-message.ts'

const AES256 = 9
const SESSION_KEY_BYTES = 32
const BLOCK_BYTES = 16
const ZERO_IV = Buffer.alloc(BLOCK_BYTES)
const WRAP_IV = Buffer.alloc(8, 0xa6)
const COUNTER = Buffer.from([0, 0, 0, 1])
const X25519_INFO = Buffer.from('OpenPGP X25519')
const NO_SALT = Buffer.alloc(0)
/** The header of the packet that holds the SHA-1 of all before it (RFC 9580 section 5.13.1). */
const INTEGRITY_HEADER = Buffer.from([0xd3, 0x14])
const INTEGRITY_BYTES = 22

/** Public keys of recipients that are written to more than once. */
const keys = new WeakMap<Recipient, KeyObject>()

/**
 * Encrypts packets to one key of version 4: a session key packet of version 3, then version 1 protection with AES-256 (RFC 9580
 * sections 5.1 and 5.13.1), which every OpenPGP program reads. Decrypting yields exactly the bytes given.
 */
export function encryptMessage(recipient: Recipient, packets: Uint8Array): Buffer {
  const sessionKey = pooledRandom(SESSION_KEY_BYTES)
  const carrier = sessionKeyPacket(recipient, sessionKey)
  const sealed = protect(sessionKey, packets)
  sessionKey.fill(0)
  const length = 1 + sealed.length
  const whole = Buffer.allocUnsafe(carrier.length + 1 + 5 + length)
  carrier.copy(whole)
  whole[carrier.length] = 0xd2
  const bodyAt = writeLength(whole, carrier.length + 1, length)
  whole[bodyAt] = 1
  sealed.copy(whole, bodyAt + 1)
  return whole.subarray(0, bodyAt + length)
}

/** A random block with its last two octets repeated, the packets, and the SHA-1 of it all; in CFB mode from a zero block on. */
function protect(sessionKey: Buffer, packets: Uint8Array): Buffer {
  const start = BLOCK_BYTES + 2
  const plain = Buffer.allocUnsafe(start + packets.length + INTEGRITY_BYTES)
  plain.set(pooledRandom(BLOCK_BYTES))
  plain.copyWithin(BLOCK_BYTES, BLOCK_BYTES - 2, BLOCK_BYTES)
  plain.set(packets, start)
  const end = start + packets.length
  plain.set(INTEGRITY_HEADER, end)
  plain.set(hash('sha1', plain.subarray(0, end + 2), 'buffer'), end + 2)
  // A stream cipher holds nothing back for `final`.
  return createCipheriv('aes-256-cfb', sessionKey, ZERO_IV).update(plain)
}

function sessionKeyPacket(recipient: Recipient, sessionKey: Buffer): Buffer {
  const [algorithm, fields] = wrapped(recipient, sessionKey)
  const header = Buffer.allocUnsafe(1 + 5)
  header[0] = 0xc1
  const bodyBytes = 10 + fields.reduce((sum, { length }) => sum + length, 0)
  const headerBytes = writeLength(header, 1, bodyBytes)
  return Buffer.concat([
    header.subarray(0, headerBytes),
    Uint8Array.of(3),
    recipient.keyId,
    Uint8Array.of(algorithm),
    ...fields,
  ])
}

type Wrapped = readonly [algorithm: number, fields: readonly Uint8Array[]]

function wrapped(recipient: Recipient, sessionKey: Buffer): Wrapped {
  if (recipient.kind === 'x25519') return wrapForX25519(recipient, sessionKey)
  const named = withChecksum(sessionKey)
  if (recipient.kind === 'rsa') return wrapForRsa(recipient, named)
  const { point, secret } =
    recipient.kind === 'curve25519'
      ? agreeOnCurve25519(recipient)
      : agreeOnNistCurve(recipient.curve, recipient.point)
  const { hash: algorithm, keyBytes, parameters } = recipient.derivation
  const material = Buffer.concat([COUNTER, secret, parameters])
  const key = hash(algorithm, material, 'buffer').subarray(0, keyBytes)
  const packed = wrapKey(key, padded(named))
  return [18, [integer(point), Uint8Array.of(packed.length), packed]]
}

function wrapForX25519(
  recipient: Recipient & { readonly kind: 'x25519' },
  sessionKey: Buffer,
): Wrapped {
  const { ephemeral, secret } = agree(recipient, recipient.point)
  const material = Buffer.concat([ephemeral, recipient.point, secret])
  const key = Buffer.from(hkdfSync('sha256', material, NO_SALT, X25519_INFO, 16))
  const packed = wrapKey(key, sessionKey)
  return [25, [ephemeral, Uint8Array.of(packed.length + 1, AES256), packed]]
}

function wrapForRsa(recipient: Recipient & { readonly kind: 'rsa' }, named: Buffer): Wrapped {
  const { algorithm, exponent, modulus } = recipient
  const n = Buffer.from(modulus).toString('base64url')
  const e = Buffer.from(exponent).toString('base64url')
  const key = cached(recipient, () => createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' }))
  return [algorithm, [integer(publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, named))]]
}

function agreeOnCurve25519(recipient: Recipient & { readonly kind: 'curve25519' }) {
  const { ephemeral, secret } = agree(recipient, recipient.point)
  return { point: Buffer.concat([Uint8Array.of(0x40), ephemeral]), secret }
}

/**
 * An ephemeral key and the secret it shares with an X25519 key.
 *
 * The key is made of random bytes and imported as a JWK: other ways into OpenSSL are twenty times slower, and exporting what
 * `generateKeyPairSync` made has brought Node 20 to a halt.
 */
function agree(
  recipient: Recipient,
  point: Uint8Array,
): { readonly ephemeral: Buffer; readonly secret: Buffer } {
  const scalar = pooledRandom(32)
  const d = scalar.toString('base64url')
  scalar.fill(0)
  const jwk = { kty: 'OKP', crv: 'X25519' }
  const privateKey = createPrivateKey({ key: { ...jwk, x: '', d }, format: 'jwk' })
  const publicKey = cached(recipient, () =>
    createPublicKey({
      key: { ...jwk, x: Buffer.from(point).toString('base64url') },
      format: 'jwk',
    }),
  )
  const { x = '' } = privateKey.export({ format: 'jwk' })
  const ephemeral = Buffer.alloc(32)
  if (ephemeral.write(x, 'base64url') !== 32) throw new Error('not a key of 32 bytes')
  return { ephemeral, secret: diffieHellman({ privateKey, publicKey }) }
}

function agreeOnNistCurve(curve: string, point: Uint8Array) {
  const ephemeral = createECDH(curve)
  const own = ephemeral.generateKeys()
  return { point: own, secret: ephemeral.computeSecret(point) }
}

function cached(recipient: Recipient, open: () => KeyObject): KeyObject {
  const known = keys.get(recipient)
  if (known !== undefined) return known
  const key = open()
  keys.set(recipient, key)
  return key
}

/** The session key with its algorithm in front and its checksum behind (RFC 9580 section 5.1.3). */
function withChecksum(sessionKey: Buffer): Buffer {
  const named = Buffer.allocUnsafe(1 + SESSION_KEY_BYTES + 2)
  named[0] = AES256
  sessionKey.copy(named, 1)
  let sum = 0
  for (const byte of sessionKey) sum += byte
  named.writeUInt16BE(sum & 0xffff, 1 + SESSION_KEY_BYTES)
  return named
}

/** Padded to whole blocks of eight octets (RFC 9580 section 11.5.1). */
function padded(bytes: Buffer): Buffer {
  const missing = 8 - (bytes.length % 8)
  return Buffer.concat([bytes, Buffer.alloc(missing, missing)])
}

function wrapKey(key: Buffer, bytes: Buffer): Buffer {
  const cipher = `id-aes${String(key.length * 8)}-wrap`
  return createCipheriv(cipher, key, WRAP_IV).update(bytes)
}
