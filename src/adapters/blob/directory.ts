import { randomUUID } from 'node:crypto'
import { access, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BlobStore } from '#ports/blob.ts'
import { Unavailable } from '#ports/storage.ts'
import { requireKey, requireSize } from './key.ts'

/** Files that are being written, where no key leads. */
const INCOMING = 'incoming'
const FILE = '.blob'
const FOLDER = '+'

/** Where blobs are. */
export interface DirectoryOptions {
  /** A folder for blobs alone, of one process; created where there is none. */
  readonly path: string
}

/**
 * Blobs as files of one folder.
 *
 * `a/b` is the file `a+/b.blob`: since a key has no `+`, the keys `a` and `a/b` can both exist, no key leads out of the
 * folder, and no two keys lead to one file.
 *
 * @throws Unavailable where the folder cannot be made ready.
 */
export async function openDirectoryBlobs({ path }: DirectoryOptions): Promise<BlobStore> {
  const incoming = join(path, INCOMING)
  await guarded(async () => {
    // What a crash left half-written was never acknowledged.
    await rm(incoming, { recursive: true, force: true })
    await mkdir(incoming, { recursive: true, mode: 0o700 })
  })
  return {
    put: async (key, bytes) => {
      const file = { root: path, file: fileOf(path, requireKey(key)) }
      requireSize(bytes)
      await guarded(async () => {
        await writeWhole(file, join(incoming, randomUUID()), bytes)
      })
    },
    get: async (key, range) => {
      const file = fileOf(path, requireKey(key))
      return await guarded(async () => {
        const bytes = await readRange(file, range)
        // Where the whole folder is gone nothing can be said of what was in it.
        if (bytes === undefined) await access(incoming)
        return bytes
      })
    },
    deletePrefix: async (prefix) => {
      requireKey(prefix)
      await guarded(async () => {
        await access(incoming)
        await removePrefix(path, prefix)
      })
    },
  }
}

/** Reads blobs of a folder that another process may be writing to. */
export function readDirectoryBlobs({ path }: DirectoryOptions): Pick<BlobStore, 'get'> {
  return {
    get: async (key, range) =>
      await guarded(async () => await readRange(fileOf(path, requireKey(key)), range)),
  }
}

function fileOf(root: string, key: string): string {
  const parts = key.split('/')
  const folders = parts.slice(0, -1).map((part) => part + FOLDER)
  return join(root, ...folders, `${parts.at(-1) ?? ''}${FILE}`)
}

/** The file has its name only once its bytes are on the disk, and the name is on the disk before this resolves. */
async function writeWhole(
  { root, file }: { readonly root: string; readonly file: string },
  temporary: string,
  bytes: Uint8Array,
): Promise<void> {
  try {
    await writeSynced(temporary, bytes)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    await syncFolder(folder)
    if (folder === join(root, '.') || folder === dirname(folder)) return
  }
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(bytes)
    // Backups carry this time along, and it would say when somebody acted.
    await handle.utimes(0, 0)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function readRange(
  file: string,
  range: { readonly start: number; readonly end: number } | undefined,
): Promise<Uint8Array | undefined> {
  const handle = await absentAsUndefined(open(file, 'r'))
  if (handle === undefined) return undefined
  try {
    const { size } = await handle.stat()
    const start = Math.min(range?.start ?? 0, size)
    const bytes = new Uint8Array(Math.max(0, Math.min(range?.end ?? size, size) - start))
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start)
    if (bytesRead !== bytes.length) throw new Error('a blob ended early')
    return bytes
  } finally {
    await handle.close()
  }
}

async function removePrefix(root: string, prefix: string): Promise<void> {
  const parts = prefix.split('/')
  const folder = join(root, ...parts.slice(0, -1).map((part) => part + FOLDER))
  const start = parts.at(-1) ?? ''
  const names = (await absentAsUndefined(readdir(folder))) ?? []
  const found = names.filter(
    (name) => (name.endsWith(FILE) || name.endsWith(FOLDER)) && keyPart(name).startsWith(start),
  )
  for (const name of found) await rm(join(folder, name), { recursive: true, force: true })
  if (found.length > 0) await syncFolder(folder)
}

/** What a name in the folder adds to a key: `b.blob` adds `b`, `b+` adds `b/`. */
function keyPart(name: string): string {
  return name.endsWith(FOLDER) ? `${name.slice(0, -FOLDER.length)}/` : name.slice(0, -FILE.length)
}

async function absentAsUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    throw new Unavailable('the folder of blobs failed', { cause: error })
  }
}
