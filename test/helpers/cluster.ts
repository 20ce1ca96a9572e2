import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Quorums } from '#core/act-bodies.ts'
import { sha256Hex } from '#core/hash.ts'
import { readEnvironment } from '#entry/config.ts'
import { createServerHome, setGenesis } from '#entry/home.ts'
import { startLogSigner } from '#entry/log-signer.ts'
import { startServer } from '#entry/node.ts'
import { type Coalition, composeCharter, ORIGIN, QUORUMS } from './coalition.ts'
import { companyKey } from './coalition-keys.ts'
import { program } from './command-line.ts'
import { emptyPostgres } from './postgres.ts'
import { distantClients, type Survivor } from './server-process.ts'

/** Several server processes on one PostgreSQL database, with one log signer. */
export interface Cluster {
  /** The clients of each process. */
  readonly servers: readonly Coalition[]
  readonly databaseUrl: string
  readonly isUp: (server: number) => boolean
  /** Ends a process as a power cut does. */
  readonly kill: (server: number) => Promise<void>
  /** Starts another server on the same database, in this process. */
  readonly revive: () => Promise<Survivor>
  readonly close: () => Promise<void>
}

const DOMAINS = ['contoso.example', 'fabrikam.example', 'litware.example']

/** Starts `dunant serve` so many times and founds a coalition. */
export async function startCluster(options: {
  readonly processes: number
  readonly domains?: readonly string[]
  readonly quorums?: Partial<Quorums>
  /** An empty database elsewhere than on the server of this run. */
  readonly databaseUrl?: string
}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-cluster-'))
  const databaseUrl = options.databaseUrl ?? (await emptyPostgres())
  const companies = await Promise.all(
    (options.domains ?? DOMAINS).map(async (domain) => await companyKey(domain)),
  )
  const home = join(folder, 'home')
  const terms = await createServerHome(home, { origin: ORIGIN })
  const quorums = { ...QUORUMS, ...options.quorums }
  const witnesses = { keys: [], quorum: 0 }
  const { log_key: vkey, service_certificate } = terms
  const charter = composeCharter(
    companies,
    { log_key: vkey, service_certificate, quorums, templates: [], witnesses },
    Math.floor(Date.now() / 1000),
  )
  const genesis = sha256Hex(charter)
  setGenesis(home, genesis)
  // Each process has a folder of its own to lock.
  const homes = Array.from({ length: options.processes }, (_, i) => `${home}-${String(i)}`)
  for (const copy of homes) cpSync(home, copy, { recursive: true })
  const listen = { socket: join(folder, 'log.sock') }
  const signer = await startLogSigner({ home, listen, log: () => undefined })
  const env = { DUNANT_DATABASE_URL: databaseUrl, DUNANT_LOG_SIGNER: signer.address }
  const children = homes.map((copy) => launch(copy, env))
  const clientsAt = (url: string): Coalition =>
    distantClients(url, { companies, folder: home, genesis, vkey })
  const servers = (await Promise.all(children.map(addressOf))).map(clientsAt)
  await foundBy(servers[0], charter)
  return {
    servers,
    databaseUrl,
    isUp: (server) => isUp(children[server]),
    kill: async (server) => await end(children[server]),
    revive: async () => {
      const config = readEnvironment({ DUNANT_PORT: '0', ...env })
      const server = await startServer({ home, config, log: () => undefined })
      return { coalition: clientsAt(server.url), close: async () => await server.close() }
    },
    close: async () => {
      for (const child of children) await end(child)
      await signer.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function foundBy(server: Coalition | undefined, charter: Uint8Array): Promise<void> {
  if (server === undefined) throw new Error('a cluster has a server')
  const votes = server.companies.map(async (company) => await server.sign(company, charter))
  const founded = await server.post(charter, ...(await Promise.all(votes)))
  if (founded.status !== 201) throw new Error(`the charter was refused: ${founded.text}`)
}

function launch(home: string, env: Readonly<Record<string, string>>): ChildProcess {
  const args = [program(), 'serve', '--data', home, '--port', '0', '--json', '--quiet']
  return spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

async function addressOf(child: ChildProcess): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      const [, found] = /"url":"([^"]+)"/.exec(chunk.toString()) ?? []
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => {
      reject(new Error('a server ended'))
    })
  })
}

function isUp(child: ChildProcess | undefined): boolean {
  return child !== undefined && child.exitCode === null && child.signalCode === null
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || !isUp(child)) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
