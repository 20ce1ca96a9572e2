import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NoticeDraft } from '#wire/agent.ts'
import { openDesk, untilPhase } from '#test/helpers/agent-process.ts'
import { draftNotice, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'

const RECIPIENTS = 2001
const SAMPLE = 64

let solo: SoloCoalition
let brief: NoticeDraft['brief']
beforeAll(async () => {
  solo = await openSolo()
  await draftNotice(solo)
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- as `notice draft` writes it
  brief = JSON.parse(readFileSync(solo.path('draft/brief.json'), 'utf8'))
})
afterAll(async () => {
  await solo.close()
})

test('more than two thousand are shown their notice in batches that were asked for, and a batch that is stopped is shown to nobody', async () => {
  const desk = await openDesk(solo)
  let agent = await desk.start()
  let client = desk.client(agent.url)
  await client.draft('many', {
    matter: 'case-1',
    brief: { ...brief, hold_reason: 'protecting-detection' },
    batches: { size: 1000, minutes: 60 },
  })
  const all = Array.from({ length: RECIPIENTS }, (_, i) => ({
    event_id: `e${String(i)}`,
    notice: 'many',
    account: `u${String(i)}`,
    language: 'en',
  }))
  for (let at = 0; at < all.length; at += 500) {
    const taken = await client.reportAll(all.slice(at, at + 500))
    expect(taken.every((one) => one.taken)).toBe(true)
  }
  await client.file('many')
  await sleep(500)
  // It is told to end in the middle of the filing: that is no fault, and the filing goes on afterwards.
  expect(await agent.stop()).toBe(0)
  expect(agent.events()).not.toMatch(/"failed"|refused/)
  agent = await desk.start()
  client = desk.client(agent.url)
  // How far it came is chance.
  expect((await client.standing('many')).phase).toMatch(/^(?:filing|filed|released)$/)
  await untilPhase(client, 'many', 'released')
  const standing = await client.standing('many')
  expect(standing).toMatchObject({ lane: 'batched', recipients: RECIPIENTS })
  expect(standing.states['held']).toBe(1001)
  const [first = 0, second = 0, third = 0] = standing.batches.map((one) => one.release_at)
  expect([second - first, third - second, standing.batches.length]).toEqual([3600, 3600, 3])

  const session = { session: 's', authenticatedAt: 1 }
  const shown = async () => {
    const banners = await Promise.all(
      all.slice(0, SAMPLE).map(async ({ account }) => await client.banner(account, session)),
    )
    return banners.filter((banner) => banner !== null).length
  }
  // Chance puts all of them on one side of the batch once in 2^63 runs.
  const before = await shown()
  expect(before).toBeGreaterThan(0)
  expect(before).toBeLessThan(SAMPLE)
  await client.stopBatch('many', 0)
  expect(await shown()).toBe(0)
  expect(await agent.stop()).toBe(0)
})
