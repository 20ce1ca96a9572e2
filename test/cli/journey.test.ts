import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { jsonOf, textOf } from '#test/helpers/command-line.ts'
import {
  accepted,
  COMPANY,
  openSolo,
  SOLO_ORIGIN,
  type SoloCoalition,
} from '#test/helpers/solo-coalition.ts'

/** What verifying comes to where nobody but the server has seen the log. */
const UNWITNESSED = 6
const OTHER = 'ab'.repeat(32)

let solo: SoloCoalition
let mailbox = ''
let fingerprint = ''
let notice = ''

beforeAll(async () => {
  solo = await openSolo()
  const { genesis, server } = solo
  await accepted(
    solo.dunant(
      'customer',
      `directory pin --server ${server.url} --origin ${SOLO_ORIGIN} --genesis ${genesis}`,
    ),
  )
  const enrolled = await accepted(solo.dunant('customer', `mailbox enrol --filer ${COMPANY}`))
  mailbox = textOf(enrolled, 'mailbox')
  fingerprint = textOf(enrolled, 'fingerprint')
  await accepted(solo.dunant('company', `notice draft --out ${solo.path('draft')}`))
  const untouched = await solo.company(
    `notice file --customers ${solo.path('draft/customers.csv')} ${brief()} --out ${solo.path('untouched')}`,
  )
  // Nobody may be given the sample's telephone number.
  expect([untouched.code, untouched.err]).toEqual([3, expect.stringContaining('brief-invalid')])
  const text = readFileSync(solo.path('draft/brief.json'), 'utf8')
  const own = text.replace('WRITE YOUR OWN NUMBER HERE', '+41 22 555 01 02')
  writeFileSync(solo.path('draft/brief.json'), own)
})
afterAll(async () => {
  await solo.close()
})

function brief(): string {
  return `--brief ${solo.path('draft/brief.json')}`
}

/** Anna has a mailbox, Luc has none. */
function customers(): string {
  const rows = [
    'account,language,facts,mailbox,fingerprint',
    `Anna@Mail.example,en,,${mailbox},${fingerprint}`,
    'luc@mail.example,fr,seen=Two sign-ins from abroad,,',
  ]
  writeFileSync(solo.path('customers.csv'), `${rows.join('\n')}\n`)
  return `--customers ${solo.path('customers.csv')} ${brief()}`
}

function productOf(account: string): string {
  return solo.path(`product/${sha256Hex(utf8(account))}.json`)
}

/** What somebody knows who has never met the server. */
function trust(genesis = solo.genesis): string {
  return `--origin ${SOLO_ORIGIN} --genesis ${genesis}`
}

test('a list with a row that cannot be used files nothing, and names the row', async () => {
  writeFileSync(
    solo.path('bad.csv'),
    'account,language,facts\nanna@mail.example,en,\nluc@mail.example,?,\n',
  )
  const bad = `--customers ${solo.path('bad.csv')} ${brief()}`
  const ran = await solo.company(`notice file ${bad} --out ${solo.path('bad')}`)
  expect(ran.code).toBe(3)
  expect(ran.err).toMatch(/customer-list-invalid: .*\n +line 3: .*language/)
  const previewed = await accepted(
    solo.dunant('company', `notice preview ${bad} --party ${COMPANY}`),
    3,
  )
  expect(jsonOf(previewed)).toMatchObject({ recipients: 1, account: 'anna@mail.example' })
})

