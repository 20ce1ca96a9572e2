import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentRefusal } from '#client/agent.ts'
import { componentsOf, hmacOf, signatureBase, signRequest } from '#client/message-signature.ts'
import { base64, utf8 } from '#core/bytes.ts'
import { changeNotice } from '#agent/notice-record.ts'
import { recipientOf } from '#agent/recipient-record.ts'
import type { LocalEvent } from '#wire/agent.ts'
import { type LocalAgent, openLocalAgent } from '#test/helpers/local-agent.ts'
import { NOW } from '#test/helpers/openpgp-keys.ts'
import { BRIEF } from '#test/helpers/statements.ts'

let local: LocalAgent
beforeEach(async () => {
  local = await openLocalAgent()
  await local.client().draft('spring', { matter: 'case-1', brief: BRIEF })
})
afterEach(async () => {
  await local.close()
})

const ANNA: LocalEvent = {
  notice: 'spring',
  account: 'Anna@mail.example',
  language: 'en',
  facts: 'target_state=targeted-blocked; sought=messages',
}
const SESSION = { session: 's-1', authenticatedAt: NOW }

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof AgentRefusal) return error.problem.type.replace('urn:dunant:agent:', '')
    throw error
  }
  return 'none'
}

test('an event counts once by its id: the same again is taken, another under its id is not', async () => {
  const client = local.client('events')
  await client.report('e1', ANNA)
  await client.report('e1', ANNA)
  await client.report('e1', { ...ANNA })
  expect(await refusal(client.report('e1', { ...ANNA, language: 'fr' }))).toBe('event-differs')
  expect(await local.store.countRecipients('spring')).toBe(1)
  expect((await client.eventStanding('e1')).states.map(({ state }) => state)).toEqual(['queued'])
})

test('several events of one account are one recipient, and nothing that was said is lost', async () => {
  const client = local.client('events')
  const facts = [
    'target_state=targeted-blocked; sought=messages; seen=First.',
    'target_state=access-confirmed; sought=contacts; seen=Second.',
    'target_state=targeted-outcome-unknown; sought=unknown',
  ]
  const spellings = ['anna@mail.example', ' ANNA@mail.example', 'Anna@Mail.Example']
  await Promise.all(
    facts.map(
      async (one, i) =>
        await client.report(`e${String(i)}`, {
          ...ANNA,
          account: spellings[i] ?? '',
          facts: one,
        }),
    ),
  )
  const [row, ...others] = await local.store.listRecipients('spring', '')
  expect(others).toEqual([])
  if (row === undefined) throw new Error('nobody')
  const { facts: folded } = recipientOf(local.agent, row)
  expect(folded.target_state).toBe('access-confirmed')
  expect([...folded.sought].toSorted()).toEqual(['contacts', 'messages'])
  expect(folded.seen).toContain('Second.')
})

test('who must only be told to call stays so, whatever else is reported of them, and a second language is kept', async () => {
  const client = local.client()
  await client.report('e1', {
    ...ANNA,
    facts: 'target_state=targeted-blocked',
    safety: 'call-only',
  })
  await client.report('e2', { ...ANNA, also: 'fr', facts: 'seen=They read your mail.' })
  const [row] = await local.store.listRecipients('spring', '')
  if (row === undefined) throw new Error('nobody')
  const { also, facts } = recipientOf(local.agent, row)
  expect({ also, safety: facts.safety, seen: facts.seen }).toEqual({
    also: 'fr',
    safety: 'call-only',
    seen: undefined,
  })
})

test('who must only be told to call is told no more by what supersedes the notice', async () => {
  const client = local.client()
  await client.report('e1', {
    ...ANNA,
    facts: 'target_state=targeted-blocked',
    safety: 'call-only',
  })
  await local.release('spring')
  await changeNotice(local.agent, 'spring', () => ({ state: { act: 'ab'.repeat(32) } }))
  const matter = 'case-1'
  for (const [name, supersedes] of [
    ['more', 'spring'],
    ['most', 'more'],
  ] as const) {
    await client.draft(name, { matter, brief: BRIEF, kind: 'follow_up', supersedes })
    await client.report(`of-${name}`, {
      ...ANNA,
      notice: name,
      facts: 'target_state=targeted-blocked; seen=They read your mail.',
    })
    const [row] = await local.store.listRecipients(name, '')
    if (row === undefined) throw new Error('nobody')
    const { facts } = recipientOf(local.agent, row)
    expect({ safety: facts.safety, seen: facts.seen }).toEqual({
      safety: 'call-only',
      seen: undefined,
    })
    await changeNotice(local.agent, name, () => ({ state: { act: 'cd'.repeat(32) } }))
  }
})

