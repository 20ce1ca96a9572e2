import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Hono } from 'hono'
import type { Directory } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import type { Quorums, WitnessPolicy } from '#core/act-bodies.ts'
import {
  formatServerFile,
  parseServerFile,
  readEnvironment,
  type WitnessAddresses,
} from '#entry/config.ts'
import { createServerHome, serverPaths, setGenesis } from '#entry/home.ts'
import { startServer } from '#entry/node.ts'
import { DirectorySchema } from '#wire/answers.ts'
import type { HttpPorts } from '#http/app.ts'
import { clientsOf, type Coalition, composeCharter, ORIGIN, QUORUMS } from './coalition.ts'
import { companyKey } from './coalition-keys.ts'
import { program } from './command-line.ts'
import { computedMillisecondsOf } from './effort.ts'

/** A server in a process of its own, and everything that it may write to. */
export interface ServerProcess {
  readonly coalition: Coalition
  readonly url: string
  /** Holds the server's home, its working folder, its temporary folder, and what it printed: nothing of the clients. */
  readonly folder: string
  /** Bytes of memory that the process holds. */
  readonly memoryBytes: () => number
  /** What it has computed since it started, in milliseconds of CPU time. */
  readonly computedMilliseconds: () => number
  readonly isUp: () => boolean
  /** Ends it as a power cut does, and starts another server on what it left. */
  readonly crash: () => Promise<Survivor>
  /** Sends it a signal. */
  readonly signal: (name: NodeJS.Signals) => void
  /** Waits for its end and gives its exit code, or the signal that ended it. */
  readonly ended: () => Promise<number | string>
  /** Starts another server on what it left, or on another home of the same coalition. */
  readonly revive: (home?: string) => Promise<Survivor>
  /** Asks it to end, and waits. */
  readonly stop: () => Promise<void>
  /** Stops it where it still runs, and removes what it wrote. */
  readonly clear: () => Promise<void>
}

/** A server on the files of one that was killed. */
export interface Survivor {
  readonly coalition: Coalition
  readonly close: () => Promise<void>
}

const START_MILLISECONDS = 30_000

/** Witnesses as a charter names them, and where they answer. */
export interface Witnessed {
  readonly policy: WitnessPolicy
  readonly addresses: WitnessAddresses
}

function nameWitnesses(home: string, witnesses: WitnessAddresses): void {
  const path = serverPaths(home).serverFile
  const file = parseServerFile(readFileSync(path, 'utf8'))
  writeFileSync(path, formatServerFile({ ...file, witnesses, witness_pause_seconds: 0.05 }))
}

