import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { openDirectoryBlobs } from '#adapters/blob/directory.ts'
import { generateServiceKey, openServiceCrypto } from '#adapters/keys/openpgp.ts'
import { openFileSigner } from '#adapters/log/file-signer.ts'
import { migrateSqliteStorage, openSqliteStorage } from '#adapters/storage/sqlite.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { sha256Hex } from '#core/hash.ts'
import type { HttpPorts } from '#http/app.ts'
import { openDirectory, openLogKeys } from '#service/read-directory.ts'
import { openSequencer } from '#service/sequence-log.ts'
import { parseAct } from '#wire/act.ts'
import { BEGIN, cached } from './coalition-keys.ts'
import { unlimited } from './unlimited.ts'

/** The DNS name of every coalition of the tests. */
export const ORIGIN = 'coalition.example'

/** Nothing here is about surviving a power cut, and waiting for a disk takes most of the time. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** Time as a test sets it. */
export interface SettableClock {
  now(): number
  set(seconds: number): void
  advance(seconds: number): void
}

/** A server without clients. */
export interface Server {
  readonly ports: HttpPorts
  readonly clock: SettableClock
  readonly events: string[]
  readonly folder: string
  readonly vkey: string
}

/**
 * Opens a server on a database, a folder of blobs and a log of its own, with any port replaced.
 *
 * @param logSeeds of the log key and the one prepared to follow it; where the operator signs what it likes, the test has them
 */
export async function openServer(
  replaced: Partial<HttpPorts>,
  ...logSeeds: readonly Uint8Array[]
): Promise<Server> {
  const folder = mkdtempSync(join(FOLDER, 'dunant-coalition-'))
  const clock = settableClock()
  const path = join(folder, 'database')
  await migrateSqliteStorage({ path })
  const storage = replaced.storage ?? (await openSqliteStorage({ path }))
  const service = await cached(
    'service',
    async () => await generateServiceKey({ origin: ORIGIN, date: BEGIN - 86_400 }),
  )
  const crypto = await openServiceCrypto({ privateKeyArmored: service.privateArmored, clock })
  const seeds = logSeeds.length > 0 ? logSeeds : [systemRandom.bytes(32)]
  const signer = openFileSigner({
    path: join(folder, 'log-memory'),
    seeds: () => seeds,
    origin: ORIGIN,
    newLog: true,
  })
  const acts = { parse: parseAct }
  const directory = openDirectory({ acts, crypto, storage, origin: ORIGIN })
  const events: string[] = []
  const heard = recordedEvents(events)
  const ports: HttpPorts = {
    acts,
    admission: unlimited(clock),
    blobs: await openDirectoryBlobs({ path: join(folder, 'blobs') }),
    challengeSecret: systemRandom.bytes(32),
    clock,
    crypto,
    directory,
    events: heard,
    genesis: '',
    origin: ORIGIN,
    random: systemRandom,
    sequencer: openSequencer({
      clock,
      events: heard,
      logKeyAfter: openLogKeys(directory),
      random: systemRandom,
      signer,
      storage,
    }),
    storage,
    templates: new Map(),
    ...replaced,
  }
  const [vkey = ''] = (await signer.state()).vkeys
  return { ports, clock, events, folder, vkey }
}

/** Starts at the time at which every coalition of the tests begins. */
export function settableClock(): SettableClock {
  let now = BEGIN
  return {
    now: () => now,
    set: (seconds) => {
      now = seconds
    },
    advance: (seconds) => {
      now += seconds
    },
  }
}

/** Keeps the reasons that a server reports, and the names of other events. */
export function recordedEvents(events: string[]): HttpPorts['events'] {
  const report = (fields: { readonly reason: string }): void => {
    events.push(fields.reason)
  }
  return {
    listening: () => undefined,
    migrating: () => undefined,
    stopping: () => undefined,
    stopped: () => undefined,
    actAccepted: () => undefined,
    actRefused: report,
    checkpointSigned: () => undefined,
    signerRefused: report,
    checkpointCosigned: () => undefined,
    checkpointRefused: report,
    cosignaturesCollected: ({ cosigned }) => events.push(`cosigned by ${String(cosigned)}`),
    witnessFailed: ({ reason, witness }) => events.push(`${witness} ${reason}`),
    witnessMismatch: ({ problem, witness }) => events.push(`${witness} ${problem}`),
    logContradicted: ({ reason, witness }) => events.push(`ALARM ${witness} ${reason}`),
    unavailable: ({ operation }) => events.push(`unavailable ${operation}`),
    failed: ({ error, operation }) => events.push(`failed ${operation} ${error}`),
  }
}

/** A hash of every row and every blob name. */
export function snapshotOf(folder: string): string {
  const database = new Database(join(folder, 'database'), { readonly: true })
  try {
    const tables = database
      .prepare<[], { name: string }>(
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name",
      )
      .all()
    const rows = tables.map(({ name }) =>
      database.prepare<[]>(`SELECT * FROM "${name}"`).raw().all(),
    )
    const blobs = readdirSync(join(folder, 'blobs'), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.blob'))
      .toSorted()
    return sha256Hex(new TextEncoder().encode(JSON.stringify([tables, rows, blobs])))
  } finally {
    database.close()
  }
}
