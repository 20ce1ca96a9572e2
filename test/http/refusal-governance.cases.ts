import { composeAct } from '#client/act.ts'
import type { ActBodies, ActType } from '#core/act-bodies.ts'
import { base64, utf8 } from '#core/bytes.ts'
import { LOG_KEY } from '#test/helpers/roster.ts'
import { sha256Hex } from '#core/hash.ts'
import { writeArmor } from '#core/packets.ts'
import { createApp } from '#http/app.ts'
import { ProblemSchema } from '#wire/answers.ts'
import {
  type Answered,
  type Coalition,
  type Company,
  foundCoalition,
  formOf,
  ORIGIN,
  threeOf,
} from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { idOf } from '#test/helpers/notices.ts'
import type { RefusalCase } from './refusal-case.ts'
import { secondOfficer } from './refusal-signature.cases.ts'

const DAY = 86_400
const HASH = '0'.repeat(64)
type Kind = Pick<RefusalCase, 'reason' | 'status'>

/** An act of Contoso's that is refused as it stands, after something has happened. */
export function acting<T extends ActType>(
  name: string,
  kind: Kind,
  act: { type: T; body: (c: Coalition) => Promise<ActBodies[T]> | ActBodies[T] },
): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (c) => {
      const body = await act.body(c)
      return async () => await c.submit(act.type, body, threeOf(c).contoso)
    },
  }
}

/** The admission of a partner with one admin. */
export async function newcomer(c: Coalition, domain: string): Promise<ActBodies['party.admit']> {
  const { certificate, certificateBytes, key } = await companyKey(domain)
  const challenge = await c.challenge(key, certificateBytes, 'officer')
  return { domain, kind: 'partner', officers: [{ certificate, challenge, duties: ['admin'] }] }
}

/** A suspension of Litware that waits for its second vote. */
async function pendingSuspension(c: Coalition): Promise<{
  id: string
  payload: Uint8Array
  contoso: Company
  fabrikam: Company
  litware: Company
}> {
  const three = threeOf(c)
  const payload = await c.compose(
    'party.suspend',
    { domain: 'litware.example', reason: 'left' },
    three.contoso,
  )
  const answered = await c.post(payload, await c.sign(three.contoso, payload))
  return { ...three, id: idOf(answered), payload }
}

const CHARTER: readonly RefusalCase[] = [
  {
    reason: 'genesis-wrong',
    status: 403,
    founded: false,
    name: 'a charter that the server was not set up for',
    arrange: async (c) => {
      const other = await foundCoalition({ founded: false, quorums: { suspend_others: 1 } })
      const [payload, ...signatures] = await charterOf(other)
      await other.close()
      return async () => await c.post(payload, ...signatures)
    },
  },
  {
    reason: 'genesis-wrong',
    status: 403,
    name: 'a second charter',
    arrange: async (c) => {
      const [payload, ...signatures] = await charterOf(c)
      return async () => await c.post(payload, ...signatures)
    },
  },
  {
    reason: 'charter-exists',
    status: 409,
    name: 'a second charter, which the server was told to take',
    arrange: async (c) => {
      const [payload, ...signatures] = await charterOf(c)
      const app = createApp({ ...c.ports, genesis: sha256Hex(payload) })
      return async () =>
        await answeredBy(
          await app.request('/api/acts', { method: 'POST', body: formOf(payload, signatures) }),
        )
    },
  },
  {
    reason: 'vkey-malformed',
    status: 422,
    founded: false,
    name: 'a charter whose log key nobody can read',
    arrange: async (c) => {
      const [payload, ...signatures] = await charterOf(c, 'coalition.example+00000000+AA')
      const app = createApp({ ...c.ports, genesis: sha256Hex(payload) })
      const body = formOf(payload, signatures)
      return async () => await answeredBy(await app.request('/api/acts', { method: 'POST', body }))
    },
  },
  {
    reason: 'founder-missing',
    status: 422,
    founded: false,
    name: 'a charter that one founder did not sign',
    arrange: async (c) => {
      const [payload, ...signatures] = await charterOf(c)
      const app = createApp({ ...c.ports, genesis: sha256Hex(payload) })
      return async () =>
        await answeredBy(
          await app.request('/api/acts', {
            method: 'POST',
            body: formOf(payload, signatures.slice(0, 2)),
          }),
        )
    },
  },
]

