import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { mailDeliveries, mailDue } from '#agent/mail-notices.ts'
import { changeNotice } from '#agent/notice-record.ts'
import { composeProductLine } from '#client/envelope.ts'
import { base64 } from '#core/bytes.ts'
import { openRelay } from '#entry/relay.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { scratch } from '#test/helpers/command-line.ts'
import { openLocalAgent } from '#test/helpers/local-agent.ts'
import { accepted, NOW } from '#test/helpers/openpgp-keys.ts'
import { accountText, BRIEF, STATEMENT } from '#test/helpers/statements.ts'

const folder = scratch()
afterAll(() => {
  folder.clear()
})

const SETTINGS = {
  from: { name: 'Contoso security', address: 'security@contoso.example' },
  bounces: 'bounces@contoso.example',
  smtp: { host: '127.0.0.1', port: 9, tls: 'implicit' },
}

test('only who has an address and a certificate is mailed, once, and what the relay reports is their state', async () => {
  const local = await openLocalAgent()
  const client = local.client()
  const { certificateBytes } = await companyKey('contoso.example')
  const certificate = base64(certificateBytes)
  await client.draft('spring', { matter: 'case-1', brief: BRIEF })
  const event = { notice: 'spring', language: 'en' } as const
  await client.report('e1', { ...event, account: 'a', address: 'a@mail.example', certificate })
  await client.report('e2', { ...event, account: 'b', address: 'b@mail.example' })
  await client.report('e3', { ...event, account: 'c', certificate })
  await client.report('e4', {
    ...event,
    account: 'd',
    address: 'd@mail.example',
    certificate: 'AAAA',
  })
  await local.release('spring')
  const { key } = await companyKey('contoso.example')
  const draft = { statement: STATEMENT, texts: accountText('en'), reporterKey: key, at: NOW }
  const salt = new Uint8Array(32)
  const { signed } = accepted(await composeProductLine(draft, { account: 'a', salt }))
  await local.show('spring', base64(signed))
  await changeNotice(local.agent, 'spring', () => ({ state: { act: 'ab'.repeat(32) } }))
  const home = join(folder.path, 'relay')
  mkdirSync(home, { mode: 0o700 })
  writeFileSync(join(home, 'relay.json'), JSON.stringify(SETTINGS))
  const relay = await openRelay(home, {
    deliveries: mailDeliveries(local.agent),
    report: () => undefined,
    clock: { now: local.agent.now },
    directories: [],
  })
  const queued: string[] = []
  const counted = {
    findCertificate: async (address: string) => await relay.findCertificate(address),
    queue: async (notices: Parameters<typeof relay.queue>[0]) => {
      const outcomes = await relay.queue(notices)
      queued.push(...outcomes.map(({ outcome }) => outcome))
      return outcomes
    },
  }
  await mailDue(local.agent, counted)
  await mailDue(local.agent, counted)
  await changeNotice(local.agent, 'spring', () => ({ state: { isMailed: false } }))
  await mailDue(local.agent, counted)
  expect(queued.toSorted()).toEqual(['known', 'product-line', 'product-line', 'queued'])
  expect(await relay.counts()).toMatchObject({ queued: 1 })
  const unmailed = await client.eventStanding('e4')
  expect(unmailed.states.map(({ state }) => state).toSorted()).toEqual(['bounced', 'queued'])
  expect(unmailed.states.map(({ reason }) => reason).join('')).toMatch(/^[a-z]+-[a-z-]+$/)
  const first = await local.store.findRecipient('spring', local.vault.tag('account', 'a'))
  const deliveries = mailDeliveries(local.agent)
  const reference = first?.reference ?? ''
  await deliveries.note([{ reference, state: { state: 'sent' } }])
  await deliveries.note([
    { reference, state: { state: 'suppressed' } },
    { reference: 'reference-of-nobody', state: { state: 'sent' } },
  ])
  const states = await local.store.statesOf(first?.reference ?? '')
  expect(states.map(({ reason, state }) => `${state} ${reason}`).toSorted()).toEqual([
    'bounced suppressed',
    'queued ',
    'sent ',
  ])
  await relay.close()
  await local.close()
})
