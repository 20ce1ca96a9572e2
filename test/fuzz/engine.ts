import { concat, hex } from '#core/bytes.ts'
import { type Coverage, watchCoverage } from './coverage.ts'
import { mutate } from './mutate.ts'
import { type Random, randomOf } from './random.ts'

/** A parser, the inputs that it should take, and what must hold whatever comes. */
export interface Target {
  readonly name: string
  /** Inputs to begin with, good and bad. */
  seeds(): Promise<readonly Uint8Array[]> | readonly Uint8Array[]
  /** Words of the format, for the mutations. */
  readonly words?: readonly string[]
  /** Longer inputs are cut; a little above the limit of the parser, so that it is reached. */
  readonly bytesMax?: number
  /** How much the heap may have grown after many inputs, in megabytes. */
  readonly heapMegabytesMax?: number
  /**
   * Gives an input to the parser and holds the answer against a second opinion: `accepted`, or the reason of the refusal.
   *
   * @throws Error where something does not hold: that is a finding
   */
  run(input: Uint8Array): Promise<string> | string
}

/** An input that something does not hold for. */
export interface Finding {
  readonly target: string
  readonly message: string
  readonly input: Uint8Array
  /** How many inputs it took. */
  readonly after: number
}

/** How long to go on, and what to tell on the way. */
export interface Effort {
  readonly seed: number
  readonly runs?: number
  readonly seconds?: number
  /** Inputs that were findings in the past. */
  readonly past?: readonly Uint8Array[]
  /** Before each input, so that a watcher knows which one hangs. */
  readonly before?: (input: Uint8Array) => void
  readonly found?: (finding: Finding) => void
}

/** What came of it. */
export interface Outcome {
  readonly inputs: number
  /** How often each answer came. */
  readonly answers: ReadonlyMap<string, number>
  /** How many inputs reached what none before had reached. */
  readonly kept: number
  readonly functions: number
  readonly idleCharacters: number
  readonly findings: readonly Finding[]
}

/** Asking for the coverage costs as much as a few inputs, so it is asked once for so many. */
const BATCH = 16
const CORPUS_MAX = 600
const BYTES_MAX = 128 * 1024
const HEAP_MEGABYTES_MAX = 96
/** A finding is cut down for at most so many tries. */
const CUTS_MAX = 600
const MEGABYTE = 1024 * 1024

interface Run {
  readonly target: Target
  readonly effort: Effort
  readonly coverage: Coverage
  readonly random: Random
  readonly corpus: Uint8Array[]
  readonly answers: Map<string, number>
  readonly findings: Map<string, Finding>
  inputs: number
  kept: number
}

/**
 * Gives a target inputs made from its seeds, keeps those that reach new blocks of the product or get a new answer, and goes on from them.
 *
 * The same seed gives the same inputs as long as the code is the same.
 */
export async function fuzz(target: Target, effort: Effort): Promise<Outcome> {
  const coverage = watchCoverage()
  const random = randomOf(effort.seed)
  const state = { answers: new Map<string, number>(), findings: new Map<string, Finding>() }
  const run: Run = { ...state, target, effort, coverage, random, corpus: [], inputs: 0, kept: 0 }
  try {
    for (const input of [...(await target.seeds()), ...(effort.past ?? [])]) {
      await give(run, input)
      run.corpus.push(input)
    }
    coverage.learn(coverage.take())
    const heapBefore = heapMegabytes()
    const isOver = endOf(effort)
    while (!isOver(run.inputs)) {
      await batch(run)
      if (run.inputs % (BATCH * 512) < BATCH) checkHeap(run, heapBefore)
    }
    checkHeap(run, heapBefore)
    const { answers, findings, inputs, kept } = run
    return { ...coverage.size, answers, inputs, kept, findings: [...findings.values()] }
  } finally {
    coverage.stop()
  }
}

function endOf({ runs, seconds }: Effort): (inputs: number) => boolean {
  const end = performance.now() + (seconds ?? Number.POSITIVE_INFINITY) * 1000
  return (inputs) => inputs >= (runs ?? Number.POSITIVE_INFINITY) || performance.now() >= end
}

async function batch(run: Run): Promise<void> {
  const inputs: Uint8Array[] = []
  const fresh = new Set<Uint8Array>()
  for (let i = 0; i < BATCH; i++) {
    const input = nextInput(run)
    inputs.push(input)
    if (await give(run, input)) fresh.add(input)
  }
  const ran = run.coverage.take()
  if (run.coverage.isNew(ran)) await attribute(run, inputs, fresh)
  run.coverage.learn(ran)
  for (const input of fresh) keep(run, input)
}

