import { appendFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { buildList, type ListWork } from '#agent/check/build-list.ts'
import { deriveKey } from '#agent/check/derive-key.ts'
import type { DeriveKey } from '#client/check-notice.ts'
import { systemRandom } from '#client/random.ts'
import { checkPassword, checkSalt, epochOf, RELEASE_SECONDS } from '#core/check-list.ts'
import { hex } from '#core/bytes.ts'
import { sha256 } from '#core/hash.ts'
import { codeOf, derive, TEXT } from '#test/helpers/check-lists.ts'
import { scratch } from '#test/helpers/command-line.ts'

const folder = scratch()
afterAll(() => {
  folder.clear()
})

const RELEASE = Date.UTC(2026, 10, 24, 6) / 1000
const GENESIS = '6'.repeat(64)

/** A key that costs nothing: what is tested here is which keys are computed. */
const cheap = (heard: string[] = []): DeriveKey => {
  return async (password, salt) => {
    heard.push(Buffer.from(password).toString())
    return await Promise.resolve(sha256(password, salt))
  }
}

function linesOf(count: number): string[] {
  const codes = Array.from({ length: count }, (_, i) => ({
    account: `account ${String(i)}`,
    code: codeOf(String(i)),
    since: '2026-11-23',
    status: 'valid',
    text: 'a',
  }))
  return [{ id: 'a', text: TEXT }, ...codes].map((line) => JSON.stringify(line))
}

function work(name: string, other: Partial<ListWork>): ListWork {
  return {
    lines: linesOf(3),
    folder: join(folder.path, name),
    genesis: GENESIS,
    plan: { filer: 'contoso.example', keyed: 'account', release: RELEASE },
    derive: cheap(),
    random: systemRandom,
    ...other,
  }
}

test('a build that was killed goes on where it stopped, and the next release computes no key again', async () => {
  const heard: string[] = []
  const dying: DeriveKey = async (password, salt) => {
    if (heard.length === 600) throw new Error('killed')
    return await cheap(heard)(password, salt)
  }
  const lines = linesOf(1000)
  await expect(buildList(work('killed', { derive: dying, lines }))).rejects.toThrow('killed')
  const [file = ''] = readdirSync(join(folder.path, 'killed'))
  const path = join(folder.path, 'killed', file)
  expect(statSync(path).mode & 0o077).toBe(0)
  const kept = Math.floor(readFileSync(path).length / 48)
  expect(kept).toBeGreaterThan(550)
  // The last record of a killed process may be half written.
  appendFileSync(path, 'half')

  const rest: string[] = []
  const built = await buildList(work('killed', { derive: cheap(rest), lines }))
  expect(rest.length).toBe(1000 - kept)
  expect(built.ok && built.value.codes).toBe(1000)

  const next: string[] = []
  const plan = { ...work('killed', {}).plan, release: RELEASE + RELEASE_SECONDS }
  await buildList(work('killed', { derive: cheap(next), lines, plan }))
  expect(next).toEqual([])
})

test('a new quarter computes all keys anew and keeps none of the one before', async () => {
  await buildList(work('quarter', {}))
  const heard: string[] = []
  const plan = { ...work('quarter', {}).plan, release: Date.UTC(2027, 0, 1) / 1000 }
  await buildList(work('quarter', { plan, derive: cheap(heard) }))
  expect(heard).toHaveLength(3)
  expect(readdirSync(join(folder.path, 'quarter'))).toEqual(['keys-2027-Q1'])
})

test('a list for desks is keyed by codes alone, beside the other in one folder', async () => {
  const heard: string[] = []
  await buildList(work('desk', { derive: cheap(heard) }))
  const plan = { ...work('desk', {}).plan, keyed: 'code' as const }
  await buildList(work('desk', { plan, derive: cheap(heard) }))
  expect(heard).toEqual([
    ...[0, 1, 2].map((i) => `${codeOf(String(i))}account ${String(i)}`),
    ...[0, 1, 2].map((i) => codeOf(String(i))),
  ])
})

test.each([
  ['no JSON', 'x', 'line 1'],
  [
    'a code with a mistake',
    JSON.stringify({
      account: 'a',
      code: 'A'.repeat(20),
      since: '2026-11-23',
      status: 'valid',
      text: 'a',
    }),
    'line 1',
  ],
  ['a text that nobody wrote', linesOf(1)[1] ?? '', 'names a text'],
])('a line with %s is told by its number, and nothing is built', async (_, line, words) => {
  await expect(buildList(work('faults', { lines: [line] }))).rejects.toThrow(words)
})

async function bucketsOf(count: number, room?: { buckets: number }) {
  const plan = { ...work('size', {}).plan, ...(room === undefined ? {} : { room }) }
  const built = await buildList(work('size', { lines: linesOf(count), plan }))
  return built.ok ? [built.value.body.buckets, built.value.chunks.length] : built.refusal
}

test('a list takes as many buckets as it needs, and as many as it was given room for', async () => {
  expect(await bucketsOf(0)).toEqual([1, 1])
  expect(await bucketsOf(512)).toEqual([1, 1])
  expect(await bucketsOf(513)).toEqual([2, 1])
  expect(await bucketsOf(3, { buckets: 128 })).toEqual([128, 2])
})

test('the threads of Node compute the key that everybody computes', async () => {
  const password = checkPassword(codeOf('a'), 'a')
  const salt = checkSalt(GENESIS, epochOf(RELEASE))
  expect(hex(await deriveKey(password, salt))).toBe(hex(await derive(password, salt)))
})
