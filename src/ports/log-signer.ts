import type { Result } from '#core/result.ts'

/** A committed tree that asks for a signature. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/**
 * Signs checkpoints of committed heads, and nothing else.
 *
 * Its memory of the last tree it signed lives outside the main storage, so that a restored database cannot fork the log.
 */
export interface LogSigner {
  /** Note verifier key of the log. */
  readonly vkey: string
  /**
   * Signs a head that extends the last one signed, which it learns from a consistency proof.
   *
   * The new head is in its durable memory before the note is returned. Refuses `checkpoint-older`, `checkpoint-inconsistent`.
   *
   * @param prove gives the consistency proof from an older size to `head.size`
   * @throws Unavailable when its memory cannot be written.
   */
  sign(
    head: TreeHead,
    prove: (oldSize: number) => Promise<readonly Uint8Array[]>,
  ): Promise<Result<string>>
}
