import type { MailboxEnrolBody } from '#core/act-bodies.ts'
import { base64, hex, utf8 } from '#core/bytes.ts'
import { mailboxId, tokenHash } from '#core/mailbox.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { sha256Hex } from '#core/hash.ts'
import { type Answered, type Coalition, formOf, threeOf } from '#test/helpers/coalition.ts'
import { companyKey, customerKey } from '#test/helpers/coalition-keys.ts'
import { bundleOf, idOf, paddedLines, upload } from '#test/helpers/notices.ts'
import type { RefusalCase } from './refusal-case.ts'

type Kind = Pick<RefusalCase, 'reason' | 'status'>
const SALT = '00'.repeat(16)
const TOKEN = '11'.repeat(32)

/** An enrolment that differs from one that would be accepted. */
function enrolling(
  name: string,
  kind: Kind,
  change: (good: MailboxEnrolBody, c: Coalition) => Promise<MailboxEnrolBody> | MailboxEnrolBody,
): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (c) => {
      const { contoso } = threeOf(c)
      idOf(await c.submit('mailbox.invite', { tokens: [tokenHash(TOKEN)] }, contoso))
      const made = await customerKey('newcomer')
      const { fingerprint } = made.key
      const good: MailboxEnrolBody = {
        certificate: base64(made.certificateBytes),
        challenge: await c.challenge(made.key, made.certificateBytes, 'mailbox'),
        identifiable: false,
        invitation: TOKEN,
        mailbox: mailboxId(fingerprint, SALT),
        salt: SALT,
      }
      const customer = { ...made, id: good.mailbox, salt: SALT }
      const payload = await c.compose('mailbox.enrol', await change(good, c), {
        by: { key: fingerprint },
      })
      const signature = await c.sign(customer, payload)
      return async () => await c.post(payload, signature)
    },
  }
}

/** A change of the filers that is refused; the mailbox of the customer starts with all three companies. */
function naming(
  name: string,
  kind: Pick<RefusalCase, 'reason' | 'status'>,
  [filers, ...before]: readonly (readonly string[])[],
): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (c) => {
      const customer = await c.enrol('alice')
      for (const earlier of before)
        idOf(await c.submit('mailbox.filers', { filers: earlier }, customer))
      return async () => await c.submit('mailbox.filers', { filers: filers ?? [] }, customer)
    },
  }
}

const ONE = ['contoso.example']
const TWO = ['contoso.example', 'fabrikam.example']

const FILERS: readonly RefusalCase[] = [
  naming('a filer that there is not', { reason: 'party-unknown', status: 422 }, [
    ['nobody.example'],
  ]),
  naming('the seventeenth change of a day', { reason: 'mailbox-over-quota', status: 429 }, [
    TWO,
    ...Array.from({ length: 15 }, (_, i) => (i % 2 === 0 ? ONE : TWO)),
  ]),
]

const ENROLMENT: readonly RefusalCase[] = [
  ...FILERS,
  enrolling(
    'an id that does not follow from the key',
    { reason: 'mailbox-id-wrong', status: 422 },
    (good) => ({ ...good, mailbox: 'a'.repeat(32) }),
  ),
  enrolling(
    'an invitation that nobody gave',
    { reason: 'invitation-invalid', status: 403 },
    (good) => ({ ...good, invitation: '22'.repeat(32) }),
  ),
  enrolling(
    'too little work',
    { reason: 'work-insufficient', status: 403 },
    ({ invitation: _invitation, ...good }) => ({ ...good, work: '00' }),
  ),
  enrolling('a mailbox that exists', { reason: 'mailbox-exists', status: 409 }, async (good, c) => {
    const made = await customerKey('newcomer')
    const customer = { ...made, id: good.mailbox, salt: SALT }
    const payload = await c.compose('mailbox.enrol', good, {
      by: { key: made.key.fingerprint },
    })
    idOf(await c.post(payload, await c.sign(customer, payload)))
    const token = '33'.repeat(32)
    idOf(await c.submit('mailbox.invite', { tokens: [tokenHash(token)] }, threeOf(c).contoso))
    return { ...good, invitation: token }
  }),
  {
    reason: 'invitation-invalid',
    status: 403,
    name: 'an invitation given twice',
    arrange: async (c) => {
      const body = { tokens: [tokenHash(TOKEN)] }
      idOf(await c.submit('mailbox.invite', body, threeOf(c).contoso))
      return async () => await c.submit('mailbox.invite', body, threeOf(c).contoso)
    },
  },
  {
    reason: 'mailbox-unavailable',
    status: 404,
    name: 'a closed mailbox closed again',
    arrange: async (c) => {
      const customer = await c.enrol('alice')
      idOf(await c.submit('mailbox.close', {}, customer))
      return async () => await c.submit('mailbox.close', {}, customer)
    },
  },
]

/** A mailbox that somebody may not see, for whatever reason. */
function hidden(
  name: string,
  look: (c: Coalition) => Promise<{ id: string; token: string }>,
  rest = '',
): RefusalCase {
  return {
    reason: 'mailbox-unavailable',
    status: 404,
    name,
    arrange: async (c) => {
      const { id, token } = await look(c)
      return async () => await c.ask(`/api/mailboxes/${id}${rest}`, { token })
    },
  }
}

