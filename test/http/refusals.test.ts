import { afterEach, describe, expect, test } from 'vitest'
import { REFUSAL_REASONS, type RefusalReason } from '#core/refusal.ts'
import { type Coalition, foundCoalition } from '#test/helpers/coalition.ts'
import { ProblemSchema } from '#wire/answers.ts'
import { APPROVALS } from './refusal-approval.cases.ts'
import { BUNDLES } from './refusal-bundle.cases.ts'
import { CERTIFICATES } from './refusal-certificate.cases.ts'
import { CHECKS } from './refusal-check.cases.ts'
import { GOVERNANCE } from './refusal-governance.cases.ts'
import { MAILBOXES } from './refusal-mailbox.cases.ts'
import { NOTICE_CASES } from './refusal-notice.cases.ts'
import { SENT } from './refusal-sent.cases.ts'
import { SIGNATURES } from './refusal-signature.cases.ts'
import { TEMPLATES } from './refusal-template.cases.ts'

const CASES = [
  ...SENT,
  ...SIGNATURES,
  ...CERTIFICATES,
  ...GOVERNANCE,
  ...TEMPLATES,
  ...MAILBOXES,
  ...NOTICE_CASES,
  ...APPROVALS,
  ...BUNDLES,
  ...CHECKS,
]

/** Reasons that only clients give: about what they were sent, and about their own files. */
const CLIENT_ONLY: readonly RefusalReason[] = [
  'act-known-differently',
  'certificate-mismatch',
  'receipt-malformed',
  'receipt-origin-wrong',
  'receipt-genesis-wrong',
  'receipt-signature-wrong',
  'receipt-directory-broken',
  'receipt-line-wrong',
  'note-malformed',
  'note-unsigned',
  'note-signature-wrong',
  'checkpoint-malformed',
  'checkpoint-inconsistent',
  'checkpoint-older',
  'proof-malformed',
  'proof-wrong',
  'tile-malformed',
  'directory-broken',
  'chain-shorter-than-pinned',
  'chain-broken',
  'line-list-shrunk',
  'line-omitted',
  'notice-malformed',
  'notice-not-for-me',
  'notice-origin-wrong',
  'notice-filer-wrong',
  'notice-signer-wrong',
  'notice-template-wrong',
  'notice-brief-wrong',
  'notice-commitment-wrong',
  'notice-text-wrong',
  'facts-invalid',
  'brief-invalid',
  'account-invalid',
  'mail-address-invalid',
  'bounce-malformed',
  'bounce-unknown',
  'check-code-malformed',
  'check-code-mistyped',
  'approval-exceeded',
  'check-list-malformed',
  'customer-list-invalid',
  'hold-ended',
  'hold-reason-wrong',
  'hold-term-invalid',
  'hold-too-long',
  'hold-unknown',
  'contact-rung-closed',
  'contact-unknown',
  'contact-untested',
  'recipients-missing',
  'language-missing',
  'key-missing',
  'key-malformed',
  'passphrase-wrong',
]

/** Given to whoever lost a race twelve times over: shown by the races of bundles.test.ts, and by no single request. */
const RACES: readonly RefusalReason[] = ['state-changed']

let coalition: Coalition | undefined
afterEach(async () => {
  await coalition?.close()
  coalition = undefined
})

describe('is refused by name, and nothing is written', () => {
  test.each(CASES)('$reason: $name', async ({ arrange, founded, reason, status }) => {
    coalition = await foundCoalition(founded === false ? { founded } : {})
    const request = await arrange(coalition)
    const before = coalition.snapshot()
    const answered = await request()

    expect([answered.status, answered.reason], answered.text).toEqual([status, reason])
    const problem = ProblemSchema.parse(answered.body)
    expect(problem.type).toBe(`/problems/${reason}`)
    expect(problem.status).toBe(status)
    expect(coalition.snapshot()).toBe(before)
    expect(coalition.events.filter((event) => event.startsWith('failed'))).toEqual([])
    expect((await coalition.ask('/readyz')).status).toBe(200)
  })
})

test('a stranger gets one and the same answer, whatever is wrong', async () => {
  const answers = new Set<string>()
  for (const { arrange, reason } of CASES) {
    if (reason !== 'signature-not-accepted') continue
    const opened = await foundCoalition()
    const { headers, status, text } = await (await arrange(opened))()
    answers.add(JSON.stringify([status, text, [...headers]]))
    await opened.close()
  }
  expect(answers.size).toBe(1)
})

test('every refusal has a test over HTTP, or is given by clients alone', () => {
  const tested = new Set<RefusalReason>(CASES.map(({ reason }) => reason))
  const elsewhere = new Set<RefusalReason>([...CLIENT_ONLY, ...RACES])
  expect(REFUSAL_REASONS.filter((reason) => !tested.has(reason) && !elsewhere.has(reason))).toEqual(
    [],
  )
  expect([...elsewhere].filter((reason) => tested.has(reason))).toEqual([])
  expect(elsewhere.size).toBe(CLIENT_ONLY.length + RACES.length)
})

test('no two tests of refusals have one name', () => {
  const names = CASES.map(({ name, reason }) => `${reason}: ${name}`)
  expect(names.length).toBe(new Set(names).size)
})
