import { expect, test } from 'vitest'
import { readRecipients } from '#client/recipients.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { accountTemplate, LANGUAGES } from '#test/helpers/statements.ts'

const MAILBOX = 'a'.repeat(32)
const read = (csv: string) => readRecipients(csv, accountTemplate())

test('reads whom to tell, in one spelling', () => {
  const csv = `account,language,facts,mailbox,fingerprint\n Anna@Contoso.example ,en,,${MAILBOX},ABCD ${'0'.repeat(36)}\nboris,fr,"Two sign-ins, at night."\n`
  const { faults, recipients } = accepted(
    read(csv.replace('boris,fr,"Two sign-ins, at night."', 'boris,fr,"Two sign-ins, at night.",,')),
  )
  expect(faults).toEqual([])
  expect(recipients).toMatchObject([
    {
      account: 'anna@contoso.example',
      language: 'en',
      mailbox: MAILBOX,
      fingerprint: `abcd${'0'.repeat(36)}`,
      line: 2,
    },
    { account: 'boris', language: 'fr', facts: { seen: 'Two sign-ins, at night.' }, line: 3 },
  ])
})

test.each([
  { name: 'without an account', row: ',en,,', reason: 'the account is empty' },
  {
    name: 'in a language without words',
    row: 'anna,it,,',
    reason: `the template has no text in this language, only ${LANGUAGES.join(', ')}`,
  },
  {
    name: 'with facts that do not exist',
    row: 'anna,en,target_state=hacked,',
    reason: 'target_state: invalid_value',
  },
  {
    name: 'with a mailbox that is none',
    row: 'anna,en,,anna@example',
    reason: 'this is not the id of a mailbox',
  },
])('a row $name is a fault on its line, and the others are read', ({ reason, row }) => {
  const { faults, recipients } = accepted(
    read(`account,language,facts,mailbox\nfirst,en,,\n${row}\nlast,en,,\n`),
  )
  expect(faults).toEqual([{ line: 3, reason }])
  expect(recipients.map(({ account }) => account)).toEqual(['first', 'last'])
})

test('an account or a mailbox that stands there twice is told once and named', () => {
  const csv = `account,language,facts,mailbox\nanna,en,,${MAILBOX}\nANNA,en,,\nboris,en,,${MAILBOX}\n`
  const { faults, recipients } = accepted(read(csv))
  expect(recipients).toHaveLength(1)
  expect(faults).toEqual([
    { line: 3, reason: 'the account stands there twice' },
    { line: 4, reason: 'the mailbox stands there twice' },
  ])
})

test('a table without the columns is refused', () => {
  expect(reasonOf(read('name\nanna\n'))).toBe('customer-list-invalid')
})