test('the database has neither account nor event id, in no spelling', async () => {
  await local.client().report('case-of-anna-77', ANNA)
  const row = (await local.store.listRecipients('spring', ''))[0]
  expect(row === undefined ? undefined : recipientOf(local.agent, row).account).toBe(
    'anna@mail.example',
  )
  await local.store.close()
  const bytes = readFileSync(local.path).toString('latin1').toLowerCase()
  expect(bytes).toContain('spring')
  for (const marker of ['anna', 'case-of', 'mail.example', 'targeted-blocked'])
    expect(bytes).not.toContain(marker)
  local = await openLocalAgent()
})

test.each([
  ['an unknown field', { ...ANNA, extra: 1 }],
  ['a control character in the account', { ...ANNA, account: 'anna\u0000@mail.example' }],
  ['a line feed in the address', { ...ANNA, address: 'a@b.example\nBcc: c@d.example' }],
  ['a language that is no tag', { ...ANNA, language: 'en\r\nx' }],
  ['a mailbox that is none', { ...ANNA, mailbox: 'x' }],
  ['no account', { ...ANNA, account: '' }],
  ['a country that is none', { ...ANNA, country: 'Utopia' }],
])('%s is refused and nothing is kept', async (_, event) => {
  expect(await refusal(local.client().report('e1', event))).toBe('request-malformed')
  expect(await local.store.countRecipients('spring')).toBe(0)
})

test('facts that no notice can tell are refused by name, and so are notices that are not there or closed', async () => {
  const client = local.client()
  expect(await refusal(client.report('e1', { ...ANNA, facts: 'target_state=hacked' }))).toBe(
    'event-invalid',
  )
  expect(await refusal(client.report('e1', { ...ANNA, notice: 'autumn' }))).toBe('not-found')
  expect(await refusal(client.file('spring'))).toBe('notice-empty')
  await client.report('e1', ANNA)
  await client.file('spring')
  await client.file('spring')
  expect(await refusal(client.report('e2', ANNA))).toBe('notice-closed')
  expect(await refusal(client.draft('spring', { matter: 'x', brief: BRIEF }))).toBe('notice-closed')
})

test('a client does what its key is for, and nothing else', async () => {
  expect(await refusal(local.client('banner').report('e1', ANNA))).toBe('not-allowed')
  expect(await refusal(local.client('events').banner('anna@mail.example', SESSION))).toBe(
    'not-allowed',
  )
  expect(await refusal(local.client('read').file('spring'))).toBe('not-allowed')
})

const SIGNING = {
  keyId: 'all',
  key: new Uint8Array(32).fill(1),
  created: NOW,
  nonce: 'a'.repeat(32),
}

async function reasonOf(answer: Response): Promise<string> {
  const body: unknown = await answer.json()
  return typeof body === 'object' && body !== null && 'type' in body
    ? String(body.type).replace('urn:dunant:agent:', '')
    : 'taken'
}

const PATH = '/local/notices/spring'

/** A right signature by the right key, over less than decides what the request does. */
function signedWithout(url: string, left: string): Record<string, string> {
  const components = componentsOf({ method: 'GET', url }).filter(([name]) => name !== left)
  const names = components.map(([name]) => `"${name}"`).join(' ')
  const params = `(${names});created=${String(NOW)};keyid="all";nonce="${'9'.repeat(32)}"`
  const signature = base64(hmacOf(SIGNING.key, signatureBase(components, params)))
  return { signature: `dunant=:${signature}:`, 'signature-input': `dunant=${params}` }
}

