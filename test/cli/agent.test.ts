import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AgentDesk,
  type AgentProcess,
  openDesk,
  untilPhase,
} from '#test/helpers/agent-process.ts'
import { jsonOf, type Ran, runHere } from '#test/helpers/command-line.ts'
import {
  accepted,
  draftNotice,
  openSolo,
  type SoloCoalition,
} from '#test/helpers/solo-coalition.ts'

let solo: SoloCoalition
let desk: AgentDesk
let agent: AgentProcess

beforeAll(async () => {
  solo = await openSolo()
  await draftNotice(solo)
  desk = await openDesk(solo)
  agent = await desk.start()
})
afterAll(async () => {
  await agent.stop()
  await solo.close()
})

async function dunant(line: string, stdin = ''): Promise<Ran> {
  const local = ['--agent', agent.url, '--client', solo.path('agent-all.json')]
  return await runHere([...line.split(' '), ...local, '--json'], { stdin })
}

const LIST = `account,language,facts,event_id,country
anna@mail.example,en,target_state=targeted-blocked,case-1,CH
bert@mail.example,fr,,,
Anna@mail.example,en,seen=A second attempt.,case-2,
carl@mail.example,en,target_state=hacked,case-3,
`

test('a notice goes from a list on standard input to the product by commands alone', async () => {
  await accepted(dunant(`agent draft spring --brief ${solo.path('draft/brief.json')}`))
  const added = await dunant('agent add spring --customers -', LIST)
  expect(added.code).toBe(3)
  expect(jsonOf(added)).toMatchObject({ taken: 3, faults: [{ line: 5 }] })
  const again = await dunant('agent add spring --customers -', LIST)
  expect(jsonOf(again)).toMatchObject({ taken: 3 })
  const shown = await accepted(dunant('agent preview spring case-2'))
  expect(String(jsonOf(shown)['lines'])).toContain('A second attempt.')
  await accepted(dunant('agent file spring'))
  await untilPhase(desk.client(agent.url), 'spring', 'released')
  const status = jsonOf(await accepted(dunant('agent status spring')))
  expect(status).toMatchObject({ phase: 'released', recipients: 'under 5', lane: 'priority' })
  const stopped = await accepted(dunant('agent stop-batch spring 0'))
  expect(jsonOf(stopped)).toMatchObject({ stopped: true })
  const session = { session: 's', authenticatedAt: 1 }
  expect(await desk.client(agent.url).banner('anna@mail.example', session)).toBeNull()
})

test('what the agent does not take is said with its reason, and nothing is done', async () => {
  const unknown = await dunant('agent status autumn')
  expect(unknown.code).toBe(4)
  expect(unknown.err).toContain('not-found')
  const empty = await dunant('agent file autumn')
  expect(empty.code).not.toBe(0)
  writeFileSync(solo.path('no-key.json'), '{}')
  const wrong = await runHere(['agent', 'status', 'x', '--client', solo.path('no-key.json')])
  expect(wrong.code).toBe(3)
})

test('a folder that is an agent already is left alone, and a client name is given once', async () => {
  const again = await solo.dunant(
    'company',
    `agent init --data ${desk.folder} --party contoso.example --server ${solo.server.url} --origin notices.contoso.example --genesis ${solo.genesis}`,
  )
  expect(again.code).toBe(3)
  const twice = await solo.dunant('company', `agent client all --may read --data ${desk.folder}`)
  expect(twice.code).toBe(3)
  const scope = await solo.dunant(
    'company',
    `agent client x --may everything --data ${desk.folder}`,
  )
  expect(scope.code).toBe(2)
})
