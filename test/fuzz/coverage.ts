import { Session } from 'node:inspector'

/** Some code that ran: a function by its place, and the parts of it that did not run. */
export interface Ran {
  readonly place: string
  readonly idle: readonly Part[]
}

type Part = readonly [start: number, end: number]

interface Reported {
  readonly url: string
  readonly functions: readonly {
    readonly ranges: readonly { startOffset: number; endOffset: number; count: number }[]
  }[]
}

/** Knows which blocks of the product have run so far. */
export interface Coverage {
  /** What ran since the last call. V8 reports only functions that ran, so this costs little. */
  take(): readonly Ran[]
  /** Tells whether something ran that `learn` was never told of. */
  isNew(ran: readonly Ran[]): boolean
  learn(ran: readonly Ran[]): void
  /** How many functions ran, and how many characters of them never did. */
  readonly size: { readonly functions: number; readonly idleCharacters: number }
  stop(): void
}

/** The product, and nothing below it: what a library does is guided by what we make of its answer. */
const PRODUCT = /\/src\/(?:core|wire|client|http|service|adapters)\//

/** Starts to watch which blocks of this thread's code run, through the inspector of V8. */
export function watchCoverage(): Coverage {
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true })
  const idle = new Map<string, readonly Part[]>()
  const improves = ({ place, idle: now }: Ran): boolean => {
    const before = idle.get(place)
    return before === undefined || lengthOf(common(before, now)) < lengthOf(before)
  }
  return {
    take: () => takeFrom(session),
    isNew: (ran) => ran.some(improves),
    learn: (ran) => {
      for (const { place, idle: now } of ran) {
        idle.set(place, common(idle.get(place) ?? now, now))
      }
    },
    get size() {
      const parts = [...idle.values()].map(lengthOf)
      return { functions: parts.length, idleCharacters: parts.reduce((a, b) => a + b, 0) }
    },
    stop: () => {
      session.disconnect()
    },
  }
}

function takeFrom(session: Session): readonly Ran[] {
  const scripts: Reported[] = []
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error !== null) throw error
    scripts.push(...result)
  })
  return scripts
    .filter(({ url }) => PRODUCT.test(url))
    .flatMap(({ functions, url }) => functions.flatMap(({ ranges }) => ranOf(url, ranges)))
}

/** The first range is the function itself; the others are blocks whose count differs from that around them. */
function ranOf(url: string, ranges: Reported['functions'][number]['ranges']): readonly Ran[] {
  const [whole, ...blocks] = ranges
  if (whole === undefined || whole.count === 0) return []
  const idle = blocks
    .filter(({ count }) => count === 0)
    .map(({ endOffset, startOffset }) => [startOffset, endOffset] as const)
    .toSorted(([a], [b]) => a - b)
  return [{ place: `${url}:${String(whole.startOffset)}`, idle }]
}

/** The parts that two sorted lists have in common. */
function common(a: readonly Part[], b: readonly Part[]): readonly Part[] {
  return a.flatMap(([start, end]) =>
    b
      .map(([from, to]) => [Math.max(start, from), Math.min(end, to)] as const)
      .filter(([from, to]) => from < to),
  )
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, [start, end]) => sum + end - start, 0)
}
