import { join } from 'node:path'
import { rmSync } from 'node:fs'
import { openLineWriter, readLines } from './line-file.ts'

/** Sorts more lines than fit into memory. */
export interface LineSorter {
  add(line: string): void
  /** All lines, ascending; to be asked once, at the end. Equal lines stand beside each other. */
  sorted(): Generator<string>
}

/** What is sorted at once: small beside everything else that a process needs. */
const RUN_CHARACTERS = 512 * 1024

/** Opens a sorter that keeps sorted runs in a folder, under a name, and removes them when all is read. */
export function openLineSorter(folder: string, name: string): LineSorter {
  const runs: string[] = []
  let waiting: string[] = []
  let characters = 0
  const writeRun = (): void => {
    const path = join(folder, `${name}-${String(runs.length)}.run`)
    const run = openLineWriter(path)
    for (const line of waiting.toSorted(ascending)) run.add(line)
    run.close()
    runs.push(path)
    waiting = []
    characters = 0
  }
  return {
    add: (line) => {
      waiting.push(line)
      characters += line.length
      if (characters >= RUN_CHARACTERS) writeRun()
    },
    sorted: function* () {
      const last = waiting.toSorted(ascending)
      waiting = []
      yield* merged([...runs.map(textsOf), last[Symbol.iterator]()])
      for (const path of runs) rmSync(path)
    },
  }
}

/** Lines are compared by UTF-16 units, which for ASCII is the order of their bytes. */
function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function* textsOf(path: string): Generator<string> {
  for (const line of readLines(path)) yield line.text()
}

/** Gives the least of the foremost lines again and again. */
function* merged(runs: readonly Iterator<string>[]): Generator<string> {
  const heads = runs.flatMap((run) => {
    const first = run.next()
    return first.done === true ? [] : [{ run, line: first.value }]
  })
  while (heads.length > 0) {
    let least = 0
    for (let i = 1; i < heads.length; i++)
      if ((heads[i]?.line ?? '') < (heads[least]?.line ?? '')) least = i
    const head = heads[least]
    if (head === undefined) return
    yield head.line
    const next = head.run.next()
    if (next.done === true) heads.splice(least, 1)
    else head.line = next.value
  }
}
