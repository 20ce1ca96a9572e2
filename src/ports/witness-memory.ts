/**
 * What a witness cosigned last, for each log that it knows.
 *
 * It outlives the process: a witness that forgets would cosign two trees of one log.
 */
export interface WitnessMemory {
  /**
   * The checkpoint that was cosigned last, with that cosignature; `undefined` where nothing has been cosigned for this log yet.
   *
   * @throws Unavailable where the memory of a known log is missing or damaged.
   */
  recall(origin: string): Promise<string | undefined>
  /**
   * Remembers a cosigned checkpoint, in place of the one before. It is durable when this resolves, and only then may the cosignature leave.
   *
   * @throws Unavailable where it cannot be written; whether it was is unknown, and `recall` tells.
   */
  remember(origin: string, note: string): Promise<void>
}
