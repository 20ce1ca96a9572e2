import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { statementOf } from '#agent/file-campaign.ts'
import type { AgentClient } from '#client/agent.ts'
import type { NoticeDraft } from '#wire/agent.ts'
import {
  type AgentDesk,
  type AgentProcess,
  openDesk,
  untilPhase,
} from '#test/helpers/agent-process.ts'
import { jsonOf, type Ran } from '#test/helpers/command-line.ts'
import {
  COMPANY,
  draftNotice,
  openSolo,
  SOLO_ORIGIN,
  type SoloCoalition,
} from '#test/helpers/solo-coalition.ts'

const UNWITNESSED = 6
const UNVERIFIED = 5

let solo: SoloCoalition
let brief: NoticeDraft['brief']
beforeAll(async () => {
  solo = await openSolo()
  await draftNotice(solo)
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- as `notice draft` writes it
  brief = JSON.parse(readFileSync(solo.path('draft/brief.json'), 'utf8'))
})
afterAll(async () => {
  await solo.close()
})

/** Has the agent in this folder publish lists, or leave that to another one. */
function setLists({ folder }: AgentDesk, publish: boolean): void {
  const path = join(folder, 'agent.json')
  const file: unknown = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, JSON.stringify({ ...Object(file), check_lists: { publish, desk: true } }))
}

async function untilPublished(agent: AgentProcess, count: number): Promise<void> {
  while (agent.events().split('list_published').length - 1 < count) {
    expect(agent.events()).not.toContain('list_refused')
    await sleep(50)
  }
}

async function release(
  client: AgentClient,
  name: string,
  { accounts, ...draft }: { readonly accounts: readonly string[] } & Partial<NoticeDraft>,
): Promise<void> {
  await client.draft(name, { matter: 'case', brief, ...draft })
  for (const account of accounts)
    await client.report(`${name}-${account}`, { notice: name, account, language: 'en' })
  await client.file(name)
  await untilPhase(client, name, 'released')
}

/** What the customer reads as the code of their notice. */
async function codeOf(client: AgentClient, account: string): Promise<string> {
  const proof = await client.proof(account)
  const statement = proof === null ? undefined : statementOf(proof)
  if (statement === undefined) throw new Error('there is no notice')
  return statement.check
}

async function check(code: string, account: string): Promise<Ran> {
  const trust = `--server ${solo.server.url} --origin ${SOLO_ORIGIN} --genesis ${solo.genesis}`
  return await solo.dunant('stranger', `check ${code} --account ${account} ${trust}`)
}

test('what an agent files is found by its code in the next list, with what became of it since', async () => {
  const desk = await openDesk(solo, 'listed')
  setLists(desk, false)
  const filing = await desk.start()
  const client = desk.client(filing.url)
  await release(client, 'spring', { accounts: ['anna@mail.example', 'ben@mail.example'] })
  await release(client, 'wrong', { accounts: ['cleo@mail.example', 'dora@mail.example'] })
  const wrong = await codeOf(client, 'cleo@mail.example')
  const back = { kind: 'withdrawal', supersedes: 'wrong', left_out: 'account-closed' } as const
  await release(client, 'back', { accounts: ['cleo@mail.example'], ...back })
  await release(client, 'old', { accounts: ['emil@mail.example', 'fay@mail.example'] })
  const [corrected, kept] = [
    await codeOf(client, 'emil@mail.example'),
    await codeOf(client, 'fay@mail.example'),
  ]
  await release(client, 'new', {
    accounts: ['emil@mail.example'],
    kind: 'follow_up',
    supersedes: 'old',
    left_out: 'not-affected',
  })
  const [anna, ben, taken, dora] = await Promise.all(
    ['anna', 'ben', 'cleo', 'dora'].map(
      async (name) => await codeOf(client, `${name}@mail.example`),
    ),
  )
  await client.codePublished('spring', 'Ben@mail.example')
  await expect(client.codePublished('spring', 'nobody@mail.example')).rejects.toThrow('not-found')
  expect((await check(anna ?? '', 'anna@mail.example')).code).toBe(UNVERIFIED)
  expect(await filing.stop()).toBe(0)
  expect(filing.events()).not.toMatch(/list_|"failed"/)

  setLists(desk, true)
  const publishing = await desk.start()
  await untilPublished(publishing, 2)
  expect(await publishing.stop()).toBe(0)
  expect(publishing.events()).not.toMatch(/mail\.example|spring/)

  const found = await check(anna ?? '', 'Anna@mail.example')
  expect([found.code, found.err]).toEqual([UNWITNESSED, ''])
  expect(jsonOf(found)).toMatchObject({
    findings: [{ filer: COMPANY, status: 'valid' }],
    missing: [],
  })
  expect(found.out.replaceAll('\u00a0', ' ')).toContain('+41 22 555 01 02')
  expect(found.out).toContain('Change the password')
  expect(found.out).not.toMatch(/anna@|ben@/i)

  const told = async (code: string | undefined, account: string) => {
    const ran = await check(code ?? '', `${account}@mail.example`)
    return ran.out.match(/(?<="status": ?")(?:valid|updated|corrected|withdrawn|published)/g) ?? []
  }
  expect(await told(ben, 'ben')).toEqual(['published'])
  expect(await told(wrong, 'cleo')).toEqual(['withdrawn'])
  expect(await told(taken, 'cleo')).toEqual(['valid'])
  expect(await told(dora, 'dora')).toEqual(['withdrawn'])
  expect(await told(corrected, 'emil')).toEqual(['updated'])
  expect(await told(kept, 'fay')).toEqual(['valid'])
  expect(await told(anna, 'ben')).toEqual([])
})

test('an agent that has told nobody publishes its lists, once for each release', async () => {
  const other = await openSolo()
  const desk = await openDesk(other, 'silent')
  setLists(desk, true)
  const agent = await desk.start()
  await untilPublished(agent, 2)
  await agent.kill()
  const again = await desk.start()
  await sleep(3000)
  expect(await again.stop()).toBe(0)
  expect(again.events()).not.toContain('list_')
  const lists: unknown = await (await fetch(`${other.server.url}/api/checks`)).json()
  expect(lists).toMatchObject({ lists: [{ filer: COMPANY }, { filer: COMPANY }] })
  await other.close()
})
