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

/** How many are told in another language than the one that was asked for. */
export function lackingLines(lacking: Readonly<Record<string, number>>): readonly string[] {
  const asked = Object.entries(lacking)
  if (asked.length === 0) return []
  const count = asked.reduce((sum, [, rows]) => sum + rows, 0)
  const named = asked.map(([tag, rows]) => `${tag} ${String(rows)}`).join(', ')
  return [
    `${String(count)} rows ask for a language that the template lacks (${named}): they are told in the nearest one that it has, and in English`,
  ]
}
