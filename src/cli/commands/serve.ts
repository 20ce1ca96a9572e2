import { accept } from '#core/result.ts'
import { pathOf } from '#cli/files.ts'
import type { Io } from '#cli/io.ts'
import { type Call, type Command, say } from '#cli/output.ts'
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
  if (!isServerHome(data))
    await createServerHome(data, { origin: args.maybe('origin') ?? PROVISIONAL_ORIGIN })
  const { file } = readServerHome(data)
  const wanted = args.maybe('origin')
  if (wanted !== undefined && wanted !== file.origin)
    throw new UsageError(`the folder ${data} belongs to ${file.origin}`)
  const host = args.maybe('host')
  const port = args.count('port')
  const config = readEnvironment({
    ...io.env,
    ...(host === undefined ? {} : { DUNANT_HOST: host }),
    ...(port === undefined ? {} : { DUNANT_PORT: String(port) }),
  })
  const server = await startServer({
    home: data,
    config,
    log: (line) => {
      if (!args.flag('quiet')) io.stderr.write(`${line}\n`)
    },
  })
  const genesis = config.genesis ?? file.genesis
  io.stdout.write(
    args.flag('json')
      ? `${JSON.stringify({ url: server.url, origin: file.origin, genesis: genesis ?? null })}\n`
      : `Dunant answers at ${server.url} for ${file.origin}\n`,
  )
  if (genesis === undefined && !args.flag('json')) io.stdout.write(nextSteps(data))
  await untilStopped(io)
  await server.close()
  return accept(say([], null))
}

/** Where a server keeps its things. */
export function dataFolder(call: Pick<Call, 'args' | 'io'>): string {
  return pathOf(call, call.args.maybe('data') ?? '.dunant')
}

async function untilStopped({ signal }: Io): Promise<void> {
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
