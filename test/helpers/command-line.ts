import { spawn, spawnSync } from 'node:child_process'
import { closeSync, createWriteStream, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Io } from '#cli/io.ts'
import { run } from '#cli/run.ts'

/** What a command line came to. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The value that a command printed with `--json`. */
export function jsonOf({ out, err }: Ran): Record<string, unknown> {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- commands print objects
    return JSON.parse(out) as Record<string, unknown>
  } catch {
    throw new Error(`no JSON in ${JSON.stringify(out)}; ${err}`)
  }
}

/** A member of what a command printed that must be a text. */
export function textOf(ran: Ran, name: string): string {
  const value = jsonOf(ran)[name]
  if (typeof value !== 'string') throw new Error(`no ${name} in ${ran.out}; ${ran.err}`)
  return value
}

/** A folder for one test file, with `clear` for the end. */
export function scratch(): { readonly path: string; clear(): void } {
  const path = mkdtempSync(join(tmpdir(), 'dc-'))
  return {
    path,
    clear: () => {
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** Runs a command line inside this process, with nothing of the machine around it. */
export async function runHere(
  argv: readonly string[],
  options: Partial<Pick<Io, 'cwd' | 'env' | 'isTerminal' | 'now' | 'askSecret' | 'signal'>> & {
    readonly stdin?: string
  } = {},
): Promise<Ran> {
  const out: Buffer[] = []
  const err: Buffer[] = []
  const { stdin, ...given } = options
  const code = await run(argv, {
    stdin: Readable.from([Buffer.from(stdin ?? '')]),
    stdout: { write: (chunk) => out.push(Buffer.from(chunk)) },
    stderr: { write: (chunk) => err.push(Buffer.from(chunk)) },
    isTerminal: false,
    cwd: tmpdir(),
    env: {},
    now: () => Math.floor(Date.now() / 1000),
    ...given,
  })
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

let built: string | undefined

/** The program as it is shipped, built once where the sources are newer. */
export function program(): string {
  if (built === undefined) {
    const setup = spawnSync(process.execPath, ['scripts/setup.mjs'], { encoding: 'utf8' })
    if (setup.status !== 0) throw new Error(setup.stderr)
    built = join(process.cwd(), 'dist', 'cli.js')
  }
  return built
}

/** Runs a command line as a process of its own; `fd3` is what can be read from descriptor 3. */
export async function runProcess(
  argv: readonly string[],
  options: {
    readonly cwd?: string
    readonly env?: Readonly<Record<string, string | undefined>>
    readonly fd3?: string
    readonly stdin?: string
  } = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [program(), ...argv], {
    cwd: options.cwd ?? tmpdir(),
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    // Without a terminal of its own it cannot ask whoever runs the tests.
    detached: true,
  })
  const fd3 = child.stdio[3]
  if (fd3 !== null && fd3 !== undefined && 'end' in fd3) {
    fd3.on('error', () => undefined)
    fd3.end(options.fd3 ?? '')
  }
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? '')
  const [out, err, code] = await Promise.all([
    collected(child.stdout),
    collected(child.stderr),
    new Promise<number>((resolve) => child.once('close', (status) => resolve(status ?? -1))),
  ])
  return { code, out, err }
}

async function collected(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

/** A server process and where it answers. */
export interface ServedFolder {
  readonly url: string
  stop(): Promise<number>
}

/** What stands around a server that is watched: it reports its events then. */
export interface Surroundings {
  /** Holds all that it can write to beside its data: its working folder, its temporary folder, and what it prints. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
}

/** Runs `dunant serve` on a folder, on any free port, until it is stopped. */
export async function serveFolder(data: string, around?: Surroundings): Promise<ServedFolder> {
  const quiet = around === undefined ? ['--quiet'] : []
  const place = around === undefined ? undefined : placesIn(around.folder)
  const child = spawn(
    process.execPath,
    [program(), 'serve', '--data', data, '--port', '0', ...quiet, '--json'],
    {
      cwd: place?.cwd ?? tmpdir(),
      env: {
        PATH: process.env['PATH'],
        ...(place === undefined ? {} : { TMPDIR: place.tmp }),
        ...around?.env,
      },
      stdio: ['ignore', 'pipe', place?.stderr ?? 'inherit'],
    },
  )
  if (place !== undefined) {
    child.stdout?.pipe(createWriteStream(place.stdout))
    closeSync(place.stderr)
  }
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)))
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const [, found] = /"url":"([^"]+)"/.exec(text) ?? []
      if (found !== undefined) resolve(found)
    })
    child.once('close', () => reject(new Error(`the server ended: ${text}`)))
  })
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM')
      return await ended
    },
  }
}

function placesIn(folder: string) {
  const path = (name: string) => join(folder, name)
  const [cwd, tmp] = [path('cwd'), path('tmp')]
  for (const place of [cwd, tmp]) mkdirSync(place, { recursive: true })
  return { cwd, tmp, stdout: path('stdout'), stderr: openSync(path('stderr'), 'a') }
}
