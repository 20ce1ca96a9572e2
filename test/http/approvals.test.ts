import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connect } from '#test/helpers/filing.ts'
import type { Duty } from '#core/act-bodies.ts'
import type { Receipt } from '#core/receipt.ts'
import { formatInstant } from '#core/time.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { runDue } from '#service/run-due.ts'
import {
  type Answered,
  type Coalition,
  type Company,
  FOUNDED_TEMPLATE,
  foundCoalition,
  ORIGIN,
  threeOf,
} from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import {
  briefTo,
  bundleOf,
  idOf,
  noticeBody,
  openCampaign,
  paddedLines,
  upload,
} from '#test/helpers/notices.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { parseAct } from '#wire/act.ts'

const DAY = 86_400

let coalition: Coalition
/** Officers of Contoso: one may do everything, one only reports, one is only counsel. */
let contoso: Company
let reporter: Company
let counsel: Company
/** Each notice has a bundle of its own. */
let bundles = 0

beforeEach(async () => {
  coalition = await foundCoalition()
  contoso = threeOf(coalition).contoso
  reporter = await enlist('reporter', ['reporter'])
  counsel = await enlist('counsel', ['counsel'])
  await decree({ two_officers: false })
})
afterEach(async () => {
  await coalition.close()
})

async function enlist(name: string, duties: readonly Duty[]): Promise<Company> {
  const officer = await companyKey(contoso.domain, name)
  const { certificate, certificateBytes, key } = officer
  const challenge = await coalition.challenge(key, certificateBytes, 'officer')
  idOf(await coalition.submit('officer.add', { certificate, challenge, duties }, contoso))
  return officer
}

/** Contoso's notices need a reporter and counsel from now on. */
async function decree({ two_officers }: { readonly two_officers: boolean }): Promise<void> {
  const rules = [{ duties: ['counsel', 'reporter'], type: 'notice.file' }] as const
  idOf(await coalition.submit('party.policy', { rules, two_officers }, contoso))
}

async function approve(by: readonly [Company, ...Company[]] = [counsel], days = 30) {
  const until = formatInstant(coalition.clock.now() + days * DAY)
  const body = { scope: '5c'.repeat(32), template: FOUNDED_TEMPLATE, until }
  return idOf(await coalition.submit('template.approve', body, ...by))
}

async function file(
  more: Parameters<typeof noticeBody>[2],
  ...by: readonly [Company, ...Company[]]
): Promise<Answered> {
  const bundle = bundleOf(paddedLines([], String((bundles += 1))))
  await upload(coalition, await coalition.session(by[0]), bundle)
  return await coalition.submit('notice.file', noticeBody(by[0], bundle, more), ...by)
}

async function receiptOf(id: string): Promise<Receipt> {
  const api = connect(coalition, await coalition.session(contoso))
  return accepted(await api.readReceipt(id, { withChain: true }))
}

async function verdict(receipt: Receipt): Promise<string> {
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  return reasonOf(await verifyReceipt(receipt, anchor, parseAct))
}

test('without an approval a notice waits for counsel; with one it takes effect at once', async () => {
  const waiting = await file({}, reporter)
  expect(waiting.body).toMatchObject({
    status: 'pending',
    missing: [{ role: 'officer', needed: 2, have: 1 }],
  })
  const filed = await file({ approval: await approve() }, reporter)
  expect(filed.body).toMatchObject({ status: 'effective', missing: [] })
})

test('whoever holds the receipt alone sees that counsel had approved, and which template', async () => {
  const approval = await approve()
  const receipt = await receiptOf(idOf(await file({ approval }, reporter)))
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  const verified = accepted(await verifyReceipt(receipt, anchor, parseAct))
  expect(verified.approval).toEqual({ act: approval, template: FOUNDED_TEMPLATE })
})

test('a receipt without its approval, or with another one, proves nothing', async () => {
  const [first, second] = [await approve(), await approve()]
  const receipt = await receiptOf(idOf(await file({ approval: first }, reporter)))
  const other = await receiptOf(idOf(await file({ approval: second }, reporter)))
  const { approval: _, ...bare } = receipt
  expect(await verdict(bare)).toBe('receipt-malformed')
  expect(await verdict({ ...receipt, approval: other.approval ?? receipt.act })).toBe(
    'receipt-malformed',
  )
  expect(await verdict(receipt)).toBe('accepted')
})

test('a notice that names no approval is not proven by one', async () => {
  const approved = await receiptOf(idOf(await file({ approval: await approve() }, reporter)))
  const plain = await receiptOf(idOf(await file({}, reporter, counsel)))
  expect(await verdict({ ...plain, approval: approved.approval ?? plain.act })).toBe(
    'receipt-malformed',
  )
})

test('an approval is no second officer', async () => {
  await enlist('admin', ['admin'])
  await decree({ two_officers: true })
  const approval = await approve([counsel, contoso])
  const alone = await file({ approval }, reporter)
  expect(alone.body).toMatchObject({
    status: 'pending',
    missing: [{ role: 'officer', needed: 2, have: 1 }],
  })
  expect((await file({ approval }, reporter, contoso)).body['status']).toBe('effective')
})

test('under the two-officer rule an approval needs two officers too', async () => {
  await enlist('admin', ['admin'])
  await decree({ two_officers: true })
  const pending = await approve([counsel])
  expect((await file({ approval: pending }, reporter, contoso)).reason).toBe('approval-unknown')
  const approval = await approve([counsel, contoso])
  expect((await file({ approval }, reporter, contoso)).body['status']).toBe('effective')
})

