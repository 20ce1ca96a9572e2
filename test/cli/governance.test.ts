import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  jsonOf,
  type Ran,
  runHere,
  scratch,
  type ServedFolder,
  serveFolder,
  textOf,
} from '#test/helpers/command-line.ts'

const ORIGIN = 'coalition.example'
const folder = scratch()
const path = (name: string) => join(folder.path, name)
let server: ServedFolder
let genesis = ''

/** Homes of the parties; every key is without a passphrase, which other tests are about. */
const [CONTOSO, FABRIKAM, TAILSPIN] = [
  'contoso.example',
  'fabrikam.example',
  'tailspin.example',
] as const

async function dunant(home: string, ...words: readonly string[]): Promise<Ran> {
  return await runHere([...words, '--home', path(home), '--json'], { cwd: folder.path })
}

async function accepted(ran: Promise<Ran>, code = 0): Promise<Record<string, unknown>> {
  const done = await ran
  expect({ code: done.code, err: done.err }).toEqual({ code, err: '' })
  return jsonOf(done)
}

async function makeKey(home: string, name: string): Promise<string> {
  return textOf(
    await dunant(home, 'key', 'generate', name, '--name', `${name} of ${home}`, '--no-passphrase'),
    'fingerprint',
  )
}

/** An officer file for whoever enrols the key. */
async function officerFile(home: string, name: string): Promise<string> {
  const out = path(`${name}.officer.json`)
  await accepted(dunant(home, 'challenge', 'answer', '--key', name, '--out', out))
  return out
}

async function pin(home: string): Promise<void> {
  await accepted(
    dunant(
      home,
      'directory',
      'pin',
      '--server',
      server.url,
      '--origin',
      ORIGIN,
      '--genesis',
      genesis,
    ),
  )
}

beforeAll(async () => {
  await accepted(
    dunant(
      'operator',
      'init',
      '--origin',
      ORIGIN,
      '--data',
      path('server'),
      '--out',
      path('terms.json'),
    ),
  )
  const founders: string[] = []
  for (const [domain, name] of [
    [CONTOSO, 'alice'],
    [FABRIKAM, 'bob'],
  ] as const) {
    await makeKey(domain, name)
    await accepted(dunant(domain, 'key', 'export', name, '--out', path(`${name}.pub.asc`)))
    founders.push('--founder', `${domain}=${path(`${name}.pub.asc`)}:admin,reporter,reviewer`)
  }
  genesis = String(
    (
      await accepted(
        dunant(
          CONTOSO,
          'party',
          'charter',
          '--terms',
          path('terms.json'),
          ...founders,
          '--out',
          path('charter.json'),
        ),
      )
    )['genesis'],
  )
  for (const [domain, name] of [
    [CONTOSO, 'alice'],
    [FABRIKAM, 'bob'],
  ] as const) {
    await accepted(
      dunant(
        domain,
        'party',
        'sign',
        path('charter.json'),
        '--id',
        genesis,
        '--key',
        name,
        '--out',
        path(`${name}.charter.asc`),
      ),
    )
  }
  await accepted(dunant('operator', 'init', '--genesis', genesis, '--data', path('server')))
  server = await serveFolder(path('server'))
})

afterAll(async () => {
  await server.stop()
  folder.clear()
})

test('a founder signs only the charter with the id that was agreed on', async () => {
  const ran = await dunant(
    FABRIKAM,
    'party',
    'sign',
    path('charter.json'),
    '--id',
    'ab'.repeat(32),
    '--key',
    'bob',
    '--out',
    path('never.asc'),
  )
  expect(ran.code).toBe(4)
  expect(() => readFileSync(path('never.asc'))).toThrow()
})

test('a charter is refused while a founder has not signed, and accepted with all', async () => {
  const found = ['party', 'found', path('charter.json'), '--server', server.url]
  const alone = await dunant(CONTOSO, ...found, '--signature', path('alice.charter.asc'))
  expect(jsonOf(alone)).toMatchObject({ refused: 'founder-missing' })
  const all = await accepted(
    dunant(
      CONTOSO,
      ...found,
      '--signature',
      path('alice.charter.asc'),
      '--signature',
      path('bob.charter.asc'),
    ),
  )
  expect(all).toMatchObject({ id: genesis, status: 'effective' })
  await pin(FABRIKAM)
})

