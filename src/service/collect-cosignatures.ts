import type { WitnessPolicy } from '#core/act-bodies.ts'
import type { Directory } from '#core/directory.ts'
import { formatNote, type NoteSignature, parseNote } from '#core/log/note.ts'
import { withSignatures } from '#core/log/witness.ts'
import { DAY_SECONDS } from '#core/time.ts'
import type { Clock } from '#ports/clock.ts'
import { Unavailable } from '#ports/storage.ts'
import type { Witness } from '#ports/witness.ts'
import { askWitness, type AskWitnessPorts, failureOf } from './ask-witness.ts'
import { type LogAlarm, raiseAlarm, readAlarm } from './log-alarm.ts'
import type { DirectoryReader } from './read-directory.ts'
import { cosignersOf, type StoredCheckpoint } from './released-size.ts'
import { witnessesOf } from './tree-witnesses.ts'

/** Longer than any round: one that runs on was lost, as a Worker loses what runs when its request is gone. */
const ROUND_SECONDS_MAX = 120
/** How long those are waited for that have not answered when enough of the others have. */
const STRAGGLER_SECONDS = 1

/** What collecting cosignatures needs. */
export interface CollectPorts extends AskWitnessPorts {
  readonly clock: Clock
  readonly directory: DirectoryReader
  /** The pause between two rounds: public witnesses take one checkpoint in ten seconds, members' own as many as come. */
  readonly pauseSeconds: number
  /** Resolves after so many seconds, or at once when the process is to end. */
  readonly wait: (seconds: number) => Promise<void>
  /** Those that have an address here; the charter says who counts. */
  readonly witnesses: readonly Witness[]
}

/** Has what the log signs cosigned by its witnesses. */
export interface Collector {
  /** Has the newest checkpoint cosigned, soon: one round runs at a time, and what is signed meanwhile is for the next one. */
  wake(): void
  /** Resolves once no round runs. */
  settled(): Promise<void>
  /** Whether this process has heard that the log was forked: then nothing may be signed any more. */
  isStopped(): boolean
}

interface State {
  /** What each witness cosigned last, by verifier key. */
  readonly sizes: Map<string, number>
  /** Those who have not answered yet, some from an earlier round. */
  readonly busy: Set<Witness>
  /** The witnesses of the charter as they were last compared with those that have an address. */
  compared: string | undefined
  /** What a witness has proved against the log. */
  alarm: LogAlarm | undefined
}

/** Opens the one collector of a process. What fails is reported and asked again in a later round. */
export function openCollector(ports: CollectPorts): Collector {
  const state: State = { sizes: new Map(), busy: new Set(), compared: undefined, alarm: undefined }
  let running: Promise<void> | undefined
  let again = false
  let begunAt = 0
  const rounds = async (): Promise<void> => {
    do {
      again = false
      begunAt = ports.clock.now()
      await round(ports, state).catch((error: unknown) => report(ports, error))
      await ports.wait(ports.pauseSeconds)
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- `wake` sets it meanwhile
    } while (again)
  }
  return {
    wake: () => {
      again = true
      if (running !== undefined && ports.clock.now() - begunAt <= ROUND_SECONDS_MAX) return
      state.busy.clear()
      const mine = rounds().finally(() => {
        if (running === mine) running = undefined
      })
      running = mine
    },
    settled: async () => await running,
    isStopped: () => state.alarm !== undefined,
  }
}

/** One round: every witness that has not cosigned the newest checkpoint, or not today, is asked for it at the same time. */
async function round(ports: CollectPorts, state: State): Promise<void> {
  if (await isAlarmed(ports, state)) return
  const newest = await ports.storage.latestCheckpoint()
  // Read after the checkpoint, whose own leaves say who its witnesses are.
  const directory = await ports.directory.current()
  compare(ports, state, directory.charter?.witnesses.keys)
  if (newest === undefined) return
  const witnesses = await witnessesOf(ports.storage, directory, newest.size)
  if (witnesses === undefined || witnesses.quorum === 0) return
  const tree = { newest, directory, witnesses }
  const missing = missingFrom(ports, tree)
  const asked = missing.filter((witness) => !state.busy.has(witness))
  if (asked.length === 0) return
  const gathering = openGathering(ports, tree)
  const answers = asked.map(async (witness) => await askOne(ports, state, { gathering, witness }))
  const all = Promise.all(answers)
  await Promise.race([all, gathering.enough.then(async () => await ports.wait(STRAGGLER_SECONDS))])
  await gathering.keep()
}

/** Nothing more is released under an alarm, whichever process raised it. One that could not be kept is kept as soon as that works. */
async function isAlarmed({ storage }: CollectPorts, state: State): Promise<boolean> {
  if (state.alarm !== undefined) await raiseAlarm(storage, state.alarm)
  state.alarm ??= await readAlarm(storage)
  return state.alarm !== undefined
}

