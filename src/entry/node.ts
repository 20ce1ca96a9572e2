import { openDirectoryBlobs } from '#adapters/blob/directory.ts'
import { openPostgresBlobs } from '#adapters/blob/postgres.ts'
import { threadedArithmetic } from '#adapters/crypto/native.ts'
import { openPostgresStorage } from '#adapters/storage/postgres.ts'
import { openSqliteStorage } from '#adapters/storage/sqlite.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { jsonEvents } from '#adapters/system/events.ts'
import { countedEvents, openMetrics, type Registry } from '#adapters/system/metrics.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { systemTimer } from '#adapters/system/timer.ts'
import { openAdmission } from '#http/admission.ts'
import { createApp } from '#http/app.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { Clock } from '#ports/clock.ts'
import type { Events } from '#ports/events.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import type { Gauge } from '#ports/metrics.ts'
import { WritesStopped, type Storage } from '#ports/storage.ts'
import { type Collector, openCollector } from '#service/collect-cosignatures.ts'
import { stoppable } from '#service/log-alarm.ts'
import { openDirectory, openLogKeys } from '#service/read-directory.ts'
import { runDue } from '#service/run-due.ts'
import { openSequencer } from '#service/sequence-log.ts'
import { parseAct } from '#wire/act.ts'
import { checkWitnesses } from './check-witnesses.ts'
import type { ProcessConfig } from './config.ts'
import { startAlone } from './held-home.ts'
import { readServerHome, type ServerHome } from './home.ts'
import { clientAddressIn, listen } from './listen.ts'
import { migrateServer } from './migrate.ts'
import { checkSigned, openSigner } from './open-signer.ts'
import {
  checkpointAge,
  listenForMetrics,
  logGauges,
  type MetricsListener,
  processGauges,
  witnessGauges,
} from './metrics.ts'
import { reachWitnesses, type WitnessReach } from './reach-witnesses.ts'
import { openServiceKeys } from './service-keys.ts'
import { drain, within } from './stop.ts'
import { shippedTemplateParts } from './templates.ts'

/** How often deadlines are looked at; every answer computes them, so a late run changes none. */
const DUE_MILLISECONDS = 15_000
const STOP_SECONDS = 20
/** Signatures that may wait to be verified: about a third of a second on two cores (src/decisions/0010-where-signatures-are-verified.md). */
const JOBS_MAX = 4096
/** How long the log may take to follow once the last request was answered. */
const FLUSH_SECONDS = 5

/** What one server process is started with. */
export interface ServerOptions {
  /** The server's home folder. */
  readonly home: string
  readonly config: ProcessConfig
  /** Receives one line of JSON per event. */
  readonly log: (line: string) => void
  /** The system's clock where it is left out. */
  readonly clock?: Clock
}

/** A server that listens. */
export interface RunningServer {
  readonly url: string
  /** Where the metrics are, if they are on. */
  readonly metricsUrl: string | undefined
  /** Stops listening, lets what runs finish within its time, brings what was accepted into the log, and closes the storage. */
  close(): Promise<void>
}

/**
 * Starts a server, on SQLite as the only one of its home: migrates and opens the storage, opens the signer, listens.
 *
 * @throws Error when a setting or key is missing, or the signer has no memory of its log. @throws StartRefused where the stored log is not
 * the one that the signer remembers, or that its witnesses have seen. @throws Unavailable where another process holds the home.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  // Processes that share a database sign nothing themselves, and may share a folder as well.
  const isShared = options.config.databaseUrl !== undefined
  const start = async (): Promise<RunningServer> => await startInHome(options)
  return isShared ? await start() : await startAlone(options.home, start)
}

async function startInHome(options: ServerOptions): Promise<RunningServer> {
  const { config } = options
  const home = readServerHome(options.home, config.keys)
  const clock = options.clock ?? systemClock
  const measured = openMeasured(jsonEvents(options.log), { clock, port: config.metricsPort })
  const { events } = measured
  // A database of a newer program is refused before anything is touched.
  await migrateServer({ home, config, events })
  const signer = await openSigner(home, config)
  const { storage: unguarded, blobs, close } = await openStores(home, config)
  const storage = stoppable(unguarded)
  await checkSigned(storage, signer)
  const stopping = new AbortController()
  const reach = reachWitnesses(home.file, stopping.signal)
  const opened = { home, storage, blobs, events, signer, config, clock, reach }
  const { collector, ports } = await openPorts(opened)
  const directory = await ports.directory.current()
  await checkWitnesses({ ...reach, directory, events, origin: home.file.origin, signer, storage })
  await ports.sequencer.flush()
  collector.wake()
  let isDraining = false
  const lifecycle = { isDraining: () => isDraining, signer }
  const server = await listen(createApp({ ...ports, ...measured.ports, ...lifecycle }), config)
  const metrics = await measured.listen([...logGauges(ports), ...witnessGauges(ports)])
  const stopDue = repeat(events, async () => {
    await runDue(ports)
    await ports.sequencer.flush()
    // Asks those that did not answer, and all of them once a day.
    collector.wake()
  })
  events.listening({ url: server.url })
  return {
    url: server.url,
    metricsUrl: metrics?.url,
    close: async () => {
      isDraining = true
      const seconds = config.stopSeconds ?? STOP_SECONDS
      events.stopping({ seconds })
      const { cut } = await drain(server.server, seconds)
      await finish(events, async () => {
        await stopDue()
        await ports.sequencer.flush()
      })
      stopping.abort()
      await collector.settled()
      await metrics?.close()
      await close()
      events.stopped({ cut })
    },
  }
}

/** What was accepted is durable by now; whatever does not reach the log here reaches it at the next start. */
async function finish(events: Events, work: () => Promise<void>): Promise<void> {
  const inTime = await within(FLUSH_SECONDS, work()).catch(() => false)
  if (!inTime) events.unavailable({ operation: 'stop', code: '' })
}

