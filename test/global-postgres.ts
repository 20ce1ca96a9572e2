import { createServer } from 'node:http'
import type { TestProject } from 'vitest/node'
import { listen, startPostgres } from './helpers/embedded-postgres.ts'

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
  return given === undefined
    ? await startPostgres({ isDurable: false })
    : { url: given, stop: async () => {} }
}
