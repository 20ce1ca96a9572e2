import { afterEach, beforeEach, expect, test } from 'vitest'
import { DAY_SECONDS, dayOf, midnightOf } from '#core/time.ts'
import {
  act,
  type Attempt,
  customer,
  enrolment,
  filed,
  inAnHour,
  invited,
  lastSignature,
  openProps,
  type Props,
  support,
  unasked,
} from '#test/helpers/fault-attempts.ts'
import { threeOf } from '#test/helpers/coalition.ts'
import { sqliteGround } from '#test/helpers/fault-ground.ts'
import { openWorld, type World } from '#test/helpers/fault-world.ts'

const HOUR = 3600

let world: World
let props: Props
beforeEach(async () => {
  world = await openWorld(await sqliteGround())
  props = await openProps(world)
})
afterEach(async () => {
  await world.close()
})

async function succeed(attempt: Attempt): Promise<void> {
  const { reason, status } = await attempt.run(world.coalition())
  expect(status, reason).toBeOneOf([200, 201])
  if (attempt.act !== undefined) world.acknowledge(attempt.act)
}

/** A change of every class; each has its place where the clock may jump. */
const STEPS: readonly (readonly [string, () => Promise<Attempt>])[] = [
  ['governance', async () => await lastSignature(world)],
  ['a held record', async () => await enrolmentNow()],
  [
    'a further held record',
    async () => await act(world, 'mailbox.close', {}, await customer(world)),
  ],
  ['what is due', async () => await Promise.resolve(unasked())],
  ['a support that releases', async () => await supportNow()],
]

async function enrolmentNow(): Promise<Attempt> {
  return await enrolment(world, { invitation: await invited(world), name: 'carla' })
}

async function supportNow(): Promise<Attempt> {
  return await support({ world }, await filed(props, { joint: inAnHour(world, 1) }))
}

const JUMPS: readonly (readonly [string, readonly number[]])[] = [
  ['goes back by an hour', [-HOUR]],
  ['goes ahead by two days', [2 * DAY_SECONDS]],
  ['goes ahead by two days and is put right again', [2 * DAY_SECONDS, -2 * DAY_SECONDS]],
]

test.each(JUMPS)(
  'whatever is under way when the clock %s is kept, once, and verifies',
  async (_, jumps) => {
    for (const [, prepare] of STEPS) {
      await succeed(await prepare())
      for (const jump of jumps) {
        world.clock.advance(jump)
        for (const [, next] of STEPS) await succeed(await next())
      }
      await world.restart()
      await world.holdTo([])
    }
    world.clock.advance(5 * DAY_SECONDS)
    await world.restart()
    await world.holdTo([...world.acknowledged])
    await world.audit()
  },
)

test('a clock that is a month behind the governance chain is an outage for governance, and for nothing else', async () => {
  world.clock.advance(40 * DAY_SECONDS)
  await succeed(await lastSignature(world))
  world.clock.advance(-39 * DAY_SECONDS)
  const rules = [{ duties: ['admin'], type: 'campaign.share' }] as const
  const body = { rules, two_officers: false }
  const attempt = await act(world, 'party.policy', body, threeOf(world.coalition()).contoso)
  expect((await attempt.run(world.coalition())).status).toBe(503)
  await succeed(await enrolmentNow())
  world.clock.advance(10 * DAY_SECONDS)
  await succeed(await lastSignature(world))
  world.clock.advance(40 * DAY_SECONDS)
  await world.restart()
  await world.holdTo([...world.acknowledged])
  await world.audit()
})

test('an act is accepted once: its repetition is told so even if the clock says that it is of the future', async () => {
  const attempt = await lastSignature(world)
  const policy = await act(
    world,
    'mailbox.invite',
    { tokens: ['0'.repeat(64)] },
    world.coalition().companies[0] ?? (await customer(world)),
  )
  await succeed(attempt)
  await succeed(policy)
  const size = (await world.coalition().ports.storage.logHead())?.size
  world.clock.advance(-HOUR)
  const again = await policy.run(world.coalition())
  expect([again.status, again.reason]).toEqual([200, undefined])
  expect((await world.coalition().ports.storage.logHead())?.size).toBe(size)
})

test('records of customers wait for the end of their day and an hour more, and come in one batch', async () => {
  const { clock } = world
  const { storage } = world.coalition().ports
  const midnight = midnightOf(clock.now()) + DAY_SECONDS
  const held = async (): Promise<number> =>
    (await storage.pendingRecords('9999-12-31', 100)).filter(({ hold }) => hold !== undefined)
      .length
  clock.set(midnight - 1)
  const early = await enrolmentNow()
  const late = await enrolmentNow()
  await succeed(early)
  const before = await held()
  expect(before).toBeGreaterThan(0)
  // It was decided in the last second of the day, and is committed after midnight, after somebody else has had the log written.
  world.injector.interpose(async (commit) => {
    clock.set(midnight + 2)
    await world.coalition().ports.sequencer.flush()
    expect(await held()).toBe(before)
    return commit
  })
  await succeed(late)
  for (const seconds of [-HOUR, 0, HOUR - 1]) {
    clock.set(midnight + seconds)
    await world.coalition().ports.sequencer.flush()
    expect(await held(), dayOf(clock.now())).toBe(before + 1)
  }
  clock.set(midnight + HOUR)
  await world.coalition().ports.sequencer.flush()
  expect(await held()).toBe(0)
})
