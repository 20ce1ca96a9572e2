import { existsSync, readFileSync } from 'node:fs'
import { readDirectoryBlobs } from '#adapters/blob/directory.ts'
import { openPostgresBlobs } from '#adapters/blob/postgres.ts'
import { openRemoteSigner } from '#adapters/log/remote-signer.ts'
import { parseMemory } from '#adapters/log/signer-desk.ts'
import { openPostgresInspection, openSqliteInspection } from '#adapters/storage/inspect.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { freeBytes, lookAt } from '#adapters/system/folder.ts'
import { splitAddendum } from '#core/log/leaf.ts'
import { readActRecord } from '#core/record.ts'
import { dayOf } from '#core/time.ts'
import type { Inspection } from '#ports/inspection.ts'
import type { TreeHead } from '#ports/log-signer.ts'
import type { Storage } from '#ports/storage.ts'
import type { BlobStore } from '#ports/blob.ts'
import { checkLog } from '#service/check-log.ts'
import { examineBlobs, examineGovernance } from '#service/examine-content.ts'
import {
  examineActs,
  examineCheckpoint,
  examineRecords,
  examineTree,
  fault,
  type Finding,
  ok,
} from '#service/examine-log.ts'
import { stopOf, readAlarm } from '#service/log-alarm.ts'
import { openDirectory } from '#service/read-directory.ts'
import { parseAct } from '#wire/act.ts'
import type { ProcessConfig } from './config.ts'
import {
  keyFiles,
  readServerHome,
  readSignerSecret,
  type ServerHome,
  type ServerPaths,
} from './home.ts'
import { openServiceKeys } from './service-keys.ts'

/** A write-ahead log beyond this is not being emptied. */
const WAL_BYTES_MAX = 64 * 1024 * 1024
const FREE_BYTES_MIN = 256 * 1024 * 1024
const ACTS = { parse: parseAct }

/** What is looked at. */
export interface ExamineOptions {
  readonly home: string
  readonly config: ProcessConfig
  /** Reads every bundle too. */
  readonly isDeep: boolean
}

/**
 * Looks at everything that a server stands on, without changing any of it; a server may run meanwhile.
 */
export async function examineServer(options: ExamineOptions): Promise<readonly Finding[]> {
  const { config } = options
  const home = tryRead(() => readServerHome(options.home, config.keys))
  if (typeof home === 'string')
    return [fault('settings', home, 'Put back what is missing: dunant help env, and the keys.')]
  const onDisk = config.databaseUrl === undefined
  const findings = [...examineFiles(home.paths, onDisk)]
  if (onDisk && !existsSync(home.paths.database)) {
    const advice = 'A server that has never run has none; else restore a backup (dunant restore).'
    return [...findings, fault('database', `there is no ${home.paths.database}`, advice)]
  }
  const stores = openStores(home.paths, config)
  try {
    const schema = await examineSchema(stores.inspection).catch(failed('database'))
    findings.push(...schema)
    if (schema.some(({ level }) => level !== 'ok')) return findings
    return [...findings, ...(await examineStores(home, stores, options))]
  } finally {
    await stores.close()
  }
}

interface Stores {
  readonly inspection: Inspection
  readonly blobs: Pick<BlobStore, 'get'>
  readonly close: () => Promise<void>
}

function openStores(paths: ServerPaths, { databaseUrl: url }: ProcessConfig): Stores {
  if (url === undefined) {
    const inspection = openSqliteInspection({ path: paths.database })
    return {
      inspection,
      blobs: readDirectoryBlobs({ path: paths.blobs }),
      close: async () => await inspection.close(),
    }
  }
  const inspection = openPostgresInspection({ url })
  const blobs = openPostgresBlobs({ url })
  return {
    inspection,
    blobs,
    close: async () => {
      await Promise.all([inspection.close(), blobs.close()])
    },
  }
}

async function examineStores(
  home: ServerHome,
  { blobs, inspection }: Stores,
  { config, isDeep }: ExamineOptions,
): Promise<readonly Finding[]> {
  // The memory is read before the log: a server that runs is ahead of it only.
  const memory = await readMemory(home, config)
  const { storage } = inspection
  const genesis = config.genesis ?? home.file.genesis ?? ''
  const coalition = { origin: home.file.origin, genesis, acts: ACTS }
  const checks: readonly (readonly [string, () => Promise<readonly Finding[]>])[] = [
    ['database', async () => await examineDamage(inspection)],
    ['tree', async () => await examineTree(storage)],
    ['records', async () => await examineRecords(inspection)],
    ['acts', async () => await examineActs(inspection)],
    ['governance', async () => await examineGovernance(coalition, storage)],
    ['blobs', async () => await examineBlobs(inspection, blobs, isDeep)],
    ['checkpoint', async () => await examineSigned(inspection)],
    ['witnesses', async () => await examineAlarm(storage)],
    ['signer', async () => await examineMemory(inspection, memory)],
    ['keys', async () => await examineKeys(home, inspection)],
    ['clock', async () => await examineClock(inspection)],
  ]
  const findings: Finding[] = []
  for (const [check, run] of checks) findings.push(...(await run().catch(failed(check))))
  return findings
}

/** What cannot even be looked at is a fault too, and the other checks go on. */
function failed(check: string): (error: unknown) => readonly Finding[] {
  return (error) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const detail = cause instanceof Error ? cause.message : 'it cannot be read'
    return [
      fault(check, detail, 'Stop the server, and restore the newest backup (dunant restore).'),
    ]
  }
}

async function examineDamage(inspection: Inspection): Promise<readonly Finding[]> {
  const damage = await inspection.damage()
  const advice = 'The disk or the file is damaged. Stop the server, and restore the newest backup.'
  return damage.length > 0
    ? [fault('database', damage.join('; '), advice)]
    : [ok('database', 'the database engine finds nothing wrong')]
}

