const EDDSA = 22
const ED25519 = 27
const SEED_BYTES = 32
const REDACTED = '[REDACTED]'

/** A signing key as the parser gives it. */
export interface ParsedSecret {
  readonly algorithm: number
  readonly version: number
  readonly privateParams: object | null
  getFingerprintBytes(): Uint8Array | null
}

/** The secret of an Ed25519 key, for arithmetic outside of OpenPGP.js. Printing or serialising it shows nothing of it. */
export class SigningSecret {
  /** 22: the older form that every program reads; 27: the newer. */
  readonly algorithm: 22 | 27
  /** Of the key that signs, the primary or a subkey: 20 bytes. */
  readonly fingerprint: Uint8Array
  readonly #seed: Uint8Array

  private constructor(algorithm: 22 | 27, fingerprint: Uint8Array, seed: Uint8Array) {
    this.algorithm = algorithm
    this.fingerprint = fingerprint
    this.#seed = seed
  }

  /** `undefined` for a key of another kind. */
  static of(key: ParsedSecret): SigningSecret | undefined {
    const { algorithm, privateParams, version } = key
    const fingerprint = key.getFingerprintBytes()
    if (version !== 4 || fingerprint === null) return undefined
    if (algorithm !== EDDSA && algorithm !== ED25519) return undefined
    const seed = privateParams !== null && 'seed' in privateParams ? privateParams.seed : undefined
    if (!(seed instanceof Uint8Array) || seed.length > SEED_BYTES) return undefined
    // As an integer it may have lost zeros in front.
    const whole = new Uint8Array(SEED_BYTES)
    whole.set(seed, SEED_BYTES - seed.length)
    return new SigningSecret(algorithm, fingerprint, whole)
  }

  /** 32 bytes: never to be written, logged or handed to another process. */
  get seed(): Uint8Array {
    return this.#seed
  }

  toString(): string {
    return REDACTED
  }

  toJSON(): string {
    return REDACTED
  }

  /** What Node prints for it. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED
  }
}
