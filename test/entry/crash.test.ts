import { expect, test } from 'vitest'
import { crashRound } from '#test/helpers/crash-round.ts'

test.each([1, 2, 3])(
  'what was acknowledged survives kill -9, once, with a receipt that verifies and a log that audits clean (%i)',
  async () => {
    expect(await crashRound()).toBeGreaterThan(0)
  },
)
