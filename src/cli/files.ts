import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { fromUtf8, utf8 } from '#core/bytes.ts'
import type { Json } from '#core/canonical-json.ts'
import type { Io } from './io.ts'
import type { Call } from './output.ts'
import { FileError } from './usage-error.ts'

const PART_BYTES = 16

/** No file that a command reads is larger: customer lists are the largest. */
const FILE_BYTES_MAX = 256 * 1024 * 1024

/** Makes a folder that nobody else may look into. One that is there already is closed to others. */
export function privateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700)
}

/**
 * Writes a file whole or not at all, for its owner alone, and returns once it would survive a power cut.
 *
 * With `isNew`, a file that is there already is kept: @throws FileError. What can be made again need not be durable.
 */
export function writeWhole(
  path: string,
  content: string | Uint8Array,
  options: { isNew?: boolean; isDurable?: boolean } = {},
): void {
  if (options.isNew === true && existsSync(path)) {
    throw new FileError(`${path} is there already and is not written over`)
  }
  const part = partOf(path)
  const bytes = typeof content === 'string' ? utf8(content) : content
  const file = openSync(part, 'wx', 0o600)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    if (options.isDurable !== false) fsyncSync(file)
    closeSync(file)
    renameSync(part, path)
  } catch (error) {
    unlinkSync(part)
    throw error
  }
  if (options.isDurable !== false) syncFolder(dirname(path))
}

/**
 * The name under which a file is written until it is whole.
 *
 * In a folder that others may write into, whoever can guess it lays a link there, or a file that they hold open. It is opened with `wx`, which
 * follows no link and takes no file that is there.
 */
export function partOf(path: string): string {
  return `${path}.${randomBytes(PART_BYTES).toString('hex')}.part`
}

/** A rename is durable once its folder is. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Reads a file, or standard input for `-`. @throws FileError where it cannot be read. */
export async function readBytes(call: Call, path: string): Promise<Uint8Array> {
  if (path === '-') return await readStream(call.io.stdin)
  const full = pathOf(call, path)
  try {
    if (statSync(full).size > FILE_BYTES_MAX) throw new FileError(`${path} is too large`)
    return new Uint8Array(readFileSync(full))
  } catch (error) {
    if (error instanceof FileError) throw error
    throw new FileError(`${path} cannot be read (${codeOf(error)})`)
  }
}

/** Reads a text file. @throws FileError where it cannot be read or is not UTF-8. */
export async function readText(call: Call, path: string): Promise<string> {
  const text = fromUtf8(await readBytes(call, path))
  if (text === undefined) throw new FileError(`${path} is not UTF-8`)
  return text
}

/** Reads a JSON file. @throws FileError where it cannot be read or is not JSON. */
export async function readJson(call: Call, path: string): Promise<Json> {
  const text = await readText(call, path)
  try {
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- JSON.parse yields exactly Json
    const value: Json = JSON.parse(text)
    return value
  } catch {
    throw new FileError(`${path} is not JSON`)
  }
}

/** A path as the person who typed it means it. */
export function pathOf({ io }: { readonly io: Pick<Io, 'cwd'> }, path: string): string {
  return isAbsolute(path) ? path : resolve(io.cwd, path)
}

/** Writes where `--out` says: the path that was written, or `undefined` where no option said so. */
export function writeOut(call: Call, content: string | Uint8Array): string | undefined {
  const out = call.args.maybe('out')
  if (out === undefined) return undefined
  writeWhole(pathOf(call, out), content, { isNew: true })
  return out
}

/** A file inside a folder, where the name is ours. */
export function inFolder(folder: string, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,200}$/.test(name)) throw new Error('not a file name of ours')
  return join(folder, name)
}

/** What the system calls an error: `ENOENT`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

async function readStream(stream: Readable): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array) && typeof chunk !== 'string')
      throw new TypeError('a stream of objects')
    const part = typeof chunk === 'string' ? utf8(chunk) : chunk
    bytes += part.length
    if (bytes > FILE_BYTES_MAX) throw new FileError('standard input is too long')
    chunks.push(part)
  }
  return new Uint8Array(Buffer.concat(chunks))
}
