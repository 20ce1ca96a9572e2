import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditLog } from '#client/audit.ts'
import { fetchDirectory } from '#client/directory.ts'
import type { Api, ServedDirectory, ServedMailbox } from '#client/http.ts'
import { monitorParty } from '#client/monitor.ts'
import { openMailbox } from '#client/notice.ts'
import { base64 } from '#core/bytes.ts'
import { mailboxId } from '#core/mailbox.ts'
import {
  type Coalition,
  type Company,
  type Customer,
  foundCoalition,
  ORIGIN,
  threeOf,
} from '#test/helpers/coalition.ts'
import { companyKey, customerKey } from '#test/helpers/coalition-keys.ts'
import { connect, memoryPins, pinsOf } from '#test/helpers/filing.ts'
import { type Lie, lyingServer, reach, swapping } from '#test/helpers/liar.ts'
import { idOf } from '#test/helpers/notices.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { actId, forgeLink, linkHash } from '#test/helpers/operator.ts'

let coalition: Coalition
let contoso: Company
let anna: Customer
let boris: Customer
/** Anna's mailbox before and after she put another key behind it. */
let before: ServedMailbox
let rotated: ServedMailbox
let newer: Customer
let companyToken: string
/** An officer who is retired, and what Contoso filed about it. */
let leaver: Company
let known: readonly string[]

beforeAll(async () => {
  coalition = await foundCoalition()
  contoso = threeOf(coalition).contoso
  anna = await coalition.enrol('anna')
  boris = await coalition.enrol('boris')
  companyToken = await coalition.session(contoso)
  const api = connect(coalition, companyToken)
  before = accepted(await api.readMailbox(anna.id))
  newer = { ...(await customerKey('anna again')), id: anna.id, salt: anna.salt }
  const challenge = await coalition.challenge(newer.key, newer.certificateBytes, 'mailbox')
  const body = { certificate: base64(newer.certificateBytes), challenge }
  idOf(await coalition.submit('mailbox.rotate', body, anna))
  rotated = accepted(await api.readMailbox(anna.id))
  leaver = await companyKey('contoso.example', 'leaver')
  const officer = {
    certificate: leaver.certificate,
    challenge: await coalition.challenge(leaver.key, leaver.certificateBytes, 'officer'),
    duties: ['admin', 'reporter'],
  } as const
  const retirement = { fingerprint: leaver.key.fingerprint, reason: 'compromised' } as const
  const added = idOf(await coalition.submit('officer.add', officer, contoso))
  const retired = idOf(await coalition.submit('officer.retire', retirement, contoso))
  known = [added, retired]
})
afterAll(async () => {
  await coalition.close()
})

async function governance(): Promise<ServedDirectory['chain']> {
  return accepted(await connect(coalition).readDirectory()).chain
}

/** The client of Contoso, to which the operator lies. */
function deceived(...lies: readonly Lie[]): Api {
  return reach(lyingServer(coalition, ...lies), { token: companyToken })
}

/** Shows another chain, with the head that it ends at; whoever asks for a part gets it. */
function showing(chain: ServedDirectory['chain']): Lie {
  return {
    about: /^\/api\/directory/,
    tell: async (honest, request) => {
      const answer: unknown = await honest.json()
      const after = Number(new URL(request.url).searchParams.get('after') ?? '0')
      const head = linkHash(chain.at(-1))
      return Response.json({ ...Object(answer), chain: chain.slice(after), head })
    },
  }
}

test('an operator who tells the truth is believed: what the attacks below start from', async () => {
  const pins = await pinsOf(coalition)
  const report = accepted(
    await monitorParty(deceived(), pins, {
      domain: contoso.domain,
      known,
      now: coalition.clock.now(),
    }),
  )
  expect(report.findings).toEqual([])
})

const MAILBOX = /^\/api\/mailboxes\/[a-z2-7]{32}$/
const wanted = () => ({ id: anna.id, origin: ORIGIN, now: coalition.clock.now() })
const bring = async (served: ServedMailbox, pins = memoryPins()) =>
  reasonOf(await openMailbox(deceived(swapping(MAILBOX, () => served)), pins, wanted()))

test('an operator who puts another key behind a mailbox by serving another certificate is refused, since the chain does not end at it', async () => {
  const served = { ...before, certificate: base64(boris.certificateBytes) }
  expect(await bring(served)).toBe('chain-broken')
})

test('an operator who puts another key behind a mailbox by serving an enrolment of its own making under the id is refused, since the id names no such key', async () => {
  const own = await customerKey('the operator')
  const body = {
    certificate: base64(own.certificateBytes),
    challenge: '00'.repeat(32),
    identifiable: false,
    mailbox: anna.id,
    salt: anna.salt,
    work: '00',
  }
  const by = { by: { key: own.key.fingerprint } }
  const payload = await coalition.compose('mailbox.enrol', body, by)
  const signatures = [await coalition.sign({ ...own, id: anna.id, salt: anna.salt }, payload)]
  const links = [{ payload: base64(payload), signatures }]
  expect(mailboxId(own.key.fingerprint, anna.salt)).not.toBe(anna.id)
  expect(await bring({ ...before, certificate: body.certificate, links })).toBe('chain-broken')
})

