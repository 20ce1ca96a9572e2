import { join } from 'node:path'
import { mkdtempSync } from 'node:fs'
import { openAgentStore } from '#adapters/storage/agent-store.ts'
import { jsonAgentEvents } from '#adapters/system/agent-events.ts'
import type { Agent, HookMessage } from '#agent/agent.ts'
import type { KeptNotice } from '#agent/file-campaign.ts'
import { createLocalApp } from '#agent/local/app.ts'
import type { LocalClient } from '#agent/local/authenticate.ts'
import { changeNotice } from '#agent/notice-record.ts'
import { openVault, type Vault } from '#agent/vault.ts'
import { type AgentClient, openAgent } from '#client/agent.ts'
import { systemRandom } from '#client/random.ts'
import { base64 } from '#core/bytes.ts'
import type { AgentStore } from '#ports/agent-store.ts'
import type { ClientScope } from '#wire/agent.ts'
import { scratch } from './command-line.ts'
import { NOW } from './openpgp-keys.ts'
import { accountTemplate } from './statements.ts'

const URL_BASE = 'http://127.0.0.1:8790'

/** An agent in this process with its real store, whose notices are not filed anywhere. */
export interface LocalAgent {
  readonly agent: Agent
  readonly store: AgentStore
  readonly vault: Vault
  readonly told: readonly HookMessage[]
  readonly path: string
  /** A client with some scopes. */
  client(...scopes: readonly ClientScope[]): AgentClient
  /** Any request, as it is. */
  request(path: string, init?: RequestInit): Promise<Response>
  /** Moves the clock. */
  setNow(seconds: number): void
  /** Has everybody told by a notice be shown this signed notice, base64. */
  show(name: string, signed: string): Promise<void>
  /** Releases a notice whose recipients are shown this text. */
  release(name: string, batches?: readonly { releaseAt: number; stopped: boolean }[]): Promise<void>
  close(): Promise<void>
}

const ALL: readonly ClientScope[] = ['banner', 'events', 'notices', 'read']
const CLIENTS: readonly LocalClient[] = [
  { id: 'all', key: new Uint8Array(32).fill(1), scopes: ALL },
  ...ALL.map((scope, i) => ({
    id: scope,
    key: new Uint8Array(32).fill(10 + i),
    scopes: [scope],
  })),
]

/** Opens an agent. */
export async function openLocalAgent(): Promise<LocalAgent> {
  const folder = scratch()
  const path = join(mkdtempSync(join(folder.path, 'agent-')), 'agent.sqlite')
  const { store } = await openAgentStore(path)
  const vault = openVault(new Uint8Array(32).fill(7))
  let clock = NOW
  const told: HookMessage[] = []
  const agent: Agent = {
    store,
    vault,
    now: () => clock,
    random: systemRandom,
    templates: [accountTemplate()],
    issuer: { origin: 'coalition.example', genesis: '0'.repeat(64), party: 'contoso.example' },
    events: jsonAgentEvents(() => undefined),
    tell: async (message) => {
      told.push(message)
      await Promise.resolve()
    },
    holdMail: async () => await Promise.resolve(),
    wake: () => undefined,
  }
  const app = createLocalApp(agent, { clients: CLIENTS, isDraining: () => false })
  const request: LocalAgent['request'] = async (at, init = {}) => {
    const headers = new Headers(init.headers)
    if (!headers.has('host')) headers.set('host', '127.0.0.1:8790')
    return await app.request(new URL(at, URL_BASE).href, { ...init, headers })
  }
  return {
    agent,
    store,
    vault,
    told,
    path,
    request,
    client: (...scopes) => {
      const found = CLIENTS.find(({ id }) => id === (scopes.length === 1 ? scopes[0] : 'all'))
      if (found === undefined) throw new Error('no such client')
      return openAgent({
        id: found.id,
        key: base64(found.key),
        url: URL_BASE,
        now: () => clock,
        fetch: async (input, init) =>
          await request(input instanceof Request ? input.url : input.toString(), init),
      })
    },
    setNow: (seconds) => {
      clock = seconds
    },
    show: async (name, signed) => {
      await show(agent, name, { batches: 1, signed })
    },
    release: async (name, batches = [{ releaseAt: clock, stopped: false }]) => {
      await show(agent, name, { batches: batches.length, signed: 'AAAA' })
      await changeNotice(agent, name, () => ({
        phase: 'released',
        state: { batches, releasedAt: clock },
      }))
    },
    close: async () => {
      await store.close()
      folder.clear()
    },
  }
}

async function show(
  { store, vault }: Agent,
  name: string,
  { batches, signed }: { readonly batches: number; readonly signed: string },
): Promise<void> {
  const recipients = await store.listRecipients(name, '')
  const kept: KeptNotice = {
    file: {
      count: 1024,
      index: 3,
      kind: 'product',
      path: ['0'.repeat(64)],
      salt: '0'.repeat(64),
      signed,
      v: 1,
    },
    language: 'en',
    direction: 'ltr',
    subject: `About <${name}>`,
    lines: ['Somebody & others', 'attacked you'],
  }
  await store.keepProducts(
    recipients.map(({ reference }) => ({
      reference,
      notice: name,
      sealed: vault.seal(JSON.stringify(kept), `product ${reference}`),
    })),
  )
  await store.setBatches(recipients.map(({ reference }, i) => ({ reference, batch: i % batches })))
}