test('a request without its signature, or with another one, is a stranger; a stale or repeated one is told so', async () => {
  const url = `http://127.0.0.1:8790${PATH}`
  const signed = signRequest({ method: 'GET', url }, SIGNING)
  const send = async (headers: Record<string, string>, path = PATH) =>
    await reasonOf(await local.request(path, { headers }))
  expect(await send({})).toBe('signature-wrong')
  expect(await send({ ...signed }, '/local/notices/autumn')).toBe('signature-wrong')
  expect(await send({ ...signed }, `${PATH}?x=1`)).toBe('signature-wrong')
  expect(
    await send({ ...signed, signature: signed['signature']?.replace(/=:.{4}/, '=:AAAA') ?? '' }),
  ).toBe('signature-wrong')
  const other = signRequest({ method: 'GET', url }, { ...SIGNING, keyId: 'nobody' })
  expect(await send({ ...other })).toBe('signature-wrong')
  for (const left of ['@method', '@authority', '@path', '@query'])
    expect(await send(signedWithout(url, left))).toBe('signature-wrong')
  for (const created of [NOW - 61, NOW + 61])
    expect(await send({ ...signRequest({ method: 'GET', url }, { ...SIGNING, created }) })).toBe(
      'signature-stale',
    )
  expect(await send({ ...signed })).toBe('taken')
  expect(await send({ ...signed })).toBe('signature-replayed')
})

test('nothing is taken a second time after the clock jumped, or by an agent that was started again', async () => {
  const url = `http://127.0.0.1:8790${PATH}`
  const at = (created: number, nonce: string) => ({
    headers: { ...signRequest({ method: 'GET', url }, { ...SIGNING, created, nonce }) },
  })
  const first = at(NOW + 10, 'b'.repeat(32))
  local.setNow(NOW + 10)
  expect(await reasonOf(await local.request(PATH, first))).toBe('taken')
  local.setNow(NOW + 200)
  expect(await reasonOf(await local.request(PATH, at(NOW + 200, 'c'.repeat(32))))).toBe('taken')
  local.setNow(NOW + 10)
  expect(await reasonOf(await local.request(PATH, first))).toBe('signature-replayed')
  expect(await reasonOf(await local.request(PATH, at(NOW - 5, 'd'.repeat(32))))).toBe(
    'signature-replayed',
  )
})

test('a body is what was signed, and no larger than it may be', async () => {
  const url = 'http://127.0.0.1:8790/local/events/e9'
  const body = JSON.stringify(ANNA)
  const request = { method: 'PUT', url, body: utf8(body), contentType: 'application/json' }
  const headers = { ...signRequest(request, { ...SIGNING, nonce: 'e'.repeat(32) }) }
  const put = async (text: string) =>
    await reasonOf(await local.request('/local/events/e9', { method: 'PUT', headers, body: text }))
  expect(await put(body.replace('Anna', 'Bert'))).toBe('signature-wrong')
  expect(await put(`${body}${' '.repeat(2 ** 20)}`)).toBe('request-too-large')
  expect(await put(body)).toBe('taken')
})

test('a page that has its own name lead to this machine is refused', async () => {
  const answer = await local.request('/healthz', { headers: { host: 'evil.example' } })
  expect(answer.status).toBe(403)
})

test('an account with a notice, one without, and one that nobody can have are answered alike but for what is said', async () => {
  const client = local.client()
  await client.report('e1', ANNA)
  await local.release('spring')
  const answers = await Promise.all(
    ['anna@mail.example', 'bert@mail.example', '\u0001', 'x'.repeat(900)].flatMap((account, i) =>
      ['application/json', 'text/html'].map(async (accept, j) => {
        const path = `/local/notice/${encodeURIComponent(account)}?session=s&authenticated_at=${String(NOW)}`
        const url = `http://127.0.0.1:8790${path}`
        const nonce = `f${String(i)}${String(j)}`.padEnd(32, '0')
        const headers = { ...signRequest({ method: 'GET', url }, { ...SIGNING, nonce }), accept }
        const answer = await local.request(path, { headers })
        const text = await answer.text()
        return {
          status: answer.status,
          bytes: Buffer.byteLength(text),
          text,
          fields: [...answer.headers],
        }
      }),
    ),
  )
  const shapes = answers.map(({ bytes, status }) => `${String(status)} ${String(bytes)}`)
  expect(new Set(shapes)).toEqual(new Set(['200 131072']))
  for (const parity of [0, 1]) {
    const fields = answers
      .filter((_, i) => i % 2 === parity)
      .map((one) => JSON.stringify(one.fields))
    expect(new Set(fields).size).toBe(1)
  }
  expect(answers.map(({ text }) => text.includes('attacked you'))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ])
  expect(answers[1]?.text).toContain('<h2 class="dunant-subject">About &lt;spring&gt;</h2>')
  expect(answers[1]?.text).toContain('Somebody &amp; others')
})

