import { isKeyName } from '#core/log/note.ts'
import { accept } from '#core/result.ts'
import { privateFolder } from '#agent/files.ts'
import { pathOf } from '#cli/files.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from '#cli/usage-error.ts'
import { explain, setting, untilStopped } from './serve.ts'

const DEFAULT_PORT = 8788

/** `witness` */
export const run: Command = async (call) => {
  const { args, io } = call
  const { startWitness } = await import('#entry/witness.ts')
  const home = await existingHome(call)
  const log = (line: string) => {
    if (!args.flag('quiet')) io.stderr.write(`${line}\n`)
  }
  privateFolder(home)
  const witness = await startWitness({
    home,
    host: args.maybe('host') ?? '127.0.0.1',
    port: args.count('port') ?? DEFAULT_PORT,
    clientAddressHeader: args.maybe('client-address-header'),
    log,
  }).catch(explainStart)
  const { origins, url, vkey } = witness
  io.stdout.write(
    args.flag('json')
      ? `${JSON.stringify({ url, vkey, logs: origins })}\n`
      : `${[`${vkey} answers at ${url}`, ...origins.map((origin) => `log  ${origin}`)].join('\n')}\n`,
  )
  await untilStopped(io)
  await witness.close()
  return accept({ text: '', value: undefined })
}

/** `witness init` */
export const init: Command = async (call) => {
  const name = call.args.text('name')
  if (!isKeyName(name)) throw new UsageError('--name holds a space or a +')
  const { createWitnessHome, isWitnessHome } = await import('#entry/witness-home.ts')
  return await withWitnessFolder(call, async () => {
    const home = folderOf(call)
    if (isWitnessHome(home)) throw new FileError(`there is a witness in ${home} already`)
    const vkey = createWitnessHome(home, name)
    return accept(say([vkey], { vkey, data: home }))
  })
}

/** `witness follow` */
export const follow: Command = async (call) => {
  const { followLog } = await import('#entry/witness-home.ts')
  const home = await existingHome(call)
  await withWitnessFolder(call, async () => {
    setting(() => {
      followLog(home, call.args.argument(0), call.args.flag('new'))
    })
  })
  return await show(call)
}

/** `witness show` */
export const show: Command = async (call) => {
  const { readWitnessHome } = await import('#entry/witness-home.ts')
  const home = await existingHome(call)
  const { logs, vkey } = setting(() => readWitnessHome(home))
  const watched = [...logs].map(([origin, keys]) => ({ origin, keys: keys.length }))
  return accept(
    say(
      [
        `witness  ${vkey}`,
        ...watched.map(
          ({ keys, origin }) => `log      ${origin}, ${String(keys)} key${keys === 1 ? '' : 's'}`,
        ),
      ],
      { vkey, logs: watched },
    ),
  )
}

/** A witness must not forget, so that one that cannot start says why, and nothing is made anew. */
function explainStart(error: unknown): never {
  if (error instanceof Error && /memory of/.test(error.message)) throw new FileError(error.message)
  return explain(error)
}

function folderOf(call: Call): string {
  return pathOf(call, call.args.maybe('data') ?? '.dunant-witness')
}

async function existingHome(call: Call): Promise<string> {
  const { isWitnessHome } = await import('#entry/witness-home.ts')
  const home = folderOf(call)
  if (!isWitnessHome(home))
    throw new FileError(`there is no witness in ${home}: dunant witness init`)
  return home
}

/** @throws Unavailable where another process works on the folder: two that cosign would sooner or later cosign two trees. */
async function withWitnessFolder<T>(call: Call, work: () => Promise<T>): Promise<T> {
  const home = folderOf(call)
  privateFolder(home)
  const { workAlone } = await import('#entry/held-home.ts')
  return await workAlone(home, work)
}