/** Another charter by the same companies, with all their signatures. */
async function charterOf(c: Coalition, logKey = LOG_KEY): Promise<[Uint8Array, ...string[]]> {
  const payload = composeAct({
    type: 'charter.adopt',
    body: {
      founders: c.companies.map(({ certificate, domain }) => ({
        domain,
        officers: [{ certificate, duties: ['admin'] }],
      })),
      log_key: logKey,
      quorums: {
        admit: [2, 3],
        advisory_reviewers: 2,
        amend: [2, 3],
        dossier_panelists: 7,
        suspend: [2, 3],
        suspend_others: 2,
        template_members: 3,
        template_partners: 1,
      },
      service_certificate: base64(c.ports.crypto.serviceCertificate),
      templates: [],
      witnesses: { keys: [], quorum: 0 },
    },
    by: { party: threeOf(c).contoso.domain },
    directory: HASH,
    origin: ORIGIN,
    now: c.clock.now(),
    nonce: new Uint8Array(16).fill(1),
  })
  return [
    payload,
    ...(await Promise.all(c.companies.map(async (company) => await c.sign(company, payload)))),
  ]
}

async function answeredBy(response: Response): Promise<Answered> {
  const text = await response.text()
  const body = ProblemSchema.parse(JSON.parse(text))
  return {
    status: response.status,
    reason: body.type.replace('/problems/', ''),
    body,
    bytes: utf8(text),
    text,
    headers: response.headers,
  }
}

const PARTIES: readonly RefusalCase[] = [
  acting(
    'a suspension of nobody',
    { reason: 'party-unknown', status: 422 },
    { type: 'party.suspend', body: () => ({ domain: 'nobody.example', reason: 'left' }) },
  ),
  acting(
    'a member admitted as a partner',
    { reason: 'party-exists', status: 409 },
    {
      type: 'party.admit',
      body: async (c) => ({ ...(await newcomer(c, 'new.example')), domain: 'fabrikam.example' }),
    },
  ),
  acting(
    'a change of nobody',
    { reason: 'officer-unknown', status: 422 },
    { type: 'officer.change', body: () => ({ fingerprint: '0'.repeat(40), duties: ['admin'] }) },
  ),
  acting(
    'an officer of another party retired',
    { reason: 'officer-unknown', status: 422 },
    {
      type: 'officer.retire',
      body: (c) => ({ fingerprint: threeOf(c).fabrikam.key.fingerprint, reason: 'compromised' }),
    },
  ),
  acting(
    'the last admin gone',
    { reason: 'policy-invalid', status: 422 },
    {
      type: 'officer.change',
      body: (c) => ({ fingerprint: threeOf(c).contoso.key.fingerprint, duties: ['reporter'] }),
    },
  ),
  acting(
    'two officers of whom there is one',
    { reason: 'two-officers-needed', status: 422 },
    { type: 'party.policy', body: () => ({ rules: [], two_officers: true }) },
  ),
  acting(
    'an officer retired twice',
    { reason: 'nothing-to-do', status: 409 },
    {
      type: 'officer.retire',
      body: async (c) => {
        const second = await secondOfficer(c)
        const body = { fingerprint: second.key.fingerprint, reason: 'retired' } as const
        idOf(await c.submit('officer.retire', body, threeOf(c).contoso))
        return body
      },
    },
  ),
]

