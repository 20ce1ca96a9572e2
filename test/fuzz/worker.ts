import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parentPort, workerData } from 'node:worker_threads'
import { fuzz } from './engine.ts'
import type { Order, Report } from './order.ts'
import { pastFindings } from './past.ts'
import { closeTargets, TARGETS } from './targets.ts'

// A thread that may hang or run out of memory: whoever started it watches.

setFlagsFromString('--expose-gc')
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the flag above has just made it a function
globalThis.gc = runInNewContext('gc') as typeof globalThis.gc

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- main.ts made it
const { order, shared } = workerData as { order: Order; shared: SharedArrayBuffer }
const counters = new Int32Array(shared, 0, 2)
const held = new Uint8Array(shared, 8)
const target = TARGETS.find(({ name }) => name === order.target)
if (target === undefined) throw new Error('there is no such target')

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows, and this is a thread
const tell = (report: Report): void => parentPort?.postMessage(report)
const { runs, seconds, seed } = order
const outcome = await fuzz(target, {
  seed,
  seconds,
  ...(runs === undefined ? {} : { runs }),
  past: pastFindings(target.name),
  before: (input) => {
    held.set(input.subarray(0, held.length))
    Atomics.store(counters, 1, Math.min(input.length, held.length))
    Atomics.add(counters, 0, 1)
  },
  found: ({ after, input, message }) => {
    tell({ kind: 'finding', message, input, after })
  },
})
tell({ kind: 'end', outcome })
await closeTargets()