test('a preview shows one of each language in any form, as text and as a page, and says whose language is lacking', async () => {
  const rows = [
    'account,language,facts,also,safety',
    'anna@mail.example,en,,,',
    'bo@mail.example,en,,,',
    'luc@mail.example,ug,,,',
    'nour@mail.example,ar,,en,',
    'vera@mail.example,en,,,call-only',
  ]
  writeFileSync(solo.path('many.csv'), `${rows.join('\n')}\n`)
  const page = solo.path('notices.html')
  const asked = `--customers ${solo.path('many.csv')} ${brief()} --party ${COMPANY}`
  const shown = jsonOf(
    await accepted(
      solo.dunant(
        'company',
        `notice preview ${asked} --every-language --form large --html ${page}`,
      ),
    ),
  )
  expect(shown).toMatchObject({
    recipients: 5,
    other_language: { ug: 1 },
    notices: [
      { account: 'anna@mail.example', language: 'en', also: null },
      { account: 'nour@mail.example', language: 'ar', also: 'en' },
      { account: 'vera@mail.example', subject: 'Please call' },
    ],
  })
  const html = readFileSync(page, 'utf8')
  expect(html.match(/<article class="dunant-notice dunant-large/g)).toHaveLength(4)
  expect(html).toContain('lang="ar" dir="rtl"')
  const sampled = jsonOf(
    await accepted(solo.dunant('company', `notice preview ${asked} --sample 2 --form aloud`)),
  )
  expect(sampled['notices']).toHaveLength(2)
  expect((await solo.dunant('company', `notice preview ${asked} --form loud`)).code).toBe(2)
})

test('a company files a notice for all on its list, and each has a file that proves it', async () => {
  const filed = await accepted(
    solo.company(`notice file ${customers()} --out ${solo.path('product')}`),
  )
  expect(jsonOf(filed)).toMatchObject({
    status: 'effective',
    told: 2,
    undeliverable: [],
    with_receipt: 2,
  })
  notice = textOf(filed, 'id')
  const files = ['anna@mail.example', 'luc@mail.example'].map(
    (account) => `${sha256Hex(utf8(account))}.json`,
  )
  expect(readdirSync(solo.path('product')).toSorted()).toEqual(
    ['deliveries.json', 'filing.json', ...files].toSorted(),
  )
})

test('files that customers were shown are never written over, and an interrupted filing is sent again', async () => {
  const before = readFileSync(productOf('luc@mail.example'), 'utf8')
  const twice = await solo.company(`notice file ${customers()} --out ${solo.path('product')}`)
  expect(twice.code).toBe(3)
  expect(readFileSync(productOf('luc@mail.example'), 'utf8')).toBe(before)
  const resumed = await accepted(solo.company(`notice file --resume --out ${solo.path('product')}`))
  expect(jsonOf(resumed)).toMatchObject({ id: notice, status: 'effective', with_receipt: 2 })
})

test('a customer without a key checks the file offline, knowing only origin and genesis id', async () => {
  const ran = await accepted(
    solo.dunant(
      'nobody',
      `product open ${productOf('luc@mail.example')} --account LUC@mail.example ${trust()}`,
    ),
  )
  const opened = jsonOf(ran)
  expect(opened).toMatchObject({ status: 'logged', filer: COMPANY, language: 'fr', act: notice })
  expect(opened['text']).toContain(COMPANY)
  expect(existsSync(solo.path('nobody'))).toBe(false)
})

const CHANGES: readonly (readonly [string, string, (text: string) => string])[] = [
  [
    'with another salt',
    'notice-commitment-wrong',
    (text) => text.replace(/"salt":"[0-9a-f]{8}/, '"salt":"00000000'),
  ],
  [
    'with a path that leads elsewhere',
    'notice-commitment-wrong',
    (text) => text.replace(/"path":\["[0-9a-f]{8}/, '"path":["00000000'),
  ],
  ['cut short', 'notice-malformed', (text) => text.slice(0, -9)],
]

test.each(CHANGES)('a product file %s is refused with code 5', async (_, reason, change) => {
  const file = solo.path('changed.json')
  writeFileSync(file, change(readFileSync(productOf('luc@mail.example'), 'utf8')))
  const ran = await solo.dunant(
    'nobody',
    `product open ${file} --account luc@mail.example ${trust()}`,
  )
  expect(ran.code).toBe(5)
  expect(jsonOf(ran)).toEqual(expect.objectContaining({ refused: reason }))
})

test('a product file is worth nothing to another reader, or in another coalition', async () => {
  const open = `product open ${productOf('luc@mail.example')}`
  const eve = await solo.dunant('nobody', `${open} --account eve@mail.example ${trust()}`)
  const elsewhere = await solo.dunant(
    'nobody',
    `${open} --account luc@mail.example ${trust(OTHER)}`,
  )
  expect([eve.code, elsewhere.code]).toEqual([5, 5])
  expect(jsonOf(eve)).toMatchObject({ refused: 'notice-not-for-me' })
  expect(jsonOf(elsewhere)).toMatchObject({ refused: 'receipt-genesis-wrong' })
})

test('a product file without a receipt is shown as not verified, with code 5', async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of this test
  const { receipt, ...bare } = JSON.parse(
    readFileSync(productOf('luc@mail.example'), 'utf8'),
  ) as Record<string, unknown>
  expect(receipt).toBeDefined()
  writeFileSync(solo.path('bare.json'), JSON.stringify(bare))
  const ran = await solo.dunant(
    'company',
    `product open ${solo.path('bare.json')} --account luc@mail.example`,
  )
  expect(ran.code).toBe(5)
  expect(jsonOf(ran)).toMatchObject({ status: 'not verified', proven: false })
})

test('a customer with a key lists, opens and acknowledges the notice, and takes its receipt along', async () => {
  expect(jsonOf(await accepted(solo.dunant('customer', 'mailbox list')))).toMatchObject({
    mailbox,
    lines: [{ notice }],
  })
  const opened = await accepted(
    solo.dunant('customer', `mailbox open ${notice} --out ${solo.path('receipt.json')}`),
  )
  expect(jsonOf(opened)).toMatchObject({ status: 'logged', filer: COMPANY, act: notice })
  await accepted(solo.dunant('customer', `mailbox ack ${notice}`))
  expect(await solo.dunant('customer', `mailbox ack ${notice}`)).toMatchObject({ code: 4 })
  expect(await solo.dunant('customer', `mailbox open ${OTHER}`)).toMatchObject({ code: 4 })
})

test('the company alone sees that it was read', async () => {
  const files = solo.path('product')
  const seen = await accepted(solo.company(`notice status ${notice} --files ${files}`))
  expect(jsonOf(seen)).toMatchObject({
    status: 'effective',
    files: 2,
    acknowledged: [{}],
    unread: [],
  })
  const wrong = await solo.company(`notice status ${notice} --files ${solo.path('draft')}`)
  expect(jsonOf(wrong)).toMatchObject({ files: 0 })
})

test('the receipt proves itself offline, with its own code where no outsider saw the log', async () => {
  const verify = (file: string, genesis?: string) =>
    `receipt verify ${solo.path(file)} ${trust(genesis)}`
  const verified = await accepted(solo.dunant('nobody', verify('receipt.json')), UNWITNESSED)
  expect(jsonOf(verified)).toMatchObject({ verified: true, id: notice, status: 'logged' })
  expect(
    jsonOf(await accepted(solo.dunant('nobody', `receipt show ${solo.path('receipt.json')}`))),
  ).toMatchObject({ origin: SOLO_ORIGIN })
  const text = readFileSync(solo.path('receipt.json'), 'utf8')
  writeFileSync(solo.path('forged.json'), text.replace(/"head": "[0-9a-f]{4}/, '"head": "0000'))
  expect(await solo.dunant('nobody', verify('forged.json'))).toMatchObject({ code: 5 })
  expect(await solo.dunant('nobody', verify('receipt.json', OTHER))).toMatchObject({ code: 5 })
  await accepted(
    solo.company(`receipt get ${solo.genesis} --out ${solo.path('charter-receipt.json')}`),
  )
  await accepted(solo.dunant('nobody', verify('charter-receipt.json')), UNWITNESSED)
})

test('after a rotation older and newer notices open, and the company must be told the new key', async () => {
  const rotated = textOf(await accepted(solo.dunant('customer', 'mailbox rotate')), 'fingerprint')
  expect(rotated).not.toBe(fingerprint)
  const untold = await accepted(
    solo.company(`notice file ${customers()} --out ${solo.path('untold')}`),
  )
  expect(jsonOf(untold)).toMatchObject({
    undeliverable: [{ line: 2, lost: 'mailbox', refusal: { reason: 'certificate-mismatch' } }],
  })
  fingerprint = rotated
  const earlier = `--kind correction --supersedes ${notice} --supersedes-files ${solo.path('product')}`
  const corrected = await accepted(
    solo.company(`notice file ${customers()} --out ${solo.path('corrected')} ${earlier}`),
  )
  for (const [id, kind] of [
    [notice, 'first'],
    [textOf(corrected, 'id'), 'correction'],
  ] as const) {
    expect(jsonOf(await accepted(solo.dunant('customer', `mailbox open ${id}`)))).toMatchObject({
      kind,
    })
  }
})

test('a closed mailbox takes no more notices and is never reopened', async () => {
  expect(await solo.dunant('customer', 'mailbox close')).toMatchObject({ code: 2 })
  await accepted(solo.dunant('customer', 'mailbox close --yes'))
  const late = await accepted(solo.company(`notice file ${customers()} --out ${solo.path('late')}`))
  expect(jsonOf(late)).toMatchObject({
    undeliverable: [{ lost: 'mailbox', refusal: { reason: 'mailbox-unavailable' } }],
  })
  expect(await solo.dunant('customer', 'mailbox list')).toMatchObject({ code: 2 })
})
