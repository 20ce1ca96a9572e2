import {
  constants,
  createHash,
  createPublicKey,
  type JsonWebKey,
  type KeyObject,
  verify,
} from 'node:crypto'
import type { Arithmetic, PublicNumbers, SignatureSum } from '#core/arithmetic.ts'

/** Keys are small, and making one from its numbers takes a tenth of a verification. */
const KEYS_MAX = 2048
/** Keys ready for use by their numbers, least recently used first. */
const keys = new Map<string, KeyObject>()

/** Arithmetic by OpenSSL, in the calling thread. */
export const nativeArithmetic: Arithmetic = { verify: computeSum }

/**
 * Tells whether a signature holds, by OpenSSL; `undefined` where OpenPGP.js would, or might, compute it in another way.
 *
 * OpenPGP.js reaches the same OpenSSL through Web Crypto, except for what is left to it here: Ed448 that OpenSSL refuses (its own code is more
 * lenient about points), ECDSA and RSA over SHA-3, and ECDSA digests that begin with a zero, which an old fault once cut off.
 */
export function computeSum(sum: SignatureSum): boolean | undefined {
  const { hash, hashed, key, signature } = sum
  const digest = digestOf(sum)
  if (digest === undefined) return undefined
  if (digest[0] !== sum.digestStart[0] || digest[1] !== sum.digestStart[1]) return false
  try {
    switch (key.kind) {
      case 'Ed25519':
        return verify(null, digest, keyOf(key), signature)
      case 'Ed448':
        return verify(null, digest, keyOf(key), signature) ? true : undefined
      case 'RSA': {
        const padding = constants.RSA_PKCS1_PADDING
        return verify(hash, Buffer.concat(hashed), { key: keyOf(key), padding }, signature)
      }
      case 'P-256':
      case 'P-384':
      case 'P-521': {
        const whole = { key: keyOf(key), dsaEncoding: 'ieee-p1363' } as const
        const holds = verify(hash, Buffer.concat(hashed), whole, signature)
        return holds || digest[0] !== 0 ? holds : undefined
      }
    }
  } catch {
    return undefined
  }
}

function digestOf({ hash, hashed, key }: SignatureSum): Buffer | undefined {
  const isEdwards = key.kind === 'Ed25519' || key.kind === 'Ed448'
  if (!isEdwards && hash.startsWith('sha3')) return undefined
  const hashing = createHash(hash)
  for (const piece of hashed) hashing.update(piece)
  return hashing.digest()
}

/** Always by way of JWK: other encodings take ten times as long to read. */
function keyOf(numbers: PublicNumbers): KeyObject {
  const jwk = jwkOf(numbers)
  const id = `${numbers.kind} ${jwk.x ?? jwk.n} ${jwk.y ?? jwk.e ?? ''}`
  const known = keys.get(id)
  const key = known ?? createPublicKey({ key: jwk, format: 'jwk' })
  keys.delete(id)
  keys.set(id, key)
  const [oldest] = keys.keys()
  if (keys.size > KEYS_MAX && oldest !== undefined) keys.delete(oldest)
  return key
}

function jwkOf(numbers: PublicNumbers): JsonWebKey {
  switch (numbers.kind) {
    case 'Ed25519':
    case 'Ed448':
      return { kty: 'OKP', crv: numbers.kind, x: text(numbers.point) }
    case 'RSA':
      return { kty: 'RSA', n: text(numbers.modulus), e: text(numbers.exponent) }
    case 'P-256':
    case 'P-384':
    case 'P-521':
      return { kty: 'EC', crv: numbers.kind, x: text(numbers.x), y: text(numbers.y) }
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
