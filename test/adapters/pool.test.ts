import { afterEach, expect, test } from 'vitest'
import { openPool, type Pool, type PoolOptions } from '#adapters/crypto/pool.ts'
import { sourceProgram } from '#entry/worker-program.ts'
import { Overloaded } from '#ports/crypto.ts'
import { Unavailable } from '#ports/storage.ts'
import type { TestJobs } from '#test/helpers/pool-worker.ts'

const program = sourceProgram(new URL('../helpers/pool-worker.ts', import.meta.url))
const opened: Pool<TestJobs>[] = []

async function open(options: Partial<PoolOptions> = {}): Promise<Pool<TestJobs>> {
  const pool = await openPool<TestJobs>({
    program,
    size: 2,
    jobsMax: 1000,
    batchMax: 8,
    ...options,
  })
  opened.push(pool)
  return pool
}

/** Jobs that wait for it are done when it opens. */
function closedGate(): { readonly gate: Int32Array; readonly open: () => void } {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  return {
    gate,
    open: () => {
      Atomics.store(gate, 0, 1)
      Atomics.notify(gate, 0)
    },
  }
}

/** What became of a job: its value, or the name of its error. */
async function fate(job: Promise<unknown>): Promise<unknown> {
  return await job.catch((error: unknown) => (error instanceof Error ? error.name : error))
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (pool) => await pool.close()))
})

test('each job gets its own result, in whatever order they are done', async () => {
  const pool = await open()
  const done: number[] = []
  const jobs = Array.from({ length: 300 }, async (_, value) => {
    const result = await pool.run(value % 3 === 0 ? 'echo' : 'later', value)
    done.push(result)
    return result
  })
  expect(await Promise.all(jobs)).toEqual(Array.from({ length: 300 }, (_, value) => value))
  expect(new Set(done).size).toBe(300)
  expect(pool.pending()).toBe(0)
})

test('jobs beyond the bound are refused as Overloaded, which is an outage, and taken again once there is room', async () => {
  const pool = await open({ jobsMax: 6 })
  const { gate, open: openGate } = closedGate()
  const taken = Array.from(
    { length: 6 },
    async (_, value) => await pool.run('wait', { gate, value }),
  )
  expect(pool.pending()).toBe(6)
  const refused = pool.run('echo', 7)
  await expect(refused).rejects.toBeInstanceOf(Overloaded)
  await expect(refused).rejects.toBeInstanceOf(Unavailable)
  expect(pool.pending()).toBe(6)
  openGate()
  expect(await Promise.all(taken)).toEqual([0, 1, 2, 3, 4, 5])
  expect(await pool.run('echo', 8)).toBe(8)
})

test.each(['die', 'throwOutside'] as const)(
  'a worker lost to %s fails the jobs it had as Unavailable, each once, and another takes its place',
  async (kind) => {
    const pool = await open({ size: 1, batchMax: 4 })
    const together = [pool.run('echo', 1), pool.run(kind, undefined), pool.run('echo', 2)].map(fate)
    const fates = await Promise.all(together)
    expect(fates[1]).toBe('Unavailable')
    expect(fates.every((one) => one === 'Unavailable' || one === 1 || one === 2)).toBe(true)
    expect(pool.pending()).toBe(0)
    expect(await pool.run('echo', 3)).toBe(3)
  },
)

test.each([1, 2])(
  'what waits while a worker dies is done by its successor or by others (%i)',
  async (size) => {
    const pool = await open({ batchMax: 1, size })
    const dying = pool.run('die', undefined)
    const others = Array.from(
      { length: 40 },
      async (_, value) => await fate(pool.run('echo', value)),
    )
    expect(await fate(dying)).toBe('Unavailable')
    const fates = await Promise.all(others)
    expect(fates.filter((one) => one !== 'Unavailable').length).toBeGreaterThanOrEqual(38)
    expect(
      await Promise.all([1, 2, 3, 4].map(async (value) => await pool.run('echo', value))),
    ).toEqual([1, 2, 3, 4])
  },
)

test('a worker that computes without end is given up', async () => {
  const pool = await open({ size: 1, millisecondsMax: 2000 })
  expect(await fate(pool.run('hang', undefined))).toBe('Unavailable')
  expect(await pool.run('echo', 1)).toBe(1)
})

test('a job that throws fails alone, with its own message', async () => {
  const pool = await open({ size: 1 })
  const jobs = [pool.run('echo', 1), pool.run('fail', 'no such curve'), pool.run('echo', 2)]
  const [before, failed, after] = await Promise.allSettled(jobs)
  expect(before).toMatchObject({ value: 1 })
  expect(failed).toMatchObject({ reason: { message: 'no such curve' } })
  expect(failed).not.toMatchObject({ reason: { name: 'Unavailable' } })
  expect(after).toMatchObject({ value: 2 })
})

test('closing lets what was taken finish, and takes no more', async () => {
  const pool = await open()
  const { gate, open: openGate } = closedGate()
  const taken = Array.from(
    { length: 40 },
    async (_, value) => await pool.run('wait', { gate, value }),
  )
  const closing = pool.close()
  await expect(pool.run('echo', 1)).rejects.toBeInstanceOf(Unavailable)
  openGate()
  expect(await Promise.all(taken)).toHaveLength(40)
  await closing
  expect(pool.pending()).toBe(0)
})

test('bytes are moved where they are given away whole, and travel without the rest of their buffer', async () => {
  const pool = await open()
  const whole = Uint8Array.of(1, 2, 3)
  expect(await pool.run('carried', whole, [whole])).toEqual({
    bufferBytes: 3,
    bytes: Uint8Array.of(1, 2, 3),
  })
  expect(whole.length).toBe(0)
  const part = new Uint8Array(5000).fill(9).subarray(10, 14)
  expect(await pool.run('carried', part, [part])).toEqual({
    bufferBytes: 4,
    bytes: Uint8Array.of(9, 9, 9, 9),
  })
  expect(part.length).toBe(4)
})

test('does not open where its program is missing', async () => {
  const missing = { url: new URL('file:///nowhere/worker.js') }
  await expect(open({ program: missing })).rejects.toBeInstanceOf(Unavailable)
})

test('refuses a job that its workers do not know', async () => {
  const pool = await open()
  // @ts-expect-error a table has its own names only
  await expect(pool.run('constructor', 1)).rejects.toThrow('no job is called constructor')
})
