import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'

/** What a process had under way when it was killed. */
export interface Kill {
  /** Its own ends of the connections that it had. */
  readonly ports: ReadonlySet<number>
  /** Mails of which the outbox said that somebody was sending them. */
  readonly sending: ReadonlySet<string>
}

/** Why kills cannot be looked into here, or `undefined`. */
export const noKiller: string | undefined =
  process.platform === 'linux' ? undefined : 'connections of a process are read from /proc'

const STATE_LISTEN = '0A'

/** Stops a process wherever it is, looks what it had under way, and kills it: as if it had been killed at once. */
export async function killAndLook(pid: number, outbox: string): Promise<Kill> {
  process.kill(pid, 'SIGSTOP')
  // The kernel stops its threads one by one.
  while (!/^State:\s+T/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))) await sleep(1)
  const seen = { ports: portsOf(pid), sending: sendingIn(outbox) }
  process.kill(pid, 'SIGKILL')
  return seen
}

/** TCP ports by the sockets that a process holds. */
function portsOf(pid: number): ReadonlySet<number> {
  const folder = `/proc/${String(pid)}/fd`
  const inodes = new Set(
    readdirSync(folder).flatMap((name) => {
      const found = /^socket:\[(\d+)\]$/.exec(target(`${folder}/${name}`))?.[1]
      return found === undefined ? [] : [found]
    }),
  )
  const rows = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${String(pid)}/net/${table}`, 'utf8')
      .trim()
      .split('\n')
      .slice(1),
  )
  return new Set(
    rows
      .map((row) => row.trim().split(/\s+/))
      .filter((cells) => cells[3] !== STATE_LISTEN && inodes.has(cells[9] ?? ''))
      .map((cells) => Number.parseInt(cells[1]?.split(':')[1] ?? '', 16)),
  )
}

function target(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function sendingIn(outbox: string): ReadonlySet<string> {
  const database = new Database(outbox, { readonly: true })
  try {
    return new Set(
      database.prepare<[], string>(`select id from mail where phase = 'sending'`).pluck().all(),
    )
  } finally {
    database.close()
  }
}
