import { expect, test } from 'vitest'
import { crashRound } from '#test/helpers/crash-round.ts'

const ROUNDS = 50

test('what was acknowledged survives fifty kills at random moments', async () => {
  let acknowledged = 0
  for (let round = 0; round < ROUNDS; round++) acknowledged += await crashRound()
  expect(acknowledged).toBeGreaterThan(ROUNDS)
})
