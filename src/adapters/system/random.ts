import type { Random } from '#ports/random.ts'

/** The platform's secure randomness (Web Crypto), in Node and in Workers. */
export const systemRandom: Random = {
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
}
