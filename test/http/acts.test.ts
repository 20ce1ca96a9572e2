import { afterAll, beforeAll, expect, test } from 'vitest'
import { base64, fromUtf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { formatInstant } from '#core/time.ts'
import { type Coalition, foundCoalition, formOf, threeOf } from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { briefTo, fileNotice, idOf, openCampaign } from '#test/helpers/notices.ts'
import { SubmittedSchema } from '#wire/answers.ts'
import { secondOfficer } from './refusal-signature.cases.ts'

let coalition: Coalition
beforeAll(async () => {
  coalition = await foundCoalition()
})
afterAll(async () => {
  await coalition.close()
})

/** An invitation of Contoso's: an act that takes effect at once and stands in nobody's way. */
async function invitation(token: string): Promise<{ payload: Uint8Array; signature: string }> {
  const { contoso } = threeOf(coalition)
  const body = { tokens: [sha256Hex(new TextEncoder().encode(token))] }
  const payload = await coalition.compose('mailbox.invite', body, contoso)
  return { payload, signature: await coalition.sign(contoso, payload) }
}

test('takes an act as a file, as a field and as JSON, and answers with its receipt', async () => {
  const file = await invitation('file')
  const field = await invitation('field')
  const json = await invitation('json')
  const form = new FormData()
  form.append('act', fromUtf8(field.payload) ?? '')
  form.append('signature', new Blob([field.signature]), 'act.json.asc')
  const body = JSON.stringify({ payload: base64(json.payload), signatures: [json.signature] })
  const headers = { 'Content-Type': 'application/json; charset=utf-8' }
  const answers = [
    await coalition.post(file.payload, file.signature),
    await coalition.ask('/api/acts', { method: 'POST', body: form }),
    await coalition.ask('/api/acts', { method: 'POST', body, headers }),
  ]
  for (const [position, { payload }] of [file, field, json].entries()) {
    const answered = answers[position]
    expect(answered?.status, answered?.text).toBe(201)
    const submitted = SubmittedSchema.parse(answered?.body)
    expect(submitted).toMatchObject({ id: sha256Hex(payload), missing: [], status: 'effective' })
    expect(submitted.receipt?.act.payload).toBe(base64(payload))
  }
})

test('answers the same bytes again with 200, and writes nothing', async () => {
  const { payload, signature } = await invitation('again')
  const first = await coalition.post(payload, signature)
  const before = coalition.snapshot()
  const again = await coalition.post(payload, signature)
  expect([first.status, again.status]).toEqual([201, 200])
  expect(again.body['id']).toBe(first.body['id'])
  expect(again.body['status']).toBe('effective')
  expect(coalition.snapshot()).toBe(before)
})

test('takes the same bytes once, however often they come at the same time', async () => {
  const { payload, signature } = await invitation('crowd')
  const answers = await Promise.all(
    Array.from({ length: 8 }, async () => await coalition.post(payload, signature)),
  )
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
    200, 200, 200, 200, 200, 200, 200, 201,
  ])
  expect(await coalition.ports.storage.recordsOf(sha256Hex(payload))).toHaveLength(1)
})

test('shows an act to those who may read it, and to others not even that it is there', async () => {
  const { contoso, fabrikam } = threeOf(coalition)
  const { payload, signature } = await invitation('private')
  const path = `/api/acts/${idOf(await coalition.post(payload, signature))}`
  const own = await coalition.ask(path, { token: await coalition.session(contoso) })
  const foreign = await coalition.ask(path, { token: await coalition.session(fabrikam) })
  const stranger = await coalition.ask(path)
  const absent = await coalition.ask(`/api/acts/${'0'.repeat(64)}`)
  expect(own.body).toMatchObject({ payload: base64(payload), status: 'effective', marks: [] })
  expect(foreign.status).toBe(404)
  expect(stranger.text).toBe(absent.text)
  expect(stranger.status).toBe(absent.status)
})

test('gives a receipt with the governance chain, or without it', async () => {
  const { genesis } = coalition.ports
  const whole = await coalition.ask(`/api/acts/${genesis}/receipt`)
  const bare = await coalition.ask(`/api/acts/${genesis}/receipt?chain=none`)
  expect(whole.body['genesis']).toBe(genesis)
  expect(whole.body['directory']).toHaveProperty('chain')
  expect(bare.body['directory']).not.toHaveProperty('chain')
})

test('tells when to come back for a receipt that waits for the daily batch', async () => {
  const customer = await coalition.enrol('patient')
  const closed = idOf(
    await coalition.submit('mailbox.filers', { filers: ['contoso.example'] }, customer),
  )
  const token = await coalition.session(customer)
  const early = await coalition.ask(`/api/acts/${closed}/receipt`, { token })
  expect([early.status, early.reason]).toEqual([404, 'receipt-not-logged'])
  expect(Number(early.headers.get('Retry-After'))).toBeGreaterThan(0)
})

