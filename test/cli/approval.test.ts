import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonOf, type Ran, textOf } from '#test/helpers/command-line.ts'
import { accepted, COMPANY, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'
import { BRIEF } from '#test/helpers/statements.ts'

let solo: SoloCoalition

/** Everybody's keys lie in the company's one home here; the duties differ. */
async function run(key: string, line: string): Promise<Ran> {
  return await solo.dunant('company', `${line} --party ${COMPANY} --key ${key}`)
}

async function enlist(name: string, duties: string): Promise<void> {
  await accepted(solo.dunant('company', `key generate ${name} --name ${name}`))
  const file = solo.path(`${name}.json`)
  await accepted(solo.dunant('company', `challenge answer --key ${name} --out ${file}`))
  await accepted(solo.company(`party officer add ${file}:${duties}`))
}

beforeAll(async () => {
  solo = await openSolo()
  await enlist('rita', 'reporter')
  await enlist('carla', 'counsel')
  const { method_plain: _, ...plain } = BRIEF
  writeFileSync(solo.path('brief.json'), JSON.stringify(plain))
  writeFileSync(solo.path('own.json'), JSON.stringify({ ...plain, method_plain: 'Our own words.' }))
  const facts = 'target_state=targeted-blocked; asset=email-account'
  writeFileSync(
    solo.path('customers.csv'),
    `account,language,facts,country\nluc@mail.example,fr,${facts},fr\n`,
  )
  writeFileSync(
    solo.path('abroad.csv'),
    [
      'account,language,facts,country',
      `luc@mail.example,fr,${facts},FR`,
      `anna@mail.example,en,${facts},DE`,
      `nobody@mail.example,en,${facts},`,
      `eva@mail.example,fr,"${facts}; seen=Two sign-ins.",FR`,
      '',
    ].join('\n'),
  )
})
afterAll(async () => {
  await solo.close()
})

function brief(): string {
  return `--brief ${solo.path('brief.json')}`
}

function filing(out: string, more: string): string {
  return `notice file --out ${solo.path(out)} --approval ${solo.path('approval.json')} ${more}`
}

describe('a policy', () => {
  const rule = 'party policy --rule notice.file=counsel,reporter'

  test('that nobody could fulfil is explained and not sent', async () => {
    const stuck = await solo.company(`${rule} --two-officers`)
    expect(jsonOf(stuck)).toMatchObject({ refused: 'policy-invalid' })
    expect(stuck.err).toContain('party.policy')
    const shown = await accepted(solo.company(`${rule} --two-officers --explain`))
    expect(JSON.stringify(jsonOf(shown))).toContain('two officers must sign, and only one may')
  })

  test('that asks for counsel is said in words, by the command and by party show', async () => {
    const set = await accepted(solo.company(rule))
    expect(jsonOf(set)).toMatchObject({ status: 'effective' })
    const { out } = await accepted(solo.dunant('company', `party show ${COMPANY}`))
    expect(out).toContain('counsel')
  })
})

describe('an approval', () => {
  const approve = 'template approve account --country FR --days 30'

  test('is given by counsel, and by nobody without the duty', async () => {
    const refused = await run('rita', `${approve} --out ${solo.path('not.json')}`)
    expect(jsonOf(refused)).toMatchObject({ refused: 'duty-missing' })
    const given = await accepted(run('carla', `${approve} --out ${solo.path('approval.json')}`))
    expect(jsonOf(given)).toMatchObject({ status: 'effective' })
    const shown = await accepted(run('rita', `template approval ${solo.path('approval.json')}`))
    expect(jsonOf(shown)).toMatchObject({ status: 'effective', scope: { countries: ['FR'] } })
  })

  test('covers customers of its countries alone, and no sentence that counsel has not read', async () => {
    const abroad = await run(
      'rita',
      filing('a', `--customers ${solo.path('abroad.csv')} ${brief()}`),
    )
    expect(jsonOf(abroad)).toMatchObject({ refused: 'customer-list-invalid' })
    for (const line of ['3', '4', '5']) expect(abroad.err).toContain(`line ${line}`)
    const own = await run(
      'rita',
      filing('b', `--customers ${solo.path('customers.csv')} --brief ${solo.path('own.json')}`),
    )
    expect(jsonOf(own)).toMatchObject({ refused: 'approval-exceeded' })
  })

  test('whose file says more than counsel signed is refused', async () => {
    const path = solo.path('approval.json')
    const kept = readFileSync(path, 'utf8')
    writeFileSync(path, kept.replace('"FR"', '"DE"'))
    const wider = await run(
      'rita',
      filing('c', `--customers ${solo.path('abroad.csv')} ${brief()}`),
    )
    writeFileSync(path, kept)
    expect(jsonOf(wider)).toMatchObject({ refused: 'approval-exceeded' })
    expect(existsSync(solo.path('c/work'))).toBe(false)
  })

  test('lets a reporter file alone, until it is withdrawn', async () => {
    const list = `--customers ${solo.path('customers.csv')} ${brief()}`
    const waiting = await accepted(run('rita', `notice file --out ${solo.path('d')} ${list}`))
    expect(jsonOf(waiting)).toMatchObject({ status: 'pending' })
    const filed = await accepted(run('rita', filing('e', list)))
    expect(jsonOf(filed)).toMatchObject({ status: 'effective' })
    const approval = textOf(
      await accepted(run('rita', `template approval ${solo.path('approval.json')}`)),
      'approval',
    )
    await accepted(run('carla', `party withdraw ${approval}`))
    expect(jsonOf(await run('rita', filing('f', list)))).toMatchObject({
      refused: 'approval-ended',
    })
  })
})
