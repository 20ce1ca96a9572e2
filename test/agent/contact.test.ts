import { expect, test } from 'vitest'
import {
  answerTest,
  changeContact,
  type Contact,
  contactStanding,
  ladderOf,
  noteAttempt,
  startTest,
  TEST_SECONDS_MAX,
} from '#agent/contact.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

const NOW = 1_800_000_000
const HOUR = 3600
const NOTICE = 'ab'.repeat(32)
const BYTES = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 2)

const known: Contact = {
  organisation: 'Example Foundation',
  mail: 'security@example.org',
  fingerprint: 'a'.repeat(40),
  phone: '+41 22 555 01 02',
  manager: 'Key accounts, desk 4',
  address: 'Street 1, Geneva',
  avoidAdmin: false,
  cases: [],
  attempts: [],
  v: 1,
}
const attempt = { notice: NOTICE, at: NOW, proof: 'a', by: 'b', outcome: 'tried' } as const

function tested(): Contact {
  const { code, contact } = startTest(known, BYTES, NOW)
  return answerTest(contact, code, NOW).contact
}

function due(on: Contact, hours: number): readonly string[] {
  return ladderOf(on, NOTICE, NOW + hours * HOUR)
    .filter(({ state }) => state === 'due')
    .map(({ rung }) => rung)
}

test('a contact is tested once the code of its test came back, for a quarter', () => {
  expect(contactStanding(known, NOW)).toBe('untested')
  expect(contactStanding(tested(), NOW + TEST_SECONDS_MAX)).toBe('tested')
  expect(contactStanding(tested(), NOW + TEST_SECONDS_MAX + 1)).toBe('stale')
})

test('a code is read back with whatever spaces, and a wrong one three times at most', () => {
  const { code, contact } = startTest(known, BYTES, NOW)
  expect(code).toBe('00000258')
  expect(JSON.stringify(contact)).not.toContain(code)
  expect(answerTest(contact, ` ${code.slice(0, 4)} ${code.slice(4)} `, NOW).isRight).toBe(true)
  let tried = contact
  for (let i = 0; i < 3; i++) tried = answerTest(tried, '11111111', NOW).contact
  expect(answerTest(tried, code, NOW).isRight).toBe(false)
})

test("the code of one organisation's test answers no other's", () => {
  const { code, contact } = startTest(known, BYTES, NOW)
  const other = { ...contact, organisation: 'Another one' }
  expect(answerTest(other, code, NOW).isRight).toBe(false)
})

test('a new address or key has been tested by nobody', () => {
  expect(contactStanding(changeContact(tested(), { phone: '+1 555 0100' }), NOW)).toBe('tested')
  expect(contactStanding(changeContact(tested(), { mail: 'new@example.org' }), NOW)).toBe(
    'untested',
  )
  const changed = changeContact(tested(), { fingerprint: 'b'.repeat(40) })
  expect(contactStanding(changed, NOW)).toBe('untested')
})

test('what comes next is due at its hour, and nothing once somebody answered', () => {
  const begun = accepted(noteAttempt(tested(), { ...attempt, rung: 'mail' }))
  expect(due(begun, 23)).toEqual(['portal'])
  expect(due(begun, 24)).toEqual(['portal', 'call-back'])
  expect(due(begun, 72)).toEqual(['portal', 'call-back', 'account-manager', 'letter'])
  const answered = { ...attempt, rung: 'call-back', outcome: 'answered' } as const
  expect(due(accepted(noteAttempt(begun, answered)), 72)).toEqual([])
})

test('an administrator who must not be told is not, and mail without a key goes to nobody', () => {
  const kept = changeContact(known, { avoidAdmin: true })
  expect(reasonOf(noteAttempt(kept, { ...attempt, rung: 'portal' }))).toBe('contact-rung-closed')
  expect(ladderOf(kept, NOTICE, NOW)[0]?.state).toBe('impossible')
  const { fingerprint: _, ...keyless } = known
  expect(reasonOf(noteAttempt(keyless, { ...attempt, rung: 'mail' }))).toBe('contact-rung-closed')
})

test('mail to a contact that nobody tested for a quarter is tried, and reaches nobody', () => {
  const mail = { ...attempt, rung: 'mail' } as const
  expect(reasonOf(noteAttempt(known, mail))).toBe('accepted')
  expect(reasonOf(noteAttempt(known, { ...mail, outcome: 'answered' }))).toBe('contact-untested')
  expect(reasonOf(noteAttempt(tested(), { ...mail, outcome: 'answered' }))).toBe('accepted')
})
