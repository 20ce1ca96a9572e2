import { readFileSync, readSync } from 'node:fs'
import { refuse, accept, type Result } from '#core/result.ts'
import { codeOf } from '#agent/files.ts'
import { pathOf } from './files.ts'
import type { Call } from './output.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from './usage-error.ts'

const LINE_BYTES_MAX = 4096
const LINE_FEED = 0x0a
const RETRY_MS = 20

/** Gives the passphrases of one call, in the order in which keys need them. */
export interface Passphrases {
  /** The passphrase of a key that exists; `prompt` names the key. Refuses `passphrase-wrong` where there is nobody to ask. */
  next(prompt: string): Promise<Result<string>>
  /** A new passphrase, typed twice where a person types it. */
  choose(prompt: string): Promise<Result<string>>
}

/**
 * Opens the source that the options name: a descriptor, a file, or the terminal.
 *
 * A descriptor or file gives one line for each key, in the order in which keys are needed; its last line serves all that follow.
 */
export function openPassphrases(call: Call): Passphrases {
  const fd = call.args.count('passphrase-fd')
  const file = call.args.maybe('passphrase-file')
  if (fd !== undefined) return fromLines(() => readLine(fd))
  if (file === undefined) return fromTerminal(call.io.askSecret)
  const lines = readLines(pathOf(call, file))
  let taken = 0
  return fromLines(() => lines[taken++])
}

function fromLines(read: () => string | undefined): Passphrases {
  let last: string | undefined
  const next = async (prompt: string): Promise<Result<string>> => {
    last = read() ?? last
    return await Promise.resolve(
      last === undefined ? refuse('passphrase-wrong', `no passphrase for ${prompt}`) : accept(last),
    )
  }
  return { next, choose: next }
}

function fromTerminal(
  ask: ((prompt: string) => Promise<string | undefined>) | undefined,
): Passphrases {
  const next = async (prompt: string): Promise<Result<string>> => {
    const typed = await ask?.(`Passphrase of ${prompt}: `)
    return typed === undefined
      ? refuse(
          'passphrase-wrong',
          `${prompt} needs a passphrase: there is no terminal to ask on, so give --passphrase-fd or --passphrase-file`,
        )
      : accept(typed)
  }
  return {
    next,
    choose: async (prompt) => {
      const first = await next(`the new ${prompt}`)
      if (!first.ok) return first
      if (first.value === '')
        return refuse(
          'passphrase-wrong',
          'an empty passphrase protects nothing; --no-passphrase asks for none by name',
        )
      const again = await next(`the new ${prompt}, again`)
      if (!again.ok) return again
      return first.value === again.value
        ? first
        : refuse('passphrase-wrong', 'the two passphrases differ')
    },
  }
}

function readLines(path: string): readonly string[] {
  try {
    return split(readFileSync(path, 'utf8'))
  } catch {
    throw new FileError('--passphrase-file cannot be read')
  }
}

/** Reads up to the next line feed and no further; `undefined` at the end. */
function readLine(fd: number): string | undefined {
  const bytes: number[] = []
  const one = Buffer.alloc(1)
  while (bytes.length < LINE_BYTES_MAX) {
    if (readSome(fd, one) === 0) break
    const [byte = 0] = one
    if (byte === LINE_FEED) return lineOf(bytes)
    bytes.push(byte)
  }
  if (bytes.length === LINE_BYTES_MAX) throw new UsageError('--passphrase-fd gives too much')
  return bytes.length === 0 ? undefined : lineOf(bytes)
}

/** A pipe of another Node process answers EAGAIN until something is written into it. */
function readSome(fd: number, into: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, into, 0, 1, null)
    } catch (error) {
      if (codeOf(error) === 'EOF') return 0
      if (codeOf(error) !== 'EAGAIN') throw new UsageError('--passphrase-fd cannot be read')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS)
    }
  }
}

function lineOf(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString('utf8').replace(/\r$/, '')
}

function split(text: string): readonly string[] {
  return text.replace(/\r?\n$/, '').split(/\r?\n/)
}
