import { createMessage, readPrivateKey, sign } from 'openpgp'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signEntity, unlockKey } from '#client/openpgp.ts'
import { DUTIES, type Duty } from '#core/act-bodies.ts'
import { base64, concat, fromUtf8, utf8 } from '#core/bytes.ts'
import { TAG, writePacket } from '#core/packet-walk.ts'
import { splitSignedMessage, writeArmor } from '#core/packets.ts'
import {
  type Answered,
  type Coalition,
  type Company,
  foundCoalition,
  threeOf,
} from '#test/helpers/coalition.ts'
import { BEGIN, companyKey } from '#test/helpers/coalition-keys.ts'
import { idOf } from '#test/helpers/notices.ts'
import { accepted, DAY, make, packetsOf, signAt } from '#test/helpers/openpgp-keys.ts'

// What somebody does with signatures that others made, or with a key that is not, or no longer, theirs.

let coalition: Coalition
let contoso: Company
let fabrikam: Company
let litware: Company

beforeEach(async () => {
  coalition = await foundCoalition({
    domains: ['contoso.example', 'fabrikam.example', 'litware.example', 'northwind.example'],
    quorums: { admit: [1, 1], suspend: [2, 3], suspend_others: 2 },
  })
  ;({ contoso, fabrikam, litware } = threeOf(coalition))
})
afterEach(async () => {
  await coalition.close()
})

/** A vote that needs two others, by the bytes that each of them signs. */
async function suspension(by: Company = contoso): Promise<Uint8Array> {
  const body = { domain: 'northwind.example', reason: 'conduct' } as const
  return await coalition.compose('party.suspend', body, by)
}

/** Enrols a further officer of a company. */
async function officerOf(company: Company, name: string, duties: readonly Duty[] = DUTIES) {
  const officer = await companyKey(company.domain, name)
  const challenge = await coalition.challenge(officer.key, officer.certificateBytes, 'officer')
  const body = { certificate: officer.certificate, challenge, duties }
  idOf(await coalition.submit('officer.add', body, company))
  return officer
}

async function retire(officer: Company, reason: 'compromised' | 'retired'): Promise<void> {
  const body = { fingerprint: officer.key.fingerprint, reason }
  const admin = coalition.companies.find(({ domain }) => domain === officer.domain)
  idOf(await coalition.submit('officer.retire', body, admin ?? contoso))
}

function standing({ body }: Answered): unknown {
  return body['status']
}

/** Has somebody cast a vote, and gives the one by which another would complete the act. */
async function waiting(voter: Company): Promise<() => Promise<Answered>> {
  const payload = await suspension(voter)
  const id = idOf(await coalition.post(payload, await coalition.sign(voter, payload)))
  return async () => await coalition.cosign(id, await coalition.sign(fabrikam, payload))
}

/** The packet in some armor. */
function packetIn(armored: string): Uint8Array {
  const body = armored.split('\n').slice(2, -3).join('')
  return packetsOf(Buffer.from(body, 'base64'))[0]?.bytes ?? new Uint8Array()
}

describe('whoever replays an act', () => {
  test('changes nothing: the same bytes are answered with where they stand', async () => {
    const payload = await suspension()
    const signatures = [
      await coalition.sign(contoso, payload),
      await coalition.sign(fabrikam, payload),
    ]
    expect(standing(await coalition.post(payload, ...signatures))).toBe('effective')
    const before = coalition.snapshot()
    const again = await coalition.post(payload, ...signatures)
    expect([again.status, standing(again)]).toEqual([200, 'effective'])
    expect(coalition.snapshot()).toBe(before)
  })

  test('cannot bring it back after the state that it made was changed', async () => {
    const payload = await suspension()
    const signatures = [
      await coalition.sign(contoso, payload),
      await coalition.sign(fabrikam, payload),
    ]
    idOf(await coalition.post(payload, ...signatures))
    const officer = await companyKey('northwind.example', 'successor')
    const challenge = await coalition.challenge(officer.key, officer.certificateBytes, 'officer')
    const officers = [{ certificate: officer.certificate, challenge, duties: DUTIES }]
    const body = { domain: 'northwind.example', kind: 'member', officers } as const
    const admission = await coalition.compose('party.admit', body, contoso)
    const votes = [contoso, fabrikam, litware].map(
      async (company) => await coalition.sign(company, admission),
    )
    const answered = await coalition.post(admission, ...(await Promise.all(votes)))
    expect(answered.body['missing']).toEqual([{ role: 'day', needed: 7, have: 0 }])
    const { head: before } = (await coalition.ask('/api/directory')).body
    expect((await coalition.post(payload, ...signatures)).status).toBe(200)
    expect((await coalition.ask('/api/directory')).body['head']).toBe(before)
  })

  test('in another coalition of the same name is refused', async () => {
    const payload = await suspension()
    const signature = await coalition.sign(contoso, payload)
    const other = await foundCoalition()
    expect((await other.post(payload, signature)).reason).toBe('directory-unknown')
    await other.close()
  })

  test('after it ran out is refused, whatever waits for it', async () => {
    const payload = await suspension()
    const id = idOf(await coalition.post(payload, await coalition.sign(contoso, payload)))
    coalition.clock.advance(8 * DAY)
    expect((await coalition.cosign(id, await coalition.sign(fabrikam, payload))).reason).toBe(
      'act-lapsed',
    )
    expect((await coalition.post(payload, await coalition.sign(fabrikam, payload))).reason).toBe(
      'act-expired',
    )
  })

  test('adds no further signature to what has taken effect', async () => {
    const payload = await suspension()
    const signatures = [
      await coalition.sign(contoso, payload),
      await coalition.sign(fabrikam, payload),
    ]
    const id = idOf(await coalition.post(payload, ...signatures))
    expect((await coalition.cosign(id, await coalition.sign(litware, payload))).reason).toBe(
      'act-not-pending',
    )
  })
})

