import { join } from 'node:path'
import { accept } from '#core/result.ts'
import { privateFolder } from '#agent/files.ts'
import { pathOf } from '#cli/files.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from '#cli/usage-error.ts'
import { dataFolder, explain, setting, untilStopped } from './serve.ts'

const DEFAULT_PORT = 8789

/** `log-signer` */
export const run: Command = async (call) => {
  const { args, io } = call
  const { startLogSigner } = await import('#entry/log-signer.ts')
  const home = await existingHome(call)
  const log = (line: string) => {
    if (!args.flag('quiet')) io.stderr.write(`${line}\n`)
  }
  privateFolder(home)
  const listen = listenOf(call)
  const signer = await startLogSigner({ home, listen, log }).catch(explainStart)
  const { address, origin, state } = signer
  const { size, vkeys } = state
  io.stdout.write(
    args.flag('json')
      ? `${JSON.stringify({ address, origin, size, log_key: vkeys[0], next_log_key: vkeys[1] ?? null })}\n`
      : `The log of ${origin} is signed at ${address}; servers take DUNANT_LOG_SIGNER=${address}${hint(address)}\n`,
  )
  await untilStopped(io)
  await signer.close()
  return accept({ text: '', value: undefined })
}

/** `log-signer rotate`: also while a signer or a server runs, which finds the new key when it is asked for it. */
export const rotate: Command = async (call) => {
  const { prepareLogKey } = await import('#entry/home.ts')
  const home = await existingHome(call)
  const { isNew, log_key } = setting(() => prepareLogKey(home))
  return accept(
    say(
      [
        log_key,
        isNew
          ? 'prepared: the log changes to it with the charter.amend that names it as log_key'
          : 'prepared before, and not named by a charter.amend yet',
      ],
      { log_key, is_new: isNew },
    ),
  )
}

/** `log-signer secret` */
export const secret: Command = async (call) => {
  const { makeSignerSecret } = await import('#entry/home.ts')
  const home = await existingHome(call)
  const file = setting(() => makeSignerSecret(home))
  return accept(say([`${file}: copy it to keys/signer.secret of each server's folder`], { file }))
}

function hint(address: string): string {
  return address.startsWith('unix:') ? '' : " and this folder's keys/signer.secret among their keys"
}

/** A socket in the signer's own folder, which nobody else can enter, unless something else is asked for. */
function listenOf(
  call: Call,
): { socket: string; isForGroup: boolean } | { host: string; port: number } {
  const { args } = call
  const socket = args.maybe('socket')
  const isForGroup = args.flag('for-group')
  const [host, port] = [args.maybe('host'), args.count('port')]
  const isPort = host !== undefined || port !== undefined
  if (isPort && (socket !== undefined || isForGroup))
    throw new UsageError('--socket and --for-group take the place of --host and --port')
  if (isPort) return { host: host ?? '127.0.0.1', port: port ?? DEFAULT_PORT }
  if (isForGroup && socket === undefined)
    throw new UsageError('--for-group needs --socket, in a folder that the group may enter')
  const path = socket === undefined ? join(dataFolder(call), 'log.sock') : pathOf(call, socket)
  return { socket: path, isForGroup }
}

/** A signer must not forget, so that one that cannot start says why, and nothing is made anew. */
function explainStart(error: unknown): never {
  if (error instanceof Error && /^(?:a|the) log signer |memory|hex/.test(error.message))
    throw new FileError(error.message)
  return explain(error)
}

async function existingHome(call: Call): Promise<string> {
  const { isServerHome } = await import('#entry/home.ts')
  const home = dataFolder(call)
  if (!isServerHome(home))
    throw new FileError(`there is no server's folder at ${home}: dunant init makes one`)
  return home
}