/** Says once, and again when the charter changes, which keys have no address and which addresses have no key. */
function compare(ports: CollectPorts, state: State, keys: readonly string[] | undefined): void {
  const compared = keys?.join()
  if (keys === undefined || compared === state.compared) return
  state.compared = compared
  const reached = ports.witnesses.map(({ vkey }) => vkey)
  const mismatch = (vkeys: readonly string[], problem: 'no-address' | 'not-in-charter'): void => {
    for (const vkey of vkeys)
      ports.events.witnessMismatch({ witness: vkey.split('+', 1)[0] ?? '', problem })
  }
  mismatch(
    keys.filter((vkey) => !reached.includes(vkey)),
    'no-address',
  )
  mismatch(
    reached.filter((vkey) => !keys.includes(vkey)),
    'not-in-charter',
  )
}

/** A tree that is to be cosigned, and by whom. */
interface WantedTree {
  readonly newest: StoredCheckpoint
  readonly directory: Directory
  readonly witnesses: WitnessPolicy
}

function missingFrom(
  ports: CollectPorts,
  { directory, newest, witnesses }: WantedTree,
): readonly Witness[] {
  const stale = ports.clock.now() - DAY_SECONDS
  const fresh = (cosignersOf(newest.note, directory, witnesses) ?? []).filter(
    ({ timeSeconds }) => timeSeconds > stale,
  )
  return ports.witnesses.filter(
    ({ key, vkey }) =>
      witnesses.keys.includes(vkey) && !fresh.some(({ witness }) => witness.name === key.name),
  )
}

async function askOne(
  ports: CollectPorts,
  state: State,
  { gathering, witness }: { readonly gathering: Gathering; readonly witness: Witness },
): Promise<void> {
  state.busy.add(witness)
  const { name } = witness.key
  try {
    const wanted = gathering.wanted
    const asked = await askWitness(ports, witness, { sizes: state.sizes, wanted }).catch(failureOf)
    switch (asked.kind) {
      case 'cosigned':
        await gathering.add(asked.lines)
        return
      case 'failed':
        ports.events.witnessFailed({ witness: name, reason: asked.reason })
        return
      case 'contradicted':
        state.alarm = asked.alarm
        ports.events.logContradicted({ witness: name, reason: asked.alarm.reason })
        await raiseAlarm(ports.storage, asked.alarm)
    }
  } catch (error) {
    report(ports, error)
  } finally {
    state.busy.delete(witness)
  }
}

interface Gathering {
  readonly wanted: Parameters<typeof askWitness>[2]['wanted']
  /** Resolves once the quorum has cosigned and that is stored. */
  readonly enough: Promise<void>
  /** Takes verified lines, one witness after the other. */
  add(lines: readonly NoteSignature[]): Promise<void>
  /** Stores what has come in, also where it is less than the quorum. */
  keep(): Promise<void>
}

/** Gathers the cosignatures of one checkpoint, also those that come after its round. */
function openGathering(
  ports: CollectPorts,
  { directory, newest, witnesses }: WantedTree,
): Gathering {
  const { quorum } = witnesses
  const parsed = parseNote(newest.note)
  if (!parsed.ok) throw new Error('a stored checkpoint is no note')
  let note = parsed.value
  let isKept = true
  let queue: Promise<unknown> = Promise.resolve()
  let announce = nobodyListens
  const enough = new Promise<void>((resolve) => {
    announce = resolve
  })
  const store = async (least: number): Promise<void> => {
    const text = formatNote(note)
    const cosigned = isKept ? 0 : (cosignersOf(text, directory, witnesses)?.length ?? 0)
    if (isKept || cosigned < least) return
    await ports.storage.saveCheckpoint(newest.size, text, cosigned)
    isKept = true
    ports.events.cosignaturesCollected({ treeSize: newest.size, cosigned, quorum })
    if (cosigned >= quorum) announce()
  }
  const inTurn = async (work: () => Promise<void>): Promise<void> => {
    const done = queue.then(work)
    queue = done.catch(() => undefined)
    await done
  }
  return {
    wanted: {
      size: newest.size,
      note: {
        text: note.text,
        signatures: note.signatures.filter(({ name }) => name === ports.origin),
      },
      directory,
    },
    enough,
    add: async (lines) =>
      await inTurn(async () => {
        note = withSignatures(note, lines)
        isKept = false
        await store(quorum)
      }),
    keep: async () => await inTurn(async () => await store(1)),
  }
}

function nobodyListens(): void {
  // Replaced before anybody could wait.
}

function report({ events }: CollectPorts, error: unknown): void {
  if (error instanceof Unavailable) events.unavailable({ operation: 'cosignatures', code: '' })
  else
    events.failed({
      operation: 'cosignatures',
      error: error instanceof Error ? error.name : 'unknown',
    })
}