test('what is put away in one session is shown in the next, and in the same one after a new sign-in', async () => {
  const client = local.client()
  await client.report('e1', ANNA)
  await local.release('spring')
  const account = 'anna@mail.example'
  const banner = await client.banner(account, SESSION)
  if (banner === null) throw new Error('no banner')
  const told = { notice: banner.notice, session: 's-1', authenticated_at: NOW }
  await client.tell(account, { ...told, action: 'dismissed' })
  const dismissed = async (session: string, authenticatedAt: number) =>
    (await client.banner(account, { session, authenticatedAt }))?.dismissed
  expect(await dismissed('s-1', NOW)).toBe(true)
  expect(await dismissed('s-2', NOW)).toBe(false)
  expect(await dismissed('s-1', NOW + 60)).toBe(false)
})

test('reports and answers of a banner reach the company alone, and only from the account it was shown to', async () => {
  const client = local.client()
  await client.report('e1', ANNA)
  await client.report('e2', { ...ANNA, account: 'bert@mail.example' })
  await local.release('spring')
  const banner = await client.banner('anna@mail.example', SESSION)
  if (banner === null) throw new Error('no banner')
  const told = { notice: banner.notice, session: 's-1', authenticated_at: NOW } as const
  await client.tell('bert@mail.example', { ...told, action: 'acted' })
  expect((await client.eventStanding('e1')).states.map(({ state }) => state)).toEqual(['queued'])
  await client.tell('anna@mail.example', {
    ...told,
    action: 'acted',
    feedback: { question: 'need-help', answer: 'yes' },
  })
  await client.tell('anna@mail.example', { ...told, action: 'acted' })
  expect((await client.eventStanding('e1')).states.map(({ state }) => state).toSorted()).toEqual([
    'acted',
    'queued',
  ])
  expect(local.told).toHaveLength(1)
  const standing = await client.standing('spring')
  expect(standing.states).toMatchObject({ acted: 'under 5', queued: 'under 5', shown: 0 })
  expect(standing.feedback).toEqual([{ question: 'need-help', answer: 'yes', count: 'under 5' }])
})

test('a batch is shown when its time has come, and not while it is stopped', async () => {
  const client = local.client()
  const accounts = Array.from({ length: 12 }, (_, i) => `user${String(i)}@mail.example`)
  const taken = await client.reportAll(
    accounts.map((account, i) => ({ ...ANNA, account, event_id: `e${String(i)}` })),
  )
  expect(taken.every((one) => one.taken)).toBe(true)
  await local.release('spring', [
    { releaseAt: NOW, stopped: false },
    { releaseAt: NOW + 3600, stopped: false },
  ])
  const shown = async () => {
    const banners = await Promise.all(
      accounts.map(async (account) => await client.banner(account, SESSION)),
    )
    return banners.filter((one) => one !== null).length
  }
  expect(await shown()).toBe(6)
  await client.stopBatch('spring', 0)
  expect(await shown()).toBe(0)
  local.setNow(NOW + 3600)
  expect(await shown()).toBe(6)
  expect(await refusal(client.stopBatch('spring', 7))).toBe('not-found')
})

test('an account that was told of many attacks is shown the newest notice, whatever its name', async () => {
  const client = local.client()
  const names = Array.from({ length: 20 }, (_, i) => `n${String(i + 10)}`)
  for (const [i, name] of names.entries()) {
    await client.draft(name, { matter: name, brief: BRIEF })
    await client.report(`many-${name}`, { ...ANNA, notice: name })
    local.setNow(NOW + i)
    await local.release(name)
  }
  expect((await client.banner(ANNA.account, SESSION))?.subject).toBe('About <n29>')
})
