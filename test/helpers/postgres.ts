import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { inject } from 'vitest'

/**
 * The URL of a new and empty PostgreSQL database; the server starts when the first test of a run asks for one.
 *
 * @throws where vitest was not started with the project's settings (`--config .vitest.config.ts`).
 */
export async function emptyPostgres(): Promise<string> {
  return await emptyDatabaseOn(await serverUrl())
}

/** As above, on a server of one's own. */
export async function emptyDatabaseOn(url: string): Promise<string> {
  const server = new URL(url)
  const name = `test_${randomBytes(8).toString('hex')}`
  const client = new Client({ connectionString: server.href })
  await client.connect()
  try {
    await client.query(`create database ${name}`)
  } finally {
    await client.end()
  }
  server.pathname = `/${name}`
  return server.href
}

async function serverUrl(): Promise<string> {
  const starter = inject('postgresStarter')
  if (starter === undefined) throw new Error('run vitest with --config .vitest.config.ts')
  const answer = await fetch(starter)
  const text = await answer.text()
  if (!answer.ok) throw new Error(`PostgreSQL did not start: ${text}`)
  return text
}