test('an operator who puts another key behind a mailbox by serving a rotation that the customer never signed is refused', async () => {
  const own = await customerKey('the operator')
  const certificate = base64(own.certificateBytes)
  const body = { certificate, challenge: '00'.repeat(32) }
  const payload = await coalition.compose('mailbox.rotate', body, anna)
  const signatures = [await coalition.sign({ ...own, id: anna.id, salt: anna.salt }, payload)]
  const links = [...before.links, { payload: base64(payload), signatures }]
  expect(await bring({ ...before, certificate, links })).toBe('chain-broken')
})

test('an operator who puts another key behind a mailbox by answering for another mailbox is refused', async () => {
  const other = accepted(await connect(coalition, companyToken).readMailbox(boris.id))
  expect(await bring(other)).toBe('mailbox-unavailable')
  expect(await bring({ ...other, id: anna.id })).toBe('chain-broken')
})

test('an operator who puts another key behind a mailbox by rolling a rotation back is refused by whoever saw it', async () => {
  const pins = memoryPins()
  const { fingerprint } = newer.key
  accepted(await openMailbox(deceived(), pins, { ...wanted(), fingerprint }))
  expect(await bring(before, pins)).toBe('chain-shorter-than-pinned')
  expect(await bring(rotated, pins)).toBe('accepted')
})

const fetched = async (...lies: readonly Lie[]) =>
  reasonOf(await fetchDirectory(deceived(...lies), await pinsOf(coalition)))

test('an operator who shows another roster by speaking for a second charter is refused', async () => {
  const second = swapping<ServedDirectory>(/^\/api\/directory/, (answer) => ({
    ...answer,
    genesis: '11'.repeat(32),
  }))
  expect(await fetched(second)).toBe('genesis-wrong')
})

test('an operator who shows a chain that begins with a second charter, which the same companies signed, is refused', async () => {
  const other = await foundCoalition()
  const { chain } = accepted(await connect(other).readDirectory())
  await other.close()
  expect(await fetched(showing(chain))).toBe('receipt-genesis-wrong')
  expect(await fetched(showing([...chain, ...(await governance())]))).toBe('receipt-genesis-wrong')
})

test.each([
  {
    name: 'itself',
    signer: async () => await companyKey('operator.example'),
    reason: 'signature-not-accepted',
  },
  {
    name: 'another party',
    signer: async () => await Promise.resolve(threeOf(coalition).fabrikam),
    reason: 'signer-not-entitled',
  },
  {
    name: 'an officer of the party who was retired as compromised',
    signer: async () => await Promise.resolve(leaver),
    reason: 'signer-not-entitled',
  },
])(
  'an operator who shows another roster by an officer whom the party never added, signed for by $name, is refused',
  async ({ signer, reason }) => {
    const chain = await governance()
    const link = await unlogged(await signer())
    expect(await fetched(showing([...chain, link]))).toBe(reason)
  },
)

test('an operator who shows another roster by an officer whom a stolen admin key signed for, and whom the log does not have, is noticed by audit and monitor', async () => {
  const link = await unlogged(contoso)
  const api = deceived(showing([...(await governance()), link]))
  expect(await auditLog(api, await pinsOf(coalition))).toMatchObject({
    refusal: { reason: 'directory-broken' },
  })
  const party = {
    domain: contoso.domain,
    known,
    now: coalition.clock.now(),
  }
  const { findings } = accepted(await monitorParty(api, await pinsOf(coalition), party))
  expect(findings).toContainEqual({ kind: 'unlogged', record: linkHash(link) })
  expect(findings).toContainEqual({ kind: 'unknown', act: actId(link), type: 'officer.add' })
})

test('an operator who shows another roster by withholding a retirement is noticed by the monitor of the party, though strangers see a chain that holds', async () => {
  const chain = (await governance()).slice(0, -1)
  const lie = showing(chain)
  expect(await fetched(lie)).toBe('accepted')
  const pins = await pinsOf(coalition)
  const party = {
    domain: contoso.domain,
    known,
    now: coalition.clock.now(),
  }
  const { findings } = accepted(await monitorParty(deceived(lie), pins, party))
  expect(findings).toContainEqual({ kind: 'withheld', act: known.at(-1) })
  expect(findings.map(({ kind }) => kind)).toContain('outside-chain')
})

test('an operator who shows another roster by withholding a retirement is refused by whoever saw it', async () => {
  const pins = await pinsOf(coalition)
  accepted(await fetchDirectory(deceived(), pins))
  const lie = showing((await governance()).slice(0, -1))
  expect(reasonOf(await fetchDirectory(deceived(lie), pins))).toBe('directory-broken')
})

/** An `officer.add` in Contoso's name that never reached the log. */
async function unlogged(signer: Company): Promise<ServedDirectory['chain'][number]> {
  const spy = await companyKey('contoso.example', 'spy')
  const body = {
    certificate: spy.certificate,
    challenge: '00'.repeat(32),
    duties: ['reporter'],
  } as const
  const payload = await coalition.compose('officer.add', body, contoso)
  const signature = await coalition.sign(signer, payload)
  const link = forgeLink(coalition, {
    after: linkHash((await governance()).at(-1)),
    payload,
    signature,
  })
  return { ...link, signatures: [...link.signatures] }
}
