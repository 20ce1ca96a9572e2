import type { Random } from './random.ts'

/** What a mutation works with. */
export interface Material {
  readonly random: Random
  /** Another input, to take pieces from. */
  readonly other: Uint8Array
  /** Words of the format. */
  readonly words: readonly string[]
  /** Changes bytes that were found inside others. */
  readonly inside: (bytes: Uint8Array) => Uint8Array
}

/** Changes an input; where it does not apply, it gives the input back. */
export type Mutation = (input: Uint8Array, material: Material) => Uint8Array

/** Bytes as text, one character each: whatever is cut out of it can be put back. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

/** The bytes of what `latin1` gave. */
export function fromLatin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}
