import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { type AgentClient, AgentRefusal } from '#client/agent.ts'
import { type AgentDesk, type AgentProcess, openDesk } from '#test/helpers/agent-process.ts'
import { jsonOf, program, runHere } from '#test/helpers/command-line.ts'
import type { SoloCoalition } from '#test/helpers/solo-coalition.ts'
import { type Kill, killAndLook } from './killer.ts'
import type { PostOffice } from './open-post-office.ts'

/** The company's side: its agent, which has a relay of its own, and a second relay on the same outbox, each a process as it is shipped. */
export interface Company {
  /** Asks the agent that runs by now, again and again where it was killed meanwhile. */
  ask<T>(question: (agent: AgentClient) => Promise<T>): Promise<T>
  /** Kills the agent, or the relay, wherever it is, and starts it again. */
  kill(which: 'agent' | 'relay'): Promise<void>
  readonly kills: readonly Kill[]
  /** How many mails are in each state, as `dunant relay status` tells. */
  counts(): Promise<Readonly<Record<string, number>>>
  /** Has the agent publish its list of check codes, and waits until it has. */
  publishCodes(): Promise<void>
  /** Lines of JSON of all runs of both. */
  events(): string
  /** Asks both to end; gives their exit codes. */
  stop(): Promise<readonly number[]>
}

/** Starts the company's processes beside a coalition, with a post office to hand mails to. */
export async function openCompany(solo: SoloCoalition, office: PostOffice): Promise<Company> {
  const desk = await openDesk(solo)
  const folder = join(desk.folder, 'relay')
  configureRelay(folder, office)
  const outbox = join(folder, 'outbox.sqlite')
  // The list of a release holds what was told before it is built.
  setLists(desk, false)
  let agent = await desk.start()
  let relay = startRelay(folder)
  const kills: Kill[] = []
  const told: string[] = []
  const events = () => told.join('') + agent.events() + relay.events()
  const restart = {
    agent: async () => {
      told.push(agent.events())
      agent = await desk.start()
    },
    relay: async () => {
      told.push(relay.events())
      relay = startRelay(folder)
      await Promise.resolve()
    },
  }
  return {
    kills,
    events,
    ask: async (question) => await patiently(desk, () => agent, question),
    kill: async (which) => {
      const victim = which === 'agent' ? agent : relay
      kills.push(await killAndLook(victim.pid, outbox))
      await victim.kill()
      await restart[which]()
    },
    counts: async () => {
      const ran = await runHere(['relay', 'status', '--relay', folder, '--json'])
      return Object.fromEntries(
        Object.entries(jsonOf(ran)).map(([state, count]) => [state, Number(count)]),
      )
    },
    publishCodes: async () => {
      told.push(agent.events())
      expect(await agent.stop()).toBe(0)
      setLists(desk, true)
      agent = await desk.start()
      while (!agent.events().includes('"list_published"')) {
        expect(agent.events()).not.toContain('list_refused')
        await sleep(100)
      }
    },
    stop: async () => await Promise.all([agent.stop(), relay.stop()]),
  }
}

function setLists({ folder }: AgentDesk, publish: boolean): void {
  const path = join(folder, 'agent.json')
  const file: unknown = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...Object(file), check_lists: { publish, desk: false } }))
}

function configureRelay(folder: string, { authority, port }: PostOffice): void {
  mkdirSync(folder, { mode: 0o700 })
  const settings = {
    from: { name: 'Contoso Security', address: 'notices@contoso.example' },
    bounces: 'bounces@contoso.example',
    smtp: { host: '127.0.0.1', port, tls: 'starttls', authorities: 'ca.pem' },
    per_domain_a_minute: 60_000,
    per_domain_at_once: 1000,
    retry_seconds: 2,
  }
  writeFileSync(join(folder, 'relay.json'), JSON.stringify(settings))
  writeFileSync(join(folder, 'ca.pem'), authority)
}

type RelayProcess = Omit<AgentProcess, 'url'>

function startRelay(folder: string): RelayProcess {
  const child: ChildProcess = spawn(process.execPath, [program(), 'relay', '--relay', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr?.on('data', (data: Buffer) => (err += data.toString()))
  const ended = once(child, 'exit')
  const end = async (signal: NodeJS.Signals): Promise<number> => {
    child.kill(signal)
    await ended
    return child.exitCode ?? -1
  }
  return {
    pid: child.pid ?? 0,
    events: () => err,
    kill: async () => {
      await end('SIGKILL')
    },
    stop: async () => await end('SIGTERM'),
  }
}

/** Asked is whoever runs by then; an agent that is not there is asked again, and one that says no is not. */
async function patiently<T>(
  desk: AgentDesk,
  current: () => AgentProcess,
  question: (agent: AgentClient) => Promise<T>,
): Promise<T> {
  for (;;) {
    const asked = current()
    try {
      return await question(desk.client(asked.url))
    } catch (error) {
      if (error instanceof AgentRefusal && !/unavailable/.test(error.problem.type)) throw error
      if (
        error instanceof AgentRefusal ||
        error instanceof TypeError ||
        error instanceof SyntaxError
      )
        await sleep(50)
      else throw error
    }
  }
}
