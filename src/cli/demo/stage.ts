import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Json } from '#core/canonical-json.ts'
import type { Io } from '#cli/io.ts'

/** How long a server may take until it says where it listens. */
const START_MILLISECONDS = 20_000
/** How long something may take that others do meanwhile, and how often it is looked at. */
const WAIT_MILLISECONDS = 20_000
const PAUSE_MILLISECONDS = 100
const SHOWN_LINES_MAX = 40

/** Where the story is told and its commands run. */
export interface Stage {
  readonly folder: string
  /** Prints a paragraph. */
  tell(text: string): void
  /** Prints the heading of a scene. */
  scene(title: string): void
  /** Runs one command line as the reader could, shows it and what it prints. @throws Error when it exits with another code. */
  play(words: readonly string[], expected?: readonly number[]): Promise<string>
  /** The same with `--json`; shows only the command and gives the value. */
  ask(words: readonly string[], expected?: readonly number[]): Promise<Json>
  /** Runs one command line unseen, again and again until it exits with 0 and prints certain words. @throws Error after 20 seconds. */
  wait(words: readonly string[], printed?: readonly string[]): Promise<void>
}

/** A server or a witness, as a process of its own. */
export interface ServerProcess {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** Opens a stage in a folder; every command runs with it as its working folder. */
export function openStage(io: Io, folder: string): Stage {
  const write = (text: string): void => {
    io.stdout.write(`${text}\n`)
  }
  const perform = async (
    words: readonly string[],
    expected: readonly number[],
  ): Promise<string> => {
    const { run } = await import('#cli/run.ts')
    const out: string[] = []
    const errors: string[] = []
    const exit = await run(words, {
      ...io,
      ...captured(out, errors),
      cwd: folder,
      stdin: new PassThrough().end(),
    })
    if (expected.includes(exit)) return out.join('')
    throw new Error(
      `dunant ${words.join(' ')} exited with ${String(exit)}: ${errors.join('').trim()}`,
    )
  }
  return {
    folder,
    tell: (text) => write(wrapped(text)),
    scene: (title) => write(`\n${title}\n${'-'.repeat(title.length)}`),
    play: async (words, expected = [0]) => {
      write(`  $ dunant ${shown(words)}`)
      const output = await perform(words, expected)
      const lines = output
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '')
      for (const line of lines.slice(0, SHOWN_LINES_MAX)) write(`    ${line}`)
      if (lines.length > SHOWN_LINES_MAX)
        write(`    … ${String(lines.length - SHOWN_LINES_MAX)} more lines`)
      return output
    },
    ask: async (words, expected = [0]) => {
      write(`  $ dunant ${shown(words)}`)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse yields exactly Json
      return JSON.parse(await perform([...words, '--json'], expected)) as Json
    },
    wait: async (words, printed = []) => {
      const deadline = performance.now() + WAIT_MILLISECONDS
      for (;;) {
        const output = await perform(words, [0]).catch((error: unknown) => {
          if (performance.now() > deadline) throw error
          return undefined
        })
        if (output !== undefined && printed.every((word) => output.includes(word))) return
        if (performance.now() > deadline)
          throw new Error(`dunant ${words.join(' ')} does not come to print ${printed.join(', ')}`)
        await sleep(PAUSE_MILLISECONDS)
      }
    },
  }
}

function captured(out: string[], errors: string[]): Pick<Io, 'isTerminal' | 'stderr' | 'stdout'> {
  return { stdout: sinkInto(out), stderr: sinkInto(errors), isTerminal: false }
}

function sinkInto(texts: string[]): Io['stdout'] {
  return {
    write: (chunk) =>
      texts.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8')),
  }
}

function shown(words: readonly string[]): string {
  return words.map((word) => (/^[\w./:=@,-]+$/.test(word) ? word : `'${word}'`)).join(' ')
}

function wrapped(text: string): string {
  const lines: string[] = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last.length + word.length > 100) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines.join('\n')
}

/**
 * Starts `dunant serve` or `dunant witness` as a process of its own, with all that it prints in a file of its folder, and waits until it
 * listens.
 *
 * @throws Error when it does not within 20 seconds.
 */
export async function startListening(
  stage: Stage,
  command: 'serve' | 'witness',
  data: string,
): Promise<ServerProcess> {
  const { folder } = stage
  const log = join(folder, data, 'output.log')
  const file = openSync(log, 'a', 0o600)
  const [, program = ''] = process.argv
  const child = spawn(
    process.execPath,
    [...process.execArgv, program, command, '--data', data, '--port', '0'],
    {
      cwd: folder,
      detached: true,
      stdio: ['ignore', file, file],
    },
  )
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const { pid } = child
  if (pid === undefined) throw new Error(`dunant ${command} did not start`)
  const url = await waitForUrl(log, () => child.exitCode)
  child.unref()
  return {
    url,
    pid,
    stop: async () => {
      child.ref()
      if (child.exitCode === null) child.kill('SIGTERM')
      await exited
    },
  }
}

async function waitForUrl(log: string, exitCode: () => number | null): Promise<string> {
  const deadline = performance.now() + START_MILLISECONDS
  while (performance.now() < deadline) {
    const [, url] = /(http:\/\/127\.0\.0\.1:[0-9]+)/.exec(readFileSync(log, 'utf8')) ?? []
    if (url !== undefined) return url
    if (exitCode() !== null) throw new Error(`it ended: ${readFileSync(log, 'utf8').trim()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not listen within 20 seconds')
}
