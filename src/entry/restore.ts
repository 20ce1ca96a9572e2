import { chmodSync, copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openDirectoryBlobs, readDirectoryBlobs } from '#adapters/blob/directory.ts'
import { formatMemory, parseMemory, type Remembered } from '#adapters/log/signer-desk.ts'
import { openSqliteInspection } from '#adapters/storage/inspect.ts'
import { syncFile, writeDurably } from '#adapters/system/durable-file.ts'
import { isEmptyFolder } from '#adapters/system/folder.ts'
import { sha256Hex } from '#core/hash.ts'
import { keyIdOf, parseVkey } from '#core/log/note.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { hex } from '#core/bytes.ts'
import type { Inspection } from '#ports/inspection.ts'
import { checkLog, type SeenTree } from '#service/check-log.ts'
import { examineGovernance } from '#service/examine-content.ts'
import { examineTree } from '#service/examine-log.ts'
import { witnessTerms } from '#service/witness-terms.ts'
import { parseAct } from '#wire/act.ts'
import { BackupFault, BLOBS, type Manifest, parseManifest, SNAPSHOT } from './backup-manifest.ts'
import { describe, snapshotsIn } from './backup.ts'
import { parseServerFile } from './config.ts'
import {
  type HeardTree,
  type HeardWitness,
  hearWitnesses,
  type WitnessWord,
} from './hear-witnesses.ts'
import { serverPaths } from './home.ts'

const ACTS = { parse: parseAct }

/** What shows how far the log has gone: the memory that survived, or what witnesses say of it. */
export type Shown =
  | { readonly kind: 'memory'; readonly text: string }
  | { readonly kind: 'witnesses'; readonly words: readonly WitnessWord[] }

/** From where, to where, and what shows that the log can go on. */
export interface RestoreOptions {
  readonly from: string
  /** An empty folder, or none. */
  readonly home: string
  readonly shown: Shown
  /** Files of keys by their names. */
  readonly keys: Readonly<Record<string, string>>
}

/** What stands in the new home. */
export interface RestoreReport {
  readonly snapshot: string
  readonly origin: string
  readonly size: number
  /** How many entries the signer had signed by what was shown. */
  readonly signed: number
  readonly blobs: number
  readonly hasKeys: boolean
  /** What each witness had seen, by its own address or by what the operator says. */
  readonly heard: readonly HeardWitness[]
}

/**
 * Makes a home out of the newest snapshot, if its log is the one that the signer or the witnesses saw last.
 *
 * Refuses `checkpoint-older` where more entries were seen than were saved, with how many are missing, `checkpoint-inconsistent`, and what
 * the notes of witnesses are refused for. Nothing is left behind then but what it was given.
 *
 * @throws BackupFault where a file of the backup is missing or changed, or the folder is not empty.
 */
export async function restore(options: RestoreOptions): Promise<Result<RestoreReport>> {
  const snapshot = snapshotsIn(options.from).at(-1)
  if (snapshot === undefined) throw new BackupFault(`${options.from} holds no whole backup`)
  if (!isEmptyFolder(options.home)) throw new BackupFault(`${options.home} is not empty`)
  const manifest = parseManifest(readFileSync(join(snapshot, SNAPSHOT.manifest), 'utf8'))
  await checkFiles(options.from, snapshot, manifest)
  const settings = parseServerFile(readFileSync(join(snapshot, SNAPSHOT.settings), 'utf8'))
  const saved = { manifest, genesis: settings.genesis ?? '' }
  const database = openSqliteInspection({ path: join(snapshot, SNAPSHOT.database) })
  try {
    const last = await checkContinues(database, saved, options.shown)
    if (!last.ok) return last
    await fill(options, { snapshot, manifest, last: last.value })
    return accept({
      snapshot,
      origin: manifest.origin,
      size: manifest.log.size,
      signed: last.value.memory.size,
      blobs: manifest.blobs.length,
      hasKeys: Object.keys(options.keys).length > 0,
      heard: last.value.heard.map(({ from, isLive, name, size }) => ({ from, isLive, name, size })),
    })
  } finally {
    await database.close()
  }
}

async function checkFiles(from: string, snapshot: string, manifest: Manifest): Promise<void> {
  const { database, keys, settings } = manifest
  for (const [name, said] of Object.entries({ database, keys, settings })) {
    if (said === undefined) continue
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the object above
    const path = join(snapshot, SNAPSHOT[name as 'database' | 'keys' | 'settings'])
    if ((await describe(path)).sha256 !== said.sha256) throw new BackupFault(`${path} was changed`)
  }
  const blobs = readDirectoryBlobs({ path: join(from, BLOBS) })
  for (const [key, , sha256] of manifest.blobs) {
    const bytes = await blobs.get(key)
    if (bytes === undefined) throw new BackupFault(`the blob ${key} is missing`)
    if (sha256Hex(bytes) !== sha256) throw new BackupFault(`the blob ${key} was changed`)
  }
}

