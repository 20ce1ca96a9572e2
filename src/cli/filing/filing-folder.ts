import { join } from 'node:path'
import { Busy } from '#cli/busy.ts'
import { privateFolder } from '#cli/files.ts'
import { takeLock } from '#cli/lock.ts'
import type { Call } from '#cli/output.ts'
import { LOCK, openProductFolder, type ProductFolder } from '#cli/product-files.ts'
import { FileError, UsageError } from '#cli/usage-error.ts'
import { hasWork, removeWork } from './journal.ts'

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

/**
 * Tells how a folder stands: nothing is in it, a filing that broke off while it was prepared, or one whose act was signed and only has to be sent.
 *
 * With `--start-over` what was prepared is thrown away, never a signed act: that takes asking the server. @throws FileError for a folder that is
 * no place for this filing.
 */
export function checkFolder({ args }: Call, folder: ProductFolder): 'new' | 'prepared' | 'signed' {
  const { path } = folder
  const kept = folder.readFiling()
  const isUnderWay = hasWork(path)
  if (args.flag('resume') && args.flag('start-over'))
    throw new UsageError('--resume goes on and --start-over throws away: give one of them')
  if (kept !== undefined && (isUnderWay || args.flag('resume'))) return 'signed'
  if (kept !== undefined) {
    throw new FileError(
      `${path} is of the notice ${kept.id}, which was filed; see: dunant notice status ${kept.id} --files ${path}`,
    )
  }
  if (isUnderWay && args.flag('start-over')) {
    removeWork(path)
    folder.clear('all')
    return 'new'
  }
  if (isUnderWay) return 'prepared'
  if (args.flag('resume'))
    throw new UsageError(`${path} holds no filing to go on with; file again without --resume`)
  if (!folder.isEmpty()) throw new FileError(`${path} is not empty; give a new folder`)
  return 'new'
}
