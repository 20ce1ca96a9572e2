import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeProduct, formatProduct, openProduct } from '#client/product.ts'
import { fetchTemplate } from '#client/adopted-template.ts'
import { verifyLineList } from '#client/line-list.ts'
import { openEnvelope } from '#client/open-envelope.ts'
import { parseLine } from '#core/bundle.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { parseProduct } from '#wire/product.ts'
import { type Coalition, type Company, type Customer, ORIGIN } from '#test/helpers/coalition.ts'
import {
  connect,
  type FiledNotice,
  fileNotice,
  foundWithTemplate,
  recipientOf,
} from '#test/helpers/filing.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'

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
