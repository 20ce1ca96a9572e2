import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { utf8 } from '#core/bytes.ts'
import { FileError } from './file-error.ts'

const PART_BYTES = 16

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

/** A file inside a folder, where the name is ours. */
export function inFolder(folder: string, name: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,200}$/.test(name)) throw new Error('not a file name of ours')
  return join(folder, name)
}

/** What the system calls an error: `ENOENT`. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