describe('whoever splices a signature', () => {
  test('under another act of the same signer is refused', async () => {
    const [one, two] = [await suspension(), await suspension()]
    expect((await coalition.post(one, await coalition.sign(contoso, two))).reason).toBe(
      'signature-not-accepted',
    )
  })

  test.each([
    { name: 'target', from: 'northwind.example', to: 'fabrikam.example' },
    { name: 'reason', from: '"conduct"', to: '"left"' },
    { name: 'type', from: 'party.suspend', to: 'party.policy' },
    { name: 'author', from: '"party":"contoso', to: '"party":"fabrikam' },
  ])('under the same act with another $name is refused', async ({ from, to }) => {
    const payload = await suspension()
    const signature = await coalition.sign(contoso, payload)
    const changed = utf8((fromUtf8(payload) ?? '').replace(from, to))
    expect(changed).not.toEqual(payload)
    const { reason } = await coalition.post(changed, signature)
    expect(['signature-not-accepted', 'act-body-invalid']).toContain(reason)
  })

  test('cut out of a notice that the officer signed inline is refused under an act', async () => {
    const entity = utf8('Content-Type: text/plain\r\n\r\nYour account was attacked.\r\n')
    const notice = accepted(
      splitSignedMessage(await signEntity(contoso.key, entity, { at: coalition.clock.now() })),
    )
    const cut = writeArmor('PGP SIGNATURE', writePacket(TAG.signature, notice.signature))
    expect((await coalition.post(await suspension(), cut)).reason).toBe('signature-not-accepted')
    expect((await coalition.post(entity, cut)).reason).toBe('act-not-json')
  })

  test('of text mode, which covers other bytes than it seems to, is refused', async () => {
    const payload = await suspension()
    const bytes = await sign({
      message: await createMessage({ text: fromUtf8(payload) ?? '' }),
      signingKeys: await readPrivateKey({ armoredKey: contoso.privateArmored }),
      detached: true,
      format: 'binary',
      date: new Date(coalition.clock.now() * 1000),
    })
    expect((await coalition.post(payload, writeArmor('PGP SIGNATURE', bytes))).reason).toBe(
      'signature-type-wrong',
    )
  })

  test('with its time or issuer moved to where nobody signed it is refused or counts as the same', async () => {
    const payload = await suspension()
    const good = await coalition.sign(contoso, payload)
    idOf(await coalition.post(payload, good))
    const key = await readPrivateKey({ armoredKey: contoso.privateArmored })
    const later = await signAt(key, coalition.clock.now() - 30, payload)
    const again = await coalition.post(payload, writeArmor('PGP SIGNATURE', later))
    expect(again.body['missing']).toEqual([{ role: 'member', needed: 2, have: 1 }])
  })
})

