import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs'

/** What a system says about a path. */
export interface PathFacts {
  /** Whether somebody else than its owner may look at it. */
  readonly isOpen: boolean
  readonly bytes: number
}

/** Looks at a file or folder; `undefined` where there is none. */
export function lookAt(path: string): PathFacts | undefined {
  if (!existsSync(path)) return undefined
  const { mode, size } = statSync(path)
  return { isOpen: (mode & 0o077) !== 0, bytes: size }
}

/** Bytes that may still be written where a path is. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

/** Whether a folder is missing or has nothing in it. */
export function isEmptyFolder(path: string): boolean {
  return !existsSync(path) || readdirSync(path).length === 0
}
