import { expect, test } from 'vitest'
import { loadRound, quantile } from '#test/helpers/load-round.ts'

const AT_ONCE = 32
/** Whoever is let in waits for those before, of whom there are so many at most; the rest is what a busy machine adds. */
const SLACK = 4

test('two hundred clients that never rest are served in bounded time, without an error but 503, and without a loss', async () => {
  const load = { clients: 200, actsEach: 8, actsAtOnce: AT_ONCE }
  const { accepted, alive, alone, sentAway, wrong } = await loadRound(load)
  expect(wrong).toEqual([])
  expect(accepted.length).toBe(20 + 200 * 8)
  expect(sentAway).toBeGreaterThan(0)
  const [overtaken, seconds] = [
    accepted.map((one) => one.overtaken),
    accepted.map((one) => one.seconds),
  ]
  expect(quantile(overtaken, 0.99)).toBeLessThanOrEqual(SLACK * AT_ONCE)
  expect(quantile(seconds, 0.99)).toBeLessThan(SLACK * AT_ONCE * alone)
  expect(alive.answered).toBe(alive.asked)
})
