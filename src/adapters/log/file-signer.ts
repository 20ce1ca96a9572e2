import type { LogSigner } from '#ports/log-signer.ts'
import { openMemoryFile } from './memory-file.ts'
import { openSignerClient } from './signer-client.ts'
import type { SignerDesk } from './signer-desk.ts'
import { answerInTurn } from './signer-queue.ts'

/** Where a log key and its memory are. */
export interface FileSignerSettings extends Omit<SignerDesk, 'memory'> {
  /** The memory: a file outside the database. */
  readonly path: string
  /** Allows the file to be missing: a log that has never been signed. */
  readonly newLog: boolean
}

/**
 * Opens the signer of a single Node process.
 *
 * @throws Error when there is no memory and `newLog` is not set, or when the memory cannot be read: a key that does not know what it
 * signed must not sign.
 */
export function openFileSigner(settings: FileSignerSettings): LogSigner {
  const { newLog, path, ...desk } = settings
  const answer = answerInTurn({ ...desk, memory: openMemoryFile({ path, newLog }) })
  return openSignerClient(async (at, body) => await answer({ path: at, body }))
}
