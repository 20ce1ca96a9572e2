import { spawnSync } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
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

/** A file system on a device of its own, which can be made to find a fault in itself. */
export interface FailingDisk {
  readonly path: string
  /** Lets nothing be written from now on, as the kernel does after an error, whatever is open. */
  readonly fail: () => void
  /** Mounts it anew; no file may be open. */
  readonly repair: () => void
  readonly clear: () => void
}

const BLOCK = new Uint8Array(4096)

/** Why there is no small disk here: mounting one takes rights that not every machine gives its tests. */
export const NO_SMALL_DISK: string | undefined = reasonAgainst(() => smallDisk(1))

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

/** Why there is no failing disk here. */
export const NO_FAILING_DISK: string | undefined =
  NO_SMALL_DISK ?? reasonAgainst(() => failingDisk())

/** Mounts an ext4 file system that lies in a file. */
export function failingDisk(megabytes = 8): FailingDisk {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-device-'))
  const [image, path] = [join(folder, 'image'), join(folder, 'disk')]
  writeFileSync(image, '')
  truncateSync(image, megabytes * 1024 * 1024)
  mkdirSync(path)
  const clear = (): void => {
    spawnSync('umount', ['--lazy', path])
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    run('mkfs.ext4', ['-q', image])
    mount(['-o', 'loop', image, path])
  } catch (error) {
    clear()
    throw error
  }
  return {
    path,
    fail: () => mount(['-o', 'remount,abort', path]),
    repair: () => {
      run('umount', [path])
      mount(['-o', 'loop', image, path])
    },
    clear,
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
  run('mount', args)
}

function run(program: string, args: readonly string[]): void {
  const { error, status, stderr } = spawnSync(program, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`)
}

function reasonAgainst(open: () => { readonly clear: () => void }): string | undefined {
  try {
    open().clear()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.trim() : 'mounting failed'
  }
}
