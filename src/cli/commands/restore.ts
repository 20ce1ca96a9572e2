import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { accept, refuse, type Result } from '#core/result.ts'
import { pathOf, readText } from '#cli/files.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from '#cli/usage-error.ts'
import { dataFolder } from './serve.ts'

const NOTE_BYTES_MAX = 65_536
const ASK_MILLISECONDS = 20_000
/** The only names of files that are put into the folder of keys. */
const KEY_FILE =
  /^(?:challenge\.secret|log\.seed|log\.next\.seed|service\.asc|service\.next\.asc|signer\.secret)$/

type Keys = Readonly<Record<string, string>>

/** `restore` */
export const restore: Command = async (call) => {
  const { args } = call
  const entry = await import('#entry/restore.ts')
  const keys = await readKeys(call)
  if (!keys.ok) return keys
  const restored = await entry.restore({
    from: pathOf(call, args.argument(0)),
    home: dataFolder(call),
    shown: await readShown(call),
    keys: keys.value,
  })
  if (!restored.ok) return restored
  const { blobs, hasKeys, heard, origin, signed, size, snapshot } = restored.value
  return accept(
    say(
      [
        `restored ${origin} from ${snapshot}: ${String(size)} entries of the log, ${String(blobs)} blobs.`,
        ...heard.map(
          ({ from, isLive, name, size: seen }) =>
            `${name} has seen ${String(seen)} entries, ${isLive ? `as ${from} answered now` : `by ${from}, of which YOU SAY that it has seen no more`}.`,
        ),
        `The log goes on after ${String(signed)} entries that were signed; nothing is missing.`,
        hasKeys
          ? undefined
          : `Put the keys into ${join(dataFolder(call), 'keys')}, or name their folder in DUNANT_KEYS.`,
        'Look at it with dunant doctor --deep before it serves, and let no other server with this log key run again.',
      ],
      restored.value,
    ),
  )
}

type Shown = Parameters<typeof import('#entry/restore.ts')['restore']>[0]['shown']
type Word = Extract<Shown, { kind: 'witnesses' }>['words'][number]

const IS_URL = /^https?:/
const NAMED = /^([^+=\s]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2})=(.+)$/

/** What shows how far the log had gone. @throws UsageError unless it is exactly one of the two. */
async function readShown(call: Call): Promise<Shown> {
  const memory = call.args.maybe('signer-memory')
  const asked = call.args.list('checkpoint')
  const named = call.args.list('witness')
  if ((memory === undefined) === (asked.length + named.length === 0))
    throw new UsageError(
      'give --signer-memory FILE, the one of the present, or --checkpoint URL of each witness that answers',
    )
  if (memory !== undefined) return { kind: 'memory', text: await readText(call, memory) }
  const file = asked.find((where) => !IS_URL.test(where))
  if (file !== undefined)
    throw new UsageError(
      `--checkpoint is the address of a witness: the file ${file} does not tell who has seen more since. If you know that a witness has not, say so with --witness VKEY=${file}`,
    )
  const words = await Promise.all([
    ...asked.map(async (where) => await readWord(call, where)),
    ...named.map(async (given) => {
      const [, vkey, where = ''] = NAMED.exec(given) ?? []
      if (vkey === undefined)
        throw new UsageError('--witness is VKEY=URL or VKEY=FILE, with the key as in the charter')
      return await readWord(call, where, vkey)
    }),
  ])
  return { kind: 'witnesses', words }
}

async function readWord(call: Call, from: string, vkey?: string): Promise<Word> {
  const isLive = IS_URL.test(from)
  const note = isLive ? await fetchNote(from) : await readText(call, from)
  return { note, from, isLive, vkey }
}

async function fetchNote(url: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(ASK_MILLISECONDS)
    const response = await fetch(url, { signal, redirect: 'error', cache: 'no-store' })
    const text = await response.text()
    if (response.ok && text.length <= NOTE_BYTES_MAX) return text
  } catch {
    // Told below, like every other way of not answering.
  }
  throw new FileError(`${url} gives no checkpoint`)
}

/** Keys from a folder, from the JSON that a backup holds, or from that encrypted with a passphrase. */
async function readKeys(call: Call): Promise<Result<Keys>> {
  const given = call.args.maybe('keys')
  if (given === undefined) return accept({})
  const path = pathOf(call, given)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    const names = readdirSync(path).filter((name) => KEY_FILE.test(name))
    return accept(
      Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name), 'utf8')])),
    )
  }
  const text = await readText(call, given)
  if (!text.startsWith('-----BEGIN PGP MESSAGE-----')) return accept(parseKeys(text))
  const passphrase = await openPassphrases(call).next('the keys of the backup')
  if (!passphrase.ok) return passphrase
  const { openSealedKeys } = await import('#entry/sealed-keys.ts')
  const opened = await openSealedKeys(text, passphrase.value)
  return opened === undefined
    ? refuse(
        'passphrase-wrong',
        'this passphrase does not open the keys: is it for a certificate? then gpg --decrypt first',
      )
    : accept(parseKeys(opened))
}

function parseKeys(text: string): Keys {
  const value: unknown = tryJson(text)
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  const keys = entries.filter(
    (entry): entry is [string, string] => KEY_FILE.test(entry[0]) && typeof entry[1] === 'string',
  )
  if (keys.length === 0 || keys.length < entries.length)
    throw new FileError('these are not the keys of a backup')
  return Object.fromEntries(keys)
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
