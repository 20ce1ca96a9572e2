import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { readArguments } from '#cli/args.ts'
import { EXIT, EXIT_MEANINGS, exitOf } from '#cli/exit.ts'
import { COMMANDS } from '#cli/grammar/commands.ts'
import type { CommandSpec } from '#cli/grammar/spec.ts'
import { UsageError } from '#cli/usage-error.ts'
import { REFUSAL_REASONS } from '#core/refusal.ts'
import { program, runHere, runProcess } from '#test/helpers/command-line.ts'

test.each(COMMANDS.map((spec) => [spec.path, spec] as const))(
  '%s explains itself with examples that its own grammar accepts, and its code loads',
  async (path, spec) => {
    const help = await runHere([...path.split(' '), '--help'])
    expect(help).toMatchObject({ code: 0, err: '' })
    expect(help.out).toContain(`Usage: dunant ${path}`)
    expect(spec.examples.length).toBeGreaterThan(0)
    for (const example of spec.examples) {
      expect(help.out).toContain(example)
      expect(() => readExample(spec, example), example).not.toThrow()
    }
    expect(await spec.load()).toBeTypeOf('function')
  },
)

function readExample(spec: CommandSpec, example: string): void {
  const [shellFree = ''] = example.split(' 3< ')
  const words = [...shellFree.matchAll(/"([^"]*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  )
  const path = spec.path.split(' ')
  if (words[0] !== 'dunant' || words.slice(1, path.length + 1).join(' ') !== spec.path)
    throw new Error('it is of another command')
  readArguments(spec, words.slice(path.length + 1), {})
}

test('the usage names every command', async () => {
  const { code, out } = await runHere([])
  expect(code).toBe(0)
  for (const { path } of COMMANDS) expect(out).toContain(path)
})

test('options that look alike mean the same in every command', () => {
  const meanings = new Map<string, Set<string>>()
  for (const { options = {} } of COMMANDS) {
    for (const [name, { type }] of Object.entries(options))
      meanings.set(name, (meanings.get(name) ?? new Set()).add(type))
  }
  const unsteady = [...meanings].filter(([, types]) => types.size > 1).map(([name]) => name)
  expect(unsteady).toEqual([])
})

const MISTAKES: readonly (readonly [string, string])[] = [
  ['partyy list', 'did you mean party?'],
  ['party ofcer add', 'did you mean party officer?'],
  ['mailbox enroll', 'did you mean mailbox enrol?'],
  ['log verify --jsn', 'there is no option --jsn; did you mean --json?'],
  ['notice file --costumers x', 'did you mean --customers?'],
  ['log verify -j', 'there is no option -j'],
  ['log verify --server', '--server needs a value'],
  ['log verify --server --origin', '--server needs a value; write --server=VALUE'],
  ['log verify --server a --server b', '--server is given twice'],
  ['log verify --json=yes', '--json takes no value'],
  ['log verify now', 'there is one argument too many: now'],
  ['receipt verify', 'FILE is missing'],
  ['key generate alice', '--name is missing'],
  ['mailbox invite --count many', '--count takes a whole number'],
  [
    'party show contoso.example --genesis 12 --origin a.example --server http://localhost',
    '64 hex digits',
  ],
  ['party sign act.json --key a --gpg b', 'cannot be read'],
]

test.each(MISTAKES)(
  'dunant %s is refused with a hint and without doing anything',
  async (line, hint) => {
    const ran = await runHere(line.split(' '))
    expect(ran.err).toContain(hint)
    expect([EXIT.usage, EXIT.input]).toContain(ran.code)
    expect(ran.out).toBe('')
  },
)

test('what begins with a dash is a value where it is written so', () => {
  const [spec] = COMMANDS.filter(({ path }) => path === 'log verify')
  if (spec === undefined) throw new Error('no log verify')
  expect(readArguments(spec, ['--server=-x'], {}).maybe('server')).toBe('-x')
  expect(() => readArguments(spec, ['--', '--json'], {})).toThrow(UsageError)
})

test('an option comes from the environment only where it is not given', () => {
  const [spec] = COMMANDS.filter(({ path }) => path === 'log verify')
  if (spec === undefined) throw new Error('no log verify')
  const env = { DUNANT_SERVER: 'https://a.example', DUNANT_JSON: '1' }
  expect(readArguments(spec, [], env).maybe('server')).toBe('https://a.example')
  expect(readArguments(spec, ['--server', 'https://b.example'], env).maybe('server')).toBe(
    'https://b.example',
  )
  expect(readArguments(spec, [], env).flag('json')).toBe(false)
})

test('every refusal ends with a documented code, and none with that of success, a fault or a wrong command line', async () => {
  const { out } = await runHere(['help', 'exit'])
  for (const [code, meaning] of Object.entries(EXIT_MEANINGS))
    expect(out).toMatch(new RegExp(`${code}\\s+${meaning.slice(0, 20)}`))
  for (const reason of REFUSAL_REASONS) expect([3, 4, 5, 7, 8], reason).toContain(exitOf(reason))
})

test('with --json a mistake is one JSON value as well', async () => {
  const ran = await runHere(['receipt', 'show', 'nowhere.json', '--json'])
  expect(ran.code).toBe(EXIT.input)
  expect(JSON.parse(ran.out)).toEqual({
    error: 'file',
    detail: 'nowhere.json cannot be read (ENOENT)',
  })
})

test('the shipped program shows its usage within twice the time that Node needs to start', async () => {
  const shown = await runProcess([])
  expect(shown).toMatchObject({ code: 0, err: '' })
  const usage: number[] = []
  const nothing: number[] = []
  // In turns, and the fastest of each: other work on the machine slows down both.
  for (let turn = 0; turn < 10; turn++) {
    usage.push(timed([program(), 'notice', 'file', '--help']))
    nothing.push(timed(['-e', '0']))
  }
  expect(Math.min(...usage)).toBeLessThan(2 * Math.min(...nothing))
})

function timed(args: readonly string[]): number {
  const startedAt = performance.now()
  spawnSync(process.execPath, args)
  return performance.now() - startedAt
}
