import { openFileSigner } from '#adapters/log/file-signer.ts'
import { openRemoteSigner } from '#adapters/log/remote-signer.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import type { Storage } from '#ports/storage.ts'
import { checkLog, type SeenTree } from '#service/check-log.ts'
import { type ProcessConfig, SIGNER_MISSING } from './config.ts'
import {
  promoteLogKey,
  readLogSeeds,
  readSignerSecret,
  type ServerHome,
  settleLogKey,
} from './home.ts'

/** The stored log is not the one that its signer or a witness has seen: a server that went on from it would fork the log. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
}

/**
 * Opens the log signer of a server: the one apart where it is named, else the key and memory of its own home.
 *
 * @throws Error when the key, the memory or the secret of a signer apart is missing, or PostgreSQL is used without one.
 */
export async function openSigner(home: ServerHome, config: ProcessConfig): Promise<LogSigner> {
  if (config.logSigner !== undefined) {
    const secret = readSignerSecret(home.paths)
    if (secret === undefined && !config.logSigner.startsWith('unix:'))
      throw new Error(
        `the log signer at ${config.logSigner} asks for a secret: copy keys/signer.secret of its folder to ${home.paths.signerSecret}`,
      )
    return openRemoteSigner({ address: config.logSigner, secret })
  }
  if (config.databaseUrl !== undefined) throw new Error(SIGNER_MISSING)
  const signer = openFileSigner(deskOf(home))
  settleLogKey(home, (await signer.state()).vkeys[0] ?? '')
  return signer
}

/** Where the log key and the memory of a home are, for whoever signs with them. */
export function deskOf({
  file,
  paths,
}: Pick<ServerHome, 'file' | 'paths'>): Parameters<typeof openFileSigner>[0] {
  return {
    origin: file.origin,
    path: paths.logMemory,
    newLog: false,
    seeds: () => readLogSeeds(paths).reveal(),
    onSwitch: () => {
      promoteLogKey(paths)
    },
  }
}

/** Holds the stored log against the signer's memory. @throws StartRefused where the signer has seen a larger or another tree. */
export async function checkSigned(storage: Storage, signer: LogSigner): Promise<void> {
  const { root, size } = await signer.state()
  await checkSeen(storage, [{ by: 'the log signer', root, size }])
}

/** Holds the stored log against what others have seen of it. @throws StartRefused where somebody has seen a larger or another tree. */
export async function checkSeen(storage: Storage, seen: readonly SeenTree[]): Promise<void> {
  const checked = await checkLog(storage, seen)
  if (!checked.ok) throw new StartRefused(checked.refusal.detail ?? checked.refusal.reason)
}
