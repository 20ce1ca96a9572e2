import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unlockKey } from '#client/openpgp.ts'
import { jsonOf, type Ran, runHere } from '#test/helpers/command-line.ts'
import { openArmored } from '#test/helpers/opened-message.ts'
import { accepted, COMPANY, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'
import { BRIEF } from '#test/helpers/statements.ts'

const HOUR = 3600_000

let solo: SoloCoalition

beforeAll(async () => {
  solo = await openSolo()
  const { genesis, server } = solo
  const trust = `--server ${server.url} --origin notices.contoso.example --genesis ${genesis}`
  await accepted(solo.dunant('company', `agent init --party ${COMPANY} ${trust} --data ${data()}`))
  for (const [name, duties] of [
    ['rita', 'reporter'],
    ['carla', 'counsel'],
  ] as const) {
    await accepted(solo.dunant('company', `key generate ${name} --name ${name}`))
    const file = solo.path(`${name}.json`)
    await accepted(solo.dunant('company', `challenge answer --key ${name} --out ${file}`))
    await accepted(solo.company(`party officer add ${file}:${duties}`))
  }
})
afterAll(async () => {
  await solo.close()
})

function data(): string {
  return solo.path('agent')
}

async function desk(line: string, key?: string): Promise<Ran> {
  const signer = key === undefined ? '' : ` --party ${COMPANY} --key ${key}`
  return await solo.dunant('company', `${line} --data ${data()}${signer}`)
}

function hoursAgo(hours: number): string {
  return new Date(Date.now() - hours * HOUR).toISOString().replace(/\.\d+/, '')
}

describe('a hold', () => {
  test('of more than 72 hours waits for counsel and another officer', async () => {
    await accepted(desk(`delay start case-1 --confirmed ${hoursAgo(80)}`))
    const kept = await accepted(
      desk(`delay hold case-1 --reason legal-review --until ${hoursAgo(-48)}`),
    )
    expect(jsonOf(kept)).toMatchObject({
      state: 'overdue',
      missing: ['counsel', 'reporter or responder'],
    })
    await accepted(desk('delay approve case-1', 'carla'))
    const twice = await desk('delay approve case-1', 'carla')
    expect(jsonOf(twice)).toMatchObject({ refused: 'nothing-to-do' })
    const held = await accepted(desk('delay approve case-1', 'rita'))
    expect(jsonOf(held)).toMatchObject({ state: 'held', missing: [], reason: 'legal-review' })
  })

  test('of more than 14 days is refused, whoever asks', async () => {
    const long = await desk(`delay hold case-1 --reason verifying --until ${hoursAgo(-24 * 20)}`)
    expect(jsonOf(long)).toMatchObject({ refused: 'hold-too-long' })
  })

  test('must be said in the notice, and ends with it', async () => {
    const { hold_reason: _, method_plain: __, ...silent } = BRIEF
    writeFileSync(solo.path('silent.json'), JSON.stringify(silent))
    const open = { ...silent, hold_reason: 'legal-review' }
    writeFileSync(solo.path('open.json'), JSON.stringify(open))
    writeFileSync(
      solo.path('customers.csv'),
      'account,language,facts\nluc@mail.example,fr,target_state=targeted-blocked; asset=account\n',
    )
    const file = (brief: string, out: string) =>
      `notice file --customers ${solo.path('customers.csv')} --brief ${solo.path(brief)} --out ${solo.path(out)} --delay case-1`
    const refused = await desk(file('silent.json', 'a'), 'rita')
    expect(jsonOf(refused)).toMatchObject({ refused: 'hold-reason-wrong' })
    expect(jsonOf(await accepted(desk(file('open.json', 'b'), 'rita')))).toMatchObject({
      status: 'effective',
    })
    expect(jsonOf(await accepted(desk('delay list')))).toMatchObject([
      { name: 'case-1', state: 'told' },
    ])
  })

  test('stands on the disk without its name', async () => {
    await accepted(desk(`delay start secret-case --confirmed ${hoursAgo(1)}`))
    const folder = `${data()}/desk`
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.sealed'))) {
      expect(file).not.toContain('secret')
      expect(readFileSync(`${folder}/${file}`, 'latin1')).not.toContain('secret-case')
    }
  })
})

describe('a contact', () => {
  const set = 'contact set Foundation --mail security@example.org --phone +41225550102'
  const note = `contact note Foundation --notice ${'ab'.repeat(32)} --by rita --proof call`

  test('counts as tested once it read back what only its key opens', async () => {
    await accepted(solo.dunant('foundation', 'key generate desk --name Desk --no-passphrase'))
    const file = solo.path('desk.pub.asc')
    await accepted(solo.dunant('foundation', `key export desk --out ${file}`))
    const made = await accepted(desk(`${set} --certificate ${file} --avoid-admin yes`))
    expect(jsonOf(made)).toMatchObject({ standing: 'untested', avoid_admin: true })
    const early = await desk(`${note} --rung mail --outcome answered`)
    expect(jsonOf(early)).toMatchObject({ refused: 'contact-untested' })
    const out = solo.path('test.asc')
    await accepted(desk(`contact test Foundation --out ${out}`, 'rita'))
    const armored = readFileSync(solo.path('foundation/keys/desk.asc'), 'utf8')
    const key = await unlockKey(armored, '')
    if (!key.ok) throw new Error('no key')
    const text = await openArmored(key.value, readFileSync(out, 'utf8'))
    const code = /\r\n(\d{4}) (\d{4})\r\n/.exec(text)
    const wrong = await desk('contact answer Foundation 00000000')
    expect(jsonOf(wrong)).toMatchObject({ refused: 'contact-untested' })
    const right = await accepted(
      desk(`contact answer Foundation ${code?.[1] ?? ''}${code?.[2] ?? ''}`),
    )
    expect(jsonOf(right)).toMatchObject({ standing: 'tested' })
  })

  test('whose administrator must not be told is never reached through the portal', async () => {
    const portal = await desk(`${note} --rung portal --outcome tried`)
    expect(jsonOf(portal)).toMatchObject({ refused: 'contact-rung-closed' })
  })

  test('shows what was done with its proof, and what is due', async () => {
    await accepted(desk(`${note} --rung mail --outcome tried`))
    const shown = await accepted(desk('contact show Foundation'))
    expect(jsonOf(shown)).toMatchObject({
      attempts: [{ rung: 'mail', outcome: 'tried', proof: 'call', by: 'rita' }],
      cases: [
        { ladder: [{ state: 'impossible' }, { state: 'tried' }, { state: 'later' }, {}, {}] },
      ],
    })
  })
})

test('numbers about fewer than five are withheld, in the table and in the CSV', async () => {
  const { value } = { value: jsonOf(await accepted(desk('agent metrics'))) }
  expect(value).toMatchObject({ hold: {}, notices: { correction: 0 } })
  const line = ['agent', 'metrics', '--format', 'csv', '--data', data()]
  const csv = await runHere([...line, '--home', solo.path('company')])
  expect(csv.out).toContain('"hold time, hours","withheld","withheld","withheld"')
})
