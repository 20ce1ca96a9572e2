import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgresInspection } from '#adapters/storage/inspect.ts'
import { migratePostgresStorage, openPostgresStorage } from '#adapters/storage/postgres.ts'
import type { Inspection } from '#ports/inspection.ts'
import { examineBlobs, examineGovernance } from '#service/examine-content.ts'
import { examineActs, examineRecords, examineTree, type Finding } from '#service/examine-log.ts'
import { type Coalition, foundCoalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { fileNotice } from '#test/helpers/notices.ts'
import { emptyPostgres } from '#test/helpers/postgres.ts'

let coalition: Coalition
let inspection: Inspection
let url: string

beforeAll(async () => {
  url = await emptyPostgres()
  await migratePostgresStorage({ url })
  coalition = await foundCoalition({ ports: { storage: await openPostgresStorage({ url }) } })
  await fileNotice(coalition, threeOf(coalition).contoso)
  inspection = openPostgresInspection({ url })
}, 120_000)
afterAll(async () => {
  await inspection.close()
  await coalition.close()
})

async function examine(): Promise<readonly Finding[]> {
  const { storage } = inspection
  const { acts, blobs, genesis } = coalition.ports
  const found = await Promise.all([
    examineTree(storage),
    examineRecords(inspection),
    examineActs(inspection),
    examineGovernance({ origin: ORIGIN, genesis, acts }, storage),
    examineBlobs(inspection, blobs, true),
  ])
  return found.flat()
}

async function faults(): Promise<readonly string[]> {
  return (await examine()).filter(({ level }) => level === 'fault').map(({ check }) => check)
}

/** Changes the database past what protects it. */
async function sql(statement: string): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

test('a PostgreSQL database that is well has no fault, from its tree to every line of its bundles', async () => {
  expect(await faults()).toEqual([])
  expect((await examine()).map(({ check }) => check)).toContain('bundles')
})

test('an act and a record that were changed in PostgreSQL are found', async () => {
  await sql(
    "update act_payload set payload = 'e30=' where place in (select place from act where type = 'notice.file')",
  )
  expect(await faults()).toEqual(['acts'])
  await sql("update log_record set addendum = 'AAAA' where leaf_index = 1")
  expect(await faults()).toEqual(['records', 'acts'])
})
