import type { CsvFault } from '#client/csv.ts'

const FAULTS_SHOWN = 20

/** Rows that nobody can be told by, a line each: the first of them, and how many more there are. */
export function faultLines({
  faults,
  count = faults.length,
}: {
  readonly faults: readonly CsvFault[]
  readonly count?: number
}): readonly string[] {
  const shown = faults
    .slice(0, FAULTS_SHOWN)
    .map(({ line, reason }) => `line ${String(line)}: ${reason}`)
  return count > FAULTS_SHOWN ? [...shown, `and ${String(count - FAULTS_SHOWN)} more`] : shown
}
