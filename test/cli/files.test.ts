import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { keepDurably, writeDurably } from '#adapters/system/durable-file.ts'
import { writeWhole } from '#agent/files.ts'
import { scratch } from '#test/helpers/command-line.ts'

const folder = scratch()
afterAll(() => {
  folder.clear()
})

const WRITERS = [
  { by: 'a command', write: writeWhole, predictable: `${String(process.pid)}.part` },
  { by: 'a server', write: writeDurably, predictable: 'new' },
  { by: 'a log signer', write: keepDurably, predictable: 'new' },
] as const

test.each(WRITERS)(
  'what $by writes goes through no link or file that somebody else laid where it could be guessed',
  async ({ by, predictable, write }) => {
    const out = join(folder.path, `${by} out.txt`)
    const victim = join(folder.path, `${by} victim`)
    writeFileSync(victim, 'untouched')
    symlinkSync(victim, `${out}.${predictable}`)
    symlinkSync(victim, out)
    await write(out, 'secret')
    expect(readFileSync(victim, 'utf8')).toBe('untouched')
    expect(readFileSync(out, 'utf8')).toBe('secret')
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(statSync(victim).ino).not.toBe(statSync(out).ino)
  },
)

test.each(WRITERS)(
  'the name under which $by writes is another each time, and nobody can guess it',
  async ({ by, write }) => {
    const out = join(folder.path, `${by} named`)
    const seen = new Set<string>()
    const watcher = watch(folder.path, (_, name) => {
      if (name !== null) seen.add(name)
    })
    // What is watched for is only heard of once the watch stands.
    for (let i = 0; !seen.has(`${by} begun ${String(i)}`); i++) {
      writeFileSync(join(folder.path, `${by} begun ${String(i + 1)}`), '')
      await sleep(5)
    }
    await write(out, 'one')
    await write(out, 'two')
    writeFileSync(join(folder.path, `${by} ended`), '')
    while (!seen.has(`${by} ended`)) await sleep(5)
    watcher.close()
    const parts = [...seen].filter((name) => name.startsWith(`${by} named.`))
    expect(parts).toHaveLength(2)
    for (const part of parts) expect(part.replace(/[^0-9a-f]/g, '').length).toBeGreaterThan(30)
  },
)

test.each(WRITERS)('what $by cannot write whole leaves nothing behind', async ({ by, write }) => {
  const out = join(folder.path, `${by} taken`)
  mkdirSync(join(out, 'by a folder'), { recursive: true })
  await expect(Promise.resolve('secret').then((text) => write(out, text))).rejects.toThrow()
  expect(readdirSync(folder.path).filter((name) => name.startsWith(`${by} taken.`))).toEqual([])
})
