import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { Busy } from '#agent/busy.ts'
import { writeWhole } from '#agent/files.ts'
import { openHome } from '#cli/home.ts'
import { takeLock } from '#agent/lock.ts'
import { FileError } from '#agent/file-error.ts'
import { runHere, runProcess, scratch, textOf } from '#test/helpers/command-line.ts'

const folder = scratch()
afterAll(() => {
  folder.clear()
})

const NEVER = 2 ** 22 + 7

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

function everything(path: string): string[] {
  return readdirSync(path, { recursive: true }).map((name) => join(path, String(name)))
}

test('nobody else may look into a home or a file in it', async () => {
  const home = join(folder.path, 'private')
  mkdirSync(home, { mode: 0o755 })
  chmodSync(home, 0o755)
  const made = await runHere([
    'key',
    'generate',
    'alice',
    '--name',
    'Alice',
    '--no-passphrase',
    '--home',
    home,
  ])
  expect(made.code).toBe(0)
  expect(modeOf(home)).toBe(0o700)
  const paths = everything(home)
  expect(paths.map((path) => path.slice(home.length + 1)).toSorted()).toEqual([
    'keys',
    'keys/alice.asc',
    'keys/alice.pub.asc',
    'keys/alice.revocation.asc',
  ])
  for (const path of paths)
    expect(modeOf(path), path).toBe(statSync(path).isDirectory() ? 0o700 : 0o600)
})

test('the home is --home, then DUNANT_HOME, then the configuration folder', async () => {
  const config = join(folder.path, 'config')
  const named = join(folder.path, 'named')
  const words = ['key', 'generate', 'k', '--name', 'K', '--no-passphrase']
  await runHere(words, { env: { XDG_CONFIG_HOME: config } })
  await runHere(words, { env: { HOME: join(folder.path, 'user') } })
  await runHere(words, { env: { XDG_CONFIG_HOME: config, DUNANT_HOME: named } })
  await runHere([...words, '--home', 'given'], { env: { DUNANT_HOME: named }, cwd: folder.path })
  for (const home of [
    `${config}/dunant`,
    `${folder.path}/user/.config/dunant`,
    named,
    `${folder.path}/given`,
  ]) {
    expect(existsSync(join(home, 'keys', 'k.asc')), home).toBe(true)
  }
})

test('a key is never written over', async () => {
  const home = join(folder.path, 'once')
  const words = ['key', 'generate', 'alice', '--name', 'Alice', '--no-passphrase', '--home', home]
  const first = textOf(await runHere([...words, '--json']), 'fingerprint')
  const again = await runHere(words)
  expect(again.code).toBe(2)
  expect(
    textOf(await runHere(['key', 'show', 'alice', '--json', '--home', home]), 'fingerprint'),
  ).toBe(first)
})

test('a file is written whole or not at all, and leaves nothing behind when it fails', () => {
  const path = join(folder.path, 'whole')
  writeWhole(path, 'first')
  expect(() => writeWhole(path, 'second', { isNew: true })).toThrow(FileError)
  expect(readFileSync(path, 'utf8')).toBe('first')
  const blocked = join(folder.path, 'blocked')
  mkdirSync(join(blocked, 'inside'), { recursive: true })
  expect(() => writeWhole(blocked, 'text')).toThrow()
  expect(readdirSync(folder.path).filter((name) => name.includes('.part'))).toEqual([])
})

test('a write replaces a link and never follows it', () => {
  const target = join(folder.path, 'target')
  const link = join(folder.path, 'link')
  writeFileSync(target, 'untouched')
  symlinkSync(target, link)
  writeWhole(link, 'text')
  expect(readFileSync(target, 'utf8')).toBe('untouched')
  expect(readFileSync(link, 'utf8')).toBe('text')
})

test('names that lead out of the home are a fault of ours, not a file', () => {
  const home = openHome(join(folder.path, 'names'))
  for (const name of ['../out', 'a/b', '', '.', 'A', 'a\0b']) {
    expect(() => home.write('pins', name, 'text'), name).toThrow('not a file name of ours')
  }
})

test('one holder at a time: whoever waits sees what was written before', async () => {
  const path = join(folder.path, 'lock')
  let count = 0
  const add = async () => {
    const lock = await takeLock(path, 10_000)
    const seen = count
    await sleep(5)
    count = seen + 1
    lock.release()
  }
  await Promise.all(Array.from({ length: 8 }, add))
  expect(count).toBe(8)
  expect(existsSync(path)).toBe(false)
})

test('a home that another process holds is not touched', async () => {
  const home = join(folder.path, 'held')
  const lock = join(home, 'lock')
  mkdirSync(lock, { recursive: true })
  writeFileSync(join(lock, String(process.ppid)), '')
  await expect(takeLock(lock, 100)).rejects.toThrow(Busy)
  const ran = await runProcess([
    'key',
    'generate',
    'alice',
    '--name',
    'Alice',
    '--no-passphrase',
    '--home',
    home,
  ])
  expect(ran.code).toBe(7)
  expect(ran.err).toContain(`process ${String(process.ppid)} holds ${lock}`)
  expect(everything(home).filter((path) => path.endsWith('.asc'))).toEqual([])
})

test('the lock of a killed process with the id of this one is free', async () => {
  const lock = join(folder.path, 'predecessor')
  mkdirSync(lock)
  writeFileSync(join(lock, String(process.pid)), '')
  const taken = await takeLock(lock, 1000)
  await expect(takeLock(lock, 100)).rejects.toThrow(Busy)
  taken.release()
})

test('the lock of a process that was killed is free', async () => {
  const lock = join(folder.path, 'dead')
  mkdirSync(lock)
  const { pid } = spawnSync(process.execPath, ['-e', ''])
  writeFileSync(join(lock, String(pid === 0 ? NEVER : pid)), '')
  const taken = await takeLock(lock, 1000)
  expect(readdirSync(lock)).toEqual([String(process.pid)])
  taken.release()
})
