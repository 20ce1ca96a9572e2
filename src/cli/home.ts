import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { inFolder, privateFolder, writeWhole } from '#agent/files.ts'
import { pathOf } from './files.ts'
import { type Lock, takeLock } from '#agent/lock.ts'
import type { Call } from './output.ts'

/** Another process's work on the same home is waited for this long. */
const LOCK_WAIT_MS = 10_000

/** The folder that keeps what one person or company knows: keys, pins, product files. Nobody else may read it. */
export interface Home {
  readonly folder: string
  /** A text file, or `undefined` where it is not there. Names are ours. */
  read(area: Area, name: string): string | undefined
  /** Writes whole, durable, for the owner alone. */
  write(area: Area, name: string, text: string): string
  /** The same for a file that is not there yet. @throws FileError where it is. */
  writeNew(area: Area, name: string, text: string): string
  remove(area: Area, name: string): void
  list(area: Area): readonly string[]
  path(area: Area, name: string): string
}

/** Folders of a home. */
export type Area = 'keys' | 'mailboxes' | 'pins' | 'product'

/** Where the home of a call is, whether it exists or not. */
export function homeFolder(call: Call): string {
  const given = call.args.maybe('home')
  if (given !== undefined) return pathOf(call, given)
  const config = call.io.env['XDG_CONFIG_HOME'] ?? join(call.io.env['HOME'] ?? homedir(), '.config')
  return join(config, 'dunant')
}

/**
 * Runs some work on the home, which no other process works on meanwhile.
 *
 * Two processes that both read the pins and write them back could otherwise lose what one of them had verified.
 *
 * @throws Busy where another process holds it.
 */
export async function withHome<T>(call: Call, work: (home: Home) => Promise<T>): Promise<T> {
  const folder = homeFolder(call)
  privateFolder(folder)
  const lock: Lock = await takeLock(join(folder, 'lock'), LOCK_WAIT_MS)
  try {
    return await work(openHome(folder))
  } finally {
    lock.release()
  }
}

/** A home for reading only, without its lock: files in it are written whole, so that what is read is never half a file. */
export function openHome(folder: string): Home {
  const path = (area: Area, name: string) => inFolder(join(folder, area), name)
  const prepared = (area: Area, name: string) => {
    privateFolder(folder)
    privateFolder(join(folder, area))
    return path(area, name)
  }
  return {
    folder,
    path,
    read: (area, name) =>
      existsSync(path(area, name)) ? readFileSync(path(area, name), 'utf8') : undefined,
    write: (area, name, text) => {
      const whole = prepared(area, name)
      writeWhole(whole, text)
      return whole
    },
    writeNew: (area, name, text) => {
      const whole = prepared(area, name)
      writeWhole(whole, text, { isNew: true })
      return whole
    },
    remove: (area, name) => {
      rmSync(path(area, name), { force: true })
    },
    list: (area) => {
      const where = join(folder, area)
      return existsSync(where)
        ? readdirSync(where)
            .filter((name) => !name.endsWith('.part'))
            .toSorted()
        : []
    },
  }
}
