import { createPrivateKey, hash, type KeyObject, sign } from 'node:crypto'
import { pooledRandom } from './random-pool.ts'

/** The secret of one Ed25519 signing key of version 4, and how signatures name it. It is handed on in memory, never written. */
export interface SigningSecret {
  /** 22: the older form that every program reads; 27: the newer. */
  readonly algorithm: 22 | 27
  /** Of the key that signs, the primary or a subkey: 20 bytes. */
  readonly fingerprint: Uint8Array
  /** 32 bytes. */
  readonly seed: Uint8Array
}

/** A signing key that is ready for use, with all that is the same in each of its signatures. */
export interface MessageSigner {
  readonly algorithm: 22 | 27
  readonly key: KeyObject
  /** A one-pass signature packet (RFC 9580 section 5.4). */
  readonly onePass: Buffer
  /** The hashed part of a signature (RFC 9580 section 5.2.3); time and salt are put in for each. */
  readonly hashed: Buffer
}

const SHA512 = 10
const BINARY = 0
const LITERAL_BINARY = 0x62
const SALT_NAME = Buffer.from('salt@notations.openpgpjs.org')
const SALT_BYTES = 32
/** Where in the hashed part the time and the salt stand. */
const TIME_AT = 8
const SALT_AT = 12 + 10 + 10 + SALT_NAME.length
const LENGTH_BYTES_MAX = 5
/** A signature packet: header, no unhashed part, two octets of the hash, two integers of 256 bits. */
const TAIL_BYTES_MAX = 3 + 2 + 2 + 2 * 34

/** Makes a signing key ready. */
export function openMessageSigner({ algorithm, fingerprint, seed }: SigningSecret): MessageSigner {
  const keyId = fingerprint.subarray(-8)
  const d = Buffer.from(seed).toString('base64url')
  return {
    algorithm,
    key: createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', x: '', d }, format: 'jwk' }),
    onePass: Buffer.from([0xc4, 13, 3, BINARY, SHA512, algorithm, ...keyId, 1]),
    hashed: hashedPart(algorithm, fingerprint),
  }
}

/**
 * Signs some content inline: a one-pass signature, a literal without name and date, the signature; what `gpg --sign -z 0` writes.
 *
 * The subpackets, their order and so the length are those that OpenPGP.js writes, with its random notation, which keeps a fault in the
 * arithmetic from giving the key away (RFC 9580 section 13.2).
 */
export function signMessage(signer: MessageSigner, content: Uint8Array, createdAt: number): Buffer {
  const { hashed, onePass } = signer
  const literalAt = onePass.length
  const whole = Buffer.allocUnsafe(
    literalAt + 1 + LENGTH_BYTES_MAX + 6 + content.length + hashed.length + TAIL_BYTES_MAX,
  )
  onePass.copy(whole)
  whole[literalAt] = 0xcb
  const bodyAt = writeLength(whole, literalAt + 1, content.length + 6)
  whole[bodyAt] = LITERAL_BINARY
  whole.fill(0, bodyAt + 1, bodyAt + 6)
  const contentAt = bodyAt + 6
  whole.set(content, contentAt)

  // The content, the hashed part and its trailer stand in a row for a moment, as they are hashed (RFC 9580 section 5.2.4).
  const hashedAt = contentAt + content.length
  const own = whole.subarray(hashedAt, hashedAt + hashed.length)
  own.set(hashed)
  own.writeUInt32BE(createdAt, TIME_AT)
  own.set(pooledRandom(SALT_BYTES), SALT_AT)
  const trailerAt = hashedAt + hashed.length
  whole[trailerAt] = 4
  whole[trailerAt + 1] = 0xff
  whole.writeUInt32BE(hashed.length, trailerAt + 2)
  const digest = hash('sha512', whole.subarray(contentAt, trailerAt + 6), 'buffer')
  const signature = sign(null, digest, signer.key)
  return writeSignature(whole, { signer, hashedAt, digest, signature })
}

/** Writes the signature packet behind the content; the hashed part moves back to make room for the header. */
function writeSignature(
  whole: Buffer,
  made: {
    readonly signer: MessageSigner
    readonly hashedAt: number
    readonly digest: Buffer
    readonly signature: Buffer
  },
): Buffer {
  const { digest, hashedAt, signature, signer } = made
  const hashedBytes = signer.hashed.length
  const numbers =
    signer.algorithm === 27
      ? [signature]
      : [integer(signature.subarray(0, 32)), integer(signature.subarray(32))]
  const bodyBytes = hashedBytes + 4 + numbers.reduce((sum, { length }) => sum + length, 0)
  const header = Buffer.allocUnsafe(1 + LENGTH_BYTES_MAX)
  header[0] = 0xc2
  const headerBytes = writeLength(header, 1, bodyBytes)
  whole.copyWithin(hashedAt + headerBytes, hashedAt, hashedAt + hashedBytes)
  header.copy(whole, hashedAt, 0, headerBytes)
  let at = hashedAt + headerBytes + hashedBytes
  whole.writeUInt16BE(0, at)
  digest.copy(whole, at + 2, 0, 2)
  at += 4
  for (const part of numbers) at += part.copy(whole, at)
  return whole.subarray(0, at)
}

function hashedPart(algorithm: number, fingerprint: Uint8Array): Buffer {
  const subpackets = Buffer.concat([
    Buffer.from([5, 0x82, 0, 0, 0, 0]),
    Buffer.from([9, 16, ...fingerprint.subarray(-8)]),
    Buffer.from([1 + 8 + SALT_NAME.length + SALT_BYTES, 20, 0, 0, 0, 0]),
    Buffer.from([0, SALT_NAME.length, 0, SALT_BYTES]),
    SALT_NAME,
    Buffer.alloc(SALT_BYTES),
    Buffer.from([22, 33, 4, ...fingerprint]),
  ])
  return Buffer.concat([
    Buffer.from([4, BINARY, algorithm, SHA512, 0, subpackets.length]),
    subpackets,
  ])
}

/** A multiprecision integer (RFC 9580 section 3.2): its length in bits, and no zero in front. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const number = Buffer.allocUnsafe(2 + bytes.length - start)
  const bits = (bytes.length - start) * 8 - Math.clz32(bytes[start] ?? 0) + 24
  number.writeUInt16BE((bytes[start] ?? 0) === 0 ? 0 : bits, 0)
  number.set(bytes.subarray(start), 2)
  return number
}

/** Writes the length of a packet (RFC 9580 section 4.2.1) and gives the offset behind it. */
export function writeLength(into: Buffer, at: number, length: number): number {
  if (length < 192) {
    into[at] = length
    return at + 1
  }
  if (length < 8384) return into.writeUInt16BE(length - 192 + 0xc000, at)
  into[at] = 0xff
  return into.writeUInt32BE(length, at + 1)
}
