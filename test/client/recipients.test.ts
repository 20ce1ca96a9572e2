import { expect, test } from 'vitest'
import { chooseLanguages } from '#client/languages.ts'
import { readRecipients } from '#client/recipients.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { accountTemplate, accountText, LANGUAGES } from '#test/helpers/statements.ts'

const MAILBOX = 'a'.repeat(32)
const read = (csv: string) => readRecipients(csv, accountTemplate())

const has = (...languages: readonly string[]) => ({
  texts: new Map(languages.map((language) => [language, accountText('en')])),
})

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
    name: 'with a language that is none',
    row: 'anna,"?",,',
    reason: 'language is not a language tag of BCP 47, like en, pt-BR or zh-Hans',
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

test('whose language the template lacks is told in the nearest one and in English, never not at all', () => {
  expect(chooseLanguages('fr-CA', has('en', 'fr'))).toEqual({ language: 'fr' })
  expect(chooseLanguages('zh-CN', has('en', 'zh-Hans'))).toEqual({ language: 'zh-Hans' })
  expect(chooseLanguages('zh_TW', has('en', 'zh-Hans'))).toEqual({
    language: 'zh-Hans',
    also: 'en',
    lacking: 'zh_TW',
  })
  expect(chooseLanguages('ug', has('en', 'zh-Hans'))).toEqual({ language: 'en', lacking: 'ug' })
  expect(chooseLanguages('', has('en'))).toBeUndefined()
  expect(chooseLanguages('ug', has('fr'))).toBeUndefined()
})

test('a row can ask for a second language, and for nothing but a number to call', () => {
  const csv =
    'account,language,facts,also,safety\nanna,fr,,en-GB,\nboris,en,,en,call-only\ncy,en,seen=x y,,call-only\ndee,en,,,yes\neve,en,,xx,\n'
  const { faults, recipients } = accepted(read(csv))
  expect(recipients).toMatchObject([
    { account: 'anna', language: 'fr', also: 'en' },
    { account: 'boris', language: 'en', facts: { safety: 'call-only' } },
  ])
  expect(recipients[1]).not.toHaveProperty('also')
  expect(faults).toEqual([
    { line: 4, reason: 'with safety nothing of our own is said: leave seen out' },
    { line: 5, reason: 'the column safety holds call-only or nothing' },
    {
      line: 6,
      reason: `the template has no text in the language also, only ${LANGUAGES.join(', ')}`,
    },
  ])
})

test('a table without the columns is refused', () => {
  expect(reasonOf(read('name\nanna\n'))).toBe('customer-list-invalid')
})
