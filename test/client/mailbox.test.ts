import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { signAct } from '#client/act.ts'
import type { Api, ServedMailbox } from '#client/http.ts'
import {
  composeEnrolment,
  findWork,
  type MailboxExpectation,
  mailboxSecrets,
  type VerifiedMailbox,
  verifyMailbox,
} from '#client/mailbox.ts'
import { openMailbox } from '#client/notice.ts'
import { answerChallenge, unlockKey } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { startSession } from '#client/session.ts'
import { base64 } from '#core/bytes.ts'
import { headOf } from '#core/directory.ts'
import { isWork } from '#core/mailbox.ts'
import type { Result } from '#core/result.ts'
import { midnightOf } from '#core/time.ts'
import {
  type Coalition,
  type Company,
  type Customer,
  foundCoalition,
  ORIGIN,
} from '#test/helpers/coalition.ts'
import { customerKey } from '#test/helpers/coalition-keys.ts'
import { connect, memoryPins } from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

let coalition: Coalition
let contoso: Company
let api: Api

beforeAll(async () => {
  coalition = await foundCoalition()
  const [first] = coalition.companies
  if (first === undefined) throw new Error('there is no company')
  contoso = first
  api = connect(coalition, await coalition.session(contoso))
})
afterAll(async () => {
  await coalition.close()
})

test('finds the work that the server asks of a stranger', async () => {
  const heard: number[] = []
  const search = { day: '2026-11-27', onProgress: (tried: number) => heard.push(tried) }
  const work = await findWork('a'.repeat(32), search)
  expect(isWork('a'.repeat(32), '2026-11-27', work)).toBe(true)
  expect(heard[0]).toBe(0)
})

test('a search for work can be ended', async () => {
  const ended = AbortSignal.abort(new Error('enough'))
  await expect(findWork('a'.repeat(32), { day: '2026-11-27', signal: ended })).rejects.toThrow(
    'enough',
  )
})

test('a stranger makes a mailbox, enrols it with work, and reads it', async () => {
  const now = coalition.clock.now()
  const secrets = await mailboxSecrets(now, systemRandom, { passphrase: '', unprotected: true })
  const key = accepted(await unlockKey(secrets.key.privateArmored, ''))
  const anonymous = connect(coalition)
  const certificate = secrets.key.publicBytes
  const challenge = accepted(await anonymous.requestChallenge({ certificate, purpose: 'mailbox' }))
  const expected = { origin: ORIGIN, purpose: 'mailbox', fingerprint: secrets.fingerprint }
  const directory = headOf(await coalition.ports.directory.current())
  const payload = composeEnrolment({
    mailbox: { ...secrets, certificate },
    challenge: accepted(await answerChallenge(key, challenge, expected)),
    admission: {
      work: await findWork(secrets.id, { day: new Date(now * 1000).toISOString().slice(0, 10) }),
    },
    directory,
    origin: ORIGIN,
    now,
    nonce: systemRandom(16),
  })
  const signatures = [accepted(await signAct(key, payload, midnightOf(now)))]
  expect(accepted(await anonymous.submitAct({ payload, signatures })).status).toBe('effective')
  const session = accepted(
    await startSession(anonymous, {
      by: { mailbox: secrets.id },
      key,
      directory,
      origin: ORIGIN,
      now,
      nonce: systemRandom(16),
    }),
  )
  const served = accepted(await connect(coalition, session.token).readMailbox(secrets.id))
  const verified = accepted(await verifyMailbox(served, { id: secrets.id, origin: ORIGIN, now }))
  expect(verified.facts.fingerprint).toBe(secrets.fingerprint)
}, 60_000)

let anna: Customer
let boris: Customer
let served: ServedMailbox
let rotated: ServedMailbox
let newer: Awaited<ReturnType<typeof customerKey>>

beforeAll(async () => {
  anna = await coalition.enrol('anna')
  boris = await coalition.enrol('boris')
  served = accepted(await api.readMailbox(anna.id))
  newer = await customerKey('anna again')
  await rotate(anna, newer)
  rotated = accepted(await api.readMailbox(anna.id))
})

function expectation(): MailboxExpectation {
  return { id: anna.id, origin: ORIGIN, now: coalition.clock.now() }
}
async function verify(
  mailbox: ServedMailbox,
  more: Partial<MailboxExpectation> = {},
): Promise<Result<VerifiedMailbox>> {
  return await verifyMailbox(mailbox, { ...expectation(), ...more })
}

