import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '#cli/grammar/commands.ts'
import { optionsOf } from '#cli/grammar/spec.ts'
import { EXIT } from '#cli/exit.ts'
import { serverPaths } from '#entry/home.ts'

const FOLDER = 'scripts/systemd'
const UNITS = readdirSync(FOLDER).filter((name) => name.endsWith('.service'))

/** Settings that leave less to an attacker who has taken over the process; each unit has every one of them. */
const HARDENING = [
  'CapabilityBoundingSet=',
  'DynamicUser=yes',
  'LimitCORE=0',
  'LockPersonality=yes',
  'MemorySwapMax=0',
  'NoNewPrivileges=yes',
  'PrivateDevices=yes',
  'PrivateTmp=yes',
  'ProtectHome=yes',
  'ProtectSystem=strict',
  'RestrictNamespaces=yes',
  'SystemCallFilter=@system-service',
  'UMask=0077',
]
/** Limits without which one process could take the machine from the others. */
const LIMITS = ['LimitNOFILE', 'MemoryMax', 'TasksMax']

function settings(unit: string): readonly (readonly [string, string])[] {
  return readFileSync(join(FOLDER, unit), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/^[#[]/.test(line))
    .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const)
}

function values(unit: string, name: string): readonly string[] {
  return settings(unit)
    .filter(([key]) => key === name)
    .map(([, value]) => value)
}

const hasAnalyzer = spawnSync('systemd-analyze', ['--version']).status === 0

test('there is a unit for each command that listens', () => {
  expect(UNITS).toEqual(
    expect.arrayContaining([
      'dunant.service',
      'dunant-log-signer.service',
      'dunant-witness.service',
      'dunant-agent.service',
    ]),
  )
})

test.each(UNITS)('%s starts a command that there is, with options that it takes', (unit) => {
  const [command = ''] = values(unit, 'ExecStart')
  const words = command.split(' ').slice(2)
  expect(command.split(' ').slice(0, 2)).toEqual(['/usr/bin/node', '/opt/dunant/dist/cli.js'])
  const spec = COMMANDS.find(({ path }) => `${words.join(' ')} `.startsWith(`${path} `))
  if (spec === undefined) throw new Error(`no command ${words.join(' ')}`)
  for (const word of words.filter((one) => one.startsWith('--'))) {
    expect(Object.keys(optionsOf(spec))).toContain(word.slice(2).split('=')[0])
  }
})

test.each(UNITS)('%s sets only variables that the program reads', (unit) => {
  const read = ['src/entry/config.ts', 'src/cli/grammar/spec.ts']
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')
  for (const variable of values(unit, 'Environment')) {
    const [name = ''] = variable.split('=')
    if (name !== 'NODE_ENV') expect(read).toContain(`${name}:`)
  }
})

test('the server is given each of its keys, and finds them', () => {
  const paths = serverPaths('/home', '/keys')
  const keys = [paths.challengeSecret, paths.logSeed, paths.serviceKey]
  const given = values('dunant.service', 'LoadCredential').map((value) => value.split(':'))
  expect(given.map(([name]) => `/keys/${name ?? ''}`).toSorted()).toEqual(keys.toSorted())
  for (const [name, path] of given) expect(basename(path ?? '')).toBe(name)
  expect(values('dunant.service', 'Environment')).toContain('DUNANT_KEYS=%d')
})

test.each(UNITS)('%s is hardened and limited', (unit) => {
  const lines = settings(unit).map(([name, value]) => `${name}=${value}`)
  expect(lines).toEqual(expect.arrayContaining(HARDENING))
  expect(settings(unit).map(([name]) => name)).toEqual(expect.arrayContaining(LIMITS))
  // V8 dies under it.
  expect(values(unit, 'MemoryDenyWriteExecute')).toEqual([])
})

test.each(UNITS)('%s gives the process longer to end than it takes', (unit) => {
  const [own] = values(unit, 'Environment').filter((value) => value.startsWith('DUNANT_STOP_'))
  const seconds = own === undefined ? 20 : Number(own.split('=')[1])
  expect(Number(values(unit, 'TimeoutStopSec')[0])).toBeGreaterThan(seconds + 5)
})

test.each(UNITS)('%s does not start again what a person must look at', (unit) => {
  expect(values(unit, 'Restart')).toEqual(['on-failure'])
  const own = unit === 'dunant-agent.service' ? [EXIT.key] : []
  expect(values(unit, 'RestartPreventExitStatus')).toEqual([
    [EXIT.usage, EXIT.input, EXIT.unverified, ...own].join(' '),
  ])
})

test.runIf(hasAnalyzer).each(UNITS)('%s is accepted by systemd, and exposed to little', (unit) => {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-units-'))
  try {
    cpSync(join(FOLDER, unit), join(folder, unit))
    const verified = spawnSync('systemd-analyze', ['verify', join(folder, unit)], {
      encoding: 'utf8',
    })
    // It also says which programs are not on this machine.
    const faults = verified.stderr
      .split('\n')
      .filter((line) => line.includes(unit) && !line.includes('is not executable'))
    expect(faults).toEqual([])
    const secure = spawnSync(
      'systemd-analyze',
      ['security', '--offline=yes', '--threshold=20', join(folder, unit)],
      { encoding: 'utf8' },
    )
    expect(secure.status, secure.stdout).toBe(0)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
