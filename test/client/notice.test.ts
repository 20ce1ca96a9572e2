import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeCampaignMessage } from '#client/campaign.ts'
import { describeStanding } from '#client/describe.ts'
import { fetchDirectory } from '#client/directory.ts'
import { previewNotice } from '#client/notice.ts'
import { composeProduct, formatProduct, openProduct, withReceipt } from '#client/product.ts'
import { fetchTemplate } from '#client/adopted-template.ts'
import { verifyLineList } from '#client/line-list.ts'
import { openEnvelope } from '#client/open-envelope.ts'
import { parseLine } from '#core/bundle.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { parseProduct } from '#wire/product.ts'
import { type Coalition, type Company, type Customer, ORIGIN } from '#test/helpers/coalition.ts'
import { STATEMENT } from '#test/helpers/statements.ts'
import {
  connect,
  type FiledNotice,
  fileLines,
  fileNotice,
  foundWithTemplate,
  openDesk,
  pinsOf,
  receiptOf,
  recipientOf,
} from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

let coalition: Coalition
let contoso: Company
let anna: Customer
let filed: FiledNotice

beforeAll(async () => {
  coalition = await foundWithTemplate()
  const [first] = coalition.companies
  if (first === undefined) throw new Error('there is no company')
  contoso = first
  anna = await coalition.enrol('anna')
  filed = await fileNotice(coalition, contoso, [
    recipientOf('Anna@Contoso.example', anna),
    recipientOf('boris@contoso.example'),
  ])
})
afterAll(async () => {
  await coalition.close()
})

test('a customer with a mailbox finds, decrypts and proves their notice', async () => {
  const api = connect(coalition, await coalition.session(anna))
  const list = accepted(await api.readLineList(anna.id))
  const lines = accepted(
    await verifyLineList(list, filed.replay.directory.serviceCertificates, {
      mailbox: anna.id,
      origin: ORIGIN,
    }),
  )
  expect(lines.lines).toHaveLength(1)
  const [entry] = lines.lines
  const served = accepted(
    await api.readLine({ root: entry?.root ?? '', index: entry?.index ?? -1 }),
  )
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  const receipt = accepted(
    await verifyReceipt(
      accepted(await api.readReceipt(entry?.notice ?? '', { withChain: true })),
      anchor,
      parseAct,
    ),
  )
  const line = accepted(parseLine(served.line))
  if (line.kind !== 'mailbox') throw new Error('not a mailbox line')
  const opened = accepted(
    await openEnvelope(
      { message: line.message, mailbox: anna.id, key: anna.key },
      {
        ...anchor,
        directory: filed.replay.directory,
        findTemplate: async (hash, language) => await fetchTemplate(api, hash, language),
        proof: { receipt, path: served },
      },
    ),
  )
  expect(opened.status).toBe('logged')
  expect(opened.isProven).toBe(true)
  expect(opened.signer.party).toBe('contoso.example')
  expect(opened.rendered.lines.join(' ')).toContain('Two sign-ins from a country')
})

test('a customer without a key proves the same notice with a product file', async () => {
  const receipt = accepted(await filed.api.readReceipt(filed.id, { withChain: true }))
  for (const product of filed.products) {
    const text = formatProduct(composeProduct(product, filed.bundle, receipt))
    const opened = accepted(
      await openProduct(accepted(parseProduct(text)), {
        account: ` ${product.recipient.account.toUpperCase()} `,
        origin: ORIGIN,
        genesis: coalition.ports.genesis,
        directory: filed.replay.directory,
        findTemplate: async (hash, language) => await fetchTemplate(filed.api, hash, language),
      }),
    )
    expect(opened.isProven).toBe(true)
    expect(opened.act).toBe(filed.id)
  }
})

test('a support that arrives later stands in the next receipt of the same notice', async () => {
  const [product] = filed.products
  if (product === undefined) throw new Error('nobody was told')
  const before = composeProduct(
    product,
    filed.bundle,
    accepted(await filed.api.readReceipt(filed.id, { withChain: true })),
  )
  const campaign = await openCampaign()
  const joint = await fileLines(coalition, await openDesk(coalition, contoso), {
    lines: filed.composed.lines,
    twist: { campaign: campaign.id, brief_message: campaign.label },
  })
  const support = {
    notice: joint.id,
    statements: ['issuer_is_genuine', 'same_actor_seen'],
  } as const
  expect((await coalition.submit('notice.support', support, campaign.supporter)).status).toBe(201)
  const receipt = await receiptOf(coalition, joint)
  expect(describeStanding({ ...receipt, filer: 'contoso.example' }, 'en')[0]).toBe(
    'fabrikam.example states: this notice really comes from contoso.example.',
  )
  const after = withReceipt(
    before,
    accepted(await joint.api.readReceipt(joint.id, { withChain: true })),
  )
  expect(after.receipt?.supports).toHaveLength(1)
  expect(before.receipt?.supports).toHaveLength(0)
})

