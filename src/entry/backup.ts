import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { openDirectoryBlobs, readDirectoryBlobs } from '#adapters/blob/directory.ts'
import { type SealedFor, sealKeys } from '#adapters/keys/openpgp.ts'
import { openSqliteInspection } from '#adapters/storage/inspect.ts'
import { copySqlite } from '#adapters/storage/sqlite-copy.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { writeDurably } from '#adapters/system/durable-file.ts'
import { hex } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { EMPTY_ROOT } from '#core/log/merkle.ts'
import { dayOf } from '#core/time.ts'
import type { Inspection } from '#ports/inspection.ts'
import { namedBlobs } from '#service/named-blobs.ts'
import {
  BackupFault,
  BLOBS,
  formatManifest,
  type Manifest,
  parseManifest,
  SNAPSHOT,
} from './backup-manifest.ts'
import { keyFiles, type ServerHome, type ServerPaths } from './home.ts'

/** What a backup is made of, and where it goes. */
export interface BackupOptions {
  readonly home: ServerHome
  /** A folder for the backups of this server alone; each run adds a snapshot, and only the blobs that are new. */
  readonly out: string
  /** Adds the private keys, encrypted; left out, they stay where they are. */
  readonly keysFor?: SealedFor
}

/** What a run has added. */
export interface BackupReport {
  /** The snapshot's folder. */
  readonly snapshot: string
  readonly size: number
  readonly blobs: number
  readonly newBlobs: number
  readonly hasKeys: boolean
}

/**
 * Saves a server's folder while the server runs.
 *
 * The copy of the database is as of one moment, and then the blobs that it names are copied: they were written before the rows that name
 * them and are never changed. The memory of the log signer is left out on purpose. It must be the one of the present: with an older one the
 * key would sign a second log.
 *
 * @throws BackupFault where a blob that was filed is missing, and Unavailable where something cannot be read or written.
 */
export async function backUp({ home, keysFor, out }: BackupOptions): Promise<BackupReport> {
  const earlier = newestManifest(out)
  if (earlier !== undefined && earlier.origin !== home.file.origin)
    throw new BackupFault(`${out} holds backups of ${earlier.origin}`)
  const snapshot = nextSnapshot(out)
  const file = (name: keyof typeof SNAPSHOT) => join(snapshot, SNAPSHOT[name])
  copySqlite({ from: home.paths.database, to: file('database') })
  writeDurably(file('settings'), readFileSync(home.paths.serverFile, 'utf8'))
  if (keysFor !== undefined)
    writeDurably(file('keys'), await sealKeys(keysText(home.paths), keysFor, systemClock.now()))
  const inspection = openSqliteInspection({ path: file('database') })
  try {
    const head = await inspection.storage.logHead()
    const copied = await copyBlobs({ home, out, inspection, earlier })
    const { done } = await inspection.schema()
    const manifest: Manifest = {
      blobs: copied.blobs,
      database: await describe(file('database')),
      day: dayOf(systemClock.now()),
      format: 'dunant-backup-v1',
      log: { root: head?.root ?? hex(EMPTY_ROOT), size: head?.size ?? 0 },
      migrations: [...done],
      origin: home.file.origin,
      settings: await describe(file('settings')),
      ...(keysFor === undefined ? {} : { keys: await describe(file('keys')) }),
    }
    writeDurably(file('manifest'), formatManifest(manifest))
    return {
      snapshot,
      size: manifest.log.size,
      blobs: manifest.blobs.length,
      newBlobs: copied.added,
      hasKeys: keysFor !== undefined,
    }
  } finally {
    await inspection.close()
  }
}

async function copyBlobs(job: {
  readonly home: ServerHome
  readonly out: string
  readonly inspection: Inspection
  readonly earlier: Manifest | undefined
}): Promise<{ readonly blobs: Manifest['blobs']; readonly added: number }> {
  const from = readDirectoryBlobs({ path: job.home.paths.blobs })
  const to = await openDirectoryBlobs({ path: join(job.out, BLOBS) })
  const known = new Map((job.earlier?.blobs ?? []).map((blob) => [blob[0], blob]))
  const blobs: Manifest['blobs'] = []
  let added = 0
  for await (const { isNeeded, key } of namedBlobs(job.inspection)) {
    const before = known.get(key)
    if (before !== undefined) {
      blobs.push(before)
      continue
    }
    const bytes = await from.get(key)
    if (bytes === undefined && isNeeded) throw new BackupFault(`the blob ${key} is missing`)
    // What nobody had filed was dropped since the copy was made.
    if (bytes === undefined) continue
    await to.put(key, bytes)
    blobs.push([key, bytes.length, sha256Hex(bytes)])
    added += 1
  }
  return { blobs, added }
}

/** The private keys by their file names, as JSON. */
function keysText(paths: ServerPaths): string {
  const files = keyFiles(paths).filter((path) => existsSync(path))
  const named = files.map((path) => [path.split('/').at(-1), readFileSync(path, 'utf8')])
  return JSON.stringify(Object.fromEntries(named))
}

/** The folders of the snapshots that are whole, oldest first. */
export function snapshotsIn(out: string): readonly string[] {
  if (!existsSync(out)) return []
  return readdirSync(out)
    .filter((name) => /^\d{6}$/.test(name))
    .toSorted()
    .map((name) => join(out, name))
    .filter((folder) => existsSync(join(folder, SNAPSHOT.manifest)))
}

function newestManifest(out: string): Manifest | undefined {
  const newest = snapshotsIn(out).at(-1)
  return newest === undefined
    ? undefined
    : parseManifest(readFileSync(join(newest, SNAPSHOT.manifest), 'utf8'))
}

/** Makes the folder of a snapshot; two runs at once cannot make the same one. */
function nextSnapshot(out: string): string {
  mkdirSync(out, { recursive: true, mode: 0o700 })
  const numbers = readdirSync(out).filter((name) => /^\d{6}$/.test(name))
  const next = Math.max(0, ...numbers.map(Number)) + 1
  const folder = join(out, String(next).padStart(6, '0'))
  mkdirSync(folder, { mode: 0o700 })
  return folder
}

/** The length and hash of a file. */
export async function describe(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) {
    if (chunk instanceof Uint8Array) hash.update(chunk)
  }
  return { bytes: statSync(path).size, sha256: hash.digest('hex') }
}
