import { readFileSync } from 'node:fs'

/** One measurement, as it is printed. */
export interface Line {
  readonly name: string
  /** Of what is measured to what it is held against; null where there is nothing to hold it against. */
  readonly ratio: number | null
  readonly goal: number | null
  readonly better: 'higher' | 'lower'
  readonly value: number
  readonly unit: string
  /** What it was held against in the same run, with its own figure. */
  readonly reference: string
  /** How many pairs the median was taken of. */
  readonly samples: number
}

/** How long and how often is measured. */
export interface Effort {
  readonly isQuick: boolean
  readonly samples: number
  /** How long one contender runs before it is the next one's turn. */
  readonly blockMilliseconds: number
}

/** Something that can be done again and again, and what one time costs. */
export interface Contender {
  /** Does it so many times. */
  readonly run: (times: number) => Promise<void> | void
  /** A running total in microseconds; CPU time of this process, all threads included, where it is left out. */
  readonly meter?: () => number
  /** Fixed where the contender must be prepared for each block; otherwise found while warming up. */
  readonly times?: number
  /** Prepares one block, unmeasured. */
  readonly prepare?: (times: number) => Promise<void> | void
}

/** A group of lines that share what they need. */
export interface Group {
  readonly name: string
  readonly lines: readonly string[]
  run(effort: Effort, print: (line: Line) => void): Promise<void>
}

/** Microseconds that passed. */
export function wallMeter(): number {
  return performance.now() * 1000
}

/** Microseconds of CPU time of this process: what "per core" counts, whatever else the machine does. */
export function cpuMeter(): number {
  const { system, user } = process.cpuUsage()
  return user + system
}

/**
 * Lets contenders take turns, block by block, and gives the microseconds per time of each block: `costs[contender][sample]`.
 *
 * All are warmed up first. The order rotates, so that none always runs after the same neighbour.
 */
export async function interleave(
  contenders: readonly Contender[],
  effort: Effort,
): Promise<readonly (readonly number[])[]> {
  const times: number[] = []
  for (const contender of contenders) times.push(await warmUp(contender, effort))
  const costs = contenders.map(() => new Array<number>())
  for (let sample = 0; sample < effort.samples; sample++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (sample + turn) % contenders.length
      const contender = contenders[index]
      if (contender === undefined) continue
      costs[index]?.push(await block(contender, times[index] ?? 1))
    }
  }
  return costs
}

/** Finds how often fits into a block; by then, and two blocks later, the compiler has seen what matters. */
async function warmUp(contender: Contender, { blockMilliseconds }: Effort): Promise<number> {
  const times = contender.times ?? (await calibrate(contender, blockMilliseconds))
  for (let spare = 0; spare < 2; spare++) await block(contender, times)
  return times
}

async function calibrate(contender: Contender, milliseconds: number): Promise<number> {
  for (let times = 16; ; times *= 2) {
    const started = performance.now()
    await block(contender, times)
    const took = performance.now() - started
    if (took >= milliseconds) return Math.max(1, Math.round((times * milliseconds) / took))
  }
}

async function block(
  { meter = cpuMeter, prepare, run }: Contender,
  times: number,
): Promise<number> {
  await prepare?.(times)
  const before = meter()
  await run(times)
  return (meter() - before) / times
}

/** The middle one. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.ceil(middle) - 1],
    sorted[Math.floor(middle)],
  ]
  return (low + high) / 2
}

/** How often a second: the median of blocks that cost so many microseconds each time. */
export function perSecond(costs: readonly number[] | undefined): number {
  return rounded(1e6 / median(costs ?? []))
}

/** The median, over the pairs of blocks, of how many times as fast the first is as the second. */
export function speedRatio(
  ours: readonly number[] | undefined,
  peer: readonly number[] | undefined,
): number {
  return rounded(median((ours ?? []).map((cost, sample) => (peer?.[sample] ?? Number.NaN) / cost)))
}

/** Three or four digits are all that such a measurement is worth. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}

/** CPU time of other processes: of children that ended, and of the process with the given id, in microseconds. */
export function otherProcessesMeter(pid: number): number {
  const ticks = [...fieldsOf('self').slice(13, 15), ...fieldsOf(String(pid)).slice(11, 13)]
  return ticks.reduce((sum, count) => sum + Number(count) * TICK_MICROSECONDS, 0)
}

/** The kernel counts CPU time for `/proc` in hundredths of a second. */
const TICK_MICROSECONDS = 10_000

/** What follows the name of the program in `/proc/<pid>/stat`: the state first. */
function fieldsOf(pid: string): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}