/** Where the log had been, as a memory, and who said so. */
interface Last {
  readonly memory: Remembered
  readonly heard: readonly HeardTree[]
}

/** Whether the saved log can go on without contradicting anything that its key or its witnesses have signed. */
async function checkContinues(
  database: Inspection,
  saved: { readonly manifest: Manifest; readonly genesis: string },
  shown: Shown,
): Promise<Result<Last>> {
  const { genesis, manifest } = saved
  const { storage } = database
  const [tree] = await examineTree(storage)
  if (tree?.level !== 'ok')
    throw new BackupFault(`the saved log does not hold: ${tree?.detail ?? ''}`)
  const [chain] = await examineGovernance({ origin: manifest.origin, genesis, acts: ACTS }, storage)
  if (chain?.level !== 'ok')
    throw new BackupFault(`the saved log does not hold: ${chain?.detail ?? ''}`)
  const head = await storage.logHead()
  if ((head?.size ?? 0) !== manifest.log.size)
    throw new BackupFault('the manifest is of another log')
  const last = await lastOf(database, manifest.origin, shown)
  if (!last.ok) return last
  const checked = await checkLog(storage, seenTrees(last.value))
  if (checked.ok) return last
  const { by, size } = largest(seenTrees(last.value))
  const missing = size - manifest.log.size
  return missing > 0
    ? refuse(
        'checkpoint-older',
        `${by} has seen ${String(size)} entries and the backup has ${String(manifest.log.size)}: ${String(missing)} are missing, and a log that went on without them would be a second log. Restore a newer backup`,
      )
    : checked
}

/** Every tree that was shown is held against the log, the largest first: it tells how much is missing. */
function seenTrees({ heard, memory: { root, size } }: Last): readonly SeenTree[] {
  return heard.length === 0 ? [{ by: 'the log signer', root, size }] : treesOf(heard)
}

function treesOf(heard: readonly HeardTree[]): readonly SeenTree[] {
  const trees = heard.map(({ name, root, size }) => ({ by: `the witness ${name}`, root, size }))
  return trees.toSorted((one, other) => other.size - one.size)
}

function largest(trees: readonly SeenTree[]): SeenTree {
  const [tree] = trees
  if (tree === undefined) throw new Error('nothing was shown')
  return tree
}

async function lastOf(database: Inspection, origin: string, shown: Shown): Promise<Result<Last>> {
  if (shown.kind === 'memory') {
    const memory = parseMemory(shown.text)
    return memory === undefined
      ? refuse('checkpoint-malformed', 'this is not the memory of a log signer')
      : accept({ memory, heard: [] })
  }
  const terms = await witnessTerms(database.storage, ACTS)
  if (terms === undefined || terms.keys.length === 0)
    return refuse(
      'note-unsigned',
      'the charter names no witness: only the memory of the log signer shows how far the log has gone',
    )
  const logKey = parseVkey(terms.logKey)
  if (!logKey.ok) return logKey
  const heard = hearWitnesses({ logKey: logKey.value, origin, terms }, shown.words)
  if (!heard.ok) return heard
  const { root, size } = largest(treesOf(heard.value))
  return accept({ memory: { root, size, keyId: hex(keyIdOf(logKey.value)) }, heard: heard.value })
}

/** The settings come last: a home that was interrupted half-way is none. */
async function fill(
  { from, home, keys }: RestoreOptions,
  found: { readonly snapshot: string; readonly manifest: Manifest; readonly last: Last },
): Promise<void> {
  const paths = serverPaths(home)
  for (const folder of [home, join(home, 'keys')])
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  // It may have been there, empty: a copy of the database has the modes of its source until they are set.
  chmodSync(home, 0o700)
  const source = readDirectoryBlobs({ path: join(from, BLOBS) })
  const blobs = await openDirectoryBlobs({ path: paths.blobs })
  for (const [key] of found.manifest.blobs)
    await blobs.put(key, (await source.get(key)) ?? new Uint8Array())
  copyDurably(join(found.snapshot, SNAPSHOT.database), paths.database)
  for (const [name, text] of Object.entries(keys)) writeDurably(join(home, 'keys', name), text)
  writeDurably(paths.logMemory, formatMemory(found.last.memory))
  // By what this home was believed to be the end of the log stays on record.
  const heard = found.last.heard.map(({ root, ...rest }) => ({ ...rest, root: hex(root) }))
  const record = { heard, size: found.last.memory.size, snapshot: found.snapshot }
  writeDurably(join(home, 'restored.json'), `${JSON.stringify(record, undefined, 2)}\n`)
  writeDurably(paths.serverFile, readFileSync(join(found.snapshot, SNAPSHOT.settings), 'utf8'))
}

function copyDurably(from: string, to: string): void {
  copyFileSync(from, to)
  chmodSync(to, 0o600)
  syncFile(to)
}
