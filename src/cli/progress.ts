import type { Progress } from '#agent/progress.ts'
import type { Io } from './io.ts'

const SILENT_MS = 1000
const EVERY_MS = 100
const BAR_CELLS = 24

/**
 * A bar on stderr, for a person only and only once the work has taken a second.
 *
 * @param clock milliseconds since any moment
 */
export function openProgress(
  io: Pick<Io, 'isTerminal' | 'stderr'>,
  label: string,
  clock: () => number = () => performance.now(),
): Progress {
  const startedAt = clock()
  let shownAt = 0
  let shown = 0
  return {
    update: (done, total) => {
      const now = clock()
      if (!io.isTerminal || now - startedAt < SILENT_MS || now - shownAt < EVERY_MS) return
      shownAt = now
      const line = `${label} ${bar(done, total)}`
      io.stderr.write(`\r${line.padEnd(shown)}`)
      shown = line.length
    },
    close: () => {
      if (shown > 0) io.stderr.write(`\r${' '.repeat(shown)}\r`)
      shown = 0
    },
  }
}

function bar(done: number, total: number): string {
  if (total <= 0) return String(done)
  const filled = Math.round(Math.min(1, done / total) * BAR_CELLS)
  const cells = '#'.repeat(filled).padEnd(BAR_CELLS, '.')
  return `[${cells}] ${String(done)}/${String(total)}`
}