describe('whoever holds a key that no longer counts', () => {
  test.each([
    { name: 'of a retired officer', reason: 'retired', refused: 'certificate-retired' },
    { name: 'that was stolen', reason: 'compromised', refused: 'certificate-compromised' },
  ] as const)(
    '$name is refused, also with a signature from before',
    async ({ reason, refused }) => {
      const officer = await officerOf(contoso, 'second')
      const payload = await suspension(officer)
      const before = await coalition.sign(officer, payload)
      coalition.clock.advance(60)
      await retire(officer, reason)
      expect((await coalition.post(payload, before)).reason).toBe(refused)
    },
  )

  test('of a suspended party is refused', async () => {
    const northwind = await companyKey('northwind.example')
    idOf(
      await coalition.submit(
        'party.suspend',
        { domain: northwind.domain, reason: 'compromised' },
        contoso,
        fabrikam,
      ),
    )
    const body = { rules: [], two_officers: false }
    expect((await coalition.submit('party.policy', body, northwind)).reason).toBe('party-suspended')
  })

  test('that has expired is refused with a signature dated back to when it was good', async () => {
    const made = await make({ date: BEGIN - DAY, lasts: 2 * DAY, name: 'short-lived' })
    const key = accepted(await unlockKey(made.key.armor(), ''))
    const challenge = await coalition.challenge(key, made.bytes, 'officer')
    const body = { certificate: base64(made.bytes), challenge, duties: DUTIES }
    idOf(await coalition.submit('officer.add', body, contoso))
    const payload = await suspension()
    const backdated = writeArmor('PGP SIGNATURE', await signAt(made.key, BEGIN + DAY - 60, payload))
    const early = await coalition.post(payload, backdated)
    expect(early.reason).toBe('signature-from-future')
    coalition.clock.set(BEGIN + DAY + 60)
    expect((await coalition.post(payload, backdated)).reason).toBe('certificate-expired')
  })
})

describe('whoever wants one party to count as two', () => {
  test('gets one vote for two officers of it', async () => {
    const second = await officerOf(contoso, 'second')
    const payload = await suspension()
    const answered = await coalition.post(
      payload,
      await coalition.sign(contoso, payload),
      await coalition.sign(second, payload),
    )
    expect(standing(answered)).toBe('pending')
    expect(answered.body['missing']).toEqual([{ role: 'member', needed: 2, have: 1 }])
  })

  test('gets one vote for one officer who signs twice, in one block, in two, or one after the other', async () => {
    const payload = await suspension()
    const one = await coalition.sign(contoso, payload)
    const two = await coalition.sign(contoso, payload, coalition.clock.now() - 5)
    expect((await coalition.post(payload, one, two)).reason).toBe('signature-duplicate')
    const both = [one, two].map((armored) => packetIn(armored))
    const joined = writeArmor('PGP SIGNATURE', concat(...both))
    expect((await coalition.post(payload, joined)).reason).toBe('signature-count-wrong')
    const id = idOf(await coalition.post(payload, one))
    expect(standing(await coalition.cosign(id, two))).toBe('pending')
  })

  test('is refused where it enrols the officer of another party as its own', async () => {
    const { certificateBytes, certificate, key } = contoso
    const challenge = await coalition.challenge(key, certificateBytes, 'officer')
    const body = { certificate, challenge, duties: DUTIES }
    expect((await coalition.submit('officer.add', body, fabrikam)).reason).toBe(
      'certificate-enrolled-already',
    )
    expect((await coalition.submit('officer.add', body, contoso)).reason).toBe(
      'certificate-enrolled-already',
    )
  })
})

describe('whoever uses a change of the roster between two signatures', () => {
  test('does not get the vote of an officer who was found to be compromised since', async () => {
    const second = await officerOf(contoso, 'second')
    const complete = await waiting(second)
    await retire(second, 'compromised')
    expect(standing(await complete())).toBe('pending')
  })

  test('does not get the vote of an officer who lost the duty since', async () => {
    const second = await officerOf(contoso, 'second')
    const complete = await waiting(second)
    const body = { duties: ['reporter'], fingerprint: second.key.fingerprint } as const
    idOf(await coalition.submit('officer.change', body, contoso))
    expect(standing(await complete())).toBe('pending')
  })

  test('does not get the vote of a party that was suspended since', async () => {
    const complete = await waiting(litware)
    const body = { domain: litware.domain, reason: 'compromised' } as const
    idOf(await coalition.submit('party.suspend', body, contoso, fabrikam))
    expect(standing(await complete())).toBe('pending')
  })

  test('cannot void the vote of an officer who merely retired', async () => {
    const second = await officerOf(contoso, 'second')
    const complete = await waiting(second)
    await retire(second, 'retired')
    expect(standing(await complete())).toBe('effective')
  })

  test('or sends two last signatures at once makes the act take effect once', async () => {
    const payload = await suspension()
    const id = idOf(await coalition.post(payload, await coalition.sign(contoso, payload)))
    const last = await Promise.all(
      [fabrikam, litware].map(
        async (company) => await coalition.cosign(id, await coalition.sign(company, payload)),
      ),
    )
    expect(last.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409])
    const records = await coalition.ports.storage.recordsOf(id)
    expect(records.filter(({ event }) => event === 'adopted')).toHaveLength(1)
  })
})
