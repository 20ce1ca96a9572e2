#!/usr/bin/env node
// The command line in a checkout, where it may not be built yet: `npx dunant` links this file and not what the build makes.
import { existsSync } from 'node:fs'

const built = new URL('../dist/cli.js', import.meta.url)
if (!existsSync(built)) {
  const directory = process.cwd()
  await import('./setup.mjs')
  process.chdir(directory)
}
if (!process.exitCode) {
  process.argv[1] = built.pathname
  await import(built.href)
}
