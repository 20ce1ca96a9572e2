import { existsSync, readFileSync } from 'node:fs'
import { keepDurably } from '#adapters/system/durable-file.ts'
import { Unavailable } from '#ports/storage.ts'
import {
  EMPTY_MEMORY,
  formatMemory,
  type MemoryStore,
  parseMemory,
  type Remembered,
} from './signer-desk.ts'

/**
 * Opens the memory of a signer in a file, which is written, synced and renamed, and its folder synced, before a note leaves.
 *
 * One process may have it open at a time: its owner holds a lock for that.
 *
 * @throws Error when there is no file and `newLog` is not set, or when it cannot be read: a key that does not know what it signed must
 * not sign.
 */
export function openMemoryFile(settings: {
  readonly path: string
  /** Allows the file to be missing: a log that has never been signed. */
  readonly newLog: boolean
}): MemoryStore {
  const { path } = settings
  let newLog = settings.newLog && !existsSync(path)
  readMemory(settings)
  return {
    // Read anew each time: only the file knows what another process has signed that took this one for dead.
    read: async () => await Promise.resolve(readAgain({ path, newLog })),
    write: async (next) => {
      try {
        await keepDurably(path, formatMemory(next))
      } catch (cause) {
        throw new Unavailable('the log signer cannot write its memory', { cause })
      }
      newLog = false
    },
  }
}

function readAgain(settings: Parameters<typeof openMemoryFile>[0]): Remembered {
  try {
    return readMemory(settings)
  } catch (cause) {
    throw new Unavailable('the log signer cannot read its memory', { cause })
  }
}

function readMemory({ newLog, path }: { path: string; newLog: boolean }): Remembered {
  if (!existsSync(path)) {
    if (newLog) return EMPTY_MEMORY
    throw new Error(
      `the log signer has no memory at ${path}: restore it, or start a new log on an empty database`,
    )
  }
  const memory = parseMemory(readFileSync(path, 'utf8'))
  if (memory === undefined) throw new Error(`the log signer cannot read its memory at ${path}`)
  return memory
}
