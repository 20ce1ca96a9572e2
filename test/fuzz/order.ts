import type { Outcome } from './engine.ts'

/** What a thread is to do. */
export interface Order {
  readonly target: string
  readonly seed: number
  readonly runs: number | undefined
  readonly seconds: number
}

/** What a thread tells. */
export type Report =
  | {
      readonly kind: 'finding'
      readonly message: string
      readonly input: Uint8Array
      readonly after: number
    }
  | { readonly kind: 'end'; readonly outcome: Outcome }

/** The shared memory holds a count, a length, and the input that is being tried. */
export const INPUT_BYTES_MAX = 2 * 1024 * 1024
