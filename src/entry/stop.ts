import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerType } from '@hono/node-server'

const LOOK_MILLISECONDS = 50

/** What became of the requests that were running when a server was told to end. */
export interface Drained {
  /** Connections that were cut when the time was over. */
  readonly cut: number
}

/**
 * Stops accepting, lets what runs finish for so many seconds, then cuts what is left.
 *
 * Whoever is cut has no answer: what they sent is committed whole or not at all, and sending the same bytes again is answered with where
 * they stand.
 */
export async function drain(server: ServerType, seconds: number): Promise<Drained> {
  const closing = new AbortController()
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      closing.abort()
      resolve()
    })
  })
  if (!isHttp(server)) {
    await closed
    return { cut: 0 }
  }
  const end = performance.now() + seconds * 1000
  // A connection that has just given its last answer becomes idle after `close` looked for idle ones.
  while (!closing.signal.aborted && performance.now() < end) {
    server.closeIdleConnections()
    await sleep(LOOK_MILLISECONDS)
  }
  const cut = closing.signal.aborted ? 0 : await connectionsOf(server)
  server.closeAllConnections()
  await closed
  return { cut }
}

/** Waits for some work, but not for ever: tells whether it ended in time. */
export async function within(seconds: number, work: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const late = sleep(seconds * 1000, false, { signal: timer.signal }).catch(() => false)
  const done = work.then(() => true)
  try {
    return await Promise.race([done, late])
  } finally {
    timer.abort()
  }
}

function isHttp(server: ServerType): server is Server {
  return 'closeIdleConnections' in server
}

async function connectionsOf(server: Server): Promise<number> {
  return await new Promise((resolve) => {
    server.getConnections((_, count) => {
      resolve(count)
    })
  })
}
