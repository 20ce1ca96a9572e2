import { fromHex, hex } from '#core/bytes.ts'
import {
  appendLeaf,
  decodeFrontier,
  encodeFrontier,
  type Frontier,
  frontierRoot,
  EMPTY_FRONTIER,
} from '#core/log/frontier.ts'
import { composeAddendum, logEntry, recordHash, SALT_BYTES } from '#core/log/leaf.ts'
import { leafHash } from '#core/log/merkle.ts'
import { tileProver, type TileProver } from '#core/log/tile-prover.ts'
import { recordBytes } from '#core/record.ts'
import { refuse, type Result } from '#core/result.ts'
import { dayOf } from '#core/time.ts'
import type { Clock } from '#ports/clock.ts'
import type { Events } from '#ports/events.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import type { Random } from '#ports/random.ts'
import type { LogAppend, LoggedRecord, LogHead, LogRecord, Storage } from '#ports/storage.ts'
import type { Collector } from './collect-cosignatures.ts'
import { readAlarm } from './log-alarm.ts'

/** One batch takes at most this many records. */
const BATCH_RECORDS_MAX = 1024
/** A shared prover is handed out this often at most: it keeps every tile that it read, some 40 KB each. */
const SHARED_USES_MAX = 128
/** Trees whose provers are kept. */
const SHARED_TREES = 2
/** How often other processes may have a larger head signed before a refusal is believed. */
const SIGN_ATTEMPTS_MAX = 3
/** Promises that settle between a commit and the call of `flush`, and some more. */
const SHARED_TICKS = 16
/** How long after midnight the batch of the day before enters the log. */
const SETTLE_SECONDS = 3600
/** Batches that one flush appends before it lets the others go on. */
const BATCHES_MAX = 64

/** What appending and signing need. */
export interface SequencerPorts {
  readonly clock: Clock
  readonly events: Events
  /** The log key that the charter names after so many governance records; `undefined` before the first. */
  readonly logKeyAfter: (links: number) => Promise<string | undefined>
  readonly random: Random
  readonly signer: LogSigner
  readonly storage: Storage
  /** Has witnesses cosign what was signed, and says when the log must not go on; absent where there is nobody to ask. */
  readonly collector?: Pick<Collector, 'isStopped' | 'wake'>
}

/** Brings accepted records into the log. */
export interface Sequencer {
  /** Resolves once every record that was committed before the call is in the tree and under a signed checkpoint, or could not be. */
  flush(): Promise<void>
}

/**
 * Opens the one sequencer of this process.
 *
 * Batching is natural: a flush starts at once when none runs, and all calls made while one runs share the next. Several processes may
 * each have one: the append compares and swaps the head, and the loser reads again. The signer sees committed heads alone.
 */
export function openSequencer(ports: SequencerPorts): Sequencer {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const run = async (): Promise<void> => {
    if (await isStopped(ports)) {
      ports.events.signerRefused({ reason: 'checkpoint-inconsistent' })
      return
    }
    await drain(ports)
    await publish(ports)
  }
  const start = async (before: Promise<void> | undefined): Promise<void> => {
    await before?.catch(() => undefined)
    await turn()
    // Nothing has been read so far: all who called until now are served by this run.
    next = undefined
    running = run()
    await running
  }
  return {
    flush: async () => {
      next ??= start(running)
      await next
    },
  }
}

/** Whether a witness has proved to any process on this database that the log was forked: then it neither grows nor is signed. */
async function isStopped({ collector, storage }: SequencerPorts): Promise<boolean> {
  return collector?.isStopped() === true || (await readAlarm(storage)) !== undefined
}

/** Lets everybody whose commit was answered in the same turn of the event loop ask, too. */
async function turn(): Promise<void> {
  for (let tick = 0; tick < SHARED_TICKS; tick++) await Promise.resolve()
}

/**
 * The day before which held records have been held long enough: for an hour after its end.
 *
 * A customer's act of the last second is committed after midnight, the clocks of several processes differ, and a clock may be put back by
 * an hour: whoever entered the log alone after the batch of the day would show when they came.
 */
export function heldBefore(now: number): string {
  return dayOf(now - SETTLE_SECONDS)
}

