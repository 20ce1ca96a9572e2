import { expect, test } from 'vitest'
import { loadRound } from '#test/helpers/load-round.ts'
import { UNDER_WAY } from '#wire/limits.ts'

/** Whoever is let in waits for those before, of whom there are so many at most; the rest is what a busy machine adds. */
const SLACK = 4

test('two hundred clients that never rest are served in bounded time, without an error but 503, and without a loss', async () => {
  const { acknowledged, alone, seconds, statuses } = await loadRound({ clients: 200, actsEach: 8 })
  expect([...statuses.keys()].filter((status) => status !== 201 && status !== 503)).toEqual([])
  expect(acknowledged.length).toBe(20 + 200 * 8)
  const usual = alone[Math.floor(alone.length / 2)] ?? 0
  const p99 = seconds[Math.ceil(0.99 * seconds.length) - 1] ?? Number.NaN
  expect(p99).toBeLessThan(SLACK * UNDER_WAY.acts * usual)
})
