import { readFileSync } from 'node:fs'

/**
 * Milliseconds of computing that this process has done, on all its threads.
 *
 * Tests bound work by this and never by the time on the wall, which other programs on the machine stretch as they like.
 */
export function computedMilliseconds(): number {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

/** The same for another process, as Linux counts it (ticks of 10 ms); 0 where there is no such count. */
export function computedMillisecondsOf(pid: number): number {
  try {
    const [, after = ''] = readFileSync(`/proc/${String(pid)}/stat`, 'utf8').split(') ')
    const fields = after.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * 10
  } catch {
    return 0
  }
}
