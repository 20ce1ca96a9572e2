import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { mailDeliveries, mailDue } from '#agent/mail-notices.ts'
import { changeNotice, recordOf } from '#agent/notice-record.ts'
import { composeProductLine } from '#client/envelope.ts'
import { base64 } from '#core/bytes.ts'
import { openRelay } from '#entry/relay.ts'
import type { Answer, KeyDirectory } from '#ports/key-directory.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { scratch } from '#test/helpers/command-line.ts'
import { openLocalAgent } from '#test/helpers/local-agent.ts'
import { reader } from '#test/helpers/mail.ts'
import { accepted, DAY, NOW } from '#test/helpers/openpgp-keys.ts'
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

/** A released notice for a few accounts with an address each, and a relay whose directories answer what the test says. */
async function openWorld(name: string, addresses: readonly string[]) {
  const local = await openLocalAgent()
  const client = local.client()
  const answers = new Map<string, Answer>()
  const directory: KeyDirectory = {
    kind: 'wkd',
    host: '',
    find: async ({ domain, local: who }) =>
      await Promise.resolve(answers.get(`${who}@${domain}`) ?? { kind: 'none' }),
  }
  const home = join(folder.path, name)
  mkdirSync(home, { mode: 0o700 })
  writeFileSync(join(home, 'relay.json'), JSON.stringify(SETTINGS))
  const relay = await openRelay(home, {
    deliveries: mailDeliveries(local.agent),
    report: () => undefined,
    clock: { now: local.agent.now },
    directories: [directory],
  })
  const { key } = await companyKey('contoso.example')
  const draft = { statement: STATEMENT, texts: accountText('en'), reporterKey: key, at: NOW }
  const salt = new Uint8Array(32)
  const { signed } = accepted(await composeProductLine(draft, { account: 'a', salt }))
  const release = async (notice: string) => {
    await client.draft(notice, { matter: 'case-1', brief: BRIEF })
    for (const address of addresses)
      await client.report(`${notice}-${address}`, {
        notice,
        account: address,
        address,
        language: 'en',
      })
    await local.release(notice)
    await local.show(notice, base64(signed))
    const act = notice === 'spring' ? 'ab'.repeat(32) : 'cd'.repeat(32)
    await changeNotice(local.agent, notice, () => ({ state: { act } }))
  }
  return {
    local,
    relay,
    release,
    publish: (address: string, answer: Answer) => answers.set(address, answer),
    mail: async (after = 0) => {
      local.setNow(local.agent.now() + after)
      await mailDue(local.agent, relay)
    },
    /** States and reasons of an event. */
    standing: async (event: string) =>
      (await client.eventStanding(event)).states
        .map(({ reason, state }) => `${state} ${reason}`.trim())
        .toSorted(),
    close: async () => {
      await relay.close()
      await local.close()
    },
  }
}

const keyOf = async (address: string): Promise<Answer & { fingerprint: string }> => {
  const { certificate } = await reader(address)
  const fingerprint = accepted(
    await (await import('#core/openpgp.ts')).readCertificate(certificate),
  ).life.primary.fingerprint
  return { kind: 'certificates', certificates: [certificate], fingerprint }
}

test('an address without a certificate is looked up, and who has no key is told of at once by the event that was reported', async () => {
  const world = await openWorld('found', ['anna@mail.example', 'ben@mail.example', 'nowhere'])
  world.publish('anna@mail.example', await keyOf('anna@mail.example'))
  await world.release('spring')
  await world.mail()
  expect(await world.relay.counts()).toMatchObject({ queued: 1 })
  expect(await world.standing('spring-anna@mail.example')).toEqual(['queued'])
  expect(await world.standing('spring-ben@mail.example')).toEqual([
    'bounced certificate-missing',
    'queued',
  ])
  const reported = world.local.told.filter(({ type }) => type === 'recipient.reported')
  expect(reported).toHaveLength(1)
  expect(reported[0]?.data).toMatchObject({ notice: 'spring', state: 'bounced' })
  expect(Object(reported[0]?.data).recipients).toEqual(
    expect.arrayContaining([
      { events: ['spring-ben@mail.example'], reason: 'certificate-missing' },
      { events: ['spring-nowhere'], reason: 'mail-address-invalid' },
    ]),
  )
  await world.close()
})

test('a key that changed is held with the reason, mailed to nobody, and used once it was confirmed', async () => {
  const world = await openWorld('changed', ['anna@mail.example'])
  const [old, fresh] = [await keyOf('anna@mail.example'), await keyOf('anna@mail.example')]
  world.publish('anna@mail.example', old)
  await world.release('spring')
  await world.mail()
  world.publish('anna@mail.example', fresh)
  world.local.setNow(world.local.agent.now() + DAY)
  await world.release('summer')
  await world.mail()
  const event = 'summer-anna@mail.example'
  expect(await world.standing(event)).toEqual(['held key-changed', 'queued'])
  await world.mail(3600)
  expect(await world.relay.counts()).toMatchObject({ queued: 1 })
  expect(world.local.told.filter(({ data }) => data['state'] === 'held')).toHaveLength(1)

  const { fingerprint } = fresh
  const confirmation = { kind: 'second-channel', fingerprint } as const
  accepted(await world.relay.confirmCertificate('anna@mail.example', { fingerprint, confirmation }))
  await world.mail(3600)
  expect(await world.relay.counts()).toMatchObject({ queued: 2 })
  expect(await world.standing(event)).toEqual(['held key-settled', 'queued'])
  const row = await world.local.store.readNotice('summer')
  expect(row === undefined ? {} : recordOf(row).state).not.toHaveProperty('mailAgainAt')
  await world.close()
})

test('a directory that is silent is asked again, and given up after a fortnight', async () => {
  const world = await openWorld('silent', ['anna@mail.example'])
  world.publish('anna@mail.example', { kind: 'failed', reason: 'timeout' })
  await world.release('spring')
  await world.mail()
  const event = 'spring-anna@mail.example'
  expect(await world.standing(event)).toEqual(['held key-directory-silent', 'queued'])
  await world.mail(15 * DAY)
  expect(await world.standing(event)).toEqual([
    'bounced key-directory-silent',
    'held key-settled',
    'queued',
  ])
  expect(await world.relay.counts()).not.toMatchObject({ queued: 1 })
  await world.close()
})
