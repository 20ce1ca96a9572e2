import { createReadStream, existsSync } from 'node:fs'
import type { OpenList } from '#agent/filing/customer-list.ts'
import { FileError } from '#agent/file-error.ts'
import { pathOf } from './files.ts'
import type { Io } from './io.ts'

/** A customer list by its path, `-` for standard input. */
export function customerSource(io: Pick<Io, 'cwd' | 'stdin'>, path: string): OpenList {
  return () => {
    if (path === '-') return io.stdin
    const full = pathOf({ io }, path)
    if (!existsSync(full)) throw new FileError(`${path} cannot be read (ENOENT)`)
    return createReadStream(full)
  }
}
