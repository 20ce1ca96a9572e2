import { afterEach, describe, expect, test } from 'vitest'
import { REFUSAL_REASONS, type RefusalReason } from '#core/refusal.ts'
import { type Coalition, foundCoalition } from '#test/helpers/coalition.ts'
import { ProblemSchema } from '#wire/answers.ts'
import { BUNDLES } from './refusal-bundle.cases.ts'
import { CERTIFICATES } from './refusal-certificate.cases.ts'
import { GOVERNANCE } from './refusal-governance.cases.ts'
import { MAILBOXES } from './refusal-mailbox.cases.ts'
import { NOTICE_CASES } from './refusal-notice.cases.ts'
import { SENT } from './refusal-sent.cases.ts'
import { SIGNATURES } from './refusal-signature.cases.ts'

const CASES = [
  ...SENT,
  ...SIGNATURES,
  ...CERTIFICATES,
  ...GOVERNANCE,
  ...MAILBOXES,
  ...NOTICE_CASES,
  ...BUNDLES,
]

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
void REFUSAL_REASONS
export type X = RefusalReason
