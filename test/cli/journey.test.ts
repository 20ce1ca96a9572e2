import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256Hex } from '#core/hash.ts'
import { utf8 } from '#core/bytes.ts'
import { jsonOf, type Ran, runHere, scratch, type ServedFolder, serveFolder, textOf } from '#test/helpers/command-line.ts'

/** What a command came to where everybody is shown the log by the server alone. */
const UNWITNESSED = 6
const COMPANY = 'contoso.example'
const ORIGIN = 'notices.contoso.example'
const PASSPHRASE = 'correct horse'

const folder = scratch()
const path = (name: string) => join(folder.path, name)
let server: ServedFolder
let genesis = ''
let mailbox = ''
let fingerprint = ''
let notice = ''

/** Runs as the company, with its key. */
async function company(...words: readonly string[]): Promise<Ran> {
  return await dunant('company', ...words, '--key', 'contoso-example')
}

async function dunant(home: string, ...words: readonly string[]): Promise<Ran> {
  return await runHere([...words, '--home', path(home), '--passphrase-file', path('passphrase'), '--json'].filter(takes(words)), { cwd: folder.path })
}

/** Commands that open no key take no passphrase. */
function takes(words: readonly string[]): (word: string, index: number, all: readonly string[]) => boolean {
  const isBare = /^(?:directory|party (?:list|show)|product|receipt (?:verify|show)|log (?:verify|audit)|notice (?:draft|preview))/.test(words.slice(0, 2).join(' '))
  return (word, index, all) => !isBare || (word !== '--passphrase-file' && all[index - 1] !== '--passphrase-file')
}

async function accepted(ran: Promise<Ran>, code = 0): Promise<Ran> {
  const done = await ran
  expect({ code: done.code, err: done.err }).toEqual({ code, err: '' })
  return done
}

beforeAll(async () => {
  writeFileSync(path('passphrase'), `${PASSPHRASE}\n`)
  const founded = await accepted(
    runHere(
      ['init', '--solo', COMPANY, '--origin', ORIGIN, '--data', path('server'), '--home', path('company'), '--passphrase-file', path('passphrase'), '--json'],
      { cwd: folder.path },
    ),
  )
  genesis = textOf(founded, 'genesis')
  server = await serveFolder(path('server'))
  await accepted(dunant('company', 'directory', 'pin', '--server', server.url))
})

afterAll(async () => {
  expect(await server.stop()).toBe(0)
  folder.clear()
})

test('a server that has a coalition is not made anew, and accepts no other charter', async () => {
  const again = await runHere(['init', '--origin', ORIGIN, '--data', path('server')])
  expect(again.code).toBe(3)
  const other = await runHere(['init', '--genesis', 'ab'.repeat(32), '--data', path('server')])
  expect(other.code).toBe(3)
  expect(other.err).toContain('another')
})

test('a home belongs to one coalition for ever', async () => {
  await accepted(dunant('customer', 'directory', 'pin', '--server', server.url, '--origin', ORIGIN, '--genesis', genesis))
  const other = await dunant('customer', 'directory', 'show', '--genesis', 'ab'.repeat(32))
  expect(other.code).toBe(4)
  expect(other.err).toContain('genesis-wrong')
  const stranger = await dunant('stranger', 'directory', 'pin', '--server', server.url, '--origin', ORIGIN, '--genesis', 'ab'.repeat(32))
  expect([4, 5]).toContain(stranger.code)
})

test('a server that does not answer is code 7, and an unsafe address a mistake', async () => {
  const away = await dunant('customer', 'directory', 'show', '--server', 'http://127.0.0.1:1')
  expect(away.code).toBe(7)
  const plain = await dunant('customer', 'directory', 'show', '--server', 'http://coalition.example')
  expect(plain.code).toBe(2)
  expect(plain.err).toContain('https://')
})

test('a customer enrols by an invitation, which works once', async () => {
  await accepted(company('mailbox', 'invite', '--out', path('tokens.txt')))
  const token = readFileSync(path('tokens.txt'), 'utf8').trim()
  const enrolled = await accepted(dunant('customer', 'mailbox', 'enrol', '--filer', COMPANY, '--invitation', token))
  mailbox = textOf(enrolled, 'mailbox')
  fingerprint = textOf(enrolled, 'fingerprint')
  const twice = await dunant('second', 'mailbox', 'enrol', '--filer', COMPANY, '--invitation', token, '--server', server.url, '--origin', ORIGIN, '--genesis', genesis)
  expect(twice.code).toBe(4)
  expect(twice.err).toContain('invitation-invalid')
})

