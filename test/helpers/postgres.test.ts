import { Client } from 'pg'
import { expect, test } from 'vitest'
import { emptyPostgres } from './postgres.ts'

test('each caller gets a database of its own on one server', async () => {
  const urls = await Promise.all([emptyPostgres(), emptyPostgres()])
  expect(new Set(urls).size).toBe(2)
  for (const connectionString of urls) {
    const client = new Client({ connectionString })
    await client.connect()
    await client.query('create table only_here (id integer)')
    const { rows } = await client.query('show server_version_num')
    await client.end()
    expect(Number(rows[0].server_version_num)).toBeGreaterThan(150_000)
  }
})
