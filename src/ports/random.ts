/** The one source of randomness. */
export interface Random {
  /** Cryptographically secure random bytes. */
  bytes(count: number): Uint8Array
}
