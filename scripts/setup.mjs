// Runs before `npm start` and `npm run demo`: installs what the lock file names where it is missing or stale,
// then builds where the sources are newer than what was built. It works before anything is installed, so it
// imports nothing but Node.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { withLock } from './lock.mjs'

const SOURCES = ['src', 'migrations', 'templates', 'scripts/build.mjs', 'package-lock.json']

/** Tells whether each package the lock file requires is there in that version, and the SQLite module opens. */
function isInstalled() {
  try {
    const wanted = Object.entries(JSON.parse(readFileSync('package-lock.json', 'utf8')).packages)
    const { packages } = JSON.parse(readFileSync('node_modules/.package-lock.json', 'utf8'))
    // Development packages may be left out; optional ones exist for other machines.
    const isMissing = ([path, { version, dev, devOptional, optional }]) =>
      path !== '' && !dev && !devOptional && !optional && packages[path]?.version !== version
    if (wanted.some(isMissing)) return false
  } catch {
    return false
  }
  // Compiled for another version of Node it throws, or takes the process with it: so another process tries.
  const tryOut = "new (require('better-sqlite3'))(':memory:').close(); require('esbuild')"
  return spawnSync(process.execPath, ['-e', tryOut], { stdio: 'ignore' }).status === 0
}

function install() {
  console.error('Installing the locked packages; the SQLite module may compile for two minutes.')
  const npm = process.env.npm_execpath
  const args = ['ci', '--no-audit', '--no-fund']
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...args], { stdio: 'inherit' })
    : spawnSync('npm', args, { stdio: 'inherit', shell: process.platform === 'win32' })
  if (status === 0) return
  console.error('The installation failed; npm says why above.')
  process.exitCode = 1
}

/** The newest change below a path in milliseconds, 0 where nothing is. A deletion changes only its folder. */
function changedAt(path) {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found === undefined) return 0
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(found.mtimeMs, ...readdirSync(path).map((name) => changedAt(`${path}/${name}`)))
}

const isBuilt = () => changedAt('dist/.built') > Math.max(...SOURCES.map(changedAt))

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
if (!isInstalled() || !isBuilt()) {
  await withLock('.setup-lock', async () => {
    if (!isInstalled()) install()
    if (!process.exitCode && !isBuilt()) await import('./build.mjs')
  })
}
