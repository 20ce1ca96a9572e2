import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { serverPaths } from '#entry/home.ts'
import { type Coalition, threeOf } from '#test/helpers/coalition.ts'
import { runProcess } from '#test/helpers/command-line.ts'
import { holdTo } from '#test/helpers/crash-round.ts'
import { type Attempt, openProps, type Scene } from '#test/helpers/fault-attempts.ts'
import { OPERATIONS } from '#test/helpers/fault-operations.ts'
import { type ServerProcess, startServerProcess } from '#test/helpers/server-process.ts'
import {
  failingDisk,
  NO_FAILING_DISK,
  NO_SMALL_DISK,
  type SmallDisk,
  smallDisk,
} from '#test/helpers/small-disk.ts'

// The program as it is shipped, with all that it writes to, its own log included, on a disk that fails.

// Each starts a server, founds a coalition and writes in every way that there is.
vi.setConfig({ testTimeout: 120_000 })

const cleanUps: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

for (const reason of new Set([NO_SMALL_DISK, NO_FAILING_DISK]))
  if (reason !== undefined) process.stdout.write(`a test of failing disks is skipped: ${reason}\n`)

interface Prepared {
  readonly name: string
  readonly attempt: Attempt
  readonly isRefused: boolean
}

interface Stage extends Scene {
  readonly server: ServerProcess
  readonly home: string
  /** Everything that somebody can have written, ready to be sent. */
  readonly attempts: readonly Prepared[]
  readonly token: string
}

async function setStage(parent: string): Promise<Stage> {
  const server = await startServerProcess({ parent, serve: {} })
  cleanUps.push(async () => {
    if (server.isUp()) server.signal('SIGKILL')
    await server.ended()
  })
  const { clock } = server.coalition
  const scene = { clock, coalition: () => server.coalition, makeRoom: async () => undefined }
  const props = await openProps(scene)
  const attempts: Prepared[] = []
  for (const { isRefused = false, isUnasked, name, prepare } of OPERATIONS) {
    // Nobody could be told what became of what nobody asked for.
    if (isUnasked !== true) attempts.push({ name, isRefused, attempt: await prepare(props) })
  }
  const token = await server.coalition.session(threeOf(server.coalition).contoso)
  return { ...scene, attempts, home: join(server.folder, 'home'), server, token }
}

/** Has some acts acknowledged, and gives their ids. */
async function invite(coalition: Coalition, count: number): Promise<readonly string[]> {
  const { contoso } = threeOf(coalition)
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const token = `${String(Date.now())}${String(i)}`.padStart(64, '0')
    const { body, status } = await coalition.submit('mailbox.invite', { tokens: [token] }, contoso)
    expect(status).toBe(201)
    ids.push(String(body['id']))
  }
  return ids
}

/** Takes all space, also what the write-ahead log gives back once it is emptied. */
async function fillWhole(disk: SmallDisk, { home }: Stage): Promise<void> {
  while (statSync(`${serverPaths(home).database}-wal`).size > 0) await sleep(50)
  disk.fill()
}

async function untilReady(coalition: Coalition, status: 200 | 503): Promise<unknown> {
  for (;;) {
    const answered = await coalition.ask('/readyz')
    if (answered.status === status) return answered.body['detail']
    await sleep(50)
  }
}

async function expectOutage({ attempts, server }: Stage): Promise<void> {
  for (const { attempt, name } of attempts) {
    expect(await attempt.run(server.coalition), name).toMatchObject({
      status: 503,
      reason: 'unavailable',
      retryAfter: true,
    })
  }
}

async function expectReads(
  { server, token }: Stage,
  acknowledged: readonly string[],
): Promise<void> {
  const { coalition } = server
  const paths = [
    '/healthz',
    '/api/directory',
    '/log/checkpoint',
    `/api/acts/${acknowledged[0] ?? ''}/receipt`,
  ]
  for (const path of paths) expect((await coalition.ask(path, { token })).status, path).toBe(200)
  expect(server.isUp()).toBe(true)
}

/** Whoever tries again succeeds. */
async function expectSuccess({ attempts }: Stage, coalition: Coalition): Promise<void> {
  for (const { attempt, isRefused, name } of attempts) {
    const { status } = await attempt.run(coalition)
    expect(status, name).toBeOneOf(isRefused ? [409, 422] : [200, 201, 202])
  }
}

/** Every act is there: whoever sends it once more is answered with where it stands. */
async function expectKept({ attempts }: Stage, coalition: Coalition): Promise<void> {
  const acts = attempts.filter(({ attempt }) => attempt.act !== undefined)
  expect(acts.length).toBeGreaterThan(10)
  for (const { attempt, name } of acts)
    expect((await attempt.run(coalition)).status, name).toBe(200)
}

async function expectHealthy({ home }: Stage): Promise<void> {
  const { code, out } = await runProcess(['doctor', '--data', home, '--deep'])
  expect(code, out).toBe(0)
}

function events({ server }: Stage, name: string): number {
  const text = readFileSync(join(server.folder, 'stderr'), 'utf8')
  return text.split(`"event":"${name}"`).length - 1
}

describe.skipIf(NO_SMALL_DISK !== undefined)('a server whose disk is full', () => {
  test('answers every write with 503, reads on, goes on without a restart once there is space, and ends cleanly', async () => {
    const disk = smallDisk(24)
    cleanUps.push(disk.clear)
    const stage = await setStage(disk.path)
    const { server } = stage
    const { coalition } = server
    const before = await invite(coalition, 5)
    await fillWhole(disk, stage)
    await expectOutage(stage)
    expect(await untilReady(coalition, 503)).toBe('storage')
    await expectReads(stage, before)
    // More than fits on the last page of what the server prints, which is on the same disk.
    for (let i = 0; i < 4; i++) await expectOutage(stage)
    await expectReads(stage, before)

    disk.free()
    await untilReady(coalition, 200)
    const [printed, after] = [events(stage, 'act_accepted'), await invite(coalition, 5)]
    await expectSuccess(stage, coalition)
    expect(events(stage, 'act_accepted')).toBeGreaterThan(printed + 5)
    await expectKept(stage, coalition)
    await holdTo(coalition, [...before, ...after])

    await fillWhole(disk, stage)
    await untilReady(coalition, 503)
    server.signal('SIGTERM')
    expect(await server.ended()).toBe(0)
    disk.free()
    await expectHealthy(stage)
    const survivor = await server.revive()
    cleanUps.push(survivor.close)
    await expectKept(stage, survivor.coalition)
    await holdTo(survivor.coalition, [...before, ...after])
  })
})

describe.skipIf(NO_FAILING_DISK !== undefined)(
  'a server whose disk fails and becomes read-only',
  () => {
    test('answers every write with 503, reads on, ends cleanly, and has everything once the disk is repaired', async () => {
      const disk = failingDisk(32)
      cleanUps.push(disk.clear)
      const stage = await setStage(disk.path)
      const { server } = stage
      const before = await invite(server.coalition, 5)
      disk.fail()
      await expectOutage(stage)
      expect(await untilReady(server.coalition, 503)).toBe('storage')
      await expectReads(stage, before)
      server.signal('SIGTERM')
      expect(await server.ended()).toBe(0)
      disk.repair()
      await expectHealthy(stage)
      const survivor = await server.revive()
      cleanUps.push(survivor.close)
      await expectSuccess(stage, survivor.coalition)
      await holdTo(survivor.coalition, before)
    })
  },
)