/** Finds out which inputs of a batch reached what was new, by giving each of them again. */
async function attribute(
  run: Run,
  inputs: readonly Uint8Array[],
  fresh: Set<Uint8Array>,
): Promise<void> {
  for (const input of inputs) {
    await answerOf(run, input)
    const ran = run.coverage.take()
    if (run.coverage.isNew(ran)) fresh.add(input)
    run.coverage.learn(ran)
  }
}

function nextInput({ corpus, random, target }: Run): Uint8Array {
  // What was found last leads further more often than what was known before, and short inputs cost less.
  const pick = (): Uint8Array => {
    const newest = Math.min(corpus.length, 24)
    const index = random.oneIn(2)
      ? random.below(corpus.length)
      : corpus.length - 1 - random.below(newest)
    return corpus[index] ?? new Uint8Array()
  }
  const [a, b] = [pick(), pick()]
  const base = random.oneIn(4) || a.length < b.length ? a : b
  const input = mutate(base, { random, other: pick(), words: target.words ?? [] })
  return input.subarray(0, target.bytesMax ?? BYTES_MAX)
}

/** Gives one input to the target; true where its answer is one that never came before. */
async function give(run: Run, input: Uint8Array): Promise<boolean> {
  run.inputs++
  const answer = await answerOf(run, input)
  const times = run.answers.get(answer.text) ?? 0
  run.answers.set(answer.text, times + 1)
  if (answer.isFinding && !run.findings.has(answer.text)) await report(run, answer.text, input)
  return times === 0
}

async function answerOf(
  { effort, target }: Run,
  input: Uint8Array,
): Promise<{ readonly text: string; readonly isFinding: boolean }> {
  effort.before?.(input)
  try {
    // A parser that writes into its input would change what is reported.
    return { text: await target.run(input.slice()), isFinding: false }
  } catch (error) {
    return { text: messageOf(error), isFinding: true }
  }
}

/** The message without what depends on the input, and the first place in our code. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'something else than an Error was thrown'
  const place = /(?:src|test)\/[\w./-]+:\d+/.exec(error.stack?.replace(error.message, '') ?? '')
  return `${error.name}: ${error.message.slice(0, 160)} (${place?.[0] ?? ''})`
}

function keep(run: Run, input: Uint8Array): void {
  run.kept++
  run.corpus.push(input)
  if (run.corpus.length > CORPUS_MAX) run.corpus.splice(run.random.below(CORPUS_MAX), 1)
}

async function report(run: Run, message: string, input: Uint8Array): Promise<void> {
  const after = run.inputs
  run.findings.set(message, { target: run.target.name, message, input, after })
  const small = await cutDown(run, message, input)
  const finding = { target: run.target.name, message, input: small, after }
  run.findings.set(message, finding)
  run.effort.found?.(finding)
}

/** The smallest input that was found to give the same finding, by leaving out ever shorter ranges. */
async function cutDown(run: Run, message: string, input: Uint8Array): Promise<Uint8Array> {
  let small = input
  let tries = 0
  for (let width = Math.ceil(input.length / 2); width >= 1; width = Math.floor(width / 2)) {
    for (let start = 0; start < small.length && tries < CUTS_MAX; tries++) {
      const shorter = concat(small.subarray(0, start), small.subarray(start + width))
      const { text } = await answerOf(run, shorter)
      if (text === message) small = shorter
      else start += width
    }
  }
  return small
}

function heapMegabytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / MEGABYTE
}

function checkHeap(run: Run, before: number): void {
  const max = run.target.heapMegabytesMax ?? HEAP_MEGABYTES_MAX
  const message = `the heap grew by more than ${String(max)} MB`
  if (globalThis.gc === undefined || heapMegabytes() - before <= max) return
  if (run.findings.has(message)) return
  const input = run.corpus.at(-1) ?? new Uint8Array()
  const finding = { target: run.target.name, message, input, after: run.inputs }
  run.findings.set(message, finding)
  run.effort.found?.(finding)
}

/** Fails with words that say what does not hold. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what)
}

/** Fails where two byte strings differ that must be the same. */
export function mustEqual(a: Uint8Array, b: Uint8Array, what: string): void {
  must(a.length === b.length && hex(a) === hex(b), what)
}
