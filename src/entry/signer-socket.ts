import { existsSync, statSync, unlinkSync } from 'node:fs'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'

/** A path for a Unix socket. */
export interface SocketPlace {
  readonly socket: string
  /** Lets the group of this process use it; else it is for its own user alone. */
  readonly isForGroup?: boolean
}

/** The shortest of what operating systems take for the path of a socket, without its end. */
const PATH_BYTES_MAX = 103
const WRITABLE_BY_OTHERS = 0o022
const NOT_FOR_OTHERS = 0o177
const NOT_BEYOND_GROUP = 0o117

/**
 * Listens on a Unix socket, in place of one that a process left which was killed.
 *
 * @throws Error where the path is too long, or others may write in its folder: they could put a socket of their own there.
 */
export async function listenOnSocket(server: Server, place: SocketPlace): Promise<string> {
  const { isForGroup = false, socket } = place
  if (Buffer.byteLength(socket) > PATH_BYTES_MAX)
    throw new Error(`the log signer cannot listen at ${socket}: name a shorter path with --socket`)
  const folder = dirname(socket)
  if ((statSync(folder).mode & WRITABLE_BY_OTHERS) !== 0)
    throw new Error(`the log signer does not listen in ${folder}: others may write there`)
  if (existsSync(socket) && !(await isAnswering(socket))) unlinkSync(socket)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // The socket appears within `listen`, and is nobody else's for not even a moment.
    const mask = process.umask(isForGroup ? NOT_BEYOND_GROUP : NOT_FOR_OTHERS)
    try {
      server.listen(socket, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(mask)
    }
  })
  return `unix:${socket}`
}

async function isAnswering(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = connect(path)
    const end = (isUp: boolean) => (): void => {
      probe.destroy()
      resolve(isUp)
    }
    probe.once('connect', end(true))
    probe.once('error', end(false))
  })
}
