import { beforeAll, expect, test } from 'vitest'
import { type Bench, openBench, sealAndOpen, sealTwice } from '#test/helpers/seal-cases.ts'

const CASES = 10_000
const SEED = Number(process.env['SEED'] ?? Date.now() % 1e9)
const IN_FLIGHT = 16

let bench: Bench

beforeAll(async () => {
  bench = await openBench()
  process.stdout.write(`sealing: ${String(CASES)} cases of each kind from seed ${String(SEED)}\n`)
})

test('native arithmetic and OpenPGP.js open what each of them seals', async () => {
  await each(async (seed) => await sealAndOpen(bench, 'native', seed))
  await each(async (seed) => await sealAndOpen(bench, 'stock', seed))
})

test('what they seal has one form', async () => {
  await each(async (seed) => await sealTwice(bench, seed))
})

/** All seeds, some at once; the first that fails is named. */
async function each(check: (seed: number) => Promise<void>): Promise<void> {
  let next = 0
  const failed: string[] = []
  const work = async (): Promise<void> => {
    for (let i = next++; i < CASES && failed.length === 0; i = next++) {
      try {
        await check(SEED + i)
      } catch (error) {
        failed.push(`seed ${String(SEED + i)}: ${String(error)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  expect(failed).toEqual([])
}
