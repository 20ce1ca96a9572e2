import { readdirSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { dayOf } from '#core/time.ts'
import type { Registry } from '#adapters/system/metrics.ts'
import type { Clock } from '#ports/clock.ts'
import type { Gauge } from '#ports/metrics.ts'
import type { Storage } from '#ports/storage.ts'
import type { DirectoryReader } from '#service/read-directory.ts'
import { cosignersOf, publishedCheckpoint } from '#service/released-size.ts'

const NANOSECONDS = 1e9
const WAITING_MAX = 1_024

/** A listener for whoever collects metrics on this machine. */
export interface MetricsListener {
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves the metrics on a port of their own of the loopback interface, whatever address the server itself listens at: they are for the
 * operator and for nobody else.
 */
export async function listenForMetrics(registry: Registry, port: number): Promise<MetricsListener> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') {
      response.writeHead(404).end()
      return
    }
    void answer(registry, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port }, resolve)
  })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server that listens has one
  const address = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${String(address.port)}/metrics`,
    close: async () => {
      await new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
    },
  }
}

async function answer(registry: Registry, response: ServerResponse): Promise<void> {
  const text = await registry.text()
  response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }).end(text)
}

/** What there is to know of the process itself. */
export function processGauges(): readonly Gauge[] {
  const delay = monitorEventLoopDelay()
  delay.enable()
  const quantile = (percent: number): Gauge => ({
    name: 'dunant_event_loop_delay_seconds',
    help: 'How late the event loop was since the start.',
    labels: { quantile: String(percent / 100) },
    read: () => delay.percentile(percent) / NANOSECONDS,
  })
  return [
    ...[50, 99, 100].map(quantile),
    {
      name: 'process_resident_memory_bytes',
      help: 'Memory that the process holds.',
      read: () => process.memoryUsage.rss(),
    },
    {
      name: 'dunant_heap_used_bytes',
      help: 'Objects of JavaScript.',
      read: () => process.memoryUsage().heapUsed,
    },
    {
      name: 'process_cpu_seconds_total',
      help: 'Processor time that the process has used.',
      read: () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    },
    {
      name: 'process_open_fds',
      help: 'Open files and sockets.',
      read: () => readdirSync('/proc/self/fd').length,
    },
    {
      name: 'process_start_time_seconds',
      help: 'When the process began, in POSIX seconds.',
      read: () => Math.floor(performance.timeOrigin / 1000),
    },
  ]
}

/** How far the log has come, and what waits to enter it. */
export function logGauges(ports: { storage: Storage; clock: Clock }): readonly Gauge[] {
  const { storage } = ports
  return [
    {
      name: 'dunant_log_leaves',
      help: 'Leaves of the log.',
      read: async () => (await storage.logHead())?.size ?? 0,
    },
    {
      name: 'dunant_log_signed_leaves',
      help: 'Leaves under the newest signed checkpoint.',
      read: async () => (await storage.latestCheckpoint())?.size ?? 0,
    },
    {
      name: 'dunant_log_waiting_records',
      help: 'Records that could enter the log now, up to 1024.',
      read: async () =>
        (await storage.pendingRecords(dayOf(ports.clock.now()), WAITING_MAX)).length,
    },
  ]
}

/** How far witnesses have followed, and when they did. None of it where the charter names no witness. */
export function witnessGauges(ports: {
  storage: Storage
  clock: Clock
  directory: DirectoryReader
}): readonly Gauge[] {
  const { clock } = ports
  const newest = async () => {
    const found = await publishedCheckpoint(ports)
    return found?.witnesses.quorum === 0 ? undefined : found
  }
  const age = async (choose: (...times: readonly number[]) => number) => {
    const found = await newest()
    if (found === undefined) return undefined
    const cosigned = cosignersOf(found.note, await ports.directory.current(), found.witnesses)
    const times = (cosigned ?? []).map(({ timeSeconds }) => timeSeconds)
    return times.length === 0 ? undefined : clock.now() - choose(...times)
  }
  const help =
    'Age of the newest and of the oldest cosignature under the newest witnessed checkpoint.'
  const name = 'dunant_cosignature_age_seconds'
  return [
    {
      name: 'dunant_log_witnessed_leaves',
      help: 'Leaves under the newest checkpoint that the quorum of witnesses cosigned.',
      read: async () => (await newest())?.size,
    },
    { name, help, labels: { which: 'newest' }, read: async () => await age(Math.max) },
    { name, help, labels: { which: 'oldest' }, read: async () => await age(Math.min) },
  ]
}

/** The age of the newest checkpoint that this process signed; none before its first one. */
export function checkpointAge(clock: Clock): { gauge: Gauge; signed: () => void } {
  let signedAt: number | undefined
  return {
    signed: () => {
      signedAt = clock.now()
    },
    gauge: {
      name: 'dunant_checkpoint_age_seconds',
      help: 'Time since this process last signed a checkpoint; a log that nobody writes to ages too.',
      read: () => (signedAt === undefined ? undefined : clock.now() - signedAt),
    },
  }
}