test('tokens are not lost because a file is there already', async () => {
  const ran = await company('mailbox', 'invite', '--out', path('tokens.txt'))
  expect(ran.code).toBe(3)
  expect(ran.err).toContain('not written over')
})

test('a list with a row that cannot be used files nothing, and names the row', async () => {
  await accepted(dunant('company', 'notice', 'draft', '--out', path('draft')))
  writeFileSync(path('bad.csv'), 'account,language,facts\nanna@mail.example,en,\nluc@mail.example,xx,\n')
  const ran = await company('notice', 'file', '--customers', path('bad.csv'), '--brief', path('draft/brief.json'), '--out', path('bad'))
  expect(ran.code).toBe(3)
  expect(ran.err).toMatch(/customer-list-invalid: line 3: .*language/)
  const previewed = await accepted(
    dunant('company', 'notice', 'preview', '--customers', path('bad.csv'), '--brief', path('draft/brief.json'), '--party', COMPANY),
  )
  expect(jsonOf(previewed)).toMatchObject({ recipients: 1, account: 'anna@mail.example' })
})

const CUSTOMERS = () =>
  ['account,language,facts,mailbox,fingerprint', `Anna@Mail.example,en,,${mailbox},${fingerprint}`, 'luc@mail.example,fr,seen=Two sign-ins from abroad,,', ''].join('\n')

test('a company files a notice for all on its list, and each has a file that proves it', async () => {
  writeFileSync(path('customers.csv'), CUSTOMERS())
  const filed = await accepted(company('notice', 'file', '--customers', path('customers.csv'), '--brief', path('draft/brief.json'), '--out', path('product')))
  expect(jsonOf(filed)).toMatchObject({ status: 'effective', told: 2, undeliverable: [], with_receipt: 2 })
  notice = textOf(filed, 'id')
  const names = readdirSync(path('product')).toSorted()
  expect(names).toEqual(['filing.json', `${sha256Hex(utf8('anna@mail.example'))}.json`, `${sha256Hex(utf8('luc@mail.example'))}.json`].toSorted())
  const twice = await company('notice', 'file', '--customers', path('customers.csv'), '--brief', path('draft/brief.json'), '--out', path('product'))
  expect(twice.code).toBe(3)
  const resumed = await accepted(company('notice', 'file', '--resume', '--out', path('product')))
  expect(textOf(resumed, 'id')).toBe(notice)
})

const productOf = (account: string) => path(`product/${sha256Hex(utf8(account))}.json`)
const trust = ['--origin', ORIGIN]

test('a customer without a key checks the file offline, knowing only origin and genesis id', async () => {
  const opened = await accepted(dunant('nobody', 'product', 'open', productOf('luc@mail.example'), '--account', ' LUC@mail.example', ...trust, '--genesis', genesis))
  const found = jsonOf(opened)
  expect(found).toMatchObject({ status: 'logged', filer: COMPANY, language: 'fr', act: notice })
  expect(String(found['text'])).toContain('contoso.example')
  expect(existsSync(path('nobody'))).toBe(false)
})

