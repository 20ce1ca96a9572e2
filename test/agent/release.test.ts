import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AgentClient, openAgent } from '#client/agent.ts'
import { base64 } from '#core/bytes.ts'
import { type ServedAgent, startAgent } from '#entry/agent.ts'
import { addAgentClient, createAgentHome } from '#entry/agent-home.ts'
import { openRelay } from '#entry/relay.ts'
import { shippedTemplates } from '#entry/templates.ts'
import { untilPhase } from '#test/helpers/agent-process.ts'
import { ORIGIN } from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { openCampaign } from '#test/helpers/notices.ts'
import { scratch } from '#test/helpers/command-line.ts'
import { type ServerProcess, startServerProcess } from '#test/helpers/server-process.ts'
import { BRIEF } from '#test/helpers/statements.ts'

const folder = scratch()
let server: ServerProcess
let agent: ServedAgent
let client: AgentClient
let relayHome: string
/** Its mail server is down. */
const RELAY = {
  from: { name: 'Contoso security', address: 'security@contoso.example' },
  bounces: 'bounces@contoso.example',
  smtp: { host: '127.0.0.1', port: 9, tls: 'implicit' },
}

beforeAll(async () => {
  const templates = shippedTemplates()
  server = await startServerProcess({ templates: templates.map(({ hash }) => hash).toSorted() })
  const [company] = server.coalition.companies
  if (company === undefined) throw new Error('no company')
  const home = join(folder.path, 'agent')
  mkdirSync(home, { mode: 0o700 })
  const { genesis } = server.coalition.ports
  createAgentHome(home, { party: company.domain, server: server.url, origin: ORIGIN, genesis })
  relayHome = join(home, 'relay')
  mkdirSync(relayHome, { mode: 0o700 })
  writeFileSync(join(relayHome, 'relay.json'), JSON.stringify(RELAY))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as it was just made
  const made = JSON.parse(addAgentClient(home, 'all', ['banner', 'events', 'notices', 'read'])) as {
    id: string
    key: string
  }
  agent = await startAgent({ home, key: company.key, port: 0, templates, log: () => undefined })
  client = openAgent({ ...made, url: agent.url })
})
afterAll(async () => {
  await agent.close()
  await server.clear()
  folder.clear()
})

test('a joint notice is shown by nobody until the last support has come, and on the banner a moment later', async () => {
  const [own, other] = server.coalition.companies
  if (own === undefined || other === undefined) throw new Error('no companies')
  const campaign = await openCampaign(server.coalition, own, [other])
  expect((await server.coalition.submit('campaign.accept', { campaign }, other)).status).toBe(201)
  await client.draft('joint', {
    matter: 'case-1',
    brief: { ...BRIEF, hold_reason: 'protecting-detection' },
    campaign,
    joint: { required: 1, hours: 2 },
    batches: { size: 100, minutes: 60 },
  })
  const account = 'anna@mail.example'
  await client.report('one', { notice: 'joint', account, language: 'en' })
  await client.file('joint')
  await untilPhase(client, 'joint', 'filed')
  const session = { session: 's', authenticatedAt: 1 }
  await sleep(3000)
  expect(await client.banner(account, session)).toBeNull()
  const { act, lane } = await client.standing('joint')
  expect(lane).toBe('priority')
  const body = { notice: act ?? '', statements: ['issuer_is_genuine'] } as const
  expect((await server.coalition.submit('notice.support', body, other)).status).toBe(201)
  const signedAt = Date.now()
  while ((await client.banner(account, session)) === null) await sleep(100)
  // The aim is 15 minutes; the agent looks every two seconds.
  expect(Date.now() - signedAt).toBeLessThan(15 * 60 * 1000)
  expect((await client.proof(account))?.receipt?.supports).toHaveLength(1)
})

test('what was not mailed yet of a notice is not mailed once it is withdrawn', async () => {
  const { certificateBytes } = await companyKey('contoso.example')
  const certificate = base64(certificateBytes)
  const event = { account: 'b@mail.example', address: 'b@mail.example', certificate } as const
  const relay = await openRelay(relayHome, { report: () => undefined })
  await client.draft('wrong', { matter: 'case-2', brief: BRIEF })
  await client.report('two', { ...event, notice: 'wrong', language: 'en' })
  await client.file('wrong')
  await untilPhase(client, 'wrong', 'released')
  const waiting = async (): Promise<number> => {
    const { queued, sending } = await relay.counts()
    return queued + sending
  }
  while ((await waiting()) === 0) await sleep(50)
  await client.draft('gone', {
    matter: 'case-2',
    brief: BRIEF,
    kind: 'withdrawal',
    supersedes: 'wrong',
  })
  await client.report('three', { account: event.account, notice: 'gone', language: 'en' })
  await client.file('gone')
  await untilPhase(client, 'gone', 'released')
  while ((await relay.counts()).sending > 0) await sleep(50)
  expect(await relay.counts()).toMatchObject({ queued: 0, held: 1 })
  await relay.close()
})