async function examineSigned({ storage }: Inspection): Promise<readonly Finding[]> {
  return examineCheckpoint(await storage.logHead(), await storage.latestCheckpoint())
}

async function examineAlarm(storage: Pick<Storage, 'readSubjects'>): Promise<readonly Finding[]> {
  const alarm = await readAlarm(storage)
  if (alarm === undefined) return [ok('witnesses', 'no witness has shown another log')]
  const advice = `Stop every server on this database, and keep it. This proves it:\n${alarm.note}`
  return [fault('witnesses', stopOf(alarm).message, advice)]
}

function examineFiles(paths: ServerPaths, onDisk: boolean): readonly Finding[] {
  const open = keyFiles(paths).filter((path) => lookAt(path)?.isOpen === true)
  const modes = open.map((path) =>
    fault('modes', `others may read ${path}`, `chmod 600 ${path}, and think of the key as stolen.`),
  )
  const files = modes.length === 0 ? [ok('modes', 'nobody else may read the keys')] : modes
  if (!onDisk) return files
  return [...files, ...examineDisk(paths)]
}

function examineDisk({ blobs, database }: ServerPaths): readonly Finding[] {
  const wal = lookAt(`${database}-wal`)?.bytes ?? 0
  const size = lookAt(database)?.bytes ?? 0
  const free = existsSync(blobs) ? freeBytes(blobs) : Number.MAX_SAFE_INTEGER
  const needed = Math.max(FREE_BYTES_MIN, 2 * size)
  return [
    wal > WAL_BYTES_MAX
      ? warning(
          'wal',
          `the write-ahead log has ${megabytes(wal)}`,
          'Some process reads without end: look for a backup or a doctor that hangs.',
        )
      : ok('wal', `the write-ahead log has ${megabytes(wal)}`),
    free < needed
      ? warning(
          'disk',
          `${megabytes(free)} are free`,
          `Keep ${megabytes(needed)} free: a full disk refuses every write.`,
        )
      : ok('disk', `${megabytes(free)} are free`),
  ]
}

function warning(check: string, detail: string, advice: string): Finding {
  return { check, level: 'warning', detail, advice }
}

function megabytes(bytes: number): string {
  return `${String(Math.round(bytes / 2 ** 20))} MiB`
}

async function examineSchema(inspection: Inspection): Promise<readonly Finding[]> {
  const { done, missing, unknown } = await inspection.schema()
  if (unknown.length > 0) {
    const advice = 'Run that version of the program.'
    return [fault('schema', `a newer program made ${unknown.join(', ')}`, advice)]
  }
  return missing.length > 0
    ? [
        fault(
          'schema',
          `the database lacks ${missing.join(', ')}`,
          'dunant migrate, after a backup.',
        ),
      ]
    : [ok('schema', `the database is at ${done.at(-1) ?? 'the beginning'}`)]
}

async function readMemory(home: ServerHome, config: ProcessConfig): Promise<TreeHead | string> {
  if (config.logSigner === undefined) {
    const text = tryRead(() => ({ text: readFileSync(home.paths.logMemory, 'utf8') }))
    if (typeof text === 'string') return text
    return parseMemory(text.text) ?? 'the memory of the log signer cannot be read'
  }
  const secret = readSignerSecret(home.paths)
  return await openRemoteSigner({ address: config.logSigner, secret })
    .state()
    .catch((error: unknown) => (error instanceof Error ? error.message : 'the signer is silent'))
}

async function examineMemory(
  { storage }: Inspection,
  memory: TreeHead | string,
): Promise<readonly Finding[]> {
  const advice =
    'Do not make up a memory: its key would sign a second log. See "Backup and restore" in ARCHITECTURE.md.'
  if (typeof memory === 'string') return [fault('signer', memory, advice)]
  const checked = await checkLog(storage, [{ by: 'the log signer', ...memory }])
  return checked.ok
    ? [ok('signer', `the log signer remembers ${String(memory.size)} entries of this very log`)]
    : [fault('signer', checked.refusal.detail ?? checked.refusal.reason, advice)]
}

async function examineKeys(home: ServerHome, { storage }: Inspection): Promise<readonly Finding[]> {
  const advice = 'Put back the key that the charter names, or have the charter amended.'
  try {
    const service = await openServiceKeys(home, { clock: systemClock })
    const { origin } = home.file
    const reader = openDirectory({ acts: ACTS, crypto: service.crypto, storage, origin })
    const { charter, serviceFingerprint } = await reader.current()
    if (charter === undefined) return []
    return (await service.holds(serviceFingerprint))
      ? [ok('keys', 'the service key that the charter names is here')]
      : [fault('keys', 'the charter names another service certificate', advice)]
  } catch (error) {
    return [fault('keys', error instanceof Error ? error.message : 'they cannot be read', advice)]
  }
}

/** The newest governance record tells a day that cannot be in the future. */
async function examineClock({ storage }: Inspection): Promise<readonly Finding[]> {
  const today = dayOf(systemClock.now())
  const head = await storage.logHead()
  const [newest] = await storage.governance(Math.max(0, (head?.directoryLength ?? 0) - 1), 1)
  const split = newest === undefined ? undefined : splitAddendum(newest.addendum)
  const record = split?.ok === true ? readActRecord(split.value.record) : undefined
  const day = record?.ok === true ? record.value.day : today
  return day > today
    ? [fault('clock', `the machine says ${today}, and a record is of ${day}`, 'Set the clock.')]
    : [ok('clock', `the machine says ${today}`)]
}

function tryRead<T extends object>(read: () => T): T | string {
  try {
    return read()
  } catch (error) {
    return error instanceof Error ? error.message : 'it cannot be read'
  }
}