test.each([
  ['for another account', 'eve@mail.example', 'notice-not-for-me', (text: string) => text],
  ['of another coalition', 'luc@mail.example', 'receipt-genesis-wrong', (text: string) => text],
  ['with another salt', 'luc@mail.example', 'notice-commitment-wrong', (text: string) => text.replace(/"salt":"[0-9a-f]{8}/, '"salt":"00000000')],
  ['with a path that leads elsewhere', 'luc@mail.example', 'notice-commitment-wrong', (text: string) => text.replace(/"path":\["[0-9a-f]{8}/, '"path":["00000000')],
  ['cut short', 'luc@mail.example', 'notice-malformed', (text: string) => text.slice(0, -9)],
])('a product file %s is refused with code 5', async (kind, account, reason, change) => {
  const file = path('changed.json')
  writeFileSync(file, change(readFileSync(productOf('luc@mail.example'), 'utf8')))
  const trusted = kind === 'of another coalition' ? 'ab'.repeat(32) : genesis
  const ran = await dunant('nobody', 'product', 'open', file, '--account', account, ...trust, '--genesis', trusted)
  expect(ran.code).toBe(5)
  expect(jsonOf(ran)).toMatchObject({ refused: reason })
})

test('a product file without a receipt is shown as not verified, with code 5', async () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of this test
  const { receipt, ...bare } = JSON.parse(readFileSync(productOf('luc@mail.example'), 'utf8')) as Record<string, unknown>
  expect(receipt).toBeDefined()
  writeFileSync(path('bare.json'), JSON.stringify(bare))
  const ran = await dunant('company', 'product', 'open', path('bare.json'), '--account', 'luc@mail.example')
  expect(ran.code).toBe(5)
  expect(jsonOf(ran)).toMatchObject({ status: 'not verified', proven: false })
})

test('a customer with a key lists, opens and acknowledges the notice, and takes its receipt along', async () => {
  const listed = await accepted(dunant('customer', 'mailbox', 'list'))
  expect(jsonOf(listed)).toMatchObject({ mailbox, lines: [{ notice }] })
  const opened = await accepted(dunant('customer', 'mailbox', 'open', notice, '--out', path('receipt.json')))
  expect(jsonOf(opened)).toMatchObject({ status: 'logged', filer: COMPANY, act: notice })
  await accepted(dunant('customer', 'mailbox', 'ack', notice))
  const twice = await dunant('customer', 'mailbox', 'ack', notice)
  expect(twice.code).toBe(4)
})

test('the receipt proves itself offline, with its own code where no outsider saw the log', async () => {
  const verified = await dunant('nobody', 'receipt', 'verify', path('receipt.json'), ...trust, '--genesis', genesis)
  expect(verified).toMatchObject({ code: UNWITNESSED, err: '' })
  expect(jsonOf(verified)).toMatchObject({ verified: true, id: notice, status: 'logged' })
  const shown = await accepted(dunant('nobody', 'receipt', 'show', path('receipt.json')))
  expect(jsonOf(shown)).toMatchObject({ origin: ORIGIN })
  const forged = readFileSync(path('receipt.json'), 'utf8').replace(/"head": "[0-9a-f]{4}/, '"head": "0000')
  writeFileSync(path('forged.json'), forged)
  expect((await dunant('nobody', 'receipt', 'verify', path('forged.json'), ...trust, '--genesis', genesis)).code).toBe(5)
  await accepted(dunant('company', 'receipt', 'get', genesis, '--out', path('charter-receipt.json')))
})

test('after a rotation older and newer notices open, and the company must be told the new key', async () => {
  const rotated = await accepted(dunant('customer', 'mailbox', 'rotate'))
  const before = fingerprint
  const told = ['--supersedes', notice, '--supersedes-files', path('product'), '--kind', 'correction']
  const file = ['notice', 'file', '--brief', path('draft/brief.json')]
  const untold = await accepted(company(...file, '--customers', path('customers.csv'), '--out', path('untold')))
  expect(jsonOf(untold)).toMatchObject({ undeliverable: [{ line: 2, lost: 'mailbox', refusal: { reason: 'certificate-mismatch' } }] })
  fingerprint = textOf(rotated, 'fingerprint')
  expect(fingerprint).not.toBe(before)
  writeFileSync(path('customers.csv'), CUSTOMERS())
  const corrected = await accepted(company(...file, '--customers', path('customers.csv'), '--out', path('corrected'), ...told))
  const correction = textOf(corrected, 'id')
  expect(jsonOf(await accepted(dunant('customer', 'mailbox', 'open', notice)))).toMatchObject({ kind: 'first' })
  expect(jsonOf(await accepted(dunant('customer', 'mailbox', 'open', correction)))).toMatchObject({ kind: 'correction' })
})

test('the log is verified, audited and watched', async () => {
  expect(jsonOf(await accepted(dunant('company', 'log', 'verify')))).toHaveProperty('size')
  expect(jsonOf(await accepted(dunant('nobody-yet', 'log', 'audit', '--server', server.url, ...trust, '--genesis', genesis)))).toMatchObject({ governance: 1 })
  const watched = await accepted(company('log', 'watch-once'))
  expect(jsonOf(watched)).toMatchObject({ party: COMPANY, findings: [] })
})

test('the interface can be called directly, signed in or not', async () => {
  const open = await accepted(company('api', 'GET', `/api/mailboxes/${mailbox}`))
  expect(jsonOf(open)).toMatchObject({ status: 200, body: { id: mailbox } })
  const closed = await runHere(['api', 'GET', `/api/mailboxes/${mailbox}`, '--server', server.url, '--json'])
  expect([4, 8]).toContain(closed.code)
  expect(closed.out).not.toContain(fingerprint)
})

test('a closed mailbox takes no more notices and is never reopened', async () => {
  expect((await dunant('customer', 'mailbox', 'close')).code).toBe(2)
  await accepted(dunant('customer', 'mailbox', 'close', '--yes'))
  const late = await accepted(company('notice', 'file', '--brief', path('draft/brief.json'), '--customers', path('customers.csv'), '--out', path('late')))
  expect(jsonOf(late)).toMatchObject({ undeliverable: [{ lost: 'mailbox', refusal: { reason: 'mailbox-unavailable' } }] })
  expect((await dunant('customer', 'mailbox', 'list')).code).toBe(2)
})
