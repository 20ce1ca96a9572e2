import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder = ''
let lock = ''
let trace = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dunant-lock-'))
  lock = join(folder, 'lock')
  trace = join(folder, 'trace')
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

test('one process at a time works under the lock', async () => {
  expect(await race(6)).toEqual(Array.from({ length: 6 }, () => ['in', 'out']).flat())
  expect(existsSync(lock)).toBe(false)
})

test('a dead owner keeps nobody out, and racers still take turns', async () => {
  const { pid } = spawnSync(process.execPath, ['--version'])
  mkdirSync(lock)
  writeFileSync(join(lock, String(pid)), '')
  expect(await race(6)).toEqual(Array.from({ length: 6 }, () => ['in', 'out']).flat())
})

test('a living owner keeps others out until it is gone', async () => {
  const owner = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  mkdirSync(lock)
  writeFileSync(join(lock, String(owner.pid)), '')
  const waiting = race(1)
  await new Promise((resolve) => setTimeout(resolve, 700))
  expect(existsSync(trace)).toBe(false)
  owner.kill()
  expect(await waiting).toEqual(['in', 'out'])
})

test('work that fails frees the lock', () => {
  const program = `import('./scripts/lock.mjs').then(({ withLock }) => withLock(process.argv[1], () => { throw new Error('no') }))`
  expect(spawnSync(process.execPath, ['-e', program, lock]).status).toBe(1)
  expect(existsSync(lock)).toBe(false)
})

/** Lets processes write 'in', wait, and write 'out' under the lock, all at once. */
async function race(processes: number): Promise<string[]> {
  const program = `Promise.all([import('./scripts/lock.mjs'), import('node:fs')]).then(([{ withLock }, fs]) =>
    withLock(process.argv[1], async () => {
      fs.appendFileSync(process.argv[2], 'in\\n')
      await new Promise((resolve) => setTimeout(resolve, 30))
      fs.appendFileSync(process.argv[2], 'out\\n')
    }))`
  await Promise.all(
    Array.from({ length: processes }, async () => {
      const racer = spawn(process.execPath, ['-e', program, lock, trace], { stdio: 'ignore' })
      await once(racer, 'exit')
      expect(racer.exitCode).toBe(0)
    }),
  )
  return readFileSync(trace, 'utf8').trim().split('\n')
}
