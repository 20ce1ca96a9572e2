import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

// Fuzzes every target for the same time, some processes at once, in rounds, so that each of them has had some of its time early on.

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

/** How long each target gets in all, and how. */
export interface Plan {
  readonly targets: readonly string[]
  readonly minutes: number
  readonly rounds: number
  readonly jobs: number
  readonly seed: number
  readonly log: string
}

/** Runs a plan to its end, or to SIGTERM; gives the number of processes that found something or failed. */
export async function fuzzEvery(plan: Plan): Promise<number> {
  const { jobs, rounds, targets } = plan
  const queue = Array.from({ length: rounds }, (_, round) =>
    targets.map((target) => ({ target, seed: plan.seed + round * 1000 })),
  ).flat()
  const running = new Set<ChildProcess>()
  const stop = (): void => {
    queue.length = 0
    for (const child of running) child.kill()
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  let failed = 0
  const job = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const child = start(plan, next)
      running.add(child)
      const code = await new Promise((resolve) => child.once('close', resolve))
      running.delete(child)
      if (code !== 0) failed++
    }
  }
  await Promise.all(Array.from({ length: jobs }, job))
  return failed
}

function start(
  { log, minutes, rounds }: Plan,
  { seed, target }: { readonly seed: number; readonly target: string },
): ChildProcess {
  const args = ['--target', target, '--seed', String(seed), '--log', log]
  return spawn(
    process.execPath,
    ['--import', 'tsx', MAIN, ...args, '--minutes', String(minutes / rounds)],
    { stdio: 'inherit' },
  )
}
