import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { openDirectoryBlobs } from '#adapters/blob/directory.ts'
import { openPostgresBlobs } from '#adapters/blob/postgres.ts'
import { openR2Blobs } from '#adapters/blob/r2.ts'
import { openObjectMemory } from '#adapters/log/durable-signer.ts'
import { openFileSigner } from '#adapters/log/file-signer.ts'
import { openSignerClient } from '#adapters/log/signer-client.ts'
import { answerSigner } from '#adapters/log/signer-desk.ts'
import { migrateD1Storage, openD1Storage } from '#adapters/storage/d1.ts'
import { migratePostgresStorage, openPostgresStorage } from '#adapters/storage/postgres.ts'
import { migrateSqliteStorage, openSqliteStorage } from '#adapters/storage/sqlite.ts'
import { systemRandom } from '#adapters/system/random.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import type { Storage } from '#ports/storage.ts'
import { ORIGIN } from './coalition-server.ts'
import { startCloudflare } from './miniflare.ts'
import { emptyPostgres } from './postgres.ts'

/** What one process has open. */
export interface Stores {
  readonly storage: Storage
  readonly blobs: BlobStore
  readonly signer: LogSigner
  readonly close: () => Promise<void>
}

/** What outlives every process: a database, blobs, and the signer's memory. */
export interface Ground {
  /** Opens all of it, as a process that starts. */
  readonly open: () => Promise<Stores>
  /** The size of the tree that the signer signed last. */
  readonly signedSize: () => Promise<number>
  /** Leaves what a signer leaves that is cut off while it writes its memory. */
  readonly tearMemory: () => Promise<void>
  /** The names of all blobs, in whatever form the store has them. */
  readonly blobNames: () => Promise<readonly string[]>
  readonly clear: () => Promise<void>
}

/** Nothing here is about surviving a power cut. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A folder that outlives the processes, and the log key of whoever works in it. */
export interface Site {
  readonly folder: string
  readonly seed: Uint8Array
}

/** A SQLite file, a folder of blobs and a file as memory. */
export async function sqliteGround(site?: Site): Promise<Ground> {
  const files = fileGround(site)
  const path = join(files.folder, 'database')
  const blobFolder = join(files.folder, 'blobs')
  await migrateSqliteStorage({ path })
  return {
    ...files,
    blobNames: async () =>
      readdirSync(blobFolder, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.blob')),
    open: async () => {
      const storage = await openSqliteStorage({ path })
      const blobs = await openDirectoryBlobs({ path: blobFolder })
      return {
        storage,
        blobs,
        signer: files.signer(),
        close: async () => {
          await storage.close()
        },
      }
    },
  }
}

/** A PostgreSQL database, blobs in its rows, and a file as memory. */
export async function postgresGround(): Promise<Ground> {
  const files = fileGround()
  const url = await emptyPostgres()
  await migratePostgresStorage({ url })
  return {
    ...files,
    blobNames: async () => await keysIn(url),
    open: async () => {
      const storage = await openPostgresStorage({ url, connectionsMax: 4 })
      const blobs = openPostgresBlobs({ url, connectionsMax: 2 })
      return {
        storage,
        blobs,
        signer: files.signer(),
        close: async () => {
          await Promise.all([storage.close(), blobs.close()])
        },
      }
    },
  }
}

/** D1 and R2 in a workerd of their own; the signer's object keeps its memory in a bucket. */
export async function cloudflareGround(): Promise<Ground> {
  const cloudflare = startCloudflare()
  const d1 = await cloudflare.emptyD1()
  const [r2, object] = [await cloudflare.emptyR2(), await cloudflare.emptyR2()]
  await migrateD1Storage(d1)
  const seed = systemRandom.bytes(32)
  const remembered = {
    get: async (name: string) => (await (await object.get(name))?.text()) ?? undefined,
    put: async (name: string, value: string) => {
      await object.put(name, value)
    },
  }
  const memory = openObjectMemory(remembered)
  return {
    open: async () => ({
      storage: await openD1Storage(d1),
      blobs: openR2Blobs(r2),
      signer: openSignerClient(
        async (path, body) =>
          await answerSigner({ origin: ORIGIN, seeds: () => [seed], memory }, { path, body }),
      ),
      close: async () => {},
    }),
    signedSize: async () => (await memory.read()).size,
    // The object's storage writes a value whole.
    tearMemory: async () => {},
    blobNames: async () => (await r2.list()).objects.map(({ key: name }) => name),
    clear: cloudflare.stop,
  }
}

async function keysIn(url: string): Promise<readonly string[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ key: string }>('select key from blob')
    return rows.map(({ key }) => key)
  } finally {
    await client.end()
  }
}

function fileGround(site: Site = newSite()): Omit<Ground, 'blobNames' | 'open'> & {
  readonly folder: string
  readonly signer: () => LogSigner
} {
  const { folder, seed } = site
  const path = join(folder, 'log-memory')
  return {
    folder,
    signer: () =>
      openFileSigner({ path, seeds: () => [seed], origin: ORIGIN, newLog: !existsSync(path) }),
    signedSize: async () => Number(readFileSync(path, 'utf8').split(' ')[0]),
    tearMemory: async () => {
      writeFileSync(`${path}.new`, '99')
    },
    clear: async () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** An empty folder and a new key. */
export function newSite(): Site {
  return { folder: mkdtempSync(join(FOLDER, 'dunant-faults-')), seed: systemRandom.bytes(32) }
}
