import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jsonOf, type Ran, textOf } from '#test/helpers/command-line.ts'
import { accepted, COMPANY, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'
import { BRIEF } from '#test/helpers/statements.ts'

let solo: SoloCoalition
let notice: string
let mailbox: string
let fingerprint: string

function list(name: string, ...rows: readonly string[]): string {
  const facts = 'target_state=targeted-blocked; asset=account'
  const lines = rows.map((row) => row.replace('FACTS', facts))
  const path = solo.path(name)
  writeFileSync(path, ['account,language,facts,mailbox,fingerprint', ...lines, ''].join('\n'))
  return `--customers ${path} --brief ${solo.path('brief.json')}`
}

function anna(reached: boolean): string {
  return `anna@mail.example,en,FACTS,${reached ? `${mailbox},${fingerprint}` : ','}`
}
const LUC = 'luc@mail.example,fr,FACTS,,'
const EVA = 'eva@mail.example,fr,FACTS,,'

async function correct(rows: readonly string[], out: string, more = ''): Promise<Ran> {
  const kind = more.includes('--kind') ? '' : '--kind correction '
  return await solo.company(
    `notice file ${list(`${out}.csv`, ...rows)} --out ${solo.path(out)} ${kind}--supersedes ${notice} --supersedes-files ${solo.path('product')} ${more}`.trim(),
  )
}

beforeAll(async () => {
  solo = await openSolo()
  writeFileSync(solo.path('brief.json'), JSON.stringify(BRIEF))
  const trust = `--server ${solo.server.url} --origin notices.contoso.example --genesis ${solo.genesis}`
  await accepted(solo.dunant('customer', `directory pin ${trust}`))
  await accepted(solo.company(`mailbox invite --out ${solo.path('tokens.txt')}`))
  const [invitation = ''] = readFileSync(solo.path('tokens.txt'), 'utf8').split('\n')
  const made = await accepted(
    solo.dunant('customer', `mailbox enrol --invitation ${invitation} --filer ${COMPANY}`),
  )
  mailbox = textOf(made, 'mailbox')
  fingerprint = textOf(made, 'fingerprint')
  const rows = list('customers.csv', anna(true), LUC, EVA)
  notice = textOf(
    await accepted(solo.company(`notice file ${rows} --out ${solo.path('product')}`)),
    'id',
  )
})
afterAll(async () => {
  await solo.close()
})

test('a correction goes to everybody who got the notice, and the filer is told of who is missing', async () => {
  const short = await correct([anna(true), LUC], 'a')
  expect(jsonOf(short)).toMatchObject({ refused: 'recipients-missing' })
  expect(short.err).toContain('1 customers')
  const out = solo.path('missing.txt')
  const line = `notice missing --supersedes-files ${solo.path('product')} --customers ${solo.path('a.csv')} --out ${out}`
  expect(jsonOf(await accepted(solo.dunant('company', line)))).toMatchObject({ missing: 1 })
  expect(readFileSync(out, 'utf8')).toBe('eva@mail.example\n')
})

test('a mailbox that got the notice gets its correction too', async () => {
  const unreached = await correct([anna(false), LUC, EVA], 'b')
  expect(jsonOf(unreached)).toMatchObject({ refused: 'recipients-missing' })
  expect(unreached.err).toContain('1 mailboxes')
})

test('that somebody is not affected is no reason to withhold a correction, but one to end a follow-up', async () => {
  const withheld = await correct([anna(true), LUC], 'c', '--left-out not-affected')
  expect(jsonOf(withheld)).toMatchObject({ refused: 'recipients-missing' })
  const closed = await correct([anna(true), LUC], 'd', '--left-out account-closed')
  expect(jsonOf(await accepted(Promise.resolve(closed)))).toMatchObject({ told: 2 })
})

test('a mailbox whose key changed is told of until the notice is filed again to the new key', async () => {
  const state = async (id: string, files: string): Promise<unknown> =>
    jsonOf(await accepted(solo.company(`notice keys ${id} --files ${solo.path(files)}`)))
  expect(await state(notice, 'product')).toMatchObject({ mailboxes: [{ mailbox, state: 'good' }] })
  fingerprint = textOf(await accepted(solo.dunant('customer', 'mailbox rotate')), 'fingerprint')
  expect(await state(notice, 'product')).toMatchObject({ mailboxes: [{ state: 'unconfirmed' }] })
  const rows = list('again.csv', anna(true), LUC)
  const again = textOf(
    await accepted(solo.company(`notice file ${rows} --out ${solo.path('again')}`)),
    'id',
  )
  expect(await state(again, 'again')).toMatchObject({ mailboxes: [{ state: 'good' }] })
  expect(await state(notice, 'product')).toMatchObject({ mailboxes: [{ state: 'rotated' }] })
})
