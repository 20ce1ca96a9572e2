import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkNoticeBrief, composeCampaignMessage, openCampaignMessage } from '#client/campaign.ts'
import { fetchDirectory } from '#client/directory.ts'
import { encryptTo, signEntity } from '#client/openpgp.ts'
import { utf8 } from '#core/bytes.ts'
import { briefCommitment, templateCommitment } from '#core/commitment.ts'
import type { Directory } from '#core/directory.ts'
import { messageRecipients } from '#core/packets.ts'
import type { CampaignContent, CampaignLabel, NoticeBrief } from '#wire/campaign.ts'
import { type Coalition, type Company, foundCoalition, ORIGIN } from '#test/helpers/coalition.ts'
import { connect, pinsOf } from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { BRIEF } from '#test/helpers/statements.ts'

let coalition: Coalition
let contoso: Company
let fabrikam: Company
let litware: Company
let directory: Directory
let label: CampaignLabel

beforeAll(async () => {
  coalition = await foundCoalition()
  const [first, second, third] = coalition.companies
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('companies are missing')
  contoso = first
  fabrikam = second
  litware = third
  directory = accepted(await fetchDirectory(connect(coalition), await pinsOf(coalition))).directory
  label = {
    author: 'contoso.example',
    genesis: coalition.ports.genesis,
    kind: 'campaign.label',
    origin: ORIGIN,
    sector: 'Media',
    terms: ['Tell nobody outside your response team.'],
    tlp: 'TLP:AMBER+STRICT',
    urgency: 'hours',
    v: 1,
  }
})
afterAll(async () => {
  await coalition.close()
})

const compose = async (change: object = {}) =>
  await composeCampaignMessage({
    message: label,
    parties: ['fabrikam.example'],
    directory,
    key: contoso.key,
    at: coalition.clock.now(),
    ...change,
  })
const expectation = () =>
  ({ kind: 'campaign.label', directory, author: 'contoso.example', key: fabrikam.key }) as const

test('invited parties and the author read a label, and nobody else can', async () => {
  const { message, unreachable } = accepted(await compose())
  expect(unreachable).toEqual([])
  expect(accepted(messageRecipients(message))).toHaveLength(2)
  expect(accepted(await openCampaignMessage(message, expectation()))).toEqual(label)
  expect(
    accepted(await openCampaignMessage(message, { ...expectation(), key: contoso.key })),
  ).toEqual(label)
  expect(reasonOf(await openCampaignMessage(message, { ...expectation(), key: litware.key }))).toBe(
    'envelope-recipient-wrong',
  )
})

test('the server keeps a message for the parties it is encrypted to', async () => {
  const { message } = accepted(await compose())
  const sha256 = accepted(
    await connect(coalition, await coalition.session(contoso)).uploadBrief(message),
  )
  const read = await connect(coalition, await coalition.session(fabrikam)).readBrief(sha256)
  expect(accepted(read)).toEqual(message)
  expect(
    reasonOf(await connect(coalition, await coalition.session(litware)).readBrief(sha256)),
  ).toBe('not-found')
})

describe('a message is not composed', () => {
  test.each([
    {
      name: 'for a party that is not there',
      change: { parties: ['nobody.example'] },
      reason: 'party-unknown',
    },
    {
      name: 'by an officer of another party',
      change: () => ({ key: fabrikam.key }),
      reason: 'signer-not-entitled',
    },
    {
      name: 'with text that hides something',
      change: () => ({ message: { ...label, terms: ['safe\u202eevil'] } }),
      reason: 'brief-invalid',
    },
    {
      name: 'for keys that nobody can be encrypted to yet',
      change: { at: 0 },
      reason: 'brief-recipients-wrong',
    },
  ])('$name', async ({ change, reason }) => {
    expect(reasonOf(await compose(typeof change === 'function' ? change() : change))).toBe(reason)
  })
})

