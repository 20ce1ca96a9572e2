import { expect, test } from 'vitest'
import { crashRound, crashRoundOnPostgres, databaseCrashRound } from '#test/helpers/crash-round.ts'
import { startPostgres } from '#test/helpers/embedded-postgres.ts'

const ROUNDS = 50
const DATABASE_ROUNDS = 5

test('what was acknowledged survives fifty kills at random moments', async () => {
  let acknowledged = 0
  for (let round = 0; round < ROUNDS; round++) acknowledged += await crashRound()
  expect(acknowledged).toBeGreaterThan(ROUNDS)
})

test('what servers on PostgreSQL acknowledged survives fifty kills at random moments', async () => {
  let acknowledged = 0
  for (let round = 0; round < ROUNDS; round++) acknowledged += await crashRoundOnPostgres()
  expect(acknowledged).toBeGreaterThan(ROUNDS)
})

test('what servers acknowledged survives crashes of their PostgreSQL, and they go on by themselves', async () => {
  const postgres = await startPostgres({ isDurable: true })
  try {
    for (let round = 0; round < DATABASE_ROUNDS; round++)
      expect(await databaseCrashRound(postgres)).toBeGreaterThan(0)
  } finally {
    await postgres.stop()
  }
})
