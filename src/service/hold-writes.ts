import type { Clock } from '#ports/clock.ts'
import { type Storage, Unavailable, WritesStopped } from '#ports/storage.ts'
import type { Events } from '#ports/events.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import type { Witness } from '#ports/witness.ts'
import { alarmOf } from './check-log.ts'
import { raiseAlarm, stopOf } from './log-alarm.ts'
import type { DirectoryReader } from './read-directory.ts'
import { recallWitnesses } from './recall-witnesses.ts'

/** How long a refusal is repeated before the witnesses are asked again. */
const RETRY_SECONDS = 5

/** What asking before the first write needs. */
export interface HoldPorts {
  readonly clock: Clock
  readonly directory: DirectoryReader
  readonly events: Events
  readonly origin: string
  readonly signer: Pick<LogSigner, 'state'>
  readonly storage: Storage
  /** Those that have an address here. */
  readonly witnesses: readonly Witness[]
}

/**
 * Opens what a process asks before it writes for the first time, where nothing else holds its log against what witnesses have seen: a Worker
 * has no start to refuse. Whoever reads does not wait for it.
 *
 * The function throws `WritesStopped` where a witness proves a larger or another tree, which is kept as an alarm, or where too few tell.
 */
export function openHold(ports: HoldPorts): () => Promise<void> {
  let asked: Promise<void> | undefined
  let refused: { readonly at: number; readonly error: Unavailable } | undefined
  return async () => {
    if (refused !== undefined && ports.clock.now() - refused.at < RETRY_SECONDS) throw refused.error
    asked ??= holdAgainstWitnesses(ports).catch((error: unknown) => {
      asked = undefined
      if (error instanceof Unavailable) refused = { at: ports.clock.now(), error }
      throw error
    })
    await asked
  }
}

async function holdAgainstWitnesses(ports: HoldPorts): Promise<void> {
  const { events, storage } = ports
  const directory = await ports.directory.current()
  const recalled = await recallWitnesses({ ...ports, directory })
  for (const tree of recalled.seen) {
    const alarm = await alarmOf(storage, tree)
    if (alarm === undefined) continue
    events.logContradicted({ witness: alarm.witness, reason: alarm.reason })
    await raiseAlarm(storage, alarm)
    throw stopOf(alarm)
  }
  if (recalled.doubt !== undefined) throw new WritesStopped('witnesses-silent', recalled.doubt)
}
