import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { fromHex, hex } from '#core/bytes.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import { formatNote, formatVkey, KEY_TYPE_ED25519, signNote, verifierOf } from '#core/log/note.ts'
import { checkSignable, NOTHING_SIGNED, type SignerMemory } from '#core/log/signer-memory.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { LogSigner, TreeHead } from '#ports/log-signer.ts'
import { Unavailable } from '#ports/storage.ts'

/** Where a log key and its memory are. */
export interface FileSignerSettings {
  /** The memory: a file outside the database, `<size> <root hex>`. */
  readonly path: string
  /** 32-byte Ed25519 seed. */
  readonly seed: Uint8Array
  readonly origin: string
  /** Allows the file to be missing: a log that has never been signed. */
  readonly newLog: boolean
}

/**
 * Opens the signer of a single Node process, with its memory in a file that is written, synced and renamed before a note is returned.
 *
 * @throws Error when there is no memory and `newLog` is not set, or when the memory cannot be read: a key that does not know what it
 * signed must not sign.
 */
export function openFileSigner(settings: FileSignerSettings): LogSigner {
  const { origin, seed } = settings
  let memory = readMemory(settings)
  let queue: Promise<unknown> = Promise.resolve()
  const signNext = async (
    head: TreeHead,
    prove: (oldSize: number) => Promise<readonly Uint8Array[]>,
  ): Promise<Result<string>> => {
    if (head.size < memory.size) return refuse('checkpoint-older')
    const signable = checkSignable(memory, head, await prove(memory.size))
    if (!signable.ok) return signable
    writeMemory(settings.path, head)
    memory = head
    const text = formatCheckpoint({ origin, size: head.size, root: head.root })
    return accept(formatNote({ text, signatures: [signNote(text, { name: origin, seed })] }))
  }
  return {
    vkey: formatVkey(verifierOf({ name: origin, seed }, KEY_TYPE_ED25519)),
    sign: async (head, prove) => {
      const signed = queue.then(async () => await signNext(head, prove))
      queue = signed.catch(() => undefined)
      return await signed
    },
  }
}

function readMemory({ newLog, path }: FileSignerSettings): SignerMemory {
  if (!existsSync(path)) {
    if (newLog) return NOTHING_SIGNED
    throw new Error(
      `the log signer has no memory at ${path}: restore it, or start a new log on an empty database`,
    )
  }
  const [, size, root] =
    /^(0|[1-9][0-9]{0,15}) ([0-9a-f]{64})\n$/.exec(readFileSync(path, 'utf8')) ?? []
  const bytes = fromHex(root ?? '')
  if (size === undefined || bytes === undefined)
    throw new Error(`the log signer cannot read its memory at ${path}`)
  return { size: Number(size), root: bytes }
}

function writeMemory(path: string, memory: SignerMemory): void {
  try {
    writeDurably(`${path}.new`, `${String(memory.size)} ${hex(memory.root)}\n`)
    renameSync(`${path}.new`, path)
    syncFolder(dirname(path))
  } catch (cause) {
    throw new Unavailable('the log signer cannot write its memory', { cause })
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
