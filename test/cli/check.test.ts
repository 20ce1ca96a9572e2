import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { shippedCheckWords } from '#entry/check-words.ts'
import { checkCodeInDigits, checkCodeInLetters } from '#core/check-code.ts'
import { releaseAt } from '#core/check-list.ts'
import { dayOf } from '#core/time.ts'
import { codeOf, TEXT } from '#test/helpers/check-lists.ts'
import { jsonOf, runHere } from '#test/helpers/command-line.ts'
import {
  accepted,
  COMPANY,
  openSolo,
  SOLO_ORIGIN,
  type SoloCoalition,
} from '#test/helpers/solo-coalition.ts'

const TASHI = { account: 'tashi@mail.example', code: codeOf('tashi') }
const OMAR = { account: 'omar@mail.example', code: codeOf('omar') }
const ACTION = 'Change your password on another device.'
const UNWITNESSED = 6
const UNVERIFIED = 5

let solo: SoloCoalition
let trust: string
beforeAll(async () => {
  solo = await openSolo()
  trust = `--server ${solo.server.url} --origin ${SOLO_ORIGIN} --genesis ${solo.genesis}`
  const since = dayOf(Math.floor(Date.now() / 1000))
  const lines = [
    { id: 'text', text: TEXT },
    { ...TASHI, since, status: 'valid', text: 'text' },
    { ...OMAR, since, status: 'withdrawn', text: 'text' },
  ]
  const codes = solo.path('codes.ndjson')
  writeFileSync(codes, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  for (const kind of ['', ' --desk']) {
    const ran = await accepted(
      solo.company(`check publish --codes ${codes} --work ${solo.path('keys')}${kind}`),
    )
    expect(jsonOf(ran)).toMatchObject({ status: 'effective', codes: 2, buckets: 1, texts: 1 })
  }
  await accepted(solo.dunant('desk', `directory pin ${trust}`))
  await accepted(solo.dunant('desk', `check fetch --out ${solo.path('lists')}`))
})
afterAll(async () => {
  await solo.close()
})

const listFile = (keyed: 'account' | 'code') => solo.path(`lists/${COMPANY}-${keyed}.check`)

const ask = async (language: string, ...lines: readonly string[]) =>
  await runHere(
    [
      'check',
      'desk',
      '--list',
      listFile('code'),
      '--language',
      language,
      '--home',
      solo.path('desk'),
    ],
    { stdin: lines.map((line) => `${line}\n`).join(''), cwd: solo.path('.') },
  )

/** Every file under a folder with its size and time. */
const filesOf = (folder: string) =>
  readdirSync(folder, { recursive: true })
    .map(String)
    .toSorted()
    .map((name) => {
      const { mtimeMs, size } = statSync(join(folder, name))
      return [name, size, mtimeMs]
    })

describe('dunant check', () => {
  test('says what the genuine notice says to do, and exits 6 where no witnesses saw the list', async () => {
    const ran = await solo.dunant(
      'tashi',
      `check ${checkCodeInLetters(TASHI.code)} --account ${TASHI.account} ${trust}`,
    )
    expect([ran.code, ran.err]).toEqual([UNWITNESSED, ''])
    expect(jsonOf(ran)).toMatchObject({
      found: true,
      findings: [{ filer: COMPANY, status: 'valid', supports: [] }],
      missing: [],
    })
    expect(ran.out).toContain(ACTION)
    expect(ran.out).not.toContain('tashi')
  })

  test('takes digits of another script, and code and account from standard input', async () => {
    const arabic = checkCodeInDigits(TASHI.code).replace(/\d/g, (digit) =>
      String.fromCodePoint(0x660 + Number(digit)),
    )
    const argv = ['check', '-', '--home', solo.path('desk'), '--json']
    const ran = await runHere(argv, { stdin: `${arabic}\nTashi@Mail.example\n` })
    expect([ran.code, ran.err]).toEqual([UNWITNESSED, ''])
    expect(jsonOf(ran)['found']).toBe(true)
  })

  test.each([
    ['a wrong account', TASHI.code, OMAR.account],
    ['a code that was never issued', codeOf('nobody'), TASHI.account],
  ])('does not call %s a forgery, and says three things to do', async (_, code, account) => {
    const argv = ['check', code, '--account', account, '--home', solo.path('desk')]
    const ran = await runHere(argv)
    expect(ran.code).toBe(UNVERIFIED)
    expect(ran.out).toContain('We do not find this code')
    expect(ran.out).toMatch(/1\. .*\n2\. .*\n3\. /)
    expect(ran.out.toLowerCase()).not.toMatch(/fake|forge|genuine: no|not genuine/)
  })

  test('says that a notice was withdrawn, and nothing of what it said to do', async () => {
    const argv = ['check', OMAR.code, '--account', OMAR.account, '--home', solo.path('desk')]
    const ran = await runHere(argv)
    expect(ran.code).toBe(UNVERIFIED)
    expect(ran.out).toContain('withdrew it')
    expect(ran.out).not.toContain(ACTION)
  })
})

describe('dunant check with what is not in order', () => {
  test('works from a file without a server, and tells an altered file and a list that is old', async () => {
    const file = listFile('account')
    const offline = `--origin ${SOLO_ORIGIN} --genesis ${solo.genesis} --list ${file}`
    const argv = ['check', TASHI.code, '--account', TASHI.account, ...offline.split(' ')]
    const home = ['--home', solo.path('nobody')]
    expect((await runHere([...argv, ...home, '--server', 'http://127.0.0.1:1'])).code).toBe(
      UNWITNESSED,
    )
    const old = await runHere([...argv, ...home, '--json'], {
      now: () => releaseAt(Math.floor(Date.now() / 1000)) + 86_400,
    })
    expect(jsonOf(old)).toMatchObject({
      found: true,
      lists: [{ isFresh: false }],
      missing: [COMPANY],
    })
    const bytes = readFileSync(file)
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    const altered = solo.path('altered.check')
    writeFileSync(altered, bytes)
    const refused = await runHere([...argv.slice(0, -1), altered, ...home])
    expect(refused.code).toBe(UNVERIFIED)
    expect(refused.out).toContain('check-list-malformed')
  })

  test('tells a mistyped code before anything else', async () => {
    const code = TASHI.code
    const exchanged = `${code.slice(1, 2)}${code.slice(0, 1)}${code.slice(2)}`
    const ran = await solo.dunant('desk', `check ${exchanged} --account ${TASHI.account}`)
    expect(ran.code).toBe(3)
    expect(ran.err).toContain('check-code-mistyped')
  })

  test('is not given a second list for one release', async () => {
    const codes = `--codes ${solo.path('codes.ndjson')} --work ${solo.path('keys')}`
    const next = await accepted(solo.company(`check publish ${codes}`))
    expect(Date.parse(String(jsonOf(next)['release'])) / 1000).toBeGreaterThan(Date.now() / 1000)
    const third = await solo.company(`check publish ${codes}`)
    expect([third.code, third.err.includes('check-list-older')]).toEqual([4, true])
  })
})

test('a forged message is reported to the company alone, and shown to all once the company has looked at it', async () => {
  const message = solo.path('forged.txt')
  writeFileSync(message, 'Your account is locked, tashi.')
  await accepted(solo.dunant('desk', `check report ${message} --imitates ${COMPANY}`))
  await accepted(solo.company(`check reports --out ${solo.path('reports')}`))
  const [file = ''] = readdirSync(solo.path('reports'))
  expect(file).toMatch(/^\d{4}-\d{2}-\d{2}-[0-9a-f]{32}\.pgp$/)
  expect(readFileSync(join(solo.path('reports'), file)).includes('tashi')).toBe(false)

  const sample = {
    channel: 'mail',
    imitates: COMPANY,
    language: 'en',
    lines: ['Your account is locked. Confirm at contoso-login[.]example'],
    reports: 1,
    seen_on: dayOf(Math.floor(Date.now() / 1000)),
  }
  writeFileSync(solo.path('sample.json'), JSON.stringify(sample))
  await accepted(solo.company(`check warn ${solo.path('sample.json')}`))
  const known = await accepted(solo.dunant('desk', 'check fakes'))
  expect(jsonOf(known)).toMatchObject({ reports: 1, fakes: [{ body: sample, party: COMPANY }] })
  writeFileSync(
    solo.path('sample.json'),
    JSON.stringify({ ...sample, lines: ['a contoso-login.example'] }),
  )
  expect((await solo.company(`check warn ${solo.path('sample.json')}`)).code).toBe(3)
})

describe('dunant check desk', () => {
  test.each([...shippedCheckWords().keys()])(
    'answers in %s, offline, and keeps nothing',
    async (language) => {
      const words = shippedCheckWords().get(language)
      const before = ['desk', 'lists'].map((name) => filesOf(solo.path(name)))
      const ran = await ask(
        language,
        checkCodeInDigits(TASHI.code),
        codeOf('nobody'),
        checkCodeInDigits(OMAR.code),
        '',
      )
      expect([ran.code, ran.err]).toEqual([0, ''])
      expect(['desk', 'lists'].map((name) => filesOf(solo.path(name)))).toEqual(before)
      expect(ran.out).toContain(ACTION)
      expect(ran.out).toContain(words?.desk_not_found)
      expect(ran.out).toContain(words?.never)
      for (const line of words?.script ?? []) expect(ran.out).toContain(line)
      // It cannot say for whom a notice is, and has no words to ask.
      for (const secret of ['tashi', 'omar', TASHI.code]) expect(ran.out).not.toContain(secret)
      expect(ran.out).not.toContain(words?.valid.split('{')[0] ?? '')
    },
  )

  test('keeps nothing of a call, whatever was asked', async () => {
    const before = filesOf(solo.path('.'))
    await ask('en', TASHI.code, 'no code', codeOf('nobody'), TASHI.account)
    expect(filesOf(solo.path('.')).filter(([name]) => !String(name).startsWith('server'))).toEqual(
      before.filter(([name]) => !String(name).startsWith('server')),
    )
  })

  test('never takes a list that is keyed by accounts', async () => {
    const ran = await solo.dunant('desk', `check desk --list ${listFile('account')}`)
    expect(ran.code).toBe(2)
  })

  test('says of a line that is no code only how a code looks', async () => {
    const ran = await ask('en', 'my account is tashi@mail.example')
    expect(ran.out).toContain('twenty letters')
    expect(ran.out).not.toContain('tashi@')
  })
})