interface Measured {
  readonly events: Events
  readonly ports: { readonly metrics?: Registry }
  /** Serves the metrics, with what is known only now. */
  readonly listen: (more: readonly Gauge[]) => Promise<MetricsListener | undefined>
}

/** Metrics where a port is set for them; else nothing is counted. */
function openMeasured(
  events: Events,
  { clock, port }: { clock: Clock; port: number | undefined },
): Measured {
  if (port === undefined) return { events, ports: {}, listen: async () => undefined }
  const metrics = openMetrics()
  const age = checkpointAge(clock)
  const counted = countedEvents(events, metrics)
  const checkpointSigned: Events['checkpointSigned'] = (fields) => {
    age.signed()
    counted.checkpointSigned(fields)
  }
  return {
    events: { ...counted, checkpointSigned },
    ports: { metrics },
    listen: async (more) => {
      for (const gauge of [...processGauges(), age.gauge, ...more]) metrics.watch(gauge)
      return await listenForMetrics(metrics, port)
    },
  }
}

async function openStores(
  home: ServerHome,
  config: ProcessConfig,
): Promise<{ storage: Storage; blobs: BlobStore; close: () => Promise<void> }> {
  const { databaseUrl: url } = config
  if (url === undefined) {
    const { database: path, blobs } = home.paths
    const storage = await openSqliteStorage({ path })
    const close = async (): Promise<void> => await storage.close()
    return { storage, blobs: await openDirectoryBlobs({ path: blobs }), close }
  }
  const [storage, blobs] = [await openPostgresStorage({ url }), openPostgresBlobs({ url })]
  const close = async (): Promise<void> => {
    await Promise.all([storage.close(), blobs.close()])
  }
  return { storage, blobs, close }
}

interface Opened {
  readonly home: ServerHome
  readonly storage: Storage
  readonly blobs: BlobStore
  readonly events: Events
  readonly signer: LogSigner
  readonly config: ProcessConfig
  readonly clock: Clock
  readonly reach: WitnessReach
}

async function openPorts(
  opened: Opened,
): Promise<{ ports: Parameters<typeof createApp>[0]; collector: Collector }> {
  const { blobs, clock, config, events, home, reach, signer, storage } = opened
  const { origin } = home.file
  const acts = { parse: parseAct }
  const service = await openServiceKeys(home, {
    clock,
    arithmetic: config.crypto === 'stock' ? undefined : threadedArithmetic({ jobsMax: JOBS_MAX }),
  })
  const directory = openDirectory({ acts, crypto: service.crypto, storage, origin })
  const crypto = service.follow(directory)
  const collector = openCollector({ clock, directory, events, origin, storage, ...reach })
  const ports = {
    acts,
    admission: openAdmission({
      clock,
      random: systemRandom,
      timer: systemTimer,
      clientAddress: clientAddressIn(config.clientAddressHeader),
      factor: config.limitFactor ?? 1,
      actsAtOnce: config.actsAtOnce,
    }),
    blobs,
    challengeSecret: home.challengeSecret.reveal(),
    clock,
    crypto,
    directory,
    events,
    genesis: config.genesis ?? home.file.genesis ?? '',
    origin,
    random: systemRandom,
    sequencer: openSequencer({
      clock,
      collector,
      events,
      logKeyAfter: openLogKeys(directory),
      random: systemRandom,
      signer,
      storage,
    }),
    storage,
    templates: shippedTemplateParts(),
    ...(config.publicUrl === undefined ? {} : { publicUrl: config.publicUrl }),
    ...(config.securityContact === undefined ? {} : { securityContact: config.securityContact }),
  }
  return { ports, collector }
}

function reportDue(events: Events, error: unknown): void {
  const operation = 'run-due'
  if (error instanceof WritesStopped) events.unavailable({ operation, code: error.reason })
  else events.failed({ operation, error: error instanceof Error ? error.name : 'unknown' })
}

/** Runs some work again and again, never twice at once; what fails is reported and tried again. */
function repeat(events: Events, work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> = Promise.resolve()
  let busy = false
  const timer = setInterval(() => {
    if (busy) return
    busy = true
    running = work()
      .catch((error: unknown) => reportDue(events, error))
      .finally(() => {
        busy = false
      })
  }, DUE_MILLISECONDS)
  return async () => {
    clearInterval(timer)
    await running
  }
}
