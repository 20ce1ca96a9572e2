import { existsSync, readFileSync } from 'node:fs'
import type { PinStore } from '#client/pins.ts'
import { inFolder, privateFolder, writeWhole } from './files.ts'

/** Pins kept as files of a folder, written whole and durable. */
export function pinFiles(folder: string): PinStore {
  privateFolder(folder)
  return {
    read: async (name) => {
      const path = inFolder(folder, name)
      return await Promise.resolve(existsSync(path) ? readFileSync(path, 'utf8') : undefined)
    },
    write: async (name, text) => {
      writeWhole(inFolder(folder, name), text)
      await Promise.resolve()
    },
  }
}
