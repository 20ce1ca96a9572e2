import type { RefusalReason } from '#core/refusal.ts'
import { type Commit, type Storage, WritesStopped } from '#ports/storage.ts'

/**
 * The proof that this log was forked. It is a subject like any other, so that every commit of every process on the same database can name
 * its absence, and loses where it stands.
 */
const ALARM = { kind: 'log.alarm', id: 'log' } as const

/** What may still be written beside it: readers' sessions, for reading goes on. */
const UNSTOPPED: readonly string[] = [ALARM.kind, 'nonce', 'token']

/** How a witness proved that the stored log is not the one that the log key signed. */
export interface LogAlarm {
  /** Name of the witness. */
  readonly witness: string
  /** `checkpoint-older` or `checkpoint-inconsistent`, as `checkLog` says. */
  readonly reason: RefusalReason
  /** Entries of the tree that it has seen. */
  readonly size: number
  /** The checkpoint that proves it, signed by the log key and cosigned by the witness. */
  readonly note: string
}

/** The alarm that stands, if any. @throws Unavailable */
export async function readAlarm(
  storage: Pick<Storage, 'readSubjects'>,
): Promise<LogAlarm | undefined> {
  const [row] = await storage.readSubjects([ALARM])
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `raiseAlarm` alone writes it
  return row?.state === undefined ? undefined : (JSON.parse(row.state) as LogAlarm)
}

/** Keeps an alarm, unless there is one already: the first proof stays. Durable when it resolves. @throws Unavailable */
export async function raiseAlarm(storage: Storage, alarm: LogAlarm): Promise<void> {
  const { note, reason, size, witness } = alarm
  const state = JSON.stringify({ note, reason, size, witness })
  await storage.commit({
    guards: [],
    subjects: [{ ...ALARM, expected: 0, state }],
    acts: [],
    signatures: [],
    records: [],
  })
}

/** What stops all writes once an alarm stands, and what the operator has to do. */
export function stopOf({ size, witness }: Pick<LogAlarm, 'size' | 'witness'>): WritesStopped {
  return new WritesStopped(
    'log-contradicted',
    `the witness ${witness} holds a checkpoint of ${String(size)} entries that the log key signed and that this database contradicts. ` +
      'Nothing is accepted any more. The operator has to put back the newest database, or to end this log if somebody else has its key: see "Witnesses" in ARCHITECTURE.md.',
  )
}

/**
 * A storage that changes nothing once an alarm stands: from then on each write throws `WritesStopped`, in every process on the same
 * database, and what is there can be read as before.
 *
 * @param before is awaited before anything is written, and throws where nothing may be
 */
export function stoppable(storage: Storage, before: () => Promise<void> = nothing): Storage {
  return {
    ...storage,
    commit: async (commit) => {
      if (isUnstopped(commit)) return await storage.commit(commit)
      await before()
      const guards = [...commit.guards, { ...ALARM, version: 0 }]
      const outcome = await storage.commit({ ...commit, guards })
      if (outcome === 'conflict') await refuseAlarmed(storage)
      return outcome
    },
    appendLog: async (append) => {
      await before()
      await refuseAlarmed(storage)
      return await storage.appendLog(append)
    },
  }
}

/** @throws WritesStopped where an alarm stands. */
export async function refuseAlarmed(storage: Storage): Promise<void> {
  const alarm = await readAlarm(storage)
  if (alarm !== undefined) throw stopOf(alarm)
}

function isUnstopped({ acts, records, subjects }: Commit): boolean {
  return (
    acts.length === 0 &&
    records.length === 0 &&
    subjects.every(({ kind }) => UNSTOPPED.includes(kind))
  )
}

async function nothing(): Promise<void> {
  // Nothing is to be asked first.
}
