import { nativeNoteCheck } from '#adapters/crypto/native.ts'
import { openFileWitnessMemory } from '#adapters/log/file-witness-memory.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { systemTimer } from '#adapters/system/timer.ts'
import { jsonEvents } from '#adapters/system/events.ts'
import { KEY_TYPE_COSIGNATURE, verifierOf } from '#core/log/note.ts'
import { createWitnessApp } from '#http/witness-app.ts'
import type { Clock } from '#ports/clock.ts'
import { openWitness } from '#service/cosign-checkpoint.ts'
import { startAlone } from './held-home.ts'
import { clientAddressIn, closeServer, listen } from './listen.ts'
import { readWitnessHome } from './witness-home.ts'

/** What one witness process is started with. */
export interface WitnessOptions {
  /** The witness's home folder. */
  readonly home: string
  readonly host: string
  readonly port: number
  /** Receives one line of JSON per event. */
  readonly log: (line: string) => void
  /** The field in which a proxy names the client last; the socket's address counts where it is left out. */
  readonly clientAddressHeader?: string | undefined
  /** The system's clock where it is left out. */
  readonly clock?: Clock
}

/** A witness that listens. */
export interface RunningWitness {
  readonly url: string
  readonly vkey: string
  /** Origins of the logs that it watches. */
  readonly origins: readonly string[]
  close(): Promise<void>
}

/**
 * Starts a witness.
 *
 * @throws Error when its home is not complete, or the memory of a log that it watches is missing or damaged. @throws Unavailable where
 * another process holds the home.
 */
export async function startWitness(options: WitnessOptions): Promise<RunningWitness> {
  return await startAlone(options.home, async () => await startInHome(options))
}

async function startInHome(options: WitnessOptions): Promise<RunningWitness> {
  const home = readWitnessHome(options.home)
  const events = jsonEvents(options.log)
  const signer = { name: home.name, seed: home.seed.reveal() }
  const origins = [...home.logs.keys()]
  const memory = openFileWitnessMemory({
    folder: home.memory,
    origins,
    witness: verifierOf(signer, KEY_TYPE_COSIGNATURE),
  })
  const clock = options.clock ?? systemClock
  const witness = openWitness({
    check: nativeNoteCheck,
    clock,
    events,
    logs: home.logs,
    memory,
    signer,
  })
  const app = createWitnessApp({
    clientAddress: clientAddressIn(options.clientAddressHeader),
    clock,
    events,
    origins,
    random: systemRandom,
    timer: systemTimer,
    witness,
  })
  const { server, url } = await listen(app, options)
  events.listening({ url })
  return { url, vkey: home.vkey, origins, close: async () => await closeServer(server) }
}