describe('a message is refused', () => {
  test('of another author than was expected, or signed by another party', async () => {
    const { message } = accepted(await compose())
    const expected = { ...expectation(), author: 'litware.example' }
    expect(reasonOf(await openCampaignMessage(message, expected))).toBe('notice-signer-wrong')
  })

  test('that names another author than who signed', async () => {
    const forged = { ...label, author: 'litware.example' }
    const entity = utf8(
      `Content-Type: application/vnd.dunant.campaign+json\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${JSON.stringify(forged)}`,
    )
    const at = coalition.clock.now()
    const message = await encryptTo(
      fabrikam.certificateBytes,
      await signEntity(contoso.key, entity, { at }),
      { at },
    )
    expect(reasonOf(await openCampaignMessage(message, expectation()))).toBe('notice-signer-wrong')
  })

  test('that another party signed in the name of its author', async () => {
    const entity = utf8(
      `Content-Type: application/vnd.dunant.campaign+json\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${JSON.stringify(label)}`,
    )
    const at = coalition.clock.now()
    const signed = await signEntity(litware.key, entity, { at })
    const message = await encryptTo(fabrikam.certificateBytes, signed, { at })
    expect(reasonOf(await openCampaignMessage(message, expectation()))).toBe('notice-signer-wrong')
  })

  test('of another coalition', async () => {
    const { message } = accepted(await compose({ message: { ...label, genesis: '00'.repeat(32) } }))
    expect(reasonOf(await openCampaignMessage(message, expectation()))).toBe('notice-origin-wrong')
  })

  test('of another kind or campaign', async () => {
    const content: CampaignContent = {
      author: 'contoso.example',
      campaign: '11'.repeat(32),
      findings: ['They ask for a sign-in on a false page.'],
      genesis: coalition.ports.genesis,
      indicators: ['192.0.2.7'],
      kind: 'campaign.content',
      origin: ORIGIN,
      v: 1,
    }
    const { message } = accepted(await compose({ message: content }))
    expect(reasonOf(await openCampaignMessage(message, expectation()))).toBe('brief-invalid')
    const expected = {
      ...expectation(),
      kind: 'campaign.content',
      campaign: '22'.repeat(32),
    } as const
    expect(reasonOf(await openCampaignMessage(message, expected))).toBe('campaign-unknown')
    expect(
      reasonOf(await openCampaignMessage(message, { ...expected, campaign: '11'.repeat(32) })),
    ).toBe('accepted')
  })

  test('that is a notice or anything else that was signed', async () => {
    const at = coalition.clock.now()
    const signed = await signEntity(contoso.key, utf8('Content-Type: text/plain\r\n\r\nhello'), {
      at,
    })
    const message = await encryptTo(fabrikam.certificateBytes, signed, { at })
    expect(reasonOf(await openCampaignMessage(message, expectation()))).toBe('notice-malformed')
  })
})

test('a brief is the one that its notice commits to, or it is refused', () => {
  const salts = { brief: '33'.repeat(32), template: '44'.repeat(32) }
  const opened: NoticeBrief = {
    author: 'contoso.example',
    brief: { content: BRIEF, salt: salts.brief },
    campaign: '11'.repeat(32),
    genesis: coalition.ports.genesis,
    kind: 'notice.brief',
    origin: ORIGIN,
    template: { hash: '55'.repeat(32), salt: salts.template },
    v: 1,
  }
  const notice = {
    brief: briefCommitment(salts.brief, BRIEF),
    bundle: { count: 1024, root: '00'.repeat(32) },
    kind: 'first',
    reporter: 'ab'.repeat(20),
    template: templateCommitment(salts.template, '55'.repeat(32)),
  } as const
  expect(reasonOf(checkNoticeBrief(opened, notice))).toBe('accepted')
  const other = {
    ...opened,
    brief: { ...opened.brief, content: { ...BRIEF, ongoing: 'yes' as const } },
  }
  expect(reasonOf(checkNoticeBrief(other, notice))).toBe('notice-brief-wrong')
  const template = { ...opened.template, hash: '66'.repeat(32) }
  expect(reasonOf(checkNoticeBrief({ ...opened, template }, notice))).toBe('notice-template-wrong')
})
