import { join } from 'node:path'
import { Busy } from '#agent/busy.ts'
import { privateFolder } from '#agent/files.ts'
import { takeLock } from '#agent/lock.ts'
import { LOCK, openProductFolder, type ProductFolder } from './product-files.ts'

/** Long enough for a process that is just ending. */
const FOLDER_WAIT_MS = 500

/** Works on a folder of product files, which nobody else works on meanwhile. @throws Busy where somebody does. */
export async function withFolder<T>(
  out: string,
  work: (folder: ProductFolder) => Promise<T>,
): Promise<T> {
  privateFolder(out)
  const lock = await takeLock(join(out, LOCK), FOLDER_WAIT_MS).catch((error: unknown) => {
    if (!(error instanceof Busy)) throw error
    throw new Busy(`another filing is at work in ${out}: ${error.message}`)
  })
  try {
    return await work(openProductFolder(out))
  } finally {
    lock.release()
  }
}
