import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A file system of its own that is small enough to be filled. */
export interface SmallDisk {
  readonly path: string
  /** Takes all the space that is left. */
  readonly fill: () => void
  /** Gives it back. */
  readonly free: () => void
  /** Lets nothing on it be written, or lets it again; no file may be open for writing. */
  readonly remount: (as: 'ro' | 'rw') => void
  readonly clear: () => void
}

const BLOCK = new Uint8Array(4096)

/** Why there is no small disk here: mounting one takes rights that not every machine gives its tests. */
export const NO_SMALL_DISK: string | undefined = reasonAgainst()

/** Mounts a disk in memory. */
export function smallDisk(megabytes: number): SmallDisk {
  const path = mkdtempSync(join(tmpdir(), 'dunant-disk-'))
  mount(['-t', 'tmpfs', '-o', `size=${String(megabytes)}m`, 'tmpfs', path])
  const filler = join(path, 'filler')
  return {
    path,
    fill: () => fillUp(filler),
    free: () => rmSync(filler, { force: true }),
    remount: (as) => mount(['-o', `remount,${as}`, path]),
    clear: () => {
      spawnSync('umount', ['--lazy', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

function fillUp(filler: string): void {
  const file = openSync(filler, 'a')
  try {
    for (;;) writeSync(file, BLOCK)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    closeSync(file)
  }
}

function mount(args: readonly string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`mount ${args.join(' ')}: ${stderr}`)
}

function reasonAgainst(): string | undefined {
  try {
    smallDisk(1).clear()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.trim() : 'mounting failed'
  }
}