async function openCampaign(): Promise<{ id: string; label: string; supporter: Company }> {
  const [, supporter] = coalition.companies
  if (supporter === undefined) throw new Error('there is no second company')
  const desk = await openDesk(coalition, contoso)
  const { message } = accepted(
    await composeCampaignMessage({
      message: {
        author: contoso.domain,
        genesis: coalition.ports.genesis,
        kind: 'campaign.label',
        origin: ORIGIN,
        sector: 'Media',
        terms: [],
        tlp: 'TLP:RED',
        urgency: 'hours',
        v: 1,
      },
      parties: [supporter.domain],
      directory: desk.replay.directory,
      key: contoso.key,
      at: coalition.clock.now(),
    }),
  )
  const label = accepted(await desk.api.uploadBrief(message))
  const opened = await coalition.submit(
    'campaign.open',
    { invited: [supporter.domain], label },
    contoso,
  )
  const id = String(opened.body['id'])
  await coalition.submit('campaign.accept', { campaign: id }, supporter)
  return { id, label, supporter }
}

test('a receipt without the chain holds for who pinned the chain, and for nobody else', async () => {
  const [product] = filed.products
  if (product === undefined) throw new Error('nobody was told')
  const receipt = accepted(await filed.api.readReceipt(filed.id, { withChain: false }))
  const pins = await pinsOf(coalition)
  const replay = accepted(await fetchDirectory(filed.api, pins))
  const expected = {
    account: product.recipient.account,
    origin: ORIGIN,
    genesis: coalition.ports.genesis,
    directory: replay.directory,
    findTemplate: async (hash: string) => await fetchTemplate(filed.api, hash),
  }
  const file = composeProduct(product, filed.bundle, receipt)
  expect(reasonOf(await openProduct(file, { ...expected, replay }))).toBe('accepted')
  expect(reasonOf(await openProduct(file, expected))).toBe('receipt-directory-broken')
})

test('who cannot be told in their mailbox is told in the product and named with the reason', async () => {
  const stranger = await coalition.enrol('stranger', ['fabrikam.example'])
  const told = await fileNotice(coalition, contoso, [
    { ...recipientOf('one@contoso.example', stranger), line: 7 },
    { ...recipientOf('two@contoso.example', anna), line: 8, fingerprint: '00'.repeat(20) },
    { ...recipientOf('three@contoso.example'), line: 9, language: 'sw' },
  ])
  expect(told.composed.told).toBe(2)
  expect(told.composed.undeliverable).toMatchObject([
    { line: 7, lost: 'mailbox', refusal: { reason: 'mailbox-unavailable' } },
    { line: 8, lost: 'mailbox', refusal: { reason: 'certificate-mismatch' } },
    { line: 9, lost: 'notice', refusal: { reason: 'language-missing' } },
  ])
  // Their order in the bundle is that of random commitments.
  expect(told.products.map(({ recipient }) => recipient.line).toSorted((a, b) => a - b)).toEqual([
    7, 8,
  ])
})

test('a preview shows what the recipient will read', () => {
  const recipient = recipientOf('anna@contoso.example')
  const shown = accepted(
    previewNotice(filed.plan, recipient, { check: STATEMENT.check, notice: '00'.repeat(16) }),
  )
  expect(shown.notice.issuedTo).toContain('anna@contoso.example')
})

test('a product file holds the account in the signed notice alone', () => {
  for (const product of filed.products) {
    const { signed, ...rest } = composeProduct(product, filed.bundle)
    expect(JSON.stringify(rest).toLowerCase()).not.toContain('contoso.example')
    expect(Buffer.from(signed, 'base64').toString('latin1')).toContain(
      product.recipient.account.toLowerCase(),
    )
  }
})

test.each(['', '{}', '[]', '{"v":1}'])('what is no product file is refused: %j', (text) => {
  expect(reasonOf(parseProduct(text))).toBe('notice-malformed')
})
