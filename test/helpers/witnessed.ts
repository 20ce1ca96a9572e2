import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Quorums } from '#core/act-bodies.ts'
import { sha256Hex } from '#core/hash.ts'
import { readEnvironment } from '#entry/config.ts'
import { createServerHome, setGenesis } from '#entry/home.ts'
import { type RunningServer, startServer } from '#entry/node.ts'
import { followLog } from '#entry/witness-home.ts'
import type { RunningWitness } from '#entry/witness.ts'
import { type Coalition, composeCharter, ORIGIN, QUORUMS } from './coalition.ts'
import { companyKey } from './coalition-keys.ts'
import { distantClients } from './server-process.ts'
import { serveWitness, type WitnessFolder, witnessFolder } from './witnesses.ts'

/** A witness that can be switched off and on again, at one address. */
export interface SwitchedWitness extends WitnessFolder {
  readonly url: string
  off(): Promise<void>
  on(): Promise<void>
}

/** A server over HTTP whose charter names witnesses, and its clients. */
export interface Witnessed {
  readonly home: string
  readonly genesis: string
  readonly witnesses: readonly SwitchedWitness[]
  /** The lines that the server wrote, of all its starts. */
  readonly events: readonly string[]
  /** Clients of the server as it runs now. */
  coalition(): Coalition
  /** Where the server answers now. */
  url(): string
  start(): Promise<void>
  stop(): Promise<void>
  /** Changes `server.json`; it holds from the next start on. */
  settings(change: (file: Record<string, unknown>) => Record<string, unknown>): void
  close(): Promise<void>
}

/** A witness that says and does what a test wants, in place of an honest one. */
export interface Stranger {
  readonly vkey: string
  readonly url: string
}

/** Founds a coalition of three with some witnesses of its own, by the clock of the system. */
export async function foundWitnessed(options: {
  readonly honest: number
  readonly quorum: number
  readonly others?: readonly Stranger[]
  readonly quorums?: Partial<Quorums>
  /** Whether the witnesses run from the beginning. */
  readonly off?: boolean
}): Promise<Witnessed> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-witnessed-'))
  const home = join(folder, 'home')
  const { log_key, service_certificate } = await createServerHome(home, { origin: ORIGIN })
  const witnesses: SwitchedWitness[] = []
  for (let i = 1; i <= options.honest; i++)
    witnesses.push(await switched(`w${String(i)}.example`, log_key))
  if (options.off === true) for (const witness of witnesses) await witness.off()
  const reached = [...witnesses, ...(options.others ?? [])].map(({ url, vkey }) => ({ url, vkey }))
  const { charter, companies } = await draftWitnessed(reached, options, {
    log_key,
    service_certificate,
  })
  const genesis = sha256Hex(charter)
  setGenesis(home, genesis)
  const path = join(home, 'server.json')
  const settings: Witnessed['settings'] = (change) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the server itself
    const file = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    writeFileSync(path, JSON.stringify(change(file)))
  }
  settings((file) => ({ ...file, witnesses: reached, witness_pause_seconds: 0.05 }))
  const coalitionAt = (url: string): Coalition =>
    distantClients(url, { companies, folder: home, genesis, vkey: log_key })
  const witnessed: Witnessed = {
    ...restartable(home, coalitionAt),
    home,
    genesis,
    witnesses,
    settings,
    close: async () => {
      await witnessed.stop()
      for (const witness of witnesses) {
        await witness.off()
        witness.clear()
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await witnessed.start()
  const coalition = witnessed.coalition()
  const votes = companies.map(async (company) => await coalition.sign(company, charter))
  const founded = await coalition.post(charter, ...(await Promise.all(votes)))
  if (founded.status !== 201) throw new Error(`the charter was refused: ${founded.text}`)
  return witnessed
}

interface Drafted {
  readonly charter: Uint8Array
  readonly companies: Coalition['companies']
}

/** A charter of three companies that names the witnesses. */
export async function draftWitnessed(
  reached: readonly Stranger[],
  options: { readonly quorum: number; readonly quorums?: Partial<Quorums> },
  keys: { readonly log_key: string; readonly service_certificate: string },
): Promise<Drafted> {
  const domains = ['contoso.example', 'fabrikam.example', 'litware.example']
  const companies = await Promise.all(domains.map(async (domain) => await companyKey(domain)))
  const vkeys = reached.map(({ vkey }) => vkey).toSorted()
  const terms = {
    ...keys,
    quorums: { ...QUORUMS, ...options.quorums },
    templates: [],
    witnesses: { keys: vkeys, quorum: options.quorum },
  }
  return { charter: composeCharter(companies, terms, Math.floor(Date.now() / 1000)), companies }
}

/** A server that is stopped and started on its home. */
function restartable(
  home: string,
  coalitionAt: (url: string) => Coalition,
): Pick<Witnessed, 'coalition' | 'events' | 'start' | 'stop' | 'url'> {
  const events: string[] = []
  let server: RunningServer | undefined
  const url = (): string => {
    if (server === undefined) throw new Error('the server does not run')
    return server.url
  }
  return {
    events,
    coalition: () => coalitionAt(url()),
    url,
    start: async () => {
      const config = readEnvironment({ DUNANT_PORT: '0' })
      server = await startServer({ home, config, log: (line) => events.push(line) })
    },
    stop: async () => {
      await server?.close()
      server = undefined
    },
  }
}

/** Starts a witness that watches one log, and can be switched off and on again. */
export async function switched(name: string, logKey: string): Promise<SwitchedWitness> {
  const folder = witnessFolder(name)
  followLog(folder.home, logKey, true)
  let witness: RunningWitness | undefined = await serveWitness(folder.home)
  const { url } = witness
  const port = Number(new URL(url).port)
  return {
    ...folder,
    url,
    off: async () => {
      await witness?.close()
      witness = undefined
    },
    on: async () => {
      witness ??= await serveWitness(folder.home, { port })
    },
  }
}

/** Waits until something holds; how long that takes is no part of what is tested. */
export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await holds()) return
    await sleep(50)
  }
  throw new Error('it never came to hold')
}
