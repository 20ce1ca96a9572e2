import { hash as hashOf } from 'node:crypto'
import { chooseEncryptionKey } from '#core/encryption-key.ts'
import { OPENPGP_CONFIG, type ParsedCertificate } from '#core/openpgp.ts'
import { bodyOf, readPackets, TAG } from '#core/packet-walk.ts'
import { fromHex } from '#core/bytes.ts'

/** How a key that is encrypted to derives the key that wraps the session key (RFC 9580 section 11.5). */
interface KeyDerivation {
  readonly hash: 'sha256' | 'sha384' | 'sha512'
  readonly keyBytes: 16 | 24 | 32
  /** What is hashed behind the shared secret. */
  readonly parameters: Uint8Array
}

/** A key of version 4 to encrypt to, reduced to what the arithmetic needs. */
export type Recipient = { readonly keyId: Uint8Array } & (
  | {
      readonly kind: 'curve25519'
      /** 32 bytes. */
      readonly point: Uint8Array
      readonly derivation: KeyDerivation
    }
  | {
      readonly kind: 'nist'
      readonly curve: 'prime256v1' | 'secp384r1' | 'secp521r1'
      /** Uncompressed, as it stands in the certificate. */
      readonly point: Uint8Array
      readonly derivation: KeyDerivation
    }
  | { readonly kind: 'x25519'; readonly point: Uint8Array }
  | {
      readonly kind: 'rsa'
      readonly algorithm: 1 | 2
      readonly modulus: Uint8Array
      readonly exponent: Uint8Array
    }
)

const HASHES: Readonly<Record<number, KeyDerivation['hash']>> = {
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
}
const KEY_BYTES: Readonly<Record<number, KeyDerivation['keyBytes']>> = { 7: 16, 8: 24, 9: 32 }
const ECDH = 18
const X25519 = 25
const CURVE25519_OID = '2b060104019755010501'
const NIST_OIDS: Readonly<Record<string, 'prime256v1' | 'secp384r1' | 'secp521r1'>> = {
  '2a8648ce3d030107': 'prime256v1',
  '2b81040022': 'secp384r1',
  '2b81040023': 'secp521r1',
}
const JUDGED_MAX = 256

/** Recipients by certificate and instant, least recently used first: the answer never changes. */
const judged = new Map<string, Recipient>()

const ANONYMOUS = Buffer.from('Anonymous Sender    ')

/**
 * Chooses the key of a certificate to encrypt to, as OpenPGP.js would; `undefined` for kinds of keys that are left to it.
 *
 * The choice and everything that speaks against a certificate are core's and OpenPGP.js's: only the arithmetic is done elsewhere.
 *
 * @param sentAt POSIX seconds, when the certificate must be valid
 * @throws Error where the certificate cannot be encrypted to.
 */
export async function recipientOf(
  certificate: Uint8Array,
  sentAt: number,
): Promise<Recipient | undefined> {
  const id = `${hashOf('sha256', certificate, 'hex')} ${String(sentAt)}`
  const known = judged.get(id)
  const recipient = known ?? (await judge(certificate, sentAt))
  if (recipient === undefined) return undefined
  judged.delete(id)
  judged.set(id, recipient)
  const [oldest] = judged.keys()
  if (judged.size > JUDGED_MAX && oldest !== undefined) judged.delete(oldest)
  return recipient
}

async function judge(bytes: Uint8Array, sentAt: number): Promise<Recipient | undefined> {
  const { at, certificate, fingerprint, keyId } = await chooseEncryptionKey(bytes, sentAt)
  const { key, life } = certificate
  await key.getEncryptionKey(keyId, new Date(at * 1000), undefined, OPENPGP_CONFIG)
  return life.version === 4 ? readRecipient(certificate, fingerprint) : undefined
}

/** Reads the numbers of a key packet (RFC 9580 section 5.5.2). */
function readRecipient(
  { bytes, sieved }: ParsedCertificate,
  fingerprint: string,
): Recipient | undefined {
  const keys = (readPackets(bytes) ?? []).filter(
    ({ tag }) => tag === TAG.primaryKey || tag === TAG.subkey,
  )
  const packet = keys[sieved.fingerprints.indexOf(fingerprint)]
  const name = fromHex(fingerprint)
  if (packet === undefined || name === undefined) return undefined
  const body = bodyOf(bytes, packet)
  const keyId = name.subarray(-8)
  const algorithm = body[5]
  const material = body.subarray(6)
  if (algorithm === X25519) return { kind: 'x25519', keyId, point: material.slice(0, 32) }
  if (algorithm === ECDH) return readEcdh(material, { keyId, fingerprint: name })
  if (algorithm !== 1 && algorithm !== 2) return undefined
  const modulus = readInteger(material, 0)
  const exponent = readInteger(material, modulus.end)
  return { kind: 'rsa', algorithm, keyId, modulus: modulus.bytes, exponent: exponent.bytes }
}

function readEcdh(
  material: Uint8Array,
  { keyId, fingerprint }: { readonly keyId: Uint8Array; readonly fingerprint: Uint8Array },
): Recipient | undefined {
  const oidEnd = 1 + (material[0] ?? 0)
  const oid = Buffer.from(material.subarray(1, oidEnd)).toString('hex')
  const point = readInteger(material, oidEnd)
  const kdf = material.subarray(point.end, point.end + 4)
  const hash = HASHES[kdf[2] ?? 0]
  const keyBytes = KEY_BYTES[kdf[3] ?? 0]
  if (kdf[0] !== 3 || kdf[1] !== 1 || hash === undefined || keyBytes === undefined) return undefined
  const parameters = Buffer.concat([
    material.subarray(0, oidEnd),
    Uint8Array.of(ECDH),
    kdf,
    ANONYMOUS,
    fingerprint,
  ])
  const derivation = { hash, keyBytes, parameters }
  if (oid === CURVE25519_OID) {
    const isNative = point.bytes.length === 33 && point.bytes[0] === 0x40
    return isNative
      ? { kind: 'curve25519', keyId, derivation, point: point.bytes.slice(1) }
      : undefined
  }
  const curve = NIST_OIDS[oid]
  return curve === undefined
    ? undefined
    : { kind: 'nist', curve, keyId, derivation, point: point.bytes.slice() }
}

function readInteger(
  bytes: Uint8Array,
  at: number,
): { readonly bytes: Uint8Array; readonly end: number } {
  const bits = (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)
  const end = at + 2 + Math.ceil(bits / 8)
  return { bytes: bytes.slice(at + 2, end), end }
}