test('a server that serves is not served twice from one folder, nor made anew', async () => {
  const twice = await runHere(['serve', '--data', path('server'), '--port', '0'])
  expect(twice.code).toBe(7)
})

test('a member is admitted when others co-sign what they were shown', async () => {
  await makeKey(TAILSPIN, 'carol')
  await pin(TAILSPIN)
  const file = await officerFile(TAILSPIN, 'carol')
  const proposed = await accepted(
    dunant(
      CONTOSO,
      'party',
      'admit',
      TAILSPIN,
      '--officer',
      `${file}:admin,reporter,reviewer`,
      '--key',
      'alice',
    ),
  )
  expect(proposed).toMatchObject({
    status: 'pending',
    missing: [{ role: 'member', needed: 2, have: 1 }],
  })
  const act = String(proposed['id'])
  const waiting = jsonOf(await dunant(FABRIKAM, 'party', 'review', '--key', 'bob'))
  expect(waiting).toMatchObject([{ id: act, type: 'party.admit' }])
  const shown = await runHere(['party', 'review', act, '--key', 'bob', '--home', path(FABRIKAM)])
  expect(shown.out).toContain(TAILSPIN)
  expect(shown.out).toContain('Admit a party')
  const listed = jsonOf(await dunant(FABRIKAM, 'party', 'list'))
  expect(listed).toHaveLength(2)
  expect(
    await accepted(dunant(FABRIKAM, 'party', 'review', act, '--sign', '--key', 'bob')),
  ).toMatchObject({ status: 'effective' })
  expect(await accepted(dunant(TAILSPIN, 'party', 'show', TAILSPIN))).toMatchObject({
    domain: TAILSPIN,
    kind: 'member',
    status: 'active',
  })
})

test('an officer file made for another coalition, or cut short, enrols nobody', async () => {
  await makeKey(TAILSPIN, 'dave')
  const file = await officerFile(TAILSPIN, 'dave')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of this test
  const officer = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  writeFileSync(path('wrong.json'), JSON.stringify({ ...officer, challenge: 'ab'.repeat(32) }))
  writeFileSync(path('cut.json'), JSON.stringify({ certificate: officer['certificate'] }))
  const wrong = await dunant(
    TAILSPIN,
    'party',
    'officer',
    'add',
    `${path('wrong.json')}:reporter`,
    '--key',
    'carol',
  )
  expect(jsonOf(wrong)).toMatchObject({ refused: 'challenge-wrong' })
  expect(
    (
      await dunant(
        TAILSPIN,
        'party',
        'officer',
        'add',
        `${path('cut.json')}:reporter`,
        '--key',
        'carol',
      )
    ).code,
  ).toBe(3)
  expect(
    (await dunant(TAILSPIN, 'party', 'officer', 'add', `${file}:boss`, '--key', 'carol')).code,
  ).toBe(2)
  await accepted(
    dunant(TAILSPIN, 'party', 'officer', 'add', `${file}:admin,reporter`, '--key', 'carol'),
  )
})

test('with the two-officer rule an act waits for the second officer', async () => {
  await accepted(
    dunant(
      TAILSPIN,
      'party',
      'policy',
      '--two-officers',
      '--rule',
      'campaign.accept=reporter',
      // There is one reporter: what only reporters sign waits for a second one.
      '--anyway',
      '--key',
      'carol',
    ),
  )
  const dave = textOf(await dunant(TAILSPIN, 'key', 'show', 'dave'), 'fingerprint')
  const proposed = await accepted(
    dunant(
      TAILSPIN,
      'party',
      'officer',
      'change',
      dave,
      '--duty',
      'admin',
      '--duty',
      'counsel',
      '--key',
      'carol',
    ),
  )
  expect(proposed).toMatchObject({ status: 'pending' })
  expect(
    await accepted(
      dunant(TAILSPIN, 'party', 'review', String(proposed['id']), '--sign', '--key', 'dave'),
    ),
  ).toMatchObject({ status: 'effective' })
  const shown = await accepted(dunant(TAILSPIN, 'party', 'show', TAILSPIN))
  expect(shown).toMatchObject({
    two_officers: true,
    rules: [{ type: 'campaign.accept', duties: ['reporter'] }],
  })
  expect(shown['officers']).toContainEqual({
    fingerprint: dave,
    duties: ['admin', 'counsel'],
    status: 'active',
  })
})

