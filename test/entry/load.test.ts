import { expect, test } from 'vitest'
import { loadRound, quantile } from '#test/helpers/load-round.ts'

const AT_ONCE = 16

test('of two hundred clients at once all are served in the end, no answer is an error but 503, and nothing acknowledged is lost', async () => {
  const load = { clients: 200, actsEach: 1, actsAtOnce: AT_ONCE }
  const { accepted, alive, sentAway, wrong } = await loadRound(load)
  expect(wrong).toEqual([])
  expect(accepted.length).toBe(20 + 200)
  // Without the bound nobody is sent away, and whoever is let in waits for all the others.
  expect(sentAway).toBeGreaterThan(0)
  const overtaken = accepted.map((one) => one.overtaken)
  expect(quantile(overtaken, 0.99)).toBeLessThanOrEqual(4 * AT_ONCE)
  expect(alive.answered).toBe(alive.asked)
}, 120_000)
