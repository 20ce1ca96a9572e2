/** Gives cryptographically secure random bytes. Passed to whatever needs them, so that a test can repeat a run. */
export type RandomBytes = (count: number) => Uint8Array

/** The random source of the browser or of Node. */
export function systemRandom(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count))
}
