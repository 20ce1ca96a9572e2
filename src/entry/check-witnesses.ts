import type { Directory } from '#core/directory.ts'
import type { Events } from '#ports/events.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import type { Storage } from '#ports/storage.ts'
import type { Witness } from '#ports/witness.ts'
import { stopOf, readAlarm } from '#service/log-alarm.ts'
import { recallWitnesses } from '#service/recall-witnesses.ts'
import { checkSeen, StartRefused } from './open-signer.ts'

/**
 * Holds the stored log against what its witnesses have seen of it.
 *
 * @throws StartRefused where one once proved that the log was forked, has seen a larger or another tree, or too few tell whether they have.
 */
export async function checkWitnesses(checked: {
  readonly directory: Directory
  readonly events: Events
  readonly origin: string
  readonly signer: LogSigner
  readonly storage: Storage
  readonly witnesses: readonly Witness[]
}): Promise<void> {
  const { storage } = checked
  const alarm = await readAlarm(storage)
  if (alarm !== undefined) throw new StartRefused(stopOf(alarm).message)
  const { doubt, seen } = await recallWitnesses(checked)
  await checkSeen(storage, seen)
  if (doubt !== undefined)
    throw new StartRefused(`${doubt}. Start them, and name their addresses in server.json`)
}
