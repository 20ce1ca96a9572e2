#!/usr/bin/env node
import type { Io } from './io.ts'
import { run } from './run.ts'

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted.abort()
    // Whatever does not listen is stopped by the second one, or by the first where nothing is being served.
    if (!isServing()) process.exit(signal === 'SIGINT' ? 130 : 143)
  })
}

// Whoever reads what is printed may stop reading: `dunant … | head` is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

const io: Io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  isTerminal: process.stderr.isTTY,
  cwd: process.cwd(),
  env: process.env,
  now: () => Math.floor(Date.now() / 1000),
  askSecret: async (prompt) => {
    const { askOnTerminal } = await import('./tty.ts')
    return await askOnTerminal(prompt)
  },
  signal: interrupted.signal,
}

process.exitCode = await run(process.argv.slice(2), io)

function isServing(): boolean {
  return ['serve', 'witness'].includes(process.argv[2] ?? '')
}