async function drain(ports: SequencerPorts): Promise<void> {
  for (let batch = 0; batch < BATCHES_MAX; batch++) {
    const pending = await ports.storage.pendingRecords(
      heldBefore(ports.clock.now()),
      BATCH_RECORDS_MAX,
    )
    if (pending.length === 0) return
    const head = await ports.storage.logHead()
    const ready = inChainOrder(pending, head?.directoryLength ?? 0)
    if (ready.length === 0) return
    const append = composeAppend(ports, head, shuffleHeld(ports.random, ready))
    const outcome = await ports.storage.appendLog(append)
    // Whoever committed since then asks again; another process may have taken what was here.
    if (outcome === 'committed' && pending.length < BATCH_RECORDS_MAX) return
  }
}

/** Leaves out governance records whose predecessor another process has not committed yet. */
function inChainOrder(
  pending: readonly LoggedRecord[],
  chainLength: number,
): readonly LoggedRecord[] {
  let position = chainLength
  return pending.filter((record) => {
    if (record.chain === undefined) return true
    if (record.chain !== position) return false
    position += 1
    return true
  })
}

/** Puts customers' records of past days in random order (Fisher and Yates), so that the log does not tell who came when. */
function shuffleHeld(random: Random, records: readonly LoggedRecord[]): readonly LoggedRecord[] {
  const held = records.filter((record) => record.hold !== undefined)
  for (let i = held.length - 1; i > 0; i--) {
    const j = randomBelow(random, i + 1)
    const [a, b] = [held[i], held[j]]
    if (a !== undefined && b !== undefined) [held[i], held[j]] = [b, a]
  }
  return [...records.filter((record) => record.hold === undefined), ...held]
}

/** A whole number from 0 to `limit` - 1, without bias: values above the last full multiple are drawn again. */
function randomBelow(random: Random, limit: number): number {
  const range = 2 ** 32
  for (;;) {
    const value = Number.parseInt(hex(random.bytes(4)), 16)
    if (value < range - (range % limit)) return value % limit
  }
}

function composeAppend(
  ports: SequencerPorts,
  head: LogHead | undefined,
  ready: readonly LoggedRecord[],
): LogAppend {
  const start = head?.size ?? 0
  let directoryHead = head?.directoryHead ?? ''
  let directoryLength = head?.directoryLength ?? 0
  for (const record of ready) {
    if (record.chain === undefined) continue
    directoryHead = hex(recordHash(record.addendum))
    directoryLength = record.chain + 1
  }
  const needsHead = ready.some((record) => record.needsHead)
  const newRecords = needsHead
    ? [headRecord(ports, { head: directoryHead, size: start + ready.length })]
    : []
  const leaves = [...ready, ...newRecords].map((record, i) => {
    const entry = logEntry(record.addendum)
    return { recordId: record.id, leafIndex: start + i, entry, leafHash: leafHash(entry) }
  })
  const grown = grow(
    storedFrontier(head),
    leaves.map((leaf) => leaf.leafHash),
  )
  return {
    expectedSize: start,
    head: {
      size: grown.frontier.size,
      root: hex(frontierRoot(grown.frontier)),
      frontier: encodeFrontier(grown.frontier),
      directoryHead,
      directoryLength,
    },
    leaves,
    newRecords,
    nodes: grown.nodes.filter((node) => node.level > 0),
  }
}

function headRecord(ports: SequencerPorts, state: { head: string; size: number }): LogRecord {
  const now = ports.clock.now()
  const record = recordBytes({ day: dayOf(now), event: 'directory.head', ...state })
  return {
    id: `${now.toString(16).padStart(12, '0')}${hex(ports.random.bytes(10))}`,
    act: '',
    event: 'directory.head',
    addendum: composeAddendum({ salt: ports.random.bytes(SALT_BYTES), record }),
    isPublic: true,
    needsHead: false,
  }
}

/**
 * The frontier of a stored head, which must fold to its root: a damaged row must not be built upon.
 *
 * @throws Error where it does not.
 */
export function storedFrontier(head: LogHead | undefined): Frontier {
  if (head === undefined) return EMPTY_FRONTIER
  const frontier = decodeFrontier(head.size, head.frontier)
  if (!frontier.ok || hex(frontierRoot(frontier.value)) !== head.root)
    throw new Error('the stored frontier does not give the stored root')
  return frontier.value
}