const HEADS: readonly RefusalCase[] = [
  {
    reason: 'directory-unknown',
    status: 409,
    name: 'a directory that never was',
    arrange: async (c) => {
      const { contoso } = threeOf(c)
      const payload = await c.compose(
        'party.suspend',
        { domain: 'litware.example', reason: 'left' },
        { by: { party: contoso.domain }, directory: HASH },
      )
      const signature = await c.sign(contoso, payload)
      return async () => await c.post(payload, signature)
    },
  },
  {
    reason: 'directory-stale',
    status: 409,
    name: 'a directory replaced 32 days ago',
    arrange: async (c) => {
      const { contoso } = threeOf(c)
      const { body } = await c.ask('/api/directory')
      await secondOfficer(c)
      c.clock.advance(32 * DAY)
      const twist = { by: { party: contoso.domain }, directory: String(body['head']) }
      const payload = await c.compose(
        'party.suspend',
        { domain: 'litware.example', reason: 'left' },
        twist,
      )
      const signature = await c.sign(contoso, payload)
      return async () => await c.post(payload, signature)
    },
  },
]

const PENDING: readonly RefusalCase[] = [
  {
    reason: 'act-not-pending',
    status: 409,
    name: 'a vote after the decision',
    arrange: async (c) => {
      const { contoso, fabrikam, litware } = threeOf(c)
      const body = { ...(await newcomer(c, 'new.example')) }
      const payload = await c.compose('party.admit', body, contoso)
      const id = idOf(
        await c.post(payload, await c.sign(contoso, payload), await c.sign(fabrikam, payload)),
      )
      const late = await c.sign(litware, payload)
      return async () => await c.cosign(id, late)
    },
  },
  {
    reason: 'act-not-pending',
    status: 409,
    name: 'a vote for what its author took back',
    arrange: async (c) => {
      const { contoso, fabrikam, id, payload } = await pendingSuspension(c)
      idOf(await c.submit('act.withdraw', { act: id }, contoso))
      const late = await c.sign(fabrikam, payload)
      return async () => await c.cosign(id, late)
    },
  },
  {
    reason: 'act-lapsed',
    status: 409,
    name: 'a vote after the act ran out',
    arrange: async (c) => {
      const { fabrikam, id, payload } = await pendingSuspension(c)
      c.clock.advance(8 * DAY)
      const late = await c.sign(fabrikam, payload)
      return async () => await c.cosign(id, late)
    },
  },
  {
    reason: 'party-suspended',
    status: 403,
    name: 'a vote by a party suspended between signatures',
    arrange: async (c) => {
      const { contoso, fabrikam, litware } = threeOf(c)
      const payload = await c.compose(
        'party.suspend',
        { domain: contoso.domain, reason: 'conduct' },
        fabrikam,
      )
      const id = idOf(await c.post(payload, await c.sign(fabrikam, payload)))
      idOf(
        await c.submit(
          'party.suspend',
          { domain: litware.domain, reason: 'left' },
          fabrikam,
          contoso,
        ),
      )
      const late = await c.sign(litware, payload)
      return async () => await c.cosign(id, late)
    },
  },
  {
    reason: 'not-due',
    status: 409,
    name: 'an act that the service declares lapsed before its time',
    arrange: async (c) => {
      const { id } = await pendingSuspension(c)
      return await byService(c, 'act.lapse', { act: id })
    },
  },
  {
    reason: 'not-found',
    status: 404,
    name: 'an act that the service declares lapsed and nobody sent',
    arrange: async (c) => await byService(c, 'act.lapse', { act: HASH }),
  },
]

/** A service act as only who holds the key of the service can send it. */
export async function byService<T extends ActType>(
  c: Coalition,
  type: T,
  body: ActBodies[T],
): Promise<() => Promise<Answered>> {
  const payload = await c.compose(type, body, { by: { service: ORIGIN } })
  const signature = writeArmor('PGP SIGNATURE', await c.ports.crypto.signAsService(payload))
  return async () => await c.post(payload, signature)
}

export const GOVERNANCE: readonly RefusalCase[] = [...CHARTER, ...PARTIES, ...HEADS, ...PENDING]
