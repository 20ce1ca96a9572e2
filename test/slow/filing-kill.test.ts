import { randomInt } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { killFiling, MOMENTS } from '#test/helpers/kill-filing.ts'
import { accepted, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'

const ROUNDS = Number(process.env['ROUNDS'] ?? '10')
const DELAY_MILLISECONDS_MAX = 60

let solo: SoloCoalition

beforeAll(async () => {
  solo = await openSolo()
  await accepted(solo.dunant('company', `notice draft --out ${solo.path('draft')}`))
  const brief = solo.path('draft/brief.json')
  const text = readFileSync(brief, 'utf8')
  writeFileSync(brief, text.replace('WRITE YOUR OWN NUMBER HERE', '+41 22 555 01 02'))
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