const READING: readonly RefusalCase[] = [
  hidden('a mailbox that there is not', async (c) => ({
    id: 'a'.repeat(32),
    token: await c.session(threeOf(c).contoso),
  })),
  hidden('a mailbox that takes nothing from this party', async (c) => ({
    id: (await c.enrol('alice', ['fabrikam.example'])).id,
    token: await c.session(threeOf(c).contoso),
  })),
  hidden('a closed mailbox', async (c) => {
    const customer = await c.enrol('alice')
    idOf(await c.submit('mailbox.close', {}, customer))
    return { id: customer.id, token: await c.session(threeOf(c).contoso) }
  }),
  hidden("another customer's mailbox", async (c) => ({
    id: (await c.enrol('alice')).id,
    token: await c.session(await c.enrol('bob')),
  })),
  hidden(
    "another customer's lines",
    async (c) => ({
      id: (await c.enrol('alice')).id,
      token: await c.session(await c.enrol('bob')),
    }),
    '/lines',
  ),
  hidden(
    "a customer's lines, to a company",
    async (c) => ({ id: (await c.enrol('alice')).id, token: await c.session(threeOf(c).contoso) }),
    '/lines',
  ),
  {
    reason: 'receipt-not-logged',
    status: 404,
    name: "the receipt of a customer's act on the same day",
    arrange: async (c) => {
      const customer = await c.enrol('alice')
      const filed = idOf(
        await c.submit('mailbox.filers', { filers: ['contoso.example'] }, customer),
      )
      const token = await c.session(customer)
      return async () => await c.ask(`/api/acts/${filed}/receipt`, { token })
    },
  },
]

/** A request that needs a session, with something that is none. */
function noSession(
  name: string,
  reason: RefusalReason,
  ask: (c: Coalition) => Promise<() => Promise<Answered>>,
): RefusalCase {
  return { reason, status: reason === 'session-missing' ? 401 : 403, name, arrange: ask }
}

const EMPTY = { ...bundleOf(paddedLines([])) }

async function openTwice(
  c: Coalition,
  change: (nonce: string) => string,
  waitSeconds = 0,
): Promise<() => Promise<Answered>> {
  const { contoso } = threeOf(c)
  const { body } = await c.ask('/api/session/nonce')
  c.clock.advance(waitSeconds)
  const payload = await c.compose(
    'session.open',
    { session: change(String(body['nonce'])) },
    contoso,
  )
  const form = formOf(payload, [await c.sign(contoso, payload)])
  return async () => await c.ask('/api/session', { method: 'POST', body: form })
}

const SESSIONS: readonly RefusalCase[] = [
  noSession(
    'an upload without a session',
    'session-missing',
    async ({ ask }) =>
      async () =>
        await ask(`/api/bundles/${EMPTY.root}?count=1024`, { method: 'PUT', body: 'x' }),
  ),
  noSession(
    'an upload with a made-up token',
    'session-missing',
    async (c) => async () => await upload(c, '0'.repeat(64), EMPTY),
  ),
  noSession(
    'a brief with a token of another form',
    'session-missing',
    async ({ ask }) =>
      async () =>
        await ask(`/api/briefs/${'0'.repeat(64)}`, {
          method: 'PUT',
          headers: { Authorization: 'Basic eA==' },
        }),
  ),
  noSession(
    'a mailbox without a session',
    'session-missing',
    async ({ ask }) =>
      async () =>
        await ask(`/api/mailboxes/${'a'.repeat(32)}`),
  ),
  noSession(
    'a public act with a token that is none',
    'session-missing',
    async ({ ask, ports }) =>
      async () =>
        await ask(`/api/acts/${ports.genesis}`, { token: 'ff'.repeat(32) }),
  ),
  noSession('a session of thirteen hours ago', 'session-missing', async (c) => {
    const token = await c.session(threeOf(c).contoso)
    c.clock.advance(13 * 3600)
    return async () => await upload(c, token, EMPTY)
  }),
  noSession('a session of an officer who is retired', 'session-missing', async (c) => {
    const { contoso } = threeOf(c)
    const second = await companyKey(contoso.domain, 'second')
    const challenge = await c.challenge(second.key, second.certificateBytes, 'officer')
    idOf(
      await c.submit(
        'officer.add',
        { certificate: second.certificate, challenge, duties: ['admin'] },
        contoso,
      ),
    )
    const token = await c.session(second)
    idOf(
      await c.submit(
        'officer.retire',
        { fingerprint: second.key.fingerprint, reason: 'compromised' },
        contoso,
      ),
    )
    return async () => await upload(c, token, EMPTY)
  }),
  noSession('a cookie that another page sends along', 'session-missing', async (c) => {
    const token = await c.session(threeOf(c).contoso)
    const headers = { Cookie: `__Host-dunant=${token}`, Origin: 'https://evil.example' }
    return async () =>
      await c.ask(`/api/briefs/${sha256Hex(utf8('x'))}`, { method: 'PUT', body: 'x', headers })
  }),
  noSession('an upload by a customer', 'signer-not-entitled', async (c) => {
    const token = await c.session(await c.enrol('alice'))
    return async () => await upload(c, token, EMPTY)
  }),
  noSession(
    'a nonce that is not ours',
    'session-nonce-invalid',
    async (c) => await openTwice(c, () => `${hex(new Uint8Array(6))}.00.00`),
  ),
  noSession(
    'a nonce that was changed',
    'session-nonce-invalid',
    async (c) =>
      await openTwice(c, (nonce) => nonce.replace(/.$/, (last) => (last === '0' ? '1' : '0'))),
  ),
  noSession(
    'a nonce of six minutes ago',
    'session-nonce-invalid',
    async (c) => await openTwice(c, (nonce) => nonce, 301),
  ),
]

export const MAILBOXES: readonly RefusalCase[] = [...ENROLMENT, ...READING, ...SESSIONS]
