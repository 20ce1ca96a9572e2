import type {
  D1Database,
  DurableObjectNamespace,
  DurableObjectState,
  ExecutionContext,
  R2Bucket,
} from '@cloudflare/workers-types'
import { openR2Blobs } from '#adapters/blob/r2.ts'
import { openServiceCrypto } from '#adapters/keys/openpgp.ts'
import { openObjectMemory } from '#adapters/log/durable-signer.ts'
import { openSignerClient } from '#adapters/log/signer-client.ts'
import { answerSigner, type SignerDesk } from '#adapters/log/signer-desk.ts'
import { migrateD1Storage, openD1Storage } from '#adapters/storage/d1.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { jsonEvents } from '#adapters/system/events.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { systemTimer } from '#adapters/system/timer.ts'
import { fromHex } from '#core/bytes.ts'
import { openAdmission } from '#http/admission.ts'
import { createApp } from '#http/app.ts'
import { checkLog } from '#service/check-log.ts'
import { type Collector, openCollector } from '#service/collect-cosignatures.ts'
import { openHold } from '#service/hold-writes.ts'
import { stoppable } from '#service/log-alarm.ts'
import { openDirectory, openLogKeys } from '#service/read-directory.ts'
import { runDue } from '#service/run-due.ts'
import { openSequencer } from '#service/sequence-log.ts'
import { parseAct } from '#wire/act.ts'
import { parseWitnesses } from './config.ts'
import { reachWitnesses } from './reach-witnesses.ts'
import { shippedTemplateParts } from './templates.ts'

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
  /** The same of the log key that follows, once a charter names it. */
  readonly LOG_NEXT_SEED?: string
  readonly ORIGIN: string
  /** Armored private key of the service. */
  readonly SERVICE_KEY: string
  /** The witnesses of the charter and where they answer, as JSON: `[{"url": …, "vkey": …}]`. */
  readonly WITNESSES?: string
}

interface Opened {
  readonly ports: Parameters<typeof createApp>[0]
  readonly collector: Collector
  /** Throws where the stored log does not hold against what its witnesses have seen. */
  readonly hold: () => Promise<void>
}

/** One set of ports per isolate; a failed start is tried again by the next request. */
let opened: Promise<Opened> | undefined

const handler = {
  async fetch(
    request: Request,
    environment: WorkerEnvironment,
    context: Pick<ExecutionContext, 'waitUntil'>,
  ): Promise<Response> {
    const { collector, ports } = await portsOf(environment)
    const response = await createApp(ports).fetch(request)
    // Whoever filed has the answer by now; what was signed for it goes to the witnesses.
    context.waitUntil(collector.settled())
    return response
  },
  async scheduled(_event: unknown, environment: WorkerEnvironment): Promise<void> {
    const { collector, hold, ports } = await portsOf(environment)
    try {
      await hold()
      await runDue(ports)
      await ports.sequencer.flush()
    } finally {
      collector.wake()
      await collector.settled()
    }
  },
}

// oxlint-disable-next-line import/no-default-export -- the Workers runtime calls the default export
export default handler

/** The one object that remembers what the log key has signed. The Workers runtime asks for a class. */
export class LogSignerObject {
  readonly #state: DurableObjectState
  readonly #desk: SignerDesk

  constructor(state: DurableObjectState, environment: WorkerEnvironment) {
    this.#state = state
    const seeds = logSeeds(environment)
    const origin = required('ORIGIN', environment.ORIGIN)
    this.#desk = { origin, seeds: () => seeds, memory: openObjectMemory(state.storage) }
  }

  async fetch(request: Request): Promise<Response> {
    const body = await request.text()
    const path = new URL(request.url).pathname
    const answer = await this.#state.blockConcurrencyWhile(
      async () => await answerSigner(this.#desk, { path, body }),
    )
    return new Response(answer.body, {
      status: answer.status,
      headers: { 'content-type': answer.type },
    })
  }
}

async function portsOf(environment: WorkerEnvironment): Promise<Opened> {
  opened ??= openPorts(environment).catch((error: unknown) => {
    opened = undefined
    throw error
  })
  return await opened
}

async function openPorts(environment: WorkerEnvironment): Promise<Opened> {
  await migrateD1Storage(environment.DB)
  const stored = await openD1Storage(environment.DB)
  const origin = required('ORIGIN', environment.ORIGIN)
  const crypto = await openServiceCrypto({
    privateKeyArmored: required('SERVICE_KEY', environment.SERVICE_KEY),
    clock: systemClock,
  })
  const acts = { parse: parseAct }
  // The runtime collects console output as the Worker's log.
  const events = jsonEvents((line) => console.log(line))
  const signer = openSignerClient(async (path, body) => {
    const stub = environment.SIGNER.get(environment.SIGNER.idFromName(origin))
    const answer = await stub.fetch(`https://signer${path}`, { method: 'POST', body })
    return { status: answer.status, body: await answer.text() }
  })
  const checked = await checkLog(stored, [{ by: 'the log signer', ...(await signer.state()) }])
  if (!checked.ok) throw new Error(checked.refusal.detail ?? checked.refusal.reason)
  const directory = openDirectory({ acts, crypto, storage: stored, origin })
  const named = { witnesses: parseWitnesses(environment.WITNESSES ?? '[]') }
  const reach = reachWitnesses(named)
  const { witnesses } = reach
  const clock = systemClock
  const hold = openHold({ clock, directory, events, origin, signer, storage: stored, witnesses })
  const storage = stoppable(stored, hold)
  const collector = openCollector({
    clock: systemClock,
    directory,
    events,
    origin,
    storage,
    ...reach,
  })
  const ports = {
    acts,
    admission: openAdmission({
      clock: systemClock,
      random: systemRandom,
      timer: systemTimer,
      // Cloudflare sets it, whatever the client sent.
      clientAddress: (c) => c.req.header('CF-Connecting-IP') ?? '',
      factor: 1,
    }),
    blobs: openR2Blobs(environment.BLOBS),
    challengeSecret: bytes32('CHALLENGE_SECRET', environment.CHALLENGE_SECRET),
    clock: systemClock,
    crypto,
    directory,
    events,
    genesis: required('GENESIS_ID', environment.GENESIS_ID),
    origin,
    random: systemRandom,
    sequencer: openSequencer({
      clock: systemClock,
      collector,
      events,
      logKeyAfter: openLogKeys(directory),
      random: systemRandom,
      signer,
      storage,
    }),
    storage,
    templates: shippedTemplateParts(),
  }
  return { ports, collector, hold }
}

function logSeeds(environment: WorkerEnvironment): readonly Uint8Array[] {
  const { LOG_NEXT_SEED: next } = environment
  const inUse = bytes32('LOG_SEED', environment.LOG_SEED)
  return next === undefined ? [inUse] : [inUse, bytes32('LOG_NEXT_SEED', next)]
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