test('lists what waits for signatures, and only as long as it waits', async () => {
  const { contoso, fabrikam } = threeOf(coalition)
  const terms = { domain: 'litware.example', reason: 'inactive' } as const
  const payload = await coalition.compose('party.suspend', terms, contoso)
  const id = idOf(await coalition.post(payload, await coalition.sign(contoso, payload)))
  const listed = await coalition.ask('/api/acts?status=pending')
  expect(listed.text).toContain(id)
  expect((await coalition.ask(`/api/acts?status=pending&after=${id}`)).text).not.toContain(
    `"id":"${id}"`,
  )
  idOf(await coalition.submit('act.withdraw', { act: id }, contoso))
  expect((await coalition.ask('/api/acts?status=pending')).text).not.toContain(id)
  expect((await coalition.cosign(id, await coalition.sign(fabrikam, payload))).reason).toBe(
    'act-not-pending',
  )
})

test('makes one transition of two last signatures that arrive at once', async () => {
  const own = await foundCoalition()
  const { contoso, fabrikam, litware } = threeOf(own)
  const newcomer = await companyKey('newcomer.example')
  const challenge = await own.challenge(newcomer.key, newcomer.certificateBytes, 'officer')
  const officers = [{ certificate: newcomer.certificate, challenge, duties: ['admin'] as const }]
  const payload = await own.compose(
    'party.admit',
    { domain: newcomer.domain, kind: 'member', officers },
    contoso,
  )
  const id = idOf(await own.post(payload, await own.sign(contoso, payload)))
  const last = [await own.sign(fabrikam, payload), await own.sign(litware, payload)]

  const answers = await Promise.all(last.map(async (signature) => await own.cosign(id, signature)))

  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409])
  expect(answers.find(({ status }) => status === 409)?.reason).toBe('act-not-pending')
  const records = await own.ports.storage.recordsOf(id)
  expect(records.filter(({ event }) => event === 'adopted')).toHaveLength(1)
  const { chain } = (await own.ask('/api/directory')).body
  expect(chain).toHaveLength(2)
  await own.close()
})

test('counts signatures by the roster at the last one, not at the first', async () => {
  const own = await foundCoalition()
  const { contoso, fabrikam, litware } = threeOf(own)
  const second = await secondOfficer(own)
  const terms = { domain: litware.domain, reason: 'conduct' } as const
  const payload = await own.compose('party.suspend', terms, contoso)
  const id = idOf(await own.post(payload, await own.sign(second, payload)))
  idOf(
    await own.submit(
      'officer.retire',
      { fingerprint: second.key.fingerprint, reason: 'compromised' },
      contoso,
    ),
  )

  const answered = await own.cosign(id, await own.sign(fabrikam, payload))

  expect([answered.status, answered.body['status']]).toEqual([201, 'pending'])
  const again = await own.cosign(id, await own.sign(contoso, payload))
  expect([again.status, again.body['status']]).toEqual([201, 'effective'])
  await own.close()
})

test('counts a party once, however many of its officers sign', async () => {
  const own = await foundCoalition()
  const { contoso } = threeOf(own)
  const second = await secondOfficer(own)
  const payload = await own.compose(
    'party.suspend',
    { domain: 'litware.example', reason: 'left' },
    contoso,
  )
  const answered = await own.post(
    payload,
    await own.sign(contoso, payload),
    await own.sign(second, payload),
  )
  expect(answered.body).toMatchObject({
    missing: [{ have: 1, needed: 2, role: 'member' }],
    status: 'pending',
  })
  await own.close()
})

test('releases a joint notice with its last support, and says who is missing until then', async () => {
  const own = await foundCoalition()
  const { contoso, fabrikam } = threeOf(own)
  const alice = await own.enrol('alice')
  const campaign = await openCampaign(own, contoso, [fabrikam])
  idOf(await own.submit('campaign.accept', { campaign }, fabrikam))
  const brief_message = await briefTo(own, contoso, [contoso, fabrikam])
  const joint = { required: 1, until: formatInstant(own.clock.now() + 3600) }
  const { notice } = await fileNotice(own, contoso, {
    brief_message,
    campaign,
    customers: [alice],
    joint,
  })
  const token = await own.session(alice)
  const before = await own.ask(`/api/acts/${notice}`, { token })
  expect(before.status).toBe(404)

  const terms = { notice, statements: ['issuer_is_genuine', 'same_actor_seen'] as const }
  idOf(await own.submit('notice.support', terms, fabrikam))

  expect((await own.ask(`/api/acts/${notice}`, { token })).body['status']).toBe('effective')
  const receipt = await own.ask(`/api/acts/${notice}/receipt`, { token })
  expect(receipt.body['supports']).toHaveLength(1)
  expect(receipt.body).toHaveProperty('release')
  await own.close()
})

test('adds the signatures of a form to an act that waits', async () => {
  const own = await foundCoalition()
  const { contoso, fabrikam } = threeOf(own)
  const payload = await own.compose(
    'party.suspend',
    { domain: 'litware.example', reason: 'left' },
    contoso,
  )
  idOf(await own.post(payload, await own.sign(contoso, payload)))
  const body = formOf(payload, [await own.sign(fabrikam, payload)])
  const answered = await own.ask('/api/acts', { method: 'POST', body })
  expect(answered.body['status']).toBe('effective')
  await own.close()
})
