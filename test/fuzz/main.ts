import { appendFileSync, mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { Outcome } from './engine.ts'
import { fuzzEvery } from './every.ts'
import { writeFinding } from './past.ts'
import { TARGETS } from './targets.ts'
import { INPUT_BYTES_MAX, type Order, type Report } from './order.ts'

// `npm run fuzz` gives parsers inputs that nobody would write, and holds what they accept against second opinions.
//
//   npm run fuzz                                     every target for ten seconds each
//   npm run fuzz -- --target note --minutes 60       one target for an hour
//   npm run fuzz -- --target note --seed 7 --runs 1000    the same inputs as the last time with these numbers
//   --log FOLDER                                     a line of JSON a minute to FOLDER/<target>.log
//   --jobs 2 --rounds 6 --minutes 60 --log FOLDER    every target for an hour in six rounds, two processes at once
//
// A finding is written to test/fuzz/corpus/, where every later run begins with it, and the exit code is 1.

/** One input that takes this much computing is a finding. It is counted in CPU time, which the load of other programs does not change. */
const HANG_CPU_SECONDS = 1
const WATCH_MILLISECONDS = 100
const LOG_MILLISECONDS = 60_000
const HEAP_MEGABYTES = 768
/** How often a target is begun again after an input that killed or hung it. */
const RESTARTS_MAX = 8
/** OpenPGP.js is compiled by TypeScript's runner in each thread, so the thread asks for the runner itself. */
const START = `import('tsx/esm/api').then(({ register }) => { register(); return import(process.argv[2]) })`

interface Ended {
  readonly outcome: Outcome | undefined
  readonly findings: number
  readonly seconds: number
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      jobs: { type: 'string' },
      log: { type: 'string' },
      minutes: { type: 'string' },
      rounds: { type: 'string' },
      runs: { type: 'string' },
      seed: { type: 'string' },
      target: { type: 'string' },
    },
  })
  const chosen = TARGETS.map(({ name }) => name).filter(
    (name) => values.target === undefined || name === values.target,
  )
  if (chosen.length === 0)
    throw new Error(`--target is one of ${TARGETS.map(({ name }) => name).join(', ')}`)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
  const runs = values.runs === undefined ? undefined : Number(values.runs)
  const minutes = Number(values.minutes ?? (runs === undefined ? 1 / 6 : 24 * 60))
  const effort = { runs, seconds: minutes * 60 }
  if (values.jobs !== undefined) {
    const { jobs, log = '.', rounds = '1' } = values
    const plan = { minutes, seed, log, jobs: Number(jobs), rounds: Number(rounds) }
    if ((await fuzzEvery({ ...plan, targets: chosen })) > 0) process.exitCode = 1
    return
  }
  for (const target of chosen) {
    const log = openLog(target, values.log)
    if ((await fuzzTarget({ ...effort, target, seed }, log)) > 0) process.exitCode = 1
  }
}

type Log = (line: Readonly<Record<string, unknown>>) => void

function openLog(target: string, folder: string | undefined): Log {
  if (folder !== undefined) mkdirSync(folder, { recursive: true })
  const start = performance.now()
  return (line) => {
    const minutes = Number(((performance.now() - start) / 60_000).toFixed(2))
    const text = `${JSON.stringify({ at: new Date().toISOString(), target, minutes, cpu_seconds: cpuSeconds(), ...line })}\n`
    if (folder === undefined) process.stdout.write(text)
    else appendFileSync(`${folder}/${target}.log`, text)
  }
}

/** Runs a target until its time is over, also after inputs that end its thread. Gives the number of findings. */
async function fuzzTarget(order: Order, log: Log): Promise<number> {
  let findings = 0
  let left = order.seconds
  for (let restarts = 0; restarts <= RESTARTS_MAX && left > 0; restarts++) {
    const seed = order.seed + restarts
    log({ state: 'begins', seed, ...(order.runs === undefined ? {} : { runs: order.runs }) })
    const ended = await fuzzInThread({ ...order, seed, seconds: left }, log)
    findings += ended.findings
    left -= ended.seconds
    if (ended.outcome !== undefined) return findings
  }
  return findings
}

async function fuzzInThread(order: Order, log: Log): Promise<Ended> {
  const shared = new SharedArrayBuffer(8 + INPUT_BYTES_MAX)
  const start = performance.now()
  let findings = 0
  const found = (message: string, input: Uint8Array, after: number): void => {
    findings++
    const path = writeFinding({ target: order.target, input })
    log({ state: 'finding', message, after, bytes: input.length, path })
  }
  const worker = new Worker(START, {
    eval: true,
    argv: [new URL('worker.ts', import.meta.url).href],
    workerData: { order, shared },
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
  })
  const outcome = await new Promise<Outcome | undefined>((resolve) => {
    const watch = watchHangs(shared, (input, count) => {
      found('one input takes more than a second of computing', input, count)
      void worker.terminate()
    })
    const lines = everyMinute(() => {
      log({ state: 'runs', inputs: countIn(shared), findings })
    })
    let result: Outcome | undefined
    worker.on('message', (report: Report) => {
      if (report.kind === 'finding') found(report.message, report.input, report.after)
      else result = report.outcome
    })
    worker.on('error', (error) => {
      found(`the thread ended: ${error.name} ${error.message}`, inputIn(shared), countIn(shared))
    })
    worker.on('exit', () => {
      clearInterval(watch)
      clearInterval(lines)
      resolve(result)
    })
  })
  if (outcome !== undefined) {
    const { answers, findings: all, functions, idleCharacters, inputs, kept } = outcome
    const top = [...answers].toSorted(([, a], [, b]) => b - a).slice(0, 12)
    const line = { inputs, new_coverage: kept, answers: answers.size, functions, idleCharacters }
    log({
      state: 'ends',
      seed: order.seed,
      ...line,
      findings: all.length,
      most: Object.fromEntries(top),
    })
  }
  return { outcome, findings, seconds: (performance.now() - start) / 1000 }
}

function everyMinute(act: () => void): NodeJS.Timeout {
  return setInterval(act, LOG_MILLISECONDS)
}

/** The thread counts inputs in shared memory: where the count stands still while the process computes, the input there hangs. */
function watchHangs(
  shared: SharedArrayBuffer,
  hangs: (input: Uint8Array, count: number) => void,
): NodeJS.Timeout {
  let last = { count: -1, cpu: 0 }
  const timer = setInterval(() => {
    const count = countIn(shared)
    const cpu = cpuSeconds()
    if (count !== last.count) last = { count, cpu }
    else if (count > 0 && cpu - last.cpu > HANG_CPU_SECONDS) {
      clearInterval(timer)
      hangs(inputIn(shared), count)
    }
  }, WATCH_MILLISECONDS)
  return timer
}

function countIn(shared: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(shared), 0)
}

function inputIn(shared: SharedArrayBuffer): Uint8Array {
  const length = Atomics.load(new Int32Array(shared), 1)
  return new Uint8Array(shared).slice(8, 8 + length)
}

function cpuSeconds(): number {
  const { system, user } = process.cpuUsage()
  return Number(((system + user) / 1e6).toFixed(1))
}

await main()
