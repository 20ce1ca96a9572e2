import { afterAll, beforeAll, expect, test } from 'vitest'
import { encryptUnsigned, openMessage } from '#client/openpgp.ts'
import type { FakePublishBody } from '#core/act-bodies.ts'
import { utf8 } from '#core/bytes.ts'
import { runDue } from '#service/run-due.ts'
import { REPORTS_PER_DAY } from '#service/fake-report.ts'
import { apiOf } from '#test/helpers/check-lists.ts'
import { type Coalition, foundCoalition, threeOf } from '#test/helpers/coalition.ts'
import { idOf } from '#test/helpers/notices.ts'

const SAMPLE: FakePublishBody = {
  channel: 'mail',
  imitates: 'contoso.example',
  language: 'en',
  lines: ['Your account is locked. Confirm at contoso-login[.]example'],
  reports: 3,
  seen_on: '2025-11-23',
}
const MESSAGE = 'the message that tashi received'

let coalition: Coalition
beforeAll(async () => {
  coalition = await foundCoalition()
})
afterAll(async () => {
  await coalition.close()
})

const reportTo = async (...names: readonly ('contoso' | 'fabrikam')[]) =>
  await encryptUnsigned(
    names.map((name) => threeOf(coalition)[name].certificateBytes),
    utf8(MESSAGE),
    { at: coalition.clock.now() },
  )

test('a known forgery is shown to anybody with how often it was reported, and a newer sample takes its place', async () => {
  const { contoso, fabrikam } = threeOf(coalition)
  const api = apiOf(coalition)
  const first = idOf(await coalition.submit('fake.publish', SAMPLE, contoso))
  expect(await api.readFakes()).toMatchObject({
    value: { reports: 3, fakes: [{ act: first, party: 'contoso.example', body: SAMPLE }] },
  })
  const next = { ...SAMPLE, reports: 41, replaces: first }
  expect((await coalition.submit('fake.publish', next, fabrikam)).reason).toBe('not-found')
  const second = idOf(await coalition.submit('fake.publish', next, contoso))
  expect(await api.readFakes()).toMatchObject({ value: { reports: 41, fakes: [{ act: second }] } })
  expect((await coalition.submit('fake.publish', next, contoso)).reason).toBe('not-found')
  expect((await coalition.ask(`/api/acts/${second}/receipt`)).status).toBe(200)
})

test.each([
  [
    'an address that a program would make a link of',
    { lines: ['Confirm at contoso-login.example'] },
    'act-body-invalid',
  ],
  ['a day that is still to come', { seen_on: '2025-11-25' }, 'act-not-yet-valid'],
  ['somebody who is no party', { imitates: 'nobody.example' }, 'party-unknown'],
])('a sample with %s is refused', async (_, other, reason) => {
  const body = { ...SAMPLE, ...other }
  const refused = await coalition.submit('fake.publish', body, threeOf(coalition).contoso)
  expect(refused.reason).toBe(reason)
})

test('a stranger reports to one company alone, and the server keeps ciphertext, a random name and a day', async () => {
  const { contoso, fabrikam } = threeOf(coalition)
  const message = await reportTo('contoso')
  expect(await apiOf(coalition).reportFake(message)).toEqual({ ok: true, value: undefined })
  const own = apiOf(coalition, await coalition.session(contoso))
  const listed = await own.listFakeReports()
  if (!listed.ok) throw new Error(listed.refusal.reason)
  const [report] = listed.value.reports
  expect(listed.value.reports).toEqual([{ day: '2025-11-24', report: report?.report }])
  const fetched = await own.readFakeReport(report?.report ?? '')
  if (!fetched.ok) throw new Error(fetched.refusal.reason)
  const opened = await openMessage(contoso.key, fetched.value)
  expect(opened.ok && Buffer.from(opened.value).includes(MESSAGE)).toBe(true)

  const other = apiOf(coalition, await coalition.session(fabrikam))
  expect(await other.listFakeReports()).toMatchObject({ value: { reports: [] } })
  expect(await other.readFakeReport(report?.report ?? '')).toMatchObject({
    refusal: { reason: 'not-found' },
  })
  expect((await coalition.ask('/api/fakes/reports')).reason).toBe('session-missing')
  expect(coalition.events.join()).not.toContain('fakes')
})

test('a report in clear, to nobody here, too long, or beyond what a day takes is refused, and nothing is kept', async () => {
  const post = async (body: Uint8Array) =>
    await coalition.ask('/api/fakes/reports', { method: 'POST', body: Uint8Array.from(body) })
  const alice = await coalition.enrol('alice')
  const before = coalition.snapshot()
  const stranger = await encryptUnsigned([alice.certificateBytes], utf8(MESSAGE), {
    at: coalition.clock.now(),
  })
  expect((await post(stranger)).reason).toBe('brief-recipients-wrong')
  expect((await post(utf8(MESSAGE))).reason).toBe('envelope-malformed')
  expect((await post(new Uint8Array(65_537))).reason).toBe('request-too-large')
  expect(coalition.snapshot()).toBe(before)

  const message = await reportTo('contoso', 'fabrikam')
  let kept = 0
  while ((await post(message)).status === 202 && kept <= REPORTS_PER_DAY) kept += 1
  // One report came in the test before.
  expect(kept).toBe(REPORTS_PER_DAY - 1)
  expect((await post(message)).reason).toBe('bundle-over-quota')
})

test('a report is gone after thirty days', async () => {
  const own = apiOf(coalition, await coalition.session(threeOf(coalition).contoso))
  const count = async () => {
    const listed = await own.listFakeReports()
    return listed.ok ? listed.value.reports.length : listed.refusal
  }
  expect(await count()).toBe(REPORTS_PER_DAY)
  const before = coalition.snapshot()
  coalition.clock.advance(31 * 86_400)
  await runDue(coalition.ports)
  expect(coalition.snapshot()).not.toBe(before)
  const kinds = await coalition.ports.storage.listSubjects({
    kind: 'fake-report',
    tag: 'contoso.example:2025-11-24',
    after: '',
    limit: 10,
  })
  expect(kinds).toEqual([])
})
