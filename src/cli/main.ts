#!/usr/bin/env node
import { crashLine } from './crash.ts'
import { EXIT } from './exit.ts'
import type { Io } from './io.ts'
import { run } from './run.ts'

/** Commands that listen: they end by themselves once they were told to. */
const LISTENING: readonly string[] = ['serve', 'witness', 'log-signer', 'relay']

const interrupted = new AbortController()
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    // The second signal, of whichever kind, ends at once whatever takes too long to end by itself.
    if (interrupted.signal.aborted || !isListening()) process.exit(code)
    interrupted.abort()
  })
}

// Nobody may go on after a fault that nobody expected. What is printed names the fault and its place, and never what was sent.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(crashLine(error))
    process.exit(EXIT.bug)
  })
}

// Whoever reads what is printed may stop reading: `dunant … | head` is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

// A server goes on where its log cannot be written, on a full disk say; the lines of that time are lost.
process.stderr.on('error', () => undefined)

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
// A server that was told to end has let go of everything that matters; an idle connection to a database must not hold it.
if (interrupted.signal.aborted) process.exit()

/** `dunant witness` and `dunant agent serve` listen, and `dunant witness show` does not. */
function isListening(): boolean {
  const [command = '', next = '-'] = process.argv.slice(2)
  if (command === 'agent') return next === 'serve'
  return LISTENING.includes(command) && next.startsWith('-')
}
