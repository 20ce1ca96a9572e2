import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AgentClient, openAgent } from '#client/agent.ts'
import { program } from './command-line.ts'
import { accepted, COMPANY, SOLO_ORIGIN, type SoloCoalition } from './solo-coalition.ts'

/** An agent in a process of its own, as it is shipped. */
export interface AgentProcess {
  readonly url: string
  readonly pid: number
  /** Lines of JSON, one for each event so far. */
  events(): string
  /** Ends it as a power cut does. */
  kill(): Promise<void>
  /** Asks it to end; gives its exit code. */
  stop(): Promise<number>
}

/** An agent's folder beside a coalition of one. */
export interface AgentDesk {
  readonly folder: string
  /** Starts the agent; it may have run before. */
  start(): Promise<AgentProcess>
  /** A client with all scopes, of the agent that runs at a URL. */
  client(url: string): AgentClient
}

/** Makes an agent's folder for the one company, with a client that may do everything. */
export async function openDesk(solo: SoloCoalition, name = 'agent'): Promise<AgentDesk> {
  const folder = solo.path(name)
  const data = `--data ${folder}`
  await accepted(
    solo.dunant(
      'company',
      `agent init ${data} --party ${COMPANY} --server ${solo.server.url} --origin ${SOLO_ORIGIN} --genesis ${solo.genesis}`,
    ),
  )
  copyFileSync(solo.path('company/keys/contoso-example.asc'), join(folder, 'keys/reporter.asc'))
  const out = solo.path(`${name}-all.json`)
  await accepted(
    solo.dunant(
      'company',
      `agent client all ${data} --may banner --may events --may notices --may read --out ${out}`,
    ),
  )
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as `agent client` writes it
  const credentials = JSON.parse(readFileSync(out, 'utf8')) as { id: string; key: string }
  return {
    folder,
    client: (url) => openAgent({ ...credentials, url }),
    start: async () => await startProcess(folder, solo.path('passphrase')),
  }
}

async function startProcess(folder: string, passphrase: string): Promise<AgentProcess> {
  const words = ['agent', 'serve', '--data', folder, '--port', '0', '--json']
  const child = spawn(process.execPath, [program(), ...words, '--passphrase-file', passphrase], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (data: Buffer) => (out += data.toString()))
  child.stderr.on('data', (data: Buffer) => (err += data.toString()))
  const ended = once(child, 'exit')
  const url = await addressOf(child, () => out + err)
  const end = async (signal: NodeJS.Signals): Promise<number> => {
    child.kill(signal)
    await ended
    return child.exitCode ?? -1
  }
  return {
    url,
    pid: child.pid ?? 0,
    events: () => err,
    kill: async () => {
      await end('SIGKILL')
    },
    stop: async () => await end('SIGTERM'),
  }
}

async function addressOf(child: ChildProcess, said: () => string): Promise<string> {
  for (;;) {
    const url = /^\{"url":"([^"]+)"\}/m.exec(said())?.[1]
    if (url !== undefined) return url
    if (child.exitCode !== null) throw new Error(`the agent ended: ${said()}`)
    await sleep(20)
  }
}

/** Waits until a notice stands as it should. */
export async function untilPhase(
  client: AgentClient,
  name: string,
  phase: 'failed' | 'filed' | 'released',
): Promise<void> {
  for (;;) {
    const standing = await client.standing(name)
    if (standing.phase === phase) return
    if (standing.phase === 'failed') throw new Error(JSON.stringify(standing.refused))
    await sleep(100)
  }
}
