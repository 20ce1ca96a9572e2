import type { Result } from '#core/result.ts'

/** A committed tree. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/** A committed tree that asks for a signature, and the log key that the charter among its leaves names. */
export interface SignableHead extends TreeHead {
  /** Note verifier key. */
  readonly vkey: string
}

/** What a signer remembers: the last tree it signed, and the keys it may sign with from now on. */
export interface SignerState extends TreeHead {
  /** Note verifier keys: the one in use first, then the one prepared for a rotation. */
  readonly vkeys: readonly string[]
}

/**
 * Signs checkpoints of committed heads, and nothing else.
 *
 * Its memory of the last tree it signed lives outside the main storage, so that a restored database cannot fork the log.
 */
export interface LogSigner {
  /**
   * What it remembers.
   *
   * @throws Unavailable when it cannot be reached or its memory cannot be read.
   */
  state(): Promise<SignerState>
  /**
   * Signs a head that extends the last one signed, which it learns from a consistency proof.
   *
   * The new head is in its durable memory before the note is returned, and with it the key: once a later key has signed, an earlier one never
   * signs again. Refuses `checkpoint-older`, `checkpoint-inconsistent`, and `key-missing` for a key that it does not hold or no longer uses.
   *
   * @param prove gives the consistency proof from an older size to `head.size`
   * @throws Unavailable when it cannot be reached or its memory cannot be written.
   */
  sign(
    head: SignableHead,
    prove: (oldSize: number) => Promise<readonly Uint8Array[]>,
  ): Promise<Result<string>>
}
