import { openAgentStore } from '#adapters/storage/agent-store.ts'
import { jsonAgentEvents } from '#adapters/system/agent-events.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { systemRandom } from '#adapters/system/random.ts'
import type { Agent } from '#agent/agent.ts'
import { openSealer } from '#agent/filing/open-sealer.ts'
import { createLocalApp } from '#agent/local/app.ts'
import { filerOf, type FilerTerms } from '#agent/open-filer.ts'
import { pinFiles } from '#agent/pin-files.ts'
import { silently } from '#agent/progress.ts'
import { type RunningAgent, runAgent } from '#agent/run.ts'
import { openVault } from '#agent/vault.ts'
import { type HookPorts, queueHook, sendHooks } from '#agent/webhooks.ts'
import type { Clock } from '#ports/clock.ts'
import { readAgentHome } from './agent-home.ts'
import { startAlone } from './held-home.ts'
import { listen } from './listen.ts'
import { openNativeSealer } from './sealer.ts'
import { drain } from './stop.ts'

const STOP_SECONDS = 20
const HOOK_SECONDS = 1

const random = (count: number): Uint8Array => systemRandom.bytes(count)

/** What one agent process is started with. */
export interface AgentOptions {
  /** The agent's own folder. */
  readonly home: string
  /** The folder of its keys, where it is another. */
  readonly keys?: string | undefined
  /** An officer's key, unlocked: it signs the notices and files them. */
  readonly key: FilerTerms['key']
  /** On the loopback interface; there is no other. */
  readonly port: number
  readonly templates: Agent['templates']
  /** Receives one line of JSON per event. */
  readonly log: (line: string) => void
  /** The system's clock where it is left out. */
  readonly clock?: Clock
}

/** An agent that listens and works. */
export interface ServedAgent {
  readonly url: string
  close(): Promise<void>
}

/**
 * Starts an agent, as the only one on its folder.
 *
 * @throws Error when a part of its folder is missing or malformed. @throws Unavailable where another process holds the folder.
 */
export async function startAgent(options: AgentOptions): Promise<ServedAgent> {
  return await startAlone(options.home, async () => await startInHome(options))
}

async function startInHome(options: AgentOptions): Promise<ServedAgent> {
  const { home, key, keys, log, port, templates, clock = systemClock } = options
  const { clients, file, hooks, paths, vaultKey } = readAgentHome(home, keys)
  const { store } = await openAgentStore(paths.database)
  const events = jsonAgentEvents(log)
  const now = (): number => clock.now()
  const { genesis, origin, party, server } = file
  const hookPorts: HookPorts = { store, endpoints: hooks, now, random, send: fetch }
  let work: RunningAgent | undefined
  const agent: Agent = {
    store,
    vault: openVault(vaultKey.reveal()),
    now,
    random,
    templates,
    issuer: { origin, genesis, party },
    events,
    tell: async (message) => {
      await queueHook(hookPorts, message)
    },
    wake: () => work?.wake(),
  }
  let isDraining = false
  const app = createLocalApp(agent, { clients, isDraining: () => isDraining })
  const listening = await listen(app, { host: '127.0.0.1', port })
  work = runAgent({
    agent,
    getFiler: filerOf({
      coalition: { origin, genesis },
      key,
      now,
      party,
      pins: pinFiles(paths.pins),
      server,
    }),
    workplace: {
      folder: paths.filings,
      tools: {
        openProgress: silently,
        openSealer: async (terms, amount) => await openSealer(terms, amount, openNativeSealer),
      },
    },
    chores: [{ name: 'hooks', seconds: HOOK_SECONDS, run: async () => await sendHooks(hookPorts) }],
  })
  events.listening({ url: listening.url })
  const running = work
  return {
    url: listening.url,
    close: async () => {
      isDraining = true
      events.stopping({ seconds: STOP_SECONDS })
      const { cut } = await drain(listening.server, STOP_SECONDS)
      await running.stop()
      await store.close()
      events.stopped({ cut })
    },
  }
}
