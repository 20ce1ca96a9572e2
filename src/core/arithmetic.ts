/** The numbers of a public key that signs. The kind is the curve, or RSA. */
export type PublicNumbers =
  | { readonly kind: 'Ed25519' | 'Ed448'; readonly point: Uint8Array }
  | {
      readonly kind: 'P-256' | 'P-384' | 'P-521'
      readonly x: Uint8Array
      readonly y: Uint8Array
    }
  | { readonly kind: 'RSA'; readonly modulus: Uint8Array; readonly exponent: Uint8Array }

/** A hash function, by the name that programs give it. */
export type HashName = 'sha256' | 'sha384' | 'sha512' | 'sha3-256' | 'sha3-512'

/** A signature reduced to what is computed. */
export interface SignatureSum {
  readonly key: PublicNumbers
  readonly hash: HashName
  /** What is hashed, piece after piece. */
  readonly hashed: readonly Uint8Array[]
  /** The two bytes with which the digest must begin. */
  readonly digestStart: Uint8Array
  /** As wide as the modulus, or as both numbers of the curve. */
  readonly signature: Uint8Array
}

/**
 * Computes signatures faster than OpenPGP.js can, which decides everything but the numbers.
 *
 * Without one, and where it knows no answer, OpenPGP.js computes too: browsers, Workers and offline verifiers have none.
 */
export interface Arithmetic {
  /**
   * Tells whether a signature holds; `undefined` where this one is not for it, so that OpenPGP.js answers.
   *
   * Its answer must be that of OpenPGP.js for every input.
   *
   * @throws Unavailable where it computes elsewhere and that failed, Overloaded where too much waits there.
   */
  verify(sum: SignatureSum): boolean | undefined | Promise<boolean | undefined>
  /** SHA-256 of some bytes, 64 lower-case hex digits. */
  readonly sha256Hex: (bytes: Uint8Array) => string
}
