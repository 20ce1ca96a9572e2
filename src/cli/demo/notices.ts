import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { normaliseAccount } from '#core/commitment.ts'
import { sha256Hex } from '#core/hash.ts'
import { utf8 } from '#core/bytes.ts'
import { briefOf } from './cast.ts'
import type { Coalition } from './founding.ts'
import type { Stage } from './stage.ts'
import { type Desk, type Enrolled, field, writeJson, writeText } from './props.ts'

/** A notice of the story. */
export interface Filed {
  readonly desk: Desk
  readonly id: string
  readonly product: string
}

/** Each company files its own notice for its own customers. */
export async function filed(
  stage: Stage,
  scene: {
    readonly desks: readonly Desk[]
    readonly campaign: string
    readonly enrolled: readonly Enrolled[]
  },
): Promise<readonly Filed[]> {
  stage.scene('Each company warns its own customers')
  stage.tell(
    'Names and texts stay with the company. For the server there is a bundle of lines: a message that one mailbox alone can open, or a ' +
      'hash that tells nothing. The first notice waits until one other company stands behind it.',
  )
  const notices: Filed[] = []
  for (const [i, desk] of scene.desks.entries()) {
    if (desk.customers.length === 0) continue
    const folder = `clients/${desk.company.domain}`
    const product = `${folder}/product`
    writeText(stage, `${folder}/customers.csv`, customerList(desk, scene.enrolled))
    writeJson(stage, `${folder}/brief.json`, briefOf(desk.company))
    const lists = ['--customers', `${folder}/customers.csv`, '--brief', `${folder}/brief.json`]
    if (i === 0)
      await stage.play(['notice', 'preview', ...lists, ...desk.as, '--party', desk.company.domain])
    const joint = i === 0 ? ['--joint-required', '1'] : []
    const words = [
      'notice',
      'file',
      ...lists,
      '--campaign',
      scene.campaign,
      ...joint,
      '--out',
      product,
      ...desk.as,
      ...desk.sign,
      ...desk.reporter,
    ]
    notices.push({ desk, id: field(await stage.ask(words), 'id'), product })
  }
  await support(stage, { desk: scene.desks[1], notice: notices[0] }, [
    'issuer_is_genuine',
    'same_actor_seen',
  ])
  return notices
}

async function support(
  stage: Stage,
  { desk, notice }: { desk: Desk | undefined; notice: Filed | undefined },
  statements: readonly string[],
): Promise<void> {
  if (desk === undefined || notice === undefined) return
  const states = statements.flatMap((statement) => ['--state', statement])
  await stage.play(['notice', 'support', notice.id, ...states, ...desk.as, ...desk.sign])
}

function customerList(desk: Desk, enrolled: readonly Enrolled[]): string {
  const rows = desk.customers.map(({ account, facts, language }) => {
    const own = enrolled.find((customer) => customer.account === account)
    return [account, language, facts, own?.mailbox ?? '', own?.fingerprint ?? '']
      .map(quoted)
      .join(',')
  })
  return ['account,language,facts,mailbox,fingerprint', ...rows, ''].join('\r\n')
}

function quoted(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`
}

/** Customers read what they got, check it, and answer; support that comes later reaches the proofs they have. */
export async function pickUp(
  stage: Stage,
  scene: {
    readonly desks: readonly Desk[]
    readonly notices: readonly Filed[]
    readonly enrolled: readonly Enrolled[]
    readonly coalition: Coalition
  },
): Promise<void> {
  stage.scene('A customer with a key opens the notice')
  for (const [i, customer] of scene.enrolled.entries()) {
    const notice = scene.notices.find(({ desk }) =>
      desk.customers.some(({ account }) => account === customer.account),
    )
    if (notice === undefined) continue
    const home = ['--home', customer.home]
    if (i > 0) {
      await stage.ask(['mailbox', 'open', notice.id, ...home])
    } else {
      stage.tell('It is handed out as soon as both witnesses have cosigned the log that holds it.')
      await stage.wait(['mailbox', 'open', notice.id, ...home])
      await stage.play(['mailbox', 'list', ...home])
      await stage.play([
        'mailbox',
        'open',
        notice.id,
        '--out',
        'clients/customers/receipt.json',
        ...home,
      ])
      stage.tell(
        'The same receipt, checked offline by somebody who knows only the origin and the genesis id:',
      )
      await stage.play([
        'receipt',
        'verify',
        'clients/customers/receipt.json',
        '--home',
        'clients/nobody',
        ...scene.coalition.options,
      ])
    }
    await stage.play(['mailbox', 'ack', notice.id, ...home])
  }
  await withoutKey(stage, scene)
}

async function withoutKey(stage: Stage, scene: Parameters<typeof pickUp>[1]): Promise<void> {
  const [notice] = scene.notices
  const customer = notice?.desk.customers.find(({ account }) =>
    scene.enrolled.every((one) => one.account !== account),
  )
  if (notice === undefined || customer === undefined) return
  stage.scene("A customer without a key sees the same, in the company's product")
  stage.tell(
    'Later another company stands behind the notice too; proofs already given out gain its word.',
  )
  await support(stage, { desk: scene.desks[2], notice }, ['method_reviewed'])
  const { as, sign } = notice.desk
  const status = ['notice', 'status', notice.id, '--files', notice.product, ...as, ...sign]
  const supporter = scene.desks[2]?.company.domain ?? ''
  await stage.wait(status, [', witnessed\n', `support ${supporter}`])
  await stage.play(status)
  const file = productFileOf(stage, notice, customer.account)
  await stage.play([
    'product',
    'open',
    file,
    '--account',
    customer.account,
    '--home',
    'clients/nobody',
    ...scene.coalition.options,
  ])
}

/** The product file of an account: its name is the hash of the account. */
function productFileOf(stage: Stage, notice: Filed, account: string): string {
  const normal = normaliseAccount(account)
  const hash = normal.ok ? sha256Hex(utf8(normal.value)) : ''
  const names = readdirSync(join(stage.folder, notice.product))
  const name = names.find((candidate) => candidate.includes(hash.slice(0, 32)))
  if (name === undefined) throw new Error('there is no product file for a customer on the list')
  return `${notice.product}/${name}`
}
