import { randomInt } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { killFiling, MOMENTS } from '#test/helpers/kill-filing.ts'
import { draftNotice, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? '10')
const DELAY_MILLISECONDS_MAX = 60

let solo: SoloCoalition

beforeAll(async () => {
  solo = await openSolo()
  await draftNotice(solo)
})
afterAll(async () => {
  await solo.close()
})

test('a filing survives kill -9 shortly after each of its steps', async () => {
  let kills = 0
  for (let round = 0; round < ROUNDS; round++) {
    const plan = MOMENTS.map((moment) => ({ moment, delay: randomInt(DELAY_MILLISECONDS_MAX) }))
    const hit = await killFiling(solo, `round-${String(round)}`, plan)
    process.stdout.write(`round ${String(round)}: killed at ${hit.join(', ')}\n`)
    kills += hit.length
  }
  expect(kills).toBeGreaterThan(ROUNDS)
}, 3_600_000)
