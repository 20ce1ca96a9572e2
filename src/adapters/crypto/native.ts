import {
  constants,
  createHash,
  createPublicKey,
  hash,
  type JsonWebKey,
  type KeyObject,
  type VerifyKeyObjectInput,
  verify,
} from 'node:crypto'
import type { Arithmetic, PublicNumbers, SignatureSum } from '#core/arithmetic.ts'
import { ED25519_SIGNATURE_BYTES, type SignatureCheck } from '#core/log/note.ts'
import { Overloaded } from '#ports/crypto.ts'

/** Keys ready for use, as long as core keeps their numbers: it keeps a bounded number of certificates. */
const keys = new WeakMap<PublicNumbers, KeyObject>()

/** Arithmetic by OpenSSL, in the calling thread. */
export const nativeArithmetic: Arithmetic = {
  verify: computeSum,
  sha256Hex: (bytes) => hash('sha256', bytes),
}

/**
 * Checks an Ed25519 signature on a note by OpenSSL, in a thirtieth of the time.
 *
 * Only for public keys that somebody has chosen to trust: of a key of small order it believes what core's own check refuses.
 */
export const nativeNoteCheck: SignatureCheck = ({ message, publicKey, signature }) => {
  if (signature.length !== ED25519_SIGNATURE_BYTES) return false
  const key = readKey({ kty: 'OKP', crv: 'Ed25519', x: text(publicKey) })
  return key !== undefined && verify(null, message, key, signature)
}

/** Arithmetic by OpenSSL in the threads that Node keeps for its own work, so that the calling thread goes on meanwhile. */
export function threadedArithmetic({ jobsMax }: { readonly jobsMax: number }): Arithmetic {
  let pending = 0
  return {
    sha256Hex: nativeArithmetic.sha256Hex,
    verify: async (sum) => {
      const work = prepare(sum)
      if (work === undefined || typeof work === 'boolean') return work
      if (pending >= jobsMax) throw new Overloaded('too many signatures wait to be verified')
      pending += 1
      try {
        return work.judge(await computeElsewhere(work))
      } catch {
        return undefined
      } finally {
        pending -= 1
      }
    },
  }
}

/**
 * Tells whether a signature holds, by OpenSSL; `undefined` where OpenPGP.js would, or might, compute it in another way.
 *
 * OpenPGP.js reaches the same OpenSSL through Web Crypto, except for what is left to it here: Ed448 that OpenSSL refuses (its own code is more
 * lenient about points), ECDSA and RSA over SHA-3, and ECDSA digests that begin with a zero, which an old fault once cut off.
 */
export function computeSum(sum: SignatureSum): boolean | undefined {
  const work = prepare(sum)
  if (work === undefined || typeof work === 'boolean') return work
  try {
    return work.judge(verify(work.algorithm, work.data, work.key, sum.signature))
  } catch {
    return undefined
  }
}

/** What `crypto.verify` is to be asked. */
interface Work {
  readonly algorithm: string | null
  readonly data: Uint8Array
  readonly key: VerifyKeyObjectInput
  readonly signature: Uint8Array
  /** What its answer says. */
  readonly judge: (holds: boolean) => boolean | undefined
}

/** All but the arithmetic of the key; the answer itself where there is nothing left to ask. */
function prepare(sum: SignatureSum): Work | boolean | undefined {
  const { hashed, signature } = sum
  const digest = digestOf(sum)
  if (digest === undefined) return undefined
  if (digest[0] !== sum.digestStart[0] || digest[1] !== sum.digestStart[1]) return false
  const key = keyOf(sum.key)
  if (key === undefined) return undefined
  const whole = { algorithm: sum.hash, data: Buffer.concat(hashed), signature }
  switch (sum.key.kind) {
    case 'Ed25519':
      return { algorithm: null, data: digest, key: { key }, signature, judge: (holds) => holds }
    case 'Ed448':
      return {
        algorithm: null,
        data: digest,
        key: { key },
        signature,
        judge: (holds) => holds || undefined,
      }
    case 'RSA': {
      const padding = constants.RSA_PKCS1_PADDING
      return { ...whole, key: { key, padding }, judge: (holds) => holds }
    }
    case 'P-256':
    case 'P-384':
    case 'P-521': {
      const judge = (holds: boolean): boolean | undefined =>
        holds || digest[0] !== 0 ? holds : undefined
      return { ...whole, key: { key, dsaEncoding: 'ieee-p1363' }, judge }
    }
  }
}

async function computeElsewhere({ algorithm, data, key, signature }: Work): Promise<boolean> {
  return await new Promise<boolean>((resolve, reject) => {
    verify(algorithm, data, key, signature, (error, holds) => {
      if (error === null) resolve(holds)
      else reject(error)
    })
  })
}

function digestOf({ hash: name, hashed, key }: SignatureSum): Buffer | undefined {
  const isEdwards = key.kind === 'Ed25519' || key.kind === 'Ed448'
  if (!isEdwards && name.startsWith('sha3')) return undefined
  const hashing = createHash(name)
  for (const piece of hashed) hashing.update(piece)
  return hashing.digest()
}

/** Always by way of JWK: other encodings take ten times as long to read. */
function keyOf(numbers: PublicNumbers): KeyObject | undefined {
  const key = keys.get(numbers) ?? readKey(jwkOf(numbers))
  if (key !== undefined) keys.set(numbers, key)
  return key
}

/** A point that is not on its curve cannot be read. */
function readKey(key: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    return undefined
  }
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
