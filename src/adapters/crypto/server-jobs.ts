import type { SignatureSum } from '#core/arithmetic.ts'
import { computeSum } from './native.ts'

/** What the worker threads of a server do. */
export const SERVER_JOBS = {
  /** Tells whether a signature holds, as `computeSum`. */
  verify: (sum: SignatureSum): boolean | undefined => computeSum(sum),
}

/** The table of a server's jobs. */
export type ServerJobs = typeof SERVER_JOBS