/** Starts a server by the system's clock and founds a coalition over HTTP. */
export async function startServerProcess(
  options: {
    readonly quorums?: Partial<Quorums>
    readonly templates?: readonly string[]
    /** Gives the witnesses that are to follow a log. */
    readonly witnesses?: (logKey: string) => Promise<Witnessed>
    /** The folder to hold the server's folder. */
    readonly parent?: string
    /** The environment of `dunant serve` as it is shipped; without it the sources run. */
    readonly serve?: Readonly<Record<string, string>>
  } = {},
): Promise<ServerProcess> {
  const folder = mkdtempSync(join(options.parent ?? tmpdir(), 'dunant-process-'))
  const home = join(folder, 'home')
  const domains = ['contoso.example', 'fabrikam.example', 'litware.example']
  const companies = await Promise.all(domains.map(async (domain) => await companyKey(domain)))
  const { log_key, service_certificate } = await createServerHome(home, { origin: ORIGIN })
  const quorums = { ...QUORUMS, ...options.quorums }
  const witnessed = await options.witnesses?.(log_key)
  const witnesses = witnessed?.policy ?? { keys: [], quorum: 0 }
  const terms = {
    log_key,
    quorums,
    service_certificate,
    templates: options.templates ?? [],
    witnesses,
  }
  const charter = composeCharter(companies, terms, now())
  const genesis = sha256Hex(charter)
  setGenesis(home, genesis)
  if (witnessed !== undefined) nameWitnesses(home, witnessed.addresses)
  const child = launch({ folder, home, serve: options.serve })
  const url = await addressOf(child, folder)
  const clientsAt = (at: string): Coalition =>
    distantClients(at, { companies, folder: home, genesis, vkey: log_key })
  const coalition = clientsAt(url)
  const votes = companies.map(async (company) => await coalition.sign(company, charter))
  const founded = await coalition.post(charter, ...(await Promise.all(votes)))
  if (founded.status !== 201) throw new Error(`the charter was refused: ${founded.text}`)
  const process = controlsOf(child)
  const revive = async (at = home): Promise<Survivor> => await reviveOn(at, clientsAt)
  return {
    ...process,
    coalition,
    url,
    folder,
    revive,
    crash: async () => {
      process.signal('SIGKILL')
      await process.ended()
      return await revive()
    },
    clear: async () => {
      await process.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function reviveOn(home: string, clientsAt: (url: string) => Coalition): Promise<Survivor> {
  const config = readEnvironment({ DUNANT_PORT: '0' })
  const server = await startServer({ home, config, log: () => {} })
  return {
    coalition: clientsAt(server.url),
    close: async () => {
      await server.close()
    },
  }
}

type Controls = Pick<
  ServerProcess,
  'computedMilliseconds' | 'ended' | 'isUp' | 'memoryBytes' | 'signal' | 'stop'
>

function controlsOf(child: ChildProcess): Controls {
  const isUp = () => child.exitCode === null && child.signalCode === null
  return {
    isUp,
    computedMilliseconds: () => computedMillisecondsOf(child.pid ?? 0),
    memoryBytes: () => memoryOf(child),
    signal: (name) => {
      child.kill(name)
    },
    ended: async () => {
      if (isUp()) await once(child, 'exit')
      return child.exitCode ?? child.signalCode ?? ''
    },
    stop: async () => {
      if (!isUp()) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

/** Clients of a server that answers at an address. */
export function distantClients(
  url: string,
  {
    genesis,
    ...known
  }: Pick<Coalition, 'companies'> & { folder: string; genesis: string; vkey: string },
): Coalition {
  const clock = { now, set: unsettable, advance: unsettable }
  return clientsOf(
    { ...known, clock, events: [], ports: distantPorts(url, genesis) },
    distantApp(url),
  )
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

function unsettable(): never {
  throw new Error('the process goes by the clock of the system')
}

const TSX = pathToFileURL(resolve('node_modules/tsx/dist/esm/index.mjs')).href

/** It runs where a core file would be found, and with a temporary folder of its own. */
function launch({
  folder,
  home,
  serve,
}: {
  folder: string
  home: string
  serve: Readonly<Record<string, string>> | undefined
}): ChildProcess {
  const args =
    serve === undefined
      ? ['--import', TSX, resolve('test/shell/server.ts'), home, '0']
      : [program(), 'serve', '--data', home, '--port', '0']
  const [cwd, tmp] = ['cwd', 'tmp'].map((name) => join(folder, name))
  for (const path of [cwd, tmp]) mkdirSync(path ?? '')
  const [stdout, stderr] = ['stdout', 'stderr'].map((name) => openSync(join(folder, name), 'w'))
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env['PATH'], TMPDIR: tmp, TSX_DISABLE_CACHE: '1', ...serve },
    stdio: ['ignore', stdout, stderr],
  })
  for (const file of [stdout, stderr]) if (file !== undefined) closeSync(file)
  return child
}

async function addressOf(child: ChildProcess, folder: string): Promise<string> {
  for (const end = Date.now() + START_MILLISECONDS; Date.now() < end; await sleep(50)) {
    const [url] = /http:\S+/.exec(readFileSync(join(folder, 'stdout'), 'utf8')) ?? []
    if (url !== undefined) return url
    if (child.exitCode !== null) break
  }
  throw new Error(`the server did not start: ${readFileSync(join(folder, 'stderr'), 'utf8')}`)
}

/** What the clients ask an app in this process for, asked of a process elsewhere. */
function distantApp(url: string): Hono {
  const request = async (asked: Request | string, init?: RequestInit): Promise<Response> => {
    const { pathname, search } = new URL(typeof asked === 'string' ? asked : asked.url, url)
    const address = `${url}${pathname}${search}`
    return await fetch(typeof asked === 'string' ? address : new Request(address, asked), init)
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- clients use nothing else of an app
  return { request } as unknown as Hono
}

/** The clients look at nothing of the ports but these two. */
function distantPorts(url: string, genesis: string): HttpPorts {
  const current = async (): Promise<Pick<Directory, 'chain'>> => {
    const response = await fetch(`${url}/api/directory`)
    const { head } = DirectorySchema.parse(await response.json())
    return { chain: [{ hash: head, day: '', logKey: '', witnesses: { keys: [], quorum: 0 } }] }
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the other ports are in the other process
  return { directory: { current }, genesis } as unknown as HttpPorts
}

function memoryOf({ pid }: ChildProcess): number {
  const { stdout } = spawnSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })
  const kilobytes = Number(stdout.trim())
  if (!(kilobytes > 0)) throw new Error('the process is gone')
  return kilobytes * 1024
}
