import { expect, test } from 'vitest'
import { loadRound } from '#test/helpers/load-round.ts'

test('of two hundred clients at once all are served in the end, no answer is an error but 503, and nothing acknowledged is lost', async () => {
  const { acknowledged, statuses } = await loadRound({ clients: 200, actsEach: 1 })
  expect([...statuses.keys()].filter((status) => status !== 201 && status !== 503)).toEqual([])
  expect(acknowledged.length).toBe(20 + 200)
}, 120_000)
