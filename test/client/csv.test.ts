import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CsvTable, CUSTOMER_COLUMNS, parseCsv } from '#client/csv.ts'

const HEADER = 'account,language,facts\n'

function table(text: string): CsvTable {
  const parsed = parseCsv(text, CUSTOMER_COLUMNS)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.refusal))
  return parsed.value
}

function row(cells: Partial<Record<string, string>>) {
  return {
    account: '',
    also: '',
    country: '',
    facts: '',
    fingerprint: '',
    language: '',
    mailbox: '',
    safety: '',
    ...cells,
  }
}

function detail(text: string): string | undefined {
  const parsed = parseCsv(text, CUSTOMER_COLUMNS)
  if (parsed.ok) return undefined
  expect(parsed.refusal.reason).toBe('customer-list-invalid')
  return parsed.refusal.detail
}

test('reads quoted cells with commas, line ends and doubled quotes, whatever ends the lines', () => {
  const text = [
    'account,language,facts',
    'anna@contoso.example,fr,"Two sign-ins, ""both"" at night"',
    '"bo",en,"first line',
    'second line"',
    'cy,de,',
  ]
  for (const end of ['\n', '\r\n']) {
    const { faults, rows } = table(`\ufeff${text.join(end)}${end}`)
    expect(faults).toEqual([])
    expect(rows).toEqual([
      {
        cells: row({
          account: 'anna@contoso.example',
          facts: 'Two sign-ins, "both" at night',
          language: 'fr',
        }),
        line: 2,
      },
      {
        cells: row({ account: 'bo', facts: `first line${end}second line`, language: 'en' }),
        line: 3,
      },
      { cells: row({ account: 'cy', language: 'de' }), line: 5 },
    ])
  }
})

test('takes the columns in any order and case, with a mailbox and a fingerprint or without', () => {
  const { rows } = table(
    'Facts, mailbox ,language,FINGERPRINT,account\nseen,abc,xx-unknown,ff,anna',
  )
  expect(rows).toEqual([
    {
      cells: {
        account: 'anna',
        also: '',
        country: '',
        facts: 'seen',
        fingerprint: 'ff',
        language: 'xx-unknown',
        mailbox: 'abc',
        safety: '',
      },
      line: 2,
    },
  ])
})

test('what was written is what is read', () => {
  const cell = fc.oneof(
    fc.string({ maxLength: 20, unit: 'grapheme' }),
    fc
      .array(fc.constantFrom('"', ',', '\n', '\r', '\r\n', ';', 'a', ' '), { maxLength: 8 })
      .map((a) => a.join('')),
  )
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { maxLength: 6 }),
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      (cells, end, isEnded) => {
        const lines = ['account,language,facts', ...cells.map((c) => c.map(quoted).join(','))]
        const { faults, rows } = table(lines.join(end) + (isEnded ? end : ''))
        expect(faults).toEqual([])
        expect(
          rows.map(({ cells: { account, language, facts } }) => [account, language, facts]),
        ).toEqual(cells)
      },
    ),
    { numRuns: 500 },
  )
})

test('cells without quotes are read as they stand', () => {
  const plain = fc.string({
    maxLength: 12,
    unit: fc.constantFrom('a', ' ', ';', '=', 'é', '\r', "'"),
  })
  fc.assert(
    fc.property(plain, plain, plain, (account, language, facts) => {
      // A carriage return before the line end belongs to the line end.
      fc.pre(!facts.endsWith('\r'))
      const { rows } = table(`${HEADER}${account},${language},${facts}\n`)
      expect(rows.map(({ cells }) => cells)).toEqual([row({ account, facts, language })])
    }),
  )
})

test('a row that cannot be read is named by its line, and the others are read', () => {
  const { faults, rows } = table(
    `${HEADER}"a\nb",en,\nonly-one\nan"na,en,\n\n"bo"x,en,\ncy,en,,\n${'z'.repeat(4097)},en,\ndee,en,ok\n`,
  )
  expect(faults).toEqual([
    { line: 4, reason: '1 cells where the header has 3' },
    { line: 5, reason: 'a quotation mark inside a cell that is not quoted' },
    { line: 7, reason: 'characters behind a closing quotation mark' },
    { line: 8, reason: '4 cells where the header has 3' },
    { line: 9, reason: 'a cell of more than 4096 characters' },
  ])
  expect(rows.map(({ cells, line }) => [cells['account'], line])).toEqual([
    ['a\nb', 2],
    ['dee', 10],
  ])
})

test('a list whose header cannot be relied on is refused whole, with what to write instead', () => {
  expect(detail('')).toBe('the file is empty')
  expect(detail('anna,en,x\n')).toContain('the first line names the columns account,language,facts')
  expect(detail('account;language;facts\n')).toContain('write commas')
  expect(detail('account,language,facts,phone\n')).toContain('a column is not one of')
  expect(detail('account,language,facts,facts\n')).toBe('a column stands there twice')
})

test('a quotation mark that never closes is refused with the line of its row', () => {
  expect(detail(`${HEADER}anna,en,\nbo,en,"it begins\nand goes on\n`)).toContain('line 3')
})

test('reads fifty thousand customers, counts at most a hundred faults, and refuses a list without end', () => {
  const many = table(HEADER + 'customer@contoso.example,en,"state, and so on"\n'.repeat(50_000))
  expect(many.rows).toHaveLength(50_000)
  expect(many.rows.at(-1)?.line).toBe(50_001)
  expect(table(HEADER + 'x\n'.repeat(1000)).faults).toHaveLength(100)
  expect(detail(HEADER + 'a,b,c\n'.repeat(200_001))).toContain('more than 200000 rows')
})

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}
