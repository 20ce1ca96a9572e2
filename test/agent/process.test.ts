import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isWebhook, webhookKey } from '#client/webhook.ts'
import type { NamedEvent, NoticeDraft } from '#wire/agent.ts'
import { type AgentProcess, openDesk, untilPhase } from '#test/helpers/agent-process.ts'
import { program } from '#test/helpers/command-line.ts'
import { noticesOf } from '#test/helpers/kill-filing.ts'
import {
  accepted,
  draftNotice,
  openSolo,
  type SoloCoalition,
} from '#test/helpers/solo-coalition.ts'

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

function events(notice: string, count: number): NamedEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    event_id: `${notice}-${String(i)}`,
    notice,
    account: `user${String(i)}@mail.example`,
    language: 'en',
  }))
}

const SESSION = { session: 's', authenticatedAt: 1_795_000_000 }

test('an agent that is killed again and again files one notice, and everybody has their banner with its proof', async () => {
  const desk = await openDesk(solo, 'killed')
  let agent: AgentProcess = await desk.start()
  let client = desk.client(agent.url)
  await client.draft('spring', { matter: 'case-1', brief })
  const all = events('spring', 400)
  await client.reportAll(all)
  const before = noticesOf(solo)
  await client.file('spring')
  for (const milliseconds of [150, 350, 500, 700, 900]) {
    await sleep(milliseconds)
    await agent.kill()
    agent = await desk.start()
  }
  client = desk.client(agent.url)
  await client.reportAll(all).then((taken) => expect(taken.every((one) => one.taken)).toBe(true))
  await untilPhase(client, 'spring', 'released')
  expect(noticesOf(solo) - before).toBe(1)
  expect(await client.standing('spring')).toMatchObject({
    recipients: 400,
    states: { queued: 400 },
  })
  for (const { account } of [all[0], all[399]].flatMap((one) => (one === undefined ? [] : [one]))) {
    expect((await client.banner(account, SESSION))?.lines.join('\n')).toContain(account)
    expect((await client.proof(account))?.receipt).toBeDefined()
  }
  expect(await agent.stop()).toBe(0)
})

test('two agents do not work on one folder, and the second says so', async () => {
  const desk = await openDesk(solo, 'twice')
  const agent = await desk.start()
  const second = spawnSync(
    process.execPath,
    [
      program(),
      'agent',
      'serve',
      '--data',
      desk.folder,
      '--port',
      '0',
      '--passphrase-file',
      solo.path('passphrase'),
    ],
    { encoding: 'utf8' },
  )
  expect(second.status).toBe(7)
  expect(second.stderr).toContain('another process holds')
  expect(await agent.stop()).toBe(0)
})

test('a small notice is on the banner while a large filing is under way beside it', async () => {
  const desk = await openDesk(solo, 'joint')
  const agent = await desk.start()
  const client = desk.client(agent.url)
  await client.draft('large', { matter: 'case-2', brief })
  const crowd = events('large', 2500)
  for (let at = 0; at < crowd.length; at += 500) await client.reportAll(crowd.slice(at, at + 500))
  await client.draft('small', { matter: 'case-3', brief })
  await client.report('one', { notice: 'small', account: 'anna@mail.example', language: 'en' })
  await client.file('large')
  await client.file('small')
  await untilPhase(client, 'small', 'released')
  expect((await client.banner('anna@mail.example', SESSION))?.lines.length).toBeGreaterThan(5)
  expect((await client.standing('small')).lane).toBe('priority')
  expect((await client.standing('large')).phase).not.toBe('draft')
  expect(agent.events()).not.toMatch(/anna|case-3|small/)
  expect(await agent.stop()).toBe(0)
})

test("the company's own systems are told, signed, and again after they were down", async () => {
  const arrived: { body: string; ok: boolean; id: string }[] = []
  let key = new Uint8Array()
  let isDown = true
  const system = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts).toString()
      const { headers } = request
      const now = Math.floor(Date.now() / 1000)
      const ok = isWebhook(key, { body, header: (name) => String(headers[name] ?? ''), now })
      arrived.push({ body, ok, id: String(headers['webhook-id']) })
      response.writeHead(isDown ? 503 : 204).end()
      isDown = false
    })
  })
  await new Promise<void>((resolve) => system.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = system.address() as AddressInfo
  const desk = await openDesk(solo, 'hooked')
  const made = await accepted(
    solo.dunant(
      'company',
      `agent hook tickets --url http://127.0.0.1:${String(port)}/x --data ${desk.folder}`,
    ),
  )
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the command prints it
  const { secret } = JSON.parse(made.out) as { secret: string }
  key = Uint8Array.from(webhookKey(secret) ?? [])
  const agent = await desk.start()
  const client = desk.client(agent.url)
  await client.draft('told', { matter: 'case-4', brief })
  await client.report('told-1', { notice: 'told', account: 'anna@mail.example', language: 'en' })
  await client.file('told')
  await untilPhase(client, 'told', 'released')
  while (new Set(arrived.map(({ id }) => id)).size < 2 || arrived.length < 3) await sleep(100)
  expect(arrived.every(({ ok }) => ok)).toBe(true)
  expect(new Set(arrived.map(({ id }) => id)).size).toBe(2)
  const types = arrived.map(({ body }) => /"type":"([a-z.]+)"/.exec(body)?.[1])
  expect(new Set(types)).toEqual(new Set(['notice.filed', 'notice.released']))
  for (const { body } of arrived) expect(body).not.toContain('anna')
  expect(await agent.stop()).toBe(0)
  system.close()
})

test('a correction that would leave somebody out is not filed, and says so', async () => {
  const desk = await openDesk(solo, 'corrected')
  const agent = await desk.start()
  const client = desk.client(agent.url)
  await client.draft('first', { matter: 'case-5', brief })
  await client.reportAll(events('first', 3))
  await client.file('first')
  await untilPhase(client, 'first', 'released')
  const fix = { matter: 'case-5', brief, kind: 'correction', supersedes: 'first' } as const
  await client.draft('fix', fix)
  await client.reportAll(events('fix', 2))
  await client.file('fix')
  await untilPhase(client, 'fix', 'failed')
  expect((await client.standing('fix')).refused).toMatchObject({ reason: 'recipients-missing' })
  expect((await client.standing('fix')).refused).toMatchObject({ next: 'draft-anew' })
  await client.draft('fix', { ...fix, left_out: 'account-closed' })
  await client.file('fix')
  await untilPhase(client, 'fix', 'released')
  expect((await client.banner('user0@mail.example', SESSION))?.subject).toContain('Correction')
  expect(await agent.stop()).toBe(0)
})