function grow(
  frontier: Frontier,
  hashes: readonly Uint8Array[],
): { frontier: Frontier; nodes: { level: number; index: number; hash: Uint8Array }[] } {
  const nodes: { level: number; index: number; hash: Uint8Array }[] = []
  let grown = frontier
  for (const hash of hashes) {
    const appended = appendLeaf(grown, hash)
    grown = appended.frontier
    nodes.push(...appended.nodes)
  }
  return { frontier: grown, nodes }
}

/** Has the newest committed head signed, if it is not yet. A refusal is reported and leaves the last checkpoint standing. */
async function publish(ports: SequencerPorts): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const head = await ports.storage.logHead()
    if (head === undefined || (await isPublished(ports, head.size))) return
    const signed = await signHead(ports, head)
    if (signed.ok) {
      // Another process may have been faster, and have cosignatures already.
      if (!(await isPublished(ports, head.size)))
        await ports.storage.saveCheckpoint(head.size, signed.value)
      ports.events.checkpointSigned({ treeSize: head.size })
      ports.collector?.wake()
      return
    }
    // Another process had a larger head signed meanwhile: that one is signed for this one as well.
    if (signed.refusal.reason === 'checkpoint-older' && attempt < SIGN_ATTEMPTS_MAX) continue
    ports.events.signerRefused({ reason: signed.refusal.reason })
    return
  }
}

async function isPublished({ storage }: SequencerPorts, size: number): Promise<boolean> {
  return ((await storage.latestCheckpoint())?.size ?? 0) >= size
}

/** Each tree is signed by the key that it names itself: the batch with an amendment by the new one. */
async function signHead(ports: SequencerPorts, head: LogHead): Promise<Result<string>> {
  const vkey = await ports.logKeyAfter(head.directoryLength)
  if (vkey === undefined) return refuse('key-missing')
  return await ports.signer.sign(
    { size: head.size, root: fromHex(head.root) ?? new Uint8Array(), vkey },
    async (oldSize) => await sharedProver(ports.storage, head.size).consistencyProof(oldSize),
  )
}

interface SharedProver {
  readonly size: number
  /** How often it may still be handed out. */
  usesLeft: number
  readonly prover: TileProver
}

/** The provers that were asked for last, of each storage: of the newest tree, and of the one that enough witnesses cosigned. */
const provers = new WeakMap<Storage, readonly SharedProver[]>()

/**
 * Gives the prover that everybody shares who asks about the tree of one size: the receipts of a batch, and its checkpoint.
 *
 * Without it each receipt would read and hash the same tiles again, which took most of the time of an act. The prover is replaced with the
 * size, before it holds too many tiles, and once a reading failed, since it remembers failures.
 */
export function sharedProver(storage: Storage, size: number): TileProver {
  const recent = provers.get(storage) ?? []
  const known = recent.find((one) => one.size === size)
  const shared =
    known !== undefined && known.usesLeft > 0
      ? known
      : { size, usesLeft: SHARED_USES_MAX, prover: openProver(storage, size) }
  shared.usesLeft -= 1
  const others = recent.filter((one) => one.size !== size)
  provers.set(storage, [shared, ...others.slice(0, SHARED_TREES - 1)])
  const orForget = async <T>(proof: Promise<T>): Promise<T> => {
    try {
      return await proof
    } catch (error) {
      const left = (provers.get(storage) ?? []).filter((one) => one !== shared)
      provers.set(storage, left)
      throw error
    }
  }
  return {
    inclusionProof: async (index) => await orForget(shared.prover.inclusionProof(index)),
    consistencyProof: async (oldSize) => await orForget(shared.prover.consistencyProof(oldSize)),
  }
}

/** Makes proofs about the tree of one size out of the stored hashes. */
export function openProver(storage: Storage, size: number): TileProver {
  return tileProver(size, async ({ level, index, width }) => {
    const from = index * 256
    return level === 0
      ? await storage.leafHashes(from, from + width)
      : await storage.nodeHashes(level, from, from + width)
  })
}
