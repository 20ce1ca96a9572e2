import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { jsonOf, runHere, textOf } from '#test/helpers/command-line.ts'
import { loseAnswers } from '#test/helpers/lossy-proxy.ts'
import {
  accepted,
  COMPANY,
  openSolo,
  SOLO_ORIGIN,
  type SoloCoalition,
} from '#test/helpers/solo-coalition.ts'

let solo: SoloCoalition
beforeAll(async () => {
  solo = await openSolo()
})
afterAll(async () => {
  await solo.close()
})

const OTHER = 'ab'.repeat(32)

function trust(genesis = solo.genesis): string {
  return `--server ${solo.server.url} --origin ${SOLO_ORIGIN} --genesis ${genesis}`
}

test('a server that has a coalition is not made anew, and accepts no other charter', () => {
  const [again, other] = solo.madeAnew
  for (const ran of [again, other]) expect(ran?.code).toBe(3)
  expect(other?.err).toContain('another charter')
})

test('a folder that is being served is left alone', async () => {
  const [served, made] = await Promise.all([
    solo.dunant('company', `serve --port 0 --data ${solo.path('server')}`),
    solo.dunant('company', `init --origin ${SOLO_ORIGIN} --data ${solo.path('server')}`),
  ])
  expect([served.code, made.code]).toEqual([7, 7])
})

test('a home belongs to one coalition for ever', async () => {
  await accepted(solo.dunant('customer', `directory pin ${trust()}`))
  const other = await solo.dunant('customer', `directory show --genesis ${OTHER}`)
  expect(other.code).toBe(4)
  expect(other.err).toContain('genesis-wrong')
  const stranger = await solo.dunant('stranger', `directory pin ${trust(OTHER)}`)
  expect([4, 5]).toContain(stranger.code)
  // What was never verified was not kept either: the slip can be put right.
  await accepted(solo.dunant('stranger', `directory pin ${trust()}`))
})

test('a server that does not answer is code 7, and an unsafe address a mistake', async () => {
  await accepted(solo.dunant('asking', `directory pin ${trust()}`))
  expect(await solo.dunant('asking', 'directory show --server http://127.0.0.1:1')).toMatchObject({
    code: 7,
  })
  const plain = await solo.dunant('asking', 'directory show --server http://coalition.example')
  expect(plain.code).toBe(2)
  expect(plain.err).toContain('https://')
})

test('an invitation enrols one mailbox', async () => {
  await accepted(solo.company(`mailbox invite --out ${solo.path('tokens.txt')}`))
  const token = readFileSync(solo.path('tokens.txt'), 'utf8').trim()
  const enrol = `mailbox enrol --filer ${COMPANY} --invitation ${token} ${trust()}`
  const enrolled = await accepted(solo.dunant('first', enrol))
  expect(textOf(enrolled, 'mailbox')).toMatch(/^[a-z2-7]{32}$/)
  const twice = await solo.dunant('second', enrol)
  expect(twice.code).toBe(4)
  expect(twice.err).toContain('invitation-invalid')
  expect(await solo.dunant('second', 'mailbox list')).toMatchObject({ code: 2 })
})

/** What a home keeps of mailboxes. */
function keptIn(home: string): readonly string[] {
  const folder = `${solo.path(home)}/mailboxes`
  return existsSync(folder) ? readdirSync(folder) : []
}

test('an enrolment that is refused leaves no key behind', async () => {
  const enrol = `mailbox enrol --filer ${COMPANY} ${trust()}`
  const refused = await solo.dunant('refused', `${enrol} --invitation ${'00'.repeat(32)}`)
  expect([refused.code, jsonOf(refused)['refused']]).toEqual([4, 'invitation-invalid'])
  expect(keptIn('refused')).toEqual([])
})

test('an enrolment whose answer was lost is gone on with, by the same key', async () => {
  await accepted(solo.company(`mailbox invite --out ${solo.path('lost.txt')}`))
  const token = readFileSync(solo.path('lost.txt'), 'utf8').trim()
  const lossy = await loseAnswers(solo.server.url, '/api/acts')
  const enrol = `mailbox enrol --filer ${COMPANY} --invitation ${token} --origin ${SOLO_ORIGIN} --genesis ${solo.genesis}`
  const lost = await solo.dunant('lossy', `${enrol} --server ${lossy.url}`)
  await lossy.close()
  expect(lost.code).toBe(7)
  const kept = keptIn('lossy')
  expect(kept.filter((name) => name.endsWith('.asc'))).toHaveLength(1)
  // The invitation is spent, so a new key would be refused.
  const enrolled = await accepted(solo.dunant('lossy', `${enrol} --server ${solo.server.url}`))
  expect(kept).toContain(`${textOf(enrolled, 'mailbox')}.json`)
  expect(keptIn('lossy').filter((name) => name.endsWith('.enrolment'))).toEqual([])
  expect(
    jsonOf(await accepted(solo.dunant('lossy', `mailbox list --server ${solo.server.url}`))),
  ).toMatchObject({
    filers: [COMPANY],
    lines: [],
  })
})

// How long the search takes is left to chance: one in three takes more than a million hashes, one in 150 more than five.
test('without an invitation work is done instead', { timeout: 300_000 }, async () => {
  const enrolled = await accepted(
    solo.dunant('worker', `mailbox enrol --filer ${COMPANY} ${trust()}`),
  )
  expect(textOf(enrolled, 'mailbox')).toMatch(/^[a-z2-7]{32}$/)
  expect(jsonOf(await accepted(solo.dunant('worker', 'mailbox list')))).toMatchObject({ lines: [] })
})

test('tokens are not lost because a file is there already', async () => {
  await accepted(solo.company(`mailbox invite --count 2 --out ${solo.path('more.txt')}`))
  const before = readFileSync(solo.path('more.txt'), 'utf8')
  const ran = await solo.company(`mailbox invite --out ${solo.path('more.txt')}`)
  expect(ran.code).toBe(3)
  expect(ran.err).toContain('not written over')
  expect(readFileSync(solo.path('more.txt'), 'utf8')).toBe(before)
})

test('the log is verified, audited and watched', async () => {
  const first = jsonOf(await accepted(solo.company('log watch-once')))
  expect(first).toMatchObject({ party: COMPANY, findings: [] })
  const seen = jsonOf(await accepted(solo.dunant('company', 'log verify')))
  expect(seen).toMatchObject({ before: seen['size'] })
  await accepted(solo.company('mailbox invite'))
  const grown = jsonOf(await accepted(solo.dunant('company', 'log verify')))
  expect(Number(grown['size'])).toBeGreaterThan(Number(seen['size']))
  expect(grown['before']).toBe(seen['size'])
  expect(jsonOf(await accepted(solo.dunant('auditor', `log audit ${trust()}`)))).toMatchObject({
    governance: 1,
  })
})

test('the interface can be called directly, signed in or not', async () => {
  const enrolled = await accepted(
    solo.dunant('called', `mailbox enrol --filer ${COMPANY} ${trust()}`),
  )
  const path = `/api/mailboxes/${textOf(enrolled, 'mailbox')}`
  const open = await accepted(solo.company(`api GET ${path}`))
  expect(jsonOf(open)).toMatchObject({ status: 200, body: { id: textOf(enrolled, 'mailbox') } })
  const closed = await runHere(['api', 'GET', path, '--server', solo.server.url])
  expect([4, 8]).toContain(closed.code)
  expect(closed.out).toBe('')
})