test('an approval of before counts no more once the policy asks for two officers', async () => {
  const approval = await approve()
  await enlist('admin', ['admin'])
  await decree({ two_officers: true })
  expect((await file({ approval }, reporter, contoso)).reason).toBe('approval-ended')
})

test('a reporter approves nothing', async () => {
  const until = formatInstant(coalition.clock.now() + DAY)
  const body = { scope: '5c'.repeat(32), template: FOUNDED_TEMPLATE, until }
  expect((await coalition.submit('template.approve', body, reporter)).reason).toBe('duty-missing')
})

describe('a withdrawn approval', () => {
  test('covers nothing more, by whichever officer it was withdrawn', async () => {
    const approval = await approve()
    idOf(await coalition.submit('act.withdraw', { act: approval }, reporter))
    expect((await file({ approval }, reporter)).reason).toBe('approval-ended')
    const again = await coalition.submit('act.withdraw', { act: approval }, reporter)
    expect(again.reason).toBe('nothing-to-do')
  })

  test('leaves the notices of before as proven as they were', async () => {
    const approval = await approve()
    const notice = idOf(await file({ approval }, reporter))
    idOf(await coalition.submit('act.withdraw', { act: approval }, counsel))
    expect(await verdict(await receiptOf(notice))).toBe('accepted')
  })

  test('stops a notice that waits for its second officer', async () => {
    await enlist('admin', ['admin'])
    await decree({ two_officers: true })
    const approval = await approve([counsel, contoso])
    const notice = idOf(await file({ approval }, reporter))
    idOf(await coalition.submit('act.withdraw', { act: approval }, counsel, contoso))
    const row = await coalition.ports.storage.findAct(notice)
    const signature = await coalition.sign(contoso, row?.payload ?? new Uint8Array())
    expect((await coalition.cosign(notice, signature)).reason).toBe('approval-ended')
  })

  test('is withdrawn by nobody else', async () => {
    const approval = await approve()
    const { fabrikam } = threeOf(coalition)
    const tried = await coalition.submit('act.withdraw', { act: approval }, fabrikam)
    expect(tried.reason).toBe('not-found')
  })
})

test('an approval ends with its counsel: one whose key was stolen has approved nothing', async () => {
  const approval = await approve()
  const notice = idOf(await file({ approval }, reporter))
  const { fingerprint } = counsel.key
  idOf(await coalition.submit('officer.retire', { fingerprint, reason: 'compromised' }, contoso))
  expect((await file({ approval }, reporter)).reason).toBe('approval-ended')
  expect(await verdict(await receiptOf(notice))).toBe('accepted')
})

test('an approval of 90 days holds on its last day, and outlives a counsel who merely left', async () => {
  const approval = await approve([counsel], 90)
  const { fingerprint } = counsel.key
  idOf(await coalition.submit('officer.retire', { fingerprint, reason: 'retired' }, contoso))
  coalition.clock.advance(90 * DAY - 60)
  const filed = await file({ approval }, reporter)
  expect(filed.body['status']).toBe('effective')
  expect(await verdict(await receiptOf(idOf(filed)))).toBe('accepted')
  coalition.clock.advance(60)
  expect((await file({ approval }, reporter)).reason).toBe('approval-ended')
})

test('nobody outside the party reads an approval', async () => {
  const approval = await approve()
  const { fabrikam, litware } = threeOf(coalition)
  for (const other of [fabrikam, litware]) {
    const token = await coalition.session(other)
    expect((await coalition.ask(`/api/acts/${approval}`, { token })).status).toBe(404)
  }
  expect((await coalition.ask(`/api/acts/${approval}`)).status).toBe(404)
  const token = await coalition.session(reporter)
  expect((await coalition.ask(`/api/acts/${approval}`, { token })).status).toBe(200)
})

async function fileJointly(days: number): Promise<{ approval: string; notice: string }> {
  const { fabrikam } = threeOf(coalition)
  const campaign = await openCampaign(coalition, contoso, [fabrikam])
  const brief_message = await briefTo(coalition, contoso, [contoso, fabrikam])
  const approval = await approve([counsel], days)
  const joint = { required: 1, until: formatInstant(coalition.clock.now() + 7200) }
  const filed = await file({ approval, brief_message, campaign, joint }, reporter)
  return { approval, notice: idOf(filed) }
}

async function statusOf(notice: string): Promise<unknown> {
  const token = await coalition.session(contoso)
  return (await coalition.ask(`/api/acts/${notice}`, { token })).body['status']
}

describe('a joint notice on an approval', () => {
  test('lapses where counsel takes the approval back before its release', async () => {
    const { approval, notice } = await fileJointly(30)
    idOf(await coalition.submit('act.withdraw', { act: approval }, counsel))
    coalition.clock.advance(7201)
    await runDue(coalition.ports)
    expect(await statusOf(notice)).toBe('lapsed')
  })

  test('is released though the approval ran out meanwhile, and its receipt holds', async () => {
    const { notice } = await fileJointly(1 / 24)
    coalition.clock.advance(7201)
    await runDue(coalition.ports)
    expect(await statusOf(notice)).toBe('effective')
    await coalition.ports.sequencer.flush()
    expect(await verdict(await receiptOf(notice))).toBe('accepted')
  })
})
