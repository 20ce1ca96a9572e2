import type {
  D1Database,
  DurableObjectNamespace,
  DurableObjectState,
  R2Bucket,
} from '@cloudflare/workers-types'
import { openR2Blobs } from '#adapters/blob/r2.ts'
import { openServiceCrypto } from '#adapters/keys/openpgp.ts'
import { answerInObject, type LogKey, openDurableSigner } from '#adapters/log/durable-signer.ts'
import { migrateD1Storage, openD1Storage } from '#adapters/storage/d1.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { jsonEvents } from '#adapters/system/events.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { fromHex } from '#core/bytes.ts'
import { createApp } from '#http/app.ts'
import { openDirectory } from '#service/read-directory.ts'
import { runDue } from '#service/run-due.ts'
import { openSequencer } from '#service/sequence-log.ts'
import { parseAct } from '#wire/act.ts'
import { shippedTemplates } from './templates.ts'

/** The bindings of `wrangler.toml` and the secrets that `wrangler secret put` sets. */
export interface WorkerEnvironment {
  readonly BLOBS: R2Bucket
  readonly DB: D1Database
  readonly SIGNER: DurableObjectNamespace
  /** 64 hex digits. */
  readonly CHALLENGE_SECRET: string
  readonly GENESIS_ID: string
  /** 64 hex digits: the Ed25519 seed of the log key. */
  readonly LOG_SEED: string
  readonly ORIGIN: string
  /** Armored private key of the service. */
  readonly SERVICE_KEY: string
}

type Ports = Parameters<typeof createApp>[0]

/** One set of ports per isolate; a failed start is tried again by the next request. */
let opened: Promise<Ports> | undefined

const handler = {
  async fetch(request: Request, environment: WorkerEnvironment): Promise<Response> {
    return await createApp(await portsOf(environment)).fetch(request)
  },
  async scheduled(_event: unknown, environment: WorkerEnvironment): Promise<void> {
    const ports = await portsOf(environment)
    await runDue(ports)
    await ports.sequencer.flush()
  },
}

// oxlint-disable-next-line import/no-default-export -- the Workers runtime calls the default export
export default handler

/** The one object that remembers what the log key has signed. The Workers runtime asks for a class. */
export class LogSignerObject {
  readonly #state: DurableObjectState
  readonly #key: LogKey

  constructor(state: DurableObjectState, environment: WorkerEnvironment) {
    this.#state = state
    this.#key = logKey(environment)
  }

  async fetch(request: Request): Promise<Response> {
    const body = await request.text()
    const path = new URL(request.url).pathname
    const answer = await this.#state.blockConcurrencyWhile(
      async () => await answerInObject(this.#state.storage, this.#key, { path, body }),
    )
    return new Response(answer)
  }
}

async function portsOf(environment: WorkerEnvironment): Promise<Ports> {
  opened ??= openPorts(environment).catch((error: unknown) => {
    opened = undefined
    throw error
  })
  return await opened
}

async function openPorts(environment: WorkerEnvironment): Promise<Ports> {
  await migrateD1Storage(environment.DB)
  const storage = await openD1Storage(environment.DB)
  const origin = required('ORIGIN', environment.ORIGIN)
  const crypto = await openServiceCrypto({
    privateKeyArmored: required('SERVICE_KEY', environment.SERVICE_KEY),
    clock: systemClock,
  })
  const acts = { parse: parseAct }
  // The runtime collects console output as the Worker's log.
  const events = jsonEvents((line) => console.log(line))
  const signer = openDurableSigner(logKey(environment), async (path, body) => {
    const stub = environment.SIGNER.get(environment.SIGNER.idFromName(origin))
    return await (await stub.fetch(`https://signer${path}`, { method: 'POST', body })).text()
  })
  return {
    acts,
    blobs: openR2Blobs(environment.BLOBS),
    challengeSecret: bytes32('CHALLENGE_SECRET', environment.CHALLENGE_SECRET),
    clock: systemClock,
    crypto,
    directory: openDirectory({ acts, crypto, storage, origin }),
    events,
    genesis: required('GENESIS_ID', environment.GENESIS_ID),
    origin,
    random: systemRandom,
    sequencer: openSequencer({ clock: systemClock, events, random: systemRandom, signer, storage }),
    storage,
    templates: shippedTemplates(),
  }
}

function logKey(environment: WorkerEnvironment): LogKey {
  return {
    origin: required('ORIGIN', environment.ORIGIN),
    seed: bytes32('LOG_SEED', environment.LOG_SEED),
  }
}

/** A missing setting stops the start; it never turns a check off. */
function required(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new Error(`the setting ${name} is missing`)
  return value
}

function bytes32(name: string, value: string | undefined): Uint8Array {
  const bytes = fromHex(required(name, value))
  if (bytes?.length !== 32) throw new Error(`the setting ${name} is not 64 hex digits`)
  return bytes
}
