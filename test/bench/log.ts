import { hash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileSigner } from '#adapters/log/file-signer.ts'
import { migrateSqliteStorage, openSqliteStorage } from '#adapters/storage/sqlite.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { formatVkey, KEY_TYPE_ED25519, verifierOf } from '#core/log/note.ts'
import { hex } from '#core/bytes.ts'
import { composeAddendum } from '#core/log/leaf.ts'
import { recordBytes } from '#core/record.ts'
import { dayOf } from '#core/time.ts'
import type { Events } from '#ports/events.ts'
import type { LogRecord, Storage } from '#ports/storage.ts'
import { openSequencer, type Sequencer } from '#service/sequence-log.ts'
import { ORIGIN } from '#test/helpers/client-keys.ts'
import {
  type Contender,
  type Group,
  interleave,
  perSecond,
  speedRatio,
  wallMeter,
} from './measure.ts'

/** Records of one commit. */
const COMMIT_RECORDS = 512

/** Bringing records into the log: durable, in order, under a signed checkpoint. */
export const log: Group = {
  name: 'log',
  lines: ['log-append'],
  run: async (effort, print) => {
    const disk = await openDisk()
    try {
      const times = effort.isQuick ? 2048 : 16_384
      const ours: Contender = {
        times,
        prepare: async () => await addRecords(disk.storage, times),
        run: async () => await disk.sequencer.flush(),
        meter: wallMeter,
      }
      const [our, memory] = await interleave([ours, memoryContender(times)], effort)
      print({
        name: 'log-append',
        ratio: speedRatio(our, memory),
        goal: 0.4,
        better: 'higher',
        value: perSecond(our),
        unit: 'leaves per second',
        reference: `${String(perSecond(memory))} per second: leaf hashes, frontier and tiles in memory alone, by node:crypto`,
        samples: effort.samples,
      })
    } finally {
      await disk.close()
    }
  },
}

/** A log on the disk of the system's temporary folder. */
export interface DiskLog {
  readonly storage: Storage
  readonly sequencer: Sequencer
  close(): Promise<void>
}

const EVENTS: Events = {
  listening: ignore,
  migrating: ignore,
  stopping: ignore,
  stopped: ignore,
  actAccepted: ignore,
  actRefused: ignore,
  checkpointSigned: ignore,
  checkpointCosigned: ignore,
  checkpointRefused: ignore,
  cosignaturesCollected: ignore,
  witnessFailed: ignore,
  witnessMismatch: ignore,
  logContradicted: ignore,
  signerRefused: ({ reason }) => {
    throw new Error(reason)
  },
  unavailable: ignore,
  failed: ignore,
}

function ignore(): void {
  // Measured is what is done, not what is told.
}

/** Opens an empty one, as a server does. */
export async function openDisk(): Promise<DiskLog> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-bench-'))
  const path = join(folder, 'database')
  await migrateSqliteStorage({ path })
  const storage = await openSqliteStorage({ path })
  const seed = systemRandom.bytes(32)
  const vkey = formatVkey(verifierOf({ name: ORIGIN, seed }, KEY_TYPE_ED25519))
  const signer = openFileSigner({
    path: join(folder, 'log-memory'),
    seeds: () => [seed],
    origin: ORIGIN,
    newLog: true,
  })
  return {
    storage,
    sequencer: openSequencer({
      clock: systemClock,
      events: EVENTS,
      logKeyAfter: async () => await Promise.resolve(vkey),
      random: systemRandom,
      signer,
      storage,
    }),
    close: async () => {
      await storage.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Commits records that wait for the log, as acts would leave them. */
export async function addRecords(storage: Storage, count: number): Promise<void> {
  for (let done = 0; done < count; done += COMMIT_RECORDS) {
    const records = Array.from({ length: Math.min(COMMIT_RECORDS, count - done) }, record)
    await storage.commit({ guards: [], subjects: [], acts: [], signatures: [], records })
  }
}

function record(): LogRecord {
  const now = systemClock.now()
  const act = hex(systemRandom.bytes(32))
  const signatures = [hex(systemRandom.bytes(32))]
  const body = { act, day: dayOf(now), directory: act, event: 'adopted', signatures } as const
  return {
    id: now.toString(16).padStart(12, '0') + hex(systemRandom.bytes(10)),
    act,
    event: 'adopted',
    addendum: composeAddendum({ salt: systemRandom.bytes(32), record: recordBytes(body) }),
    isPublic: false,
    needsHead: false,
  }
}

/** The least that a log is: every leaf hashed, the frontier kept, every hash put into its tile. */
function memoryContender(times: number): Contender {
  const entries = Array.from({ length: times }, () => systemRandom.bytes(37))
  const tiles = new Map<number, Buffer[]>()
  const frontier: Buffer[] = []
  let size = 0
  const keep = (level: number, node: Buffer): void => {
    const nodes = tiles.get(level)
    if (nodes === undefined) tiles.set(level, [node])
    else nodes.push(node)
  }
  return {
    times,
    meter: wallMeter,
    run: () => {
      for (const entry of entries) {
        let node = hash('sha256', Buffer.concat([LEAF, entry]), 'buffer')
        keep(0, node)
        let index = size
        for (let height = 1; index % 2 === 1; height++) {
          node = hash('sha256', Buffer.concat([NODE, frontier.pop() ?? LEAF, node]), 'buffer')
          index = (index - 1) / 2
          if (height % 8 === 0) keep(height / 8, node)
        }
        frontier.push(node)
        size += 1
      }
    },
  }
}

const LEAF = Buffer.from([0])
const NODE = Buffer.from([1])
