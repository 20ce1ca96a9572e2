import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCheckpoint } from '#core/log/checkpoint.ts'
import { verifyCosignatures } from '#core/log/cosignature.ts'
import { parseNote, type VerifierKey } from '#core/log/note.ts'
import { originHash } from '#core/log/witness.ts'
import { writeDurably } from '#adapters/system/durable-file.ts'
import { Unavailable } from '#ports/storage.ts'
import type { WitnessMemory } from '#ports/witness-memory.ts'

/** Where a witness keeps what it cosigned, and for which logs. */
export interface FileMemorySettings {
  readonly folder: string
  readonly origins: readonly string[]
  /** The key of the witness itself: what it remembers carries its own cosignature, so that damage shows. */
  readonly witness: VerifierKey
}

/** The memory of a log for which nothing has been cosigned: a file of its own, so that a missing one is never taken for it. */
const NOTHING_COSIGNED = 'nothing cosigned yet\n'

/**
 * Opens the memory of a witness: one file for each log, which is written, synced and renamed before a cosignature leaves.
 *
 * @throws Error naming the first log whose file is missing or damaged: a witness that does not know what it cosigned must not cosign.
 */
export function openFileWitnessMemory(settings: FileMemorySettings): WitnessMemory {
  for (const origin of settings.origins) read(settings, origin)
  return {
    // Read anew each time: only the file knows what another process has cosigned that took this one for dead.
    recall: async (origin) => {
      try {
        return await Promise.resolve(read(settings, origin))
      } catch (cause) {
        throw new Unavailable('the witness cannot read its memory', { cause })
      }
    },
    remember: async (origin, note) => {
      try {
        writeDurably(fileOf(settings.folder, origin), note)
      } catch (cause) {
        throw new Unavailable('the witness cannot write its memory', { cause })
      }
      await Promise.resolve()
    },
  }
}

/** Begins the memory of a log that this witness has never cosigned for; one that is there already stays as it is. */
export function beginWitnessMemory(folder: string, origin: string): void {
  const path = fileOf(folder, origin)
  if (!existsSync(path)) writeDurably(path, NOTHING_COSIGNED)
}

function fileOf(folder: string, origin: string): string {
  return join(folder, originHash(origin))
}

function read({ folder, witness }: FileMemorySettings, origin: string): string | undefined {
  const path = fileOf(folder, origin)
  if (!existsSync(path))
    throw new Error(
      `the witness has no memory of ${origin} at ${path}: restore it; without it the same log could be cosigned twice`,
    )
  const text = readFileSync(path, 'utf8')
  if (text === NOTHING_COSIGNED) return undefined
  const note = parseNote(text)
  const cosigned = note.ok ? verifyCosignatures(note.value, [witness]) : note
  const checkpoint = note.ok ? parseCheckpoint(note.value.text) : note
  const isOwn = cosigned.ok && cosigned.value.length === 1
  if (!isOwn || !checkpoint.ok || checkpoint.value.origin !== origin)
    throw new Error(`the memory of ${origin} at ${path} is damaged: restore it`)
  return text
}
