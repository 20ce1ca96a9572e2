import { FileError } from '#agent/file-error.ts'
import { accept } from '#core/result.ts'
import { pathOf, readBytes } from '#cli/files.ts'
import { type Call, type Command, say, table } from '#cli/output.ts'
import { untilStopped } from './serve.ts'

/** `relay` */
export const run: Command = async (call) => {
  const { args, io } = call
  const relay = await opened(call, (line) => {
    if (!args.flag('quiet')) io.stderr.write(`${line}\n`)
  })
  relay.start()
  io.stdout.write(args.flag('json') ? '{"running":true}\n' : 'The relay runs.\n')
  await untilStopped(io)
  await relay.close()
  return accept({ text: '', value: undefined })
}

/** `relay status` */
export const status: Command = async (call) => {
  const counts = await using(call, async (relay) => await relay.counts())
  const rows = Object.entries(counts).map(([state, count]) => [state, String(count)])
  return accept(say([table(rows)], counts))
}

/** `relay hold` */
export const hold: Command = async (call) => {
  const isHeld = !call.args.flag('release')
  const batch = call.args.argument(0)
  const mails = await using(call, async (relay) => await relay.hold(batch, isHeld))
  return accept(say([`${String(mails)} mails ${isHeld ? 'are held' : 'go on'}`], { mails }))
}

/** `relay bounce` */
export const bounce: Command = async (call) => {
  const message = await readBytes(call, call.args.argument(0))
  const taken = await using(call, async (relay) => await relay.bounce(message))
  if (!taken.ok) return taken
  return accept(say([SAID[taken.value]], { outcome: taken.value }))
}

const SAID = {
  bounced: 'The mail counts as bounced.',
  suppressed: 'The mail counts as bounced, and nothing is sent to the address any more.',
  'not-final': 'The report says nothing final.',
} as const

type Relay = Awaited<ReturnType<typeof opened>>

async function using<T>(call: Call, work: (relay: Relay) => Promise<T>): Promise<T> {
  const relay = await opened(call, () => undefined)
  try {
    return await work(relay)
  } finally {
    await relay.close()
  }
}

async function opened(call: Call, report: (line: string) => void) {
  const { openRelay } = await import('#entry/relay.ts')
  const folder = pathOf(call, call.args.maybe('relay') ?? '.dunant-relay')
  return await openRelay(folder, { report }).catch((error: unknown) => {
    // A setting that is missing or wrong stops the start and is named; it is no fault of the program.
    throw error instanceof Error && error.constructor === Error
      ? new FileError(error.message)
      : error
  })
}
