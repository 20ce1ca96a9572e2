import {
  chmodSync,
  closeSync,
  copyFileSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { openDirectoryBlobs, readDirectoryBlobs } from '#adapters/blob/directory.ts'
import { formatMemory, parseMemory } from '#adapters/log/signer-desk.ts'
import { openSqliteInspection } from '#adapters/storage/inspect.ts'
import { writeDurably } from '#adapters/system/durable-file.ts'
import { isEmptyFolder } from '#adapters/system/folder.ts'
import { sha256Hex } from '#core/hash.ts'
import { type Checkpoint, verifyCheckpoint } from '#core/log/checkpoint.ts'
import { verifyCosignatures } from '#core/log/cosignature.ts'
import { keyIdOf, parseVkey, type VerifierKey } from '#core/log/note.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { hex } from '#core/bytes.ts'
import type { Inspection } from '#ports/inspection.ts'
import { checkLog, type SeenTree } from '#service/check-log.ts'
import { examineGovernance } from '#service/examine-content.ts'
import { examineTree } from '#service/examine-log.ts'
import { witnessTerms, type WitnessTerms } from '#service/witness-terms.ts'
import { parseAct } from '#wire/act.ts'
import { BackupFault, BLOBS, type Manifest, parseManifest, SNAPSHOT } from './backup-manifest.ts'
import { describe, snapshotsIn } from './backup.ts'
import { parseServerFile } from './config.ts'
import { serverPaths } from './home.ts'

const ACTS = { parse: parseAct }

/** What shows how far the log has gone: the memory that survived, or what witnesses cosigned last. */
export type Shown =
  | { readonly kind: 'memory'; readonly text: string }
  | { readonly kind: 'checkpoints'; readonly notes: readonly string[] }

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
    await fill(options, { snapshot, manifest, memory: last.value })
    return accept({
      snapshot,
      origin: manifest.origin,
      size: manifest.log.size,
      signed: last.value.size,
      blobs: manifest.blobs.length,
      hasKeys: Object.keys(options.keys).length > 0,
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

interface Memory {
  readonly size: number
  readonly root: Uint8Array
  readonly keyId: string
}

/** Whether the saved log can go on without contradicting anything that its key or its witnesses have signed. */
async function checkContinues(
  database: Inspection,
  saved: { readonly manifest: Manifest; readonly genesis: string },
  shown: Shown,
): Promise<Result<Memory>> {
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
  const memory = await memoryOf(database, manifest.origin, shown)
  if (!memory.ok) return memory
  const by = shown.kind === 'memory' ? 'the log signer' : 'a witness'
  const { root, size } = memory.value
  const checked = await checkLog(storage, [{ by, root, size } satisfies SeenTree])
  if (checked.ok) return memory
  const missing = size - manifest.log.size
  return missing > 0
    ? refuse(
        'checkpoint-older',
        `${by} has seen ${String(size)} entries and the backup has ${String(manifest.log.size)}: ${String(missing)} are missing, and a log that went on without them would be a second log. Restore a newer backup`,
      )
    : checked
}

async function memoryOf(
  database: Inspection,
  origin: string,
  shown: Shown,
): Promise<Result<Memory>> {
  if (shown.kind === 'memory') {
    const memory = parseMemory(shown.text)
    return memory === undefined
      ? refuse('checkpoint-malformed', 'this is not the memory of a log signer')
      : accept(memory)
  }
  const terms = await witnessTerms(database.storage, ACTS)
  if (terms === undefined || terms.keys.length === 0)
    return refuse(
      'note-unsigned',
      'the charter names no witness: only the memory of the log signer shows how far the log has gone',
    )
  return memoryFromWitnesses(origin, terms, shown.notes)
}

/**
 * What the witnesses have cosigned last, as a memory.
 *
 * Any tree that was ever released carries k cosignatures of n, so n - k + 1 witnesses together have seen the largest of them. Fewer could
 * all be behind.
 */
function memoryFromWitnesses(
  origin: string,
  terms: WitnessTerms,
  notes: readonly string[],
): Result<Memory> {
  const logKey = parseVkey(terms.logKey)
  if (!logKey.ok) return logKey
  const keys = terms.keys
    .map((vkey) => parseVkey(vkey))
    .flatMap((key) => (key.ok ? [key.value] : []))
  const heard = new Set<string>()
  let last: Checkpoint | undefined
  for (const note of notes) {
    const read = readWitnessed(note, logKey.value, keys)
    if (!read.ok) return read
    for (const name of read.value.witnesses) heard.add(name)
    if (read.value.witnesses.length > 0 && read.value.checkpoint.size >= (last?.size ?? 0))
      last = read.value.checkpoint
  }
  const needed = terms.keys.length - terms.quorum + 1
  if (last === undefined || heard.size < needed)
    return refuse(
      'note-unsigned',
      `${String(heard.size)} witnesses of the charter have cosigned what was given, and ${String(needed)} must: others may have seen more`,
    )
  return last.origin === origin
    ? accept({ size: last.size, root: last.root, keyId: hex(keyIdOf(logKey.value)) })
    : refuse('receipt-origin-wrong')
}

function readWitnessed(
  note: string,
  logKey: VerifierKey,
  witnesses: readonly VerifierKey[],
): Result<{ checkpoint: Checkpoint; witnesses: readonly string[] }> {
  const checkpoint = verifyCheckpoint(note, logKey)
  if (!checkpoint.ok) return checkpoint
  const cosigned = verifyCosignatures(checkpoint.value.note, witnesses)
  if (!cosigned.ok) return cosigned
  const names = cosigned.value.map(({ witness }) => witness.name)
  return accept({ checkpoint: checkpoint.value, witnesses: names })
}

/** The settings come last: a home that was interrupted half-way is none. */
async function fill(
  { from, home, keys }: RestoreOptions,
  found: { readonly snapshot: string; readonly manifest: Manifest; readonly memory: Memory },
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
  writeDurably(paths.logMemory, formatMemory(found.memory))
  writeDurably(paths.serverFile, readFileSync(join(found.snapshot, SNAPSHOT.settings), 'utf8'))
}

function copyDurably(from: string, to: string): void {
  copyFileSync(from, to)
  chmodSync(to, 0o600)
  const file = openSync(to, 'r+')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
