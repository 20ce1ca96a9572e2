import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Company, COMPANIES, CONTENT, type Customer, LABEL, MAILBOXES } from './cast.ts'
import { type Coalition, found, gpgHomeOf } from './founding.ts'
import { filed, pickUp } from './notices.ts'
import { type Desk, type Enrolled, field, readLines, writeJson } from './props.ts'
import { seize } from './raid.ts'
import { type ServerProcess, type Stage, startListening } from './stage.ts'

/** What still runs when the story is over. */
export type Played = Pick<Coalition, 'server' | 'witnesses'>

/**
 * Plays the whole main job and gives the server and the witnesses that still run.
 *
 * @throws Error at the first command that does not end as it should.
 */
export async function play(
  stage: Stage,
  customers: readonly Customer[],
  onStart: (process: ServerProcess) => void,
): Promise<Played> {
  stage.tell(
    'Somebody breaks into the accounts of journalists, lawyers and diplomats. Three companies have seen it, each a part of it. ' +
      'This is how they warn their customers together, and how a customer can tell that the warning is true.',
  )
  stage.tell(
    `Every line after "$" can be typed in ${stage.folder} where dunant is  node ${process.argv[1] ?? 'dist/cli.js'}`,
  )
  const coalition = await found(stage, async (command, data) => {
    const started = await startListening(stage, command, data)
    onStart(started)
    return started
  })
  const desks = COMPANIES.map((company, i) =>
    deskOf(
      coalition,
      company,
      customers.filter((_, row) => row % COMPANIES.length === i),
    ),
  )
  const enrolled = await enrol(stage, coalition, desks)
  const campaign = await campaignOf(stage, desks)
  const notices = await filed(stage, { desks, campaign, enrolled })
  await pickUp(stage, { desks, notices, enrolled, coalition })
  await audit(stage, coalition, desks)
  seize(stage, customers)
  const { server, witnesses } = coalition
  return { server, witnesses }
}

function deskOf(coalition: Coalition, company: Company, customers: readonly Customer[]): Desk {
  const home = `clients/${company.domain}`
  const gpg = coalition.gpg.get(company.domain)
  const key = ['--key', company.officer]
  return {
    company,
    customers,
    as: ['--home', home],
    sign: [
      '--party',
      company.domain,
      ...(gpg === undefined ? key : ['--gpg', gpg, '--gpg-home', coalition.gpgHome]),
    ],
    reporter: gpg === undefined ? [] : ['--reporter-key', 'reporter'],
  }
}

async function enrol(
  stage: Stage,
  coalition: Coalition,
  desks: readonly Desk[],
): Promise<readonly Enrolled[]> {
  stage.scene('Some customers have a key')
  stage.tell(
    "Most people have no key, and need none: they are told in the company's own product. A few make one. " +
      'Their company gives each an invitation there; the mailbox id that comes back names their key, so nobody can put another behind it.',
  )
  const enrolled: Enrolled[] = []
  const rows = desks.flatMap((desk) => desk.customers.map((customer) => ({ desk, customer })))
  for (const { desk, customer } of rows.slice(0, MAILBOXES)) {
    const number = String(enrolled.length + 1)
    const home = `clients/customers/customer-${number}`
    const tokens = `clients/${desk.company.domain}/invitation-${number}.txt`
    await stage.play(['mailbox', 'invite', '--out', tokens, ...desk.as, ...desk.sign])
    const [token = ''] = readLines(stage, tokens)
    await stage.ask([
      'directory',
      'pin',
      '--home',
      home,
      '--server',
      coalition.server.url,
      ...coalition.options,
    ])
    const answer = await stage.ask([
      'mailbox',
      'enrol',
      '--home',
      home,
      '--filer',
      desk.company.domain,
      '--invitation',
      token,
      '--no-passphrase',
    ])
    enrolled.push({
      account: customer.account,
      home,
      mailbox: field(answer, 'mailbox'),
      fingerprint: field(answer, 'fingerprint'),
    })
  }
  return enrolled
}

async function campaignOf(stage: Stage, desks: readonly Desk[]): Promise<string> {
  stage.scene('One company has seen it first')
  stage.tell(
    'It invites the others. They see a label; after they accept its terms, they see the content. The server sees neither.',
  )
  const [first, ...others] = desks
  if (first === undefined) throw new Error('the story has no company')
  const files = {
    label: 'clients/contoso.example/label.json',
    content: 'clients/contoso.example/content.json',
  }
  writeJson(stage, files.label, LABEL)
  writeJson(stage, files.content, CONTENT)
  const invites = others.flatMap((desk) => ['--invite', desk.company.domain])
  const campaign = field(
    await stage.ask([
      'campaign',
      'open',
      ...invites,
      '--label',
      files.label,
      ...first.as,
      ...first.sign,
    ]),
    'id',
  )
  for (const desk of others)
    await stage.play(['campaign', 'accept', campaign, ...desk.as, ...desk.sign])
  await stage.play([
    'campaign',
    'share',
    campaign,
    '--content',
    files.content,
    ...first.as,
    ...first.sign,
  ])
  return campaign
}

async function audit(stage: Stage, coalition: Coalition, desks: readonly Desk[]): Promise<void> {
  stage.scene('Nobody has to trust the operator')
  stage.tell(
    'Anybody can download the log, rebuild its tree, and replay every decision from the genesis id on. ' +
      'The witnesses have held the operator to it: whoever is shown this log is shown the same one as everybody else.',
  )
  for (const desk of desks.slice(0, 1)) await stage.play(['log', 'audit', ...desk.as])
  for (const desk of desks) await stage.play(['log', 'watch-once', ...desk.as, ...desk.sign])
  stage.tell(`The genesis id is ${coalition.genesis}: members publish it on their own domains.`)
}

/** Ends the gpg agent of the story; it is found by its own home, so no other one is touched. */
export function endGpg(folder: string): void {
  const home = gpgHomeOf(folder)
  if (existsSync(home))
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'], { stdio: 'ignore' })
}
