import {
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { bodyOf, readPackets, TAG } from '#core/packet-walk.ts'
import { readSignatureFields } from '#core/signature-packet.ts'

// What OpenPGP must compute, and nothing else: no packets, no policy, no parsing. Nothing that is right can be faster here.

const HASHES: Readonly<Record<number, string>> = { 8: 'sha256', 9: 'sha384', 10: 'sha512' }
const WRAP_IV = Buffer.alloc(8, 0xa6)
/** As long as the parameters of the key derivation are for Curve25519 (RFC 9580 section 11.5). */
const KDF_PARAMETERS = Buffer.alloc(55)
/** As long as the hashed part of a signature that OpenPGP.js makes, its trailer included. */
const SIGNATURE_HEAD = Buffer.alloc(118)
/** What stands around the content of a signed message: one-pass signature, literal header, signature. */
const SIGNED_OVERHEAD = Buffer.alloc(15 + 12 + 190)

/** A signature reduced to what is computed. */
export interface BareSignature {
  readonly digest: Buffer
  readonly signature: Buffer
  readonly key: KeyObject
}

/** The key of a certificate's only packet of a kind: Ed25519 of the primary key, X25519 of the subkey. */
export function bareKey(certificate: Uint8Array, kind: 'primaryKey' | 'subkey'): KeyObject {
  const packet = (readPackets(certificate) ?? []).find(({ tag }) => tag === TAG[kind])
  if (packet === undefined) throw new Error('the certificate lacks a key')
  const body = bodyOf(certificate, packet)
  // After version, date and algorithm: the curve's name with its length, an MPI of 263 bits, and 0x40.
  const point = 6 + (body[6] ?? 0) + 1 + 2 + 1
  return createPublicKey({
    key: {
      kty: 'OKP',
      crv: kind === 'primaryKey' ? 'Ed25519' : 'X25519',
      x: Buffer.from(body.subarray(point, point + 32)).toString('base64url'),
    },
    format: 'jwk',
  })
}

/** Reduces a signature packet. @throws Error where it would not verify: the comparison would be void. */
export function bareSignature(
  packet: Uint8Array,
  payload: Uint8Array,
  key: KeyObject,
): BareSignature {
  const [only] = readPackets(packet) ?? []
  const fields = only === undefined ? undefined : readSignatureFields(bodyOf(packet, only))
  const hash = HASHES[fields?.hashAlgorithm ?? 0]
  if (fields === undefined || hash === undefined) throw new Error('not a signature of ours')
  const length = Buffer.alloc(4)
  length.writeUInt32BE(fields.head.length)
  const digest = createHash(hash)
    .update(payload)
    .update(fields.head)
    .update(Uint8Array.of(4, 0xff))
    .update(length)
    .digest()
  const bare = { digest, signature: twoIntegers(fields.tail.subarray(2)), key }
  if (!verifyBare(bare)) throw new Error('the reduced signature does not verify')
  return bare
}

/** Verifies a reduced signature. */
export function verifyBare({ digest, key, signature }: BareSignature): boolean {
  return verify(null, digest, key, signature)
}

/** Two MPIs as 32 bytes each. */
function twoIntegers(bytes: Uint8Array): Buffer {
  const signature = Buffer.alloc(64)
  let at = 0
  for (const end of [32, 64]) {
    const length = Math.ceil((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)) / 8)
    signature.set(bytes.subarray(at + 2, at + 2 + length), end - length)
    at += 2 + length
  }
  return signature
}

/** Makes a signing key. */
export function bareSigningKey(): KeyObject {
  return createPrivateKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: '', d: randomBytes(32).toString('base64url') },
    format: 'jwk',
  })
}

/**
 * The arithmetic of signing some content and encrypting it to one X25519 key, as RFC 9580 asks for version 4 keys: SHA-512, Ed25519;
 * an ephemeral key, the shared secret, SHA-256, AES key wrap; SHA-1 over and AES-256-CFB of the whole. Gives all that was computed.
 */
export function sealBare(
  content: Uint8Array,
  keys: { readonly signer: KeyObject; readonly recipient: KeyObject },
): readonly Buffer[] {
  const digest = createHash('sha512').update(content).update(SIGNATURE_HEAD).digest()
  const signature = sign(null, digest, keys.signer)

  const ephemeral = createPrivateKey({
    key: { kty: 'OKP', crv: 'X25519', x: '', d: randomBytes(32).toString('base64url') },
    format: 'jwk',
  })
  const { x = '' } = ephemeral.export({ format: 'jwk' })
  const shared = diffieHellman({ privateKey: ephemeral, publicKey: keys.recipient })
  const wrapKey = createHash('sha256')
    .update(Uint8Array.of(0, 0, 0, 1))
    .update(shared)
    .update(KDF_PARAMETERS)
    .digest()
  const sessionKey = randomBytes(32)
  const wrapping = createCipheriv('id-aes128-wrap', wrapKey.subarray(0, 16), WRAP_IV)
  const wrapped = wrapping.update(Buffer.concat([sessionKey, Buffer.alloc(8)]))

  const prefix = randomBytes(18)
  const plain = Buffer.concat([prefix, SIGNED_OVERHEAD, content, Uint8Array.of(0xd3, 0x14)])
  const integrity = createHash('sha1').update(plain).digest()
  const cipher = createCipheriv('aes-256-cfb', sessionKey, Buffer.alloc(16))
  const sealed = Buffer.concat([cipher.update(plain), cipher.update(integrity), cipher.final()])
  return [signature, Buffer.from(x, 'base64url'), wrapped, sealed]
}
