import { describe, expect, test } from 'vitest'
import { runDue } from '#service/run-due.ts'
import type { Fault, Strike, Write } from './fault-injector.ts'
import { type Attempt, openProps, type Outcome, type Props } from './fault-attempts.ts'
import type { Ground } from './fault-ground.ts'
import { OPERATIONS, type Operation } from './fault-operations.ts'
import { openWorld, type World } from './fault-world.ts'

/** A line of the table: one write of one operation, and what happens to it. */
interface Line extends Strike {
  readonly operation: Operation
  readonly write: Write
}

const FAULTS: readonly Fault[] = ['fails', 'lost', 'gone']
/** Writes of which half can be left behind. */
const TEARABLE: readonly Write[] = ['put', 'sign']

/** Every write of an operation with everything that can happen to it. */
function linesOf(operation: Operation): readonly Line[] {
  return [...operation.before, ...operation.after].flatMap((write, nth) =>
    [...FAULTS, ...(TEARABLE.includes(write) ? (['torn'] as const) : [])].map((fault) => ({
      operation,
      write,
      nth,
      fault,
    })),
  )
}

/**
 * What differs: of the same write many times in a row the first and the last one, and of what brings any act into the log only the
 * first, except for the operations that show it whole.
 */
function fewLinesOf(operation: Operation): readonly Line[] {
  const writes = [...operation.before, ...operation.after]
  const lastShown = operation.showsLog === true ? writes.length : operation.before.length
  return linesOf(operation).filter(
    ({ nth, write }) =>
      nth <= lastShown && (writes[nth - 1] !== write || writes[nth + 1] !== write),
  )
}

/** Goes through the whole table on one engine, operation by operation. */
export function faultTable(
  engine: string,
  open: () => Promise<Ground>,
  extent: 'few' | 'whole',
): void {
  const lines = extent === 'few' ? fewLinesOf : linesOf
  const count = OPERATIONS.flatMap(lines).length
  describe(`${engine}: ${String(count)} faults in ${String(OPERATIONS.length)} operations`, () => {
    for (const operation of OPERATIONS) {
      test(`${operation.name}: an answer is true whatever write fails, and a retry succeeds`, async () => {
        const world = await openWorld(await open())
        try {
          const props = await openProps(world)
          await holdToWrites(props, operation)
          for (const line of lines(operation)) {
            await holdToLine(props, line)
            // The log keeps for ever what was done to it, so that one audit at the end sees it, too.
            if (extent === 'whole') await world.audit()
          }
          await settleAll(world)
        } finally {
          await world.close()
        }
      })
    }
  })
}

/** The table names every write that is there, so that a new one cannot go without its faults. */
async function holdToWrites(props: Props<World>, operation: Operation): Promise<void> {
  const attempt = await ready(props, operation)
  props.world.injector.arm()
  const outcome = await attempt.run(props.world.coalition())
  const { writes } = props.world.injector.disarm()
  expect(writes).toEqual([...operation.before, ...operation.after])
  expect(outcome.status, operation.name).toBeOneOf(
    operation.isRefused === true ? [422] : [200, 201, 202],
  )
  if (attempt.act !== undefined) props.world.acknowledge(attempt.act)
}

async function holdToLine(props: Props<World>, line: Line): Promise<void> {
  const { world } = props
  const { operation, nth, write, fault } = line
  const name = `${operation.name}: ${write} (${String(nth)}) ${fault}`
  const attempt = await ready(props, operation)
  const blobsBefore = operation.isRefused === true ? await world.ground.blobNames() : []
  world.injector.arm(line)
  const outcome = await attempt.run(world.coalition())
  expect(world.injector.disarm().struck, name).toBe(true)
  const isPromised = nth >= operation.before.length
  expectAnswer({ name, outcome, isPromised, operation })
  if (isPromised && attempt.act !== undefined) world.acknowledge(attempt.act)
  await world.restart()
  // What was acknowledged is there before anybody asks again.
  if (isPromised && attempt.act !== undefined) await world.holdTo([attempt.act])
  await retry({ ...props, attempt, name, operation })
  if (operation.isRefused === true) await expectNothingLeft(props, blobsBefore, name)
}

function expectAnswer(given: {
  readonly name: string
  readonly outcome: Outcome
  readonly isPromised: boolean
  readonly operation: Operation
}): void {
  const { isPromised, name, operation, outcome } = given
  if (isPromised && operation.isUnasked !== true) {
    expect(outcome, name).toMatchObject({ status: 201, receipt: null })
  } else {
    expect(outcome, name).toMatchObject({ status: 503, retryAfter: true })
  }
}

async function retry(
  given: Props<World> & { attempt: Attempt; name: string; operation: Operation },
): Promise<void> {
  const { attempt, name, operation, world } = given
  const again = await attempt.run(world.coalition())
  expect(again.status, `${name}, again`).toBeOneOf(
    operation.isRefused === true ? [409, 422] : [200, 201, 202],
  )
  if (attempt.act !== undefined) world.acknowledge(attempt.act)
  await world.holdTo(attempt.act === undefined ? [] : [attempt.act])
}

/** Of an upload that was given up nothing is left once the due work is done. */
async function expectNothingLeft(
  { world }: Props<World>,
  before: readonly string[],
  name: string,
): Promise<void> {
  await unaskedWork(world)
  const left = (await world.ground.blobNames()).filter((blob) => !before.includes(blob))
  expect(left, name).toEqual([])
}

async function unaskedWork(world: World): Promise<void> {
  await runDue(world.coalition().ports)
}

async function ready(props: Props<World>, operation: Operation): Promise<Attempt> {
  const attempt = await operation.prepare(props)
  await props.world.coalition().ports.sequencer.flush()
  return attempt
}

/** The days of all held records pass, and everything ever acknowledged has its receipt. */
async function settleAll(world: World): Promise<void> {
  world.clock.advance(2 * 86_400)
  await world.restart()
  await world.holdTo([...world.acknowledged])
  await world.audit()
}
