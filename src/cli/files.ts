import { readFileSync, statSync } from 'node:fs'
import { isAbsolute, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { FileError } from '#agent/file-error.ts'
import { codeOf, writeWhole } from '#agent/files.ts'
import { fromUtf8, utf8 } from '#core/bytes.ts'
import type { Json } from '#core/canonical-json.ts'
import type { Io } from './io.ts'
import type { Call } from './output.ts'

/** No file that a command reads is larger: customer lists are the largest. */
const FILE_BYTES_MAX = 256 * 1024 * 1024

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
