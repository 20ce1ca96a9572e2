import type { Clock } from '#ports/clock.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import type { Storage } from '#ports/storage.ts'
import { Unavailable } from '#ports/storage.ts'
import { readAlarm } from './log-alarm.ts'
import type { DirectoryReader } from './read-directory.ts'
import type { Sequencer } from './sequence-log.ts'

/** What a server cannot serve without, in the order in which it is looked at. */
type ReadyPart = 'draining' | 'storage' | 'directory' | 'witnesses' | 'signer'

/** What looking needs. */
export interface ReadyPorts {
  readonly clock: Clock
  readonly directory: DirectoryReader
  readonly sequencer: Sequencer
  readonly storage: Storage
  readonly signer?: Pick<LogSigner, 'state'>
  /** Whether the process was told to end. */
  readonly isDraining?: () => boolean
}

/** The log as it stands, and the first part that does not work, if any. */
export interface Readiness {
  readonly leaves: number
  readonly signed: number
  readonly missing: ReadyPart | undefined
}

/**
 * Tells whether a server can serve: it is not ending, its storage answers and can be written to, its directory is loaded, no witness has
 * proved that its log was forked, and its signer has signed what is in the log.
 *
 * Where leaves wait for a signature, it has them signed. So a signer that does not answer is noticed here, and one that is at work is not.
 */
export async function checkReady(ports: ReadyPorts): Promise<Readiness> {
  const nothing = { leaves: 0, signed: 0 }
  if (ports.isDraining?.() === true) return { ...nothing, missing: 'draining' }
  const before = await orUndefined(async () => await sizes(ports.storage))
  if (before === undefined || !(await isWritable(ports))) return { ...nothing, missing: 'storage' }
  // A chain that does not replay is a fault, and not to be served whatever the fault is.
  const isLoaded = await ports.directory.current().then(
    () => true,
    () => false,
  )
  if (!isLoaded) return { ...before, missing: 'directory' }
  const alarm = await orUndefined(async () => (await readAlarm(ports.storage)) ?? 'none')
  if (alarm !== 'none') return { ...before, missing: alarm === undefined ? 'storage' : 'witnesses' }
  const { signer } = ports
  const answers = signer === undefined || (await orUndefined(async () => await signer.state()))
  if (answers === undefined) return { ...before, missing: 'signer' }
  if (before.signed >= before.leaves) return { ...before, missing: undefined }
  const signed = await orUndefined(async () => {
    await ports.sequencer.flush()
    return (await sizes(ports.storage)).signed
  })
  const isBehind = signed === undefined || signed < before.leaves
  return { ...before, signed: signed ?? before.signed, missing: isBehind ? 'signer' : undefined }
}

async function isWritable({ storage }: ReadyPorts): Promise<boolean> {
  const written = await orUndefined(async () => {
    await storage.probe()
    return true
  })
  return written === true
}

async function sizes(storage: Storage): Promise<{ leaves: number; signed: number }> {
  const [head, checkpoint] = await Promise.all([storage.logHead(), storage.latestCheckpoint()])
  return { leaves: head?.size ?? 0, signed: checkpoint?.size ?? 0 }
}

/** An outage is an answer here; a fault of ours is not. */
async function orUndefined<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof Unavailable) return undefined
    throw error
  }
}
