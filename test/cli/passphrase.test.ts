import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { unlockKey } from '#client/openpgp.ts'
import { program, runHere, runProcess, scratch } from '#test/helpers/command-line.ts'

const PASSPHRASE = 'correct horse – батарея'
const folder = scratch()
const home = join(folder.path, 'home')
const draft = join(folder.path, 'act.json')
const hasScript = spawnSync('script', ['--version']).status === 0

beforeAll(async () => {
  const made = await runProcess(
    ['key', 'generate', 'alice', '--name', 'Alice', '--home', home, '--passphrase-fd', '3'],
    { fd3: `${PASSPHRASE}\n` },
  )
  expect(made).toMatchObject({ code: 0, err: '' })
  writeFileSync(draft, ACT)
})
afterAll(() => {
  folder.clear()
})

/** An act that any key may sign, valid by its form. */
const ACT =
  '{"at":"2026-11-23T10:00:00Z","body":{"campaign":"' +
  'ab'.repeat(32) +
  '"},"by":{"party":"contoso.example"},"directory":"' +
  'cd'.repeat(32) +
  '","expires":"2026-11-30T10:00:00Z","nonce":"' +
  '01'.repeat(16) +
  '","origin":"coalition.example","type":"campaign.accept","v":1}'

const SIGN = ['party', 'sign', draft, '--home', home, '--key', 'alice', '--json']

test('a key from a descriptor is protected by exactly that passphrase', async () => {
  const armored = readFileSync(join(home, 'keys', 'alice.asc'), 'utf8')
  expect((await unlockKey(armored, PASSPHRASE)).ok).toBe(true)
  for (const other of ['', `${PASSPHRASE}\n`, PASSPHRASE.slice(1)])
    expect((await unlockKey(armored, other)).ok).toBe(false)
})

test.each([
  ['with a line end', `${PASSPHRASE}\n`],
  ['without', PASSPHRASE],
  ['with one of Windows', `${PASSPHRASE}\r\n`],
])('a passphrase %s opens the key', async (_, fd3) => {
  const out = join(folder.path, `${String(fd3.length)}.asc`)
  const signed = await runProcess([...SIGN, '--passphrase-fd', '3', '--out', out], { fd3 })
  expect(signed).toMatchObject({ code: 0, err: '' })
  expect(readFileSync(out, 'utf8')).toContain('BEGIN PGP SIGNATURE')
})

test('a file gives passphrases as well', async () => {
  const file = join(folder.path, 'passphrase.txt')
  writeFileSync(file, `${PASSPHRASE}\n`)
  expect(
    await runHere([...SIGN, '--passphrase-file', file, '--out', join(folder.path, 'file.asc')]),
  ).toMatchObject({ code: 0 })
  expect(
    await runHere(SIGN, { env: { DUNANT_PASSPHRASE_FILE: join(folder.path, 'none') } }),
  ).toMatchObject({ code: 3 })
})

test.each([
  ['a wrong passphrase', ['--passphrase-fd', '3'], 'wrong\n'],
  ['an empty one', ['--passphrase-fd', '3'], '\n'],
  ['a descriptor that gives nothing', ['--passphrase-fd', '3'], ''],
  ['nobody to ask', [], ''],
])('%s ends with code 8 and signs nothing', async (_, options, fd3) => {
  const out = join(folder.path, 'never.asc')
  const ran = await runProcess([...SIGN, ...options, '--out', out], { fd3 })
  expect(ran.code).toBe(8)
  expect(ran.err).toContain('passphrase-wrong')
  expect(() => readFileSync(out)).toThrow()
  expect(`${ran.out}${ran.err}`).not.toContain(PASSPHRASE)
})

test('a descriptor that is not open is a mistake, not a fault', async () => {
  const ran = await runProcess([...SIGN, '--passphrase-fd', '9'])
  expect(ran.code).toBe(2)
  expect(ran.err).toContain('--passphrase-fd cannot be read')
})

test('a new passphrase is asked for twice, and two different ones make no key', async () => {
  const asked: string[] = []
  const answers = ['first', 'second', 'same', 'same', '']
  const askSecret = async (prompt: string) => {
    asked.push(prompt)
    return await Promise.resolve(answers.shift())
  }
  const words = ['key', 'generate', 'bob', '--name', 'Bob', '--home', home]
  expect(await runHere(words, { askSecret })).toMatchObject({ code: 8 })
  expect(await runHere(words, { askSecret })).toMatchObject({ code: 0 })
  expect(
    await runHere(['key', 'generate', 'eve', '--name', 'Eve', '--home', home], { askSecret }),
  ).toMatchObject({ code: 8 })
  expect(asked).toHaveLength(5)
  expect((await unlockKey(readFileSync(join(home, 'keys', 'bob.asc'), 'utf8'), 'same')).ok).toBe(
    true,
  )
})

test.skipIf(!hasScript)('on a terminal the passphrase is typed without echo', async () => {
  const child = spawn(
    'script',
    [
      '-qec',
      `${process.execPath} ${program()} key generate carol --name Carol --home ${home}`,
      '/dev/null',
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  )
  let screen = ''
  let typed = 0
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString()
    const prompts = screen.split('Passphrase of').length - 1
    for (; typed < prompts; typed++) child.stdin.write(`s3crey\u007ft-typed\r`)
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  expect(code).toBe(0)
  expect(typed).toBe(2)
  expect(screen).not.toMatch(/s3cre|typed/)
  expect(
    (await unlockKey(readFileSync(join(home, 'keys', 'carol.asc'), 'utf8'), 's3cret-typed')).ok,
  ).toBe(true)
})
