import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { mailCipher } from '#adapters/crypto/mail-cipher.ts'
import { openAgentStore } from '#adapters/storage/agent-store.ts'
import { jsonAgentEvents } from '#adapters/system/agent-events.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { systemRandom } from '#adapters/system/random.ts'
import type { Agent } from '#agent/agent.ts'
import { archiveDue, deleteDue, steadyClock } from '#agent/archive.ts'
import { deriveKey } from '#agent/check/derive-key.ts'
import { keepLists } from '#agent/check/list-keeper.ts'
import { openSealer } from '#agent/filing/open-sealer.ts'
import { createLocalApp } from '#agent/local/app.ts'
import { mailDeliveries, mailDue } from '#agent/mail-notices.ts'
import { filerOf, type FilerTerms, type GetFiler } from '#agent/open-filer.ts'
import { pinFiles } from '#agent/pin-files.ts'
import { silently } from '#agent/progress.ts'
import { type Chore, type RunningAgent, runAgent } from '#agent/run.ts'
import { openVault } from '#agent/vault.ts'
import { type HookPorts, queueHook, sendHooks } from '#agent/webhooks.ts'
import { DAY_SECONDS } from '#core/time.ts'
import type { Clock } from '#ports/clock.ts'
import { type AgentHome, readAgentHome } from './agent-home.ts'
import { startAlone } from './held-home.ts'
import { listen } from './listen.ts'
import { openRelay, type Relay } from './relay.ts'
import { openNativeSealer } from './sealer.ts'
import { drain } from './stop.ts'

const STOP_SECONDS = 20
const HOOK_SECONDS = 1
const MAIL_SECONDS = 2
const ARCHIVE_SECONDS = 60
const RETENTION_SECONDS = 600
const LIST_SECONDS = 30

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
  const readHome = readAgentHome(home, keys)
  const { clients, file, hooks, paths, vaultKey } = readHome
  const { store } = await openAgentStore(paths.database)
  const events = jsonAgentEvents(log)
  const now = (): number => clock.now()
  const { genesis, origin, party, server } = file
  const hookPorts: HookPorts = { store, endpoints: hooks, now, random, send: fetch }
  let work: RunningAgent | undefined
  const mail: { relay: Relay | undefined } = { relay: undefined }
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
    holdMail: async (batch, isHeld) => {
      await mail.relay?.hold(batch, isHeld)
    },
    wake: () => work?.wake(),
  }
  mail.relay = await openOwnRelay(agent, { folder: paths.relay, log, clock })
  let isDraining = false
  const app = createLocalApp(agent, { clients, isDraining: () => isDraining })
  const listening = await listen(app, { host: '127.0.0.1', port })
  const getFiler = filerOf({
    coalition: { origin, genesis },
    key,
    now,
    party,
    pins: pinFiles(paths.pins),
    server,
  })
  work = runAgent({
    agent,
    getFiler,
    workplace: {
      folder: paths.filings,
      tools: {
        openProgress: silently,
        openSealer: async (terms, amount) => await openSealer(terms, amount, openNativeSealer),
      },
    },
    chores: [
      { name: 'hooks', seconds: HOOK_SECONDS, run: async () => await sendHooks(hookPorts) },
      ...listChores(agent, { home: readHome, getFiler }),
      ...choresOf(agent, { home: readHome, relay: mail.relay }),
    ],
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
      await mail.relay?.close()
      await store.close()
      events.stopped({ cut })
    },
  }
}

/** The company's lists of check codes. */
function listChores(
  agent: Agent,
  { getFiler, home }: { readonly home: AgentHome; readonly getFiler: GetFiler },
): readonly Chore[] {
  const { check_lists: lists } = home.file
  if (!lists.publish) return []
  const run = keepLists({
    agent,
    getFiler,
    folder: home.paths.checkKeys,
    derive: deriveKey,
    keyings: lists.desk ? ['account', 'code'] : ['account'],
    room: lists.room,
  })
  return [{ name: 'check-lists', seconds: LIST_SECONDS, isLong: true, run }]
}

/** What is done beside notices: mail, archive, deletion. */
function choresOf(
  agent: Agent,
  { home, relay }: { readonly home: AgentHome; readonly relay: Relay | undefined },
): readonly Chore[] {
  const { archiveCertificate, file, paths } = home
  const retentionSeconds = file.retention_days * DAY_SECONDS
  const place = { filings: paths.filings, folder: paths.archive, retentionSeconds }
  const clock = steadyClock(agent.now, () => performance.now())
  const archive =
    archiveCertificate === undefined
      ? undefined
      : { ...place, certificate: archiveCertificate, cipher: mailCipher }
  return [
    ...(relay === undefined
      ? []
      : [
          {
            name: 'mail',
            seconds: MAIL_SECONDS,
            // Key directories are others' machines, and may take their time.
            isLong: true as const,
            run: async () => await mailDue(agent, relay),
          },
        ]),
    ...(archive === undefined
      ? []
      : [
          {
            name: 'archive',
            seconds: ARCHIVE_SECONDS,
            run: async () => await archiveDue(agent, archive),
          },
        ]),
    {
      name: 'retention',
      seconds: RETENTION_SECONDS,
      run: async () => {
        // Whoever sets the clock of a machine ahead does not have a company's evidence deleted: somebody starts the agent again first.
        const state = clock.state()
        if (state === 'steady') await deleteDue(agent, place)
        if (state === 'jumped') agent.events.unavailable({ operation: 'retention' })
      },
    },
  ]
}

/** The company's own relay, where it has settings. */
async function openOwnRelay(
  agent: Agent,
  { clock, folder, log }: Pick<AgentOptions, 'log'> & { folder: string; clock: Clock },
): Promise<Relay | undefined> {
  if (!existsSync(join(folder, 'relay.json'))) return undefined
  const relay = await openRelay(folder, { deliveries: mailDeliveries(agent), report: log, clock })
  relay.start()
  return relay
}
