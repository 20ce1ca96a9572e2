import { expect, test } from 'vitest'
import { IN_FLIGHT_MAX, inFlight } from '#client/in-flight.ts'

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

test('gives results in the order of the items, however long each takes', async () => {
  const items = Array.from({ length: 50 }, (_, i) => i)
  const results = inFlight(items, async (i) => {
    await new Promise((resolve) => setTimeout(resolve, (i * 7) % 5))
    return i * 2
  })
  expect(await collect(results)).toEqual(items.map((i) => i * 2))
})

test('works on sixteen at a time and takes no more items than that', async () => {
  let running = 0
  let most = 0
  let taken = 0
  function* endless(): Generator<number> {
    for (;;) yield taken++
  }
  const results = inFlight(endless(), async (i) => {
    running += 1
    most = Math.max(most, running)
    await new Promise((resolve) => setTimeout(resolve, 1))
    running -= 1
    return i
  })
  for (let i = 0; i < 40; i++) await results.next()
  await results.return(undefined)
  expect(most).toBe(IN_FLIGHT_MAX)
  expect(taken).toBeLessThanOrEqual(40 + IN_FLIGHT_MAX)
})

test('a failure comes out where its item stands', async () => {
  const results = inFlight([1, 2, 3], async (i) => {
    await Promise.resolve()
    if (i === 2) throw new Error('two')
    return i
  })
  expect(await results.next()).toMatchObject({ value: 1 })
  await expect(results.next()).rejects.toThrow('two')
})