async function rotate(
  customer: Customer,
  next: Awaited<ReturnType<typeof customerKey>>,
): Promise<void> {
  const body = {
    certificate: base64(next.certificateBytes),
    challenge: await coalition.challenge(next.key, next.certificateBytes, 'mailbox'),
  }
  const answered = await coalition.submit('mailbox.rotate', body, customer)
  if (answered.status !== 201) throw new Error(answered.text)
}

test('a mailbox holds, and names what is to be remembered', async () => {
  const { pin } = accepted(await verify(served))
  expect(pin.links).toHaveLength(1)
  expect(pin.fingerprint).toBe(anna.key.fingerprint)
})

test('a mailbox is refused with another certificate behind the id', async () => {
  const other = accepted(await api.readMailbox(boris.id))
  expect(reasonOf(await verify({ ...served, certificate: other.certificate }))).toBe('chain-broken')
  expect(reasonOf(await verify({ ...other, id: anna.id }))).toBe('chain-broken')
  expect(reasonOf(await verify(other))).toBe('mailbox-unavailable')
})

test('a mailbox is refused with a rotation that the key before it did not sign', async () => {
  const [enrolment, rotation] = rotated.links
  if (enrolment === undefined || rotation === undefined) throw new Error('links are missing')
  const forged = await coalition.sign(boris, Buffer.from(rotation.payload, 'base64'))
  const links = [enrolment, { payload: rotation.payload, signatures: [forged] }]
  expect(
    reasonOf(await verify({ ...rotated, links }, { fingerprint: newer.key.fingerprint })),
  ).toBe('chain-broken')
})

test('a mailbox is refused where a rotation seen before is taken back', async () => {
  const { pin } = accepted(await verify(rotated, { fingerprint: newer.key.fingerprint }))
  expect(reasonOf(await verify(served, { pin }))).toBe('chain-shorter-than-pinned')
})

test('a mailbox is refused where it took another turn than the one seen before', async () => {
  const { pin } = accepted(await verify(rotated, { fingerprint: newer.key.fingerprint }))
  const other = { ...pin, links: [pin.links[0] ?? '', '00'.repeat(32)] }
  expect(reasonOf(await verify(rotated, { pin: other }))).toBe('chain-broken')
})

test('a mailbox is not believed in its new key until the customer gave its fingerprint', async () => {
  const { pin } = accepted(await verify(served))
  expect(reasonOf(await verify(rotated))).toBe('certificate-mismatch')
  expect(reasonOf(await verify(rotated, { pin }))).toBe('certificate-mismatch')
  expect(reasonOf(await verify(rotated, { pin, fingerprint: boris.key.fingerprint }))).toBe(
    'certificate-mismatch',
  )
  const confirmed = accepted(await verify(rotated, { pin, fingerprint: newer.key.fingerprint }))
  expect(reasonOf(await verify(rotated, { pin: confirmed.pin }))).toBe('accepted')
})

test('a mailbox is refused in another coalition', async () => {
  expect(reasonOf(await verify(served, { origin: 'other.example' }))).toBe('chain-broken')
})

describe('a mailbox is remembered by the filer', () => {
  const pins = memoryPins()
  beforeEach(() => {
    pins.entries.clear()
  })

  test('so that a rolled-back rotation is refused on the next day', async () => {
    const wanted = { ...expectation(), fingerprint: newer.key.fingerprint }
    accepted(await openMailbox(api, pins, wanted))
    const rollingBack = {
      ...api,
      readMailbox: async () => await Promise.resolve({ ok: true, value: served } as const),
    }
    expect(reasonOf(await openMailbox(rollingBack, pins, expectation()))).toBe(
      'chain-shorter-than-pinned',
    )
  })

  test('and nothing is remembered of what was refused', async () => {
    const other = accepted(await api.readMailbox(boris.id))
    const lying = {
      ...api,
      readMailbox: async () =>
        await Promise.resolve({ ok: true, value: { ...other, id: anna.id } } as const),
    }
    expect(reasonOf(await openMailbox(lying, pins, expectation()))).toBe('chain-broken')
    expect(pins.entries.size).toBe(0)
  })
})
