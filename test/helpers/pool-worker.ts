import { parentPort } from 'node:worker_threads'
import { serveJobs } from '#adapters/crypto/jobs.ts'

/** What the workers of the pool's own tests do. */
const TEST_JOBS = {
  echo: (value: number): number => value,
  /** Answers once the gate was opened, without giving its thread to anybody meanwhile. */
  wait: ({ gate, value }: { gate: Int32Array; value: number }): number => {
    Atomics.wait(gate, 0, 0)
    return value
  },
  later: async (value: number): Promise<number> => {
    for (let turn = 0; turn < value % 7; turn++)
      await new Promise((resolve) => setImmediate(resolve))
    return value
  },
  fail: (text: string): never => {
    throw new TypeError(text)
  },
  die: (): never => process.exit(3),
  throwOutside: async (): Promise<never> => {
    setImmediate(() => {
      throw new Error('outside of any job')
    })
    return await new Promise(() => undefined)
  },
  hang: (): never => {
    for (;;);
  },
  /** How large the buffer is that the bytes came in, and the bytes. */
  carried: (
    bytes: Uint8Array,
    give: (bytes: Uint8Array) => void,
  ): { bufferBytes: number; bytes: Uint8Array } => {
    const { buffer } = bytes
    give(bytes)
    return { bufferBytes: buffer.byteLength, bytes }
  },
}

/** The table of the tests' jobs. */
export type TestJobs = typeof TEST_JOBS

if (parentPort === null) throw new Error('this program runs in a worker thread')
serveJobs(parentPort, TEST_JOBS)
