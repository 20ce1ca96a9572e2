import { accept } from '#core/result.ts'
import { Busy } from '#agent/busy.ts'
import { codeOf, privateFolder } from '#agent/files.ts'
import { pathOf } from '#cli/files.ts'
import type { Io } from '#cli/io.ts'
import type { Call, Command } from '#cli/output.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from '#cli/usage-error.ts'

/** The origin of a folder that `serve` made by itself: `init` may give it another name as long as it has no charter. */
export const PROVISIONAL_ORIGIN = 'dunant.localhost'

/** `serve` */
export const serve: Command = async (call) => {
  const { args, io } = call
  const [{ startServer }, { createServerHome, isServerHome, readServerHome }, { readEnvironment }] =
    await Promise.all([
      import('#entry/node.ts'),
      import('#entry/home.ts'),
      import('#entry/config.ts'),
    ])
  const data = dataFolder(call)
  const wanted = args.maybe('origin')
  if (!isServerHome(data))
    await createServerHome(data, { origin: wanted ?? PROVISIONAL_ORIGIN }).catch(notMade)
  const config = setting(() => readEnvironment(environmentOf(call)))
  const { file } = setting(() => readServerHome(data, config.keys))
  if (wanted !== undefined && wanted !== file.origin)
    throw new UsageError(`the folder ${data} belongs to ${file.origin}`)
  const log = (line: string) => {
    if (!args.flag('quiet')) io.stderr.write(`${line}\n`)
  }
  if (config.databaseUrl === undefined) privateFolder(data)
  const server = await startServer({ home: data, config, log }).catch(explain)
  const genesis = config.genesis ?? file.genesis
  io.stdout.write(
    args.flag('json')
      ? `${JSON.stringify({ url: server.url, metrics: server.metricsUrl ?? null, origin: file.origin, genesis: genesis ?? null })}\n`
      : `Dunant answers at ${server.url} for ${file.origin}\n${server.metricsUrl === undefined ? '' : `Metrics for this machine: ${server.metricsUrl}\n`}`,
  )
  if (genesis === undefined && !args.flag('json')) io.stdout.write(nextSteps(data))
  await untilStopped(io)
  await server.close()
  return accept({ text: '', value: undefined })
}

/**
 * Runs some work on a server's folder that no other process works on meanwhile.
 *
 * @throws Unavailable where another process, most likely a server, holds it.
 */
export async function withServerFolder<T>(call: Call, work: () => Promise<T>): Promise<T> {
  const data = dataFolder(call)
  privateFolder(data)
  const { workAlone } = await import('#entry/held-home.ts')
  return await workAlone(data, work)
}

/** The options of the command outweigh the environment. */
function environmentOf({ args, io }: Call): Io['env'] {
  const host = args.maybe('host')
  const port = args.count('port')
  return {
    ...io.env,
    ...(host === undefined ? {} : { DUNANT_HOST: host }),
    ...(port === undefined ? {} : { DUNANT_PORT: String(port) }),
  }
}

/** A setting that is missing or wrong stops the start and is named; it is no fault of the program. */
export function setting<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new FileError(error instanceof Error ? error.message : 'a setting cannot be read')
  }
}

/** A folder that cannot be made into a server's home is named; it is no fault of the program. */
export function notMade(error: unknown): never {
  throw new FileError(error instanceof Error ? error.message : 'the folder cannot be made')
}

export function explain(error: unknown): never {
  const code = codeOf(error)
  if (code === 'EADDRINUSE') throw new Busy('another program listens at that address and port')
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    throw new FileError('this machine does not let dunant listen at that address and port')
  throw error
}

/** Where a server keeps its things. */
export function dataFolder(call: Pick<Call, 'args' | 'io'>): string {
  return pathOf(call, call.args.maybe('data') ?? '.dunant')
}

export async function untilStopped({ signal }: Io): Promise<void> {
  if (signal === undefined || signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener(
      'abort',
      () => {
        resolve()
      },
      { once: true },
    )
  })
}

function nextSteps(data: string): string {
  return `
There is no coalition here yet. Stop the server with Ctrl-C, then either

  found one of your own company, in a minute:
    dunant init --solo YOUR.DOMAIN --origin NOTICES.YOUR.DOMAIN --data ${data}

  or found one together with others:
    dunant init --origin COALITION.EXAMPLE --data ${data} --out terms.json
    dunant party charter --help

  or see the whole story played:
    npm run demo

In a checkout of the source, write  npx dunant  for dunant.
`
}