test('a stolen key is shut out by one admin alone, and signs nothing any more', async () => {
  const dave = textOf(await dunant(TAILSPIN, 'key', 'show', 'dave'), 'fingerprint')
  const retired = await accepted(
    dunant(
      TAILSPIN,
      'party',
      'officer',
      'retire',
      dave,
      '--reason',
      'compromised',
      '--key',
      'carol',
    ),
  )
  expect(retired).toMatchObject({ status: 'effective' })
  const ran = await dunant(
    TAILSPIN,
    'party',
    'suspend',
    CONTOSO,
    '--reason',
    'conduct',
    '--key',
    'dave',
  )
  expect(jsonOf(ran)).toMatchObject({ refused: 'certificate-compromised' })
})

test('a proposal is taken back before it takes effect', async () => {
  const proposed = await accepted(
    dunant(FABRIKAM, 'party', 'suspend', TAILSPIN, '--reason', 'inactive', '--key', 'bob'),
  )
  expect(proposed).toMatchObject({ status: 'pending' })
  await accepted(dunant(FABRIKAM, 'party', 'withdraw', String(proposed['id']), '--key', 'bob'))
  expect(jsonOf(await dunant(CONTOSO, 'party', 'review', '--key', 'alice'))).toEqual([])
})

test('the monitor tells a party what was done in its name that its home does not know', async () => {
  expect(await accepted(dunant(TAILSPIN, 'log', 'watch-once', '--key', 'carol'))).toMatchObject({
    findings: [],
  })
  await pin('elsewhere')
  const watch = ['log', 'watch-once', '--party', TAILSPIN]
  const found = await dunant('elsewhere', ...watch)
  expect(found.code).toBe(5)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- matched below
  const findings = jsonOf(found)['findings'] as readonly {
    act: string
    kind: string
    type: string
  }[]
  expect(findings.map(({ kind, type }) => `${kind} ${type}`).toSorted()).toEqual(
    ['officer.add', 'officer.change', 'officer.retire', 'party.policy'].map(
      (type) => `unknown ${type}`,
    ),
  )
  const accept = findings.flatMap(({ act }) => ['--accept', act])
  expect(await accepted(dunant('elsewhere', ...watch, ...accept))).toMatchObject({ findings: [] })
  expect(await accepted(dunant('elsewhere', ...watch))).toMatchObject({ findings: [] })
  const misled = await dunant('elsewhere', ...watch, '--accept', 'ab'.repeat(32))
  expect(jsonOf(misled)).toMatchObject({ findings: [{ kind: 'withheld', act: 'ab'.repeat(32) }] })
})

test('a key that is nobody’s is told so before anything is sent', async () => {
  await makeKey('stranger', 'mallory')
  await pin('stranger')
  const ran = await dunant(
    'stranger',
    'party',
    'suspend',
    CONTOSO,
    '--reason',
    'conduct',
    '--key',
    'mallory',
  )
  expect(ran.code).toBe(8)
  expect(ran.err).toContain('is not an officer of any party')
})

test('the charter is amended when another member has seen and signed the whole of its terms', async () => {
  const service = path('service.pub.asc')
  const rotate = ['service-key', 'rotate', '--data', path('server'), '--out', service]
  const { fingerprint } = await accepted(dunant('operator', ...rotate))
  const amend = ['charter', 'amend', '--service-certificate', service, '--key', 'alice']
  const proposed = await accepted(dunant(CONTOSO, ...amend))
  expect(proposed).toMatchObject({ status: 'pending' })
  const review = ['party', 'review', String(proposed['id']), '--key', 'bob']
  const shown = await runHere([...review, '--home', path(FABRIKAM)])
  expect(shown.out).toContain('Change the charter')
  expect(await accepted(dunant(FABRIKAM, ...review, '--sign'))).toMatchObject({
    status: 'effective',
  })
  const keys = await (await fetch(`${server.url}/keys/index.json`)).text()
  expect(keys).toContain(String(fingerprint))
})
