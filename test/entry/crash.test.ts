import { expect, test } from 'vitest'
import { crashRound, crashRoundOnPostgres } from '#test/helpers/crash-round.ts'

test.each([1, 2, 3, 4, 5])(
  'what was acknowledged survives kill -9, once, with a receipt that verifies and a log that audits clean (%i)',
  async () => {
    expect(await crashRound()).toBeGreaterThan(0)
  },
)

test.each([1, 2])(
  'so does what was acknowledged by servers on PostgreSQL that are killed one after the other (%i)',
  async () => {
    expect(await crashRoundOnPostgres()).toBeGreaterThan(0)
  },
)
