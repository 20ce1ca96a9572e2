import { FileError } from '#agent/file-error.ts'
import { readArmor } from '#core/packets.ts'
import { accept } from '#core/result.ts'
import { pathOf, readBytes, readText } from '#cli/files.ts'
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
  const { mails, underWay } = await using(call, async (relay) => await relay.hold(batch, isHeld))
  const lines = [
    `${String(mails)} mails ${isHeld ? 'are held' : 'go on'}.`,
    isHeld && underWay > 0
      ? `${String(underWay)} are under way: those that the mail server was not given yet are held too.`
      : undefined,
  ]
  return accept(say(lines, { mails, under_way: underWay }))
}

/** `relay bounce` */
export const bounce: Command = async (call) => {
  const message = await readBytes(call, call.args.argument(0))
  const taken = await using(call, async (relay) => await relay.bounce(message))
  if (!taken.ok) return taken
  return accept(say([SAID[taken.value]], { outcome: taken.value }))
}

/** `relay key` */
export const key: Command = async (call) => {
  const address = call.args.argument(0)
  const found = await using(call, async (relay) => await relay.findCertificate(address))
  if (!found.ok) return found
  const { copies, refused, silences, use, warning, reason } = found.value
  const lines = [
    use === undefined
      ? 'There is no key to encrypt to: the notice is shown in the product alone.'
      : `Mail is encrypted to ${use.fingerprint} (${BASIS[use.basis]}).`,
    warning === undefined ? undefined : WARNINGS[warning],
    reason === undefined ? undefined : `The reason: ${reason}`,
    ...copies.map((copy) => `${at(copy)} has ${copy.fingerprint}`),
    ...refused.map((copy) => `${at(copy)} has one that cannot be used: ${copy.reason}`),
    ...silences.map((silence) => `${at(silence)} gave no answer: ${silence.reason}`),
  ]
  const value = {
    use: use === undefined ? null : { ...use, certificate: undefined },
    warning: warning ?? null,
    reason: reason ?? null,
    copies: copies.map(({ fingerprint, host, kind }) => ({ fingerprint, host, kind })),
    refused,
    silences,
  }
  return accept(say(lines, value))
}

/** `relay confirm` */
export const confirm: Command = async (call) => {
  const address = call.args.argument(0)
  const fingerprint = call.args.argument(1).replace(/\s/g, '').toLowerCase()
  const file = call.args.maybe('by-old-key')
  const signature =
    file === undefined ? undefined : readArmor(await readText(call, file), 'PGP SIGNATURE')
  if (signature?.ok === false) return signature
  const confirmation =
    signature === undefined
      ? ({ kind: 'second-channel', fingerprint } as const)
      : ({ kind: 'old-key', signature: signature.value } as const)
  const confirmed = await using(
    call,
    async (relay) => await relay.confirmCertificate(address, { fingerprint, confirmation }),
  )
  if (!confirmed.ok) return confirmed
  return accept(say([`Mail is encrypted to ${fingerprint} from now on.`], { fingerprint }))
}

const BASIS = {
  'first-use': 'the first key that was found',
  'old-key': 'confirmed by the key before it',
  'second-channel': 'confirmed by another channel',
} as const

const WARNINGS = {
  changed:
    'Somebody publishes another key for this address. It is not used: ask the owner by another channel.',
  differing: 'Different keys are published for this address: ask the owner by another channel.',
  unfit: 'The key cannot be encrypted to any more.',
  unverified: 'Only a server to which anybody uploads has a key: ask the owner by another channel.',
} as const

function at({ host, kind }: { readonly host: string; readonly kind: string }): string {
  return host === '' ? kind : `${kind} ${host}`
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
