import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

// The demonstration stops at the first command that answers otherwise than its story says, so its exit code speaks for all of them.
test('the demonstration plays its whole story, to the end', async () => {
  const { stdout } = await run(process.execPath, ['dist/cli.js', 'demo'], { maxBuffer: 2 ** 26 })
  expect(stdout).toContain('$ dunant notice preview')
  expect(stdout).toContain('$ dunant notice file')
  expect(stdout).toContain('$ dunant receipt verify')
}, 240_000)
