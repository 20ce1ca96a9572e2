import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeProductLine, type ProductLine, productLine } from '#client/envelope.ts'
import { type Envelope, type NoticeProof, openEnvelope } from '#client/open-envelope.ts'
import type { VerifiedReceipt } from '#core/verify-receipt.ts'
import {
  draftOf,
  expectationOf,
  openStage,
  signedAltered,
  signedFor,
  type Stage,
  toMailbox,
} from '#test/helpers/envelope-stage.ts'
import { type Filed, fileLines, pathIn, receiptOf } from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

const ACCOUNT = 'anna@contoso.example'
const SALT = new Uint8Array(32).fill(7)
/** Somebody else's line in the same bundle. */
const OTHER_LINE = productLine('ee'.repeat(32))

let stage: Stage
let filed: Filed
let receipt: VerifiedReceipt
let product: ProductLine

beforeAll(async () => {
  stage = await openStage()
  product = accepted(await composeProductLine(draftOf(stage), { account: ACCOUNT, salt: SALT }))
  filed = await fileLines(stage.coalition, stage.desk, { lines: [product.line, OTHER_LINE] })
  receipt = await receiptOf(stage.coalition, filed)
})
afterAll(async () => {
  await stage.coalition.close()
})

function envelope(twist: object = {}): Envelope {
  return { signed: product.signed, salt: product.salt, account: ACCOUNT, ...twist }
}

function proofOf(line: string): NoticeProof {
  return { receipt, path: pathIn(filed, line) }
}

test('a product notice opens for the account however its reader spells it', async () => {
  const opened = await openEnvelope(
    envelope({ account: ' ANNA@Contoso.example' }),
    expectationOf(stage, proofOf(product.line)),
  )
  expect(reasonOf(opened)).toBe('accepted')
})

test('a product notice is refused for another account', async () => {
  const opened = await openEnvelope(
    envelope({ account: 'boris@contoso.example' }),
    expectationOf(stage, proofOf(product.line)),
  )
  expect(reasonOf(opened)).toBe('notice-not-for-me')
})

test('a product notice is refused with another salt than the commitment was made with', async () => {
  const opened = await openEnvelope(
    envelope({ salt: '00'.repeat(32) }),
    expectationOf(stage, proofOf(product.line)),
  )
  expect(reasonOf(opened)).toBe('notice-commitment-wrong')
})

test('a product notice is refused with the commitment of somebody else', async () => {
  const opened = await openEnvelope(envelope(), expectationOf(stage, proofOf(OTHER_LINE)))
  expect(reasonOf(opened)).toBe('notice-commitment-wrong')
})

test('a product notice is refused where its text says what template and facts do not', async () => {
  const signed = await signedAltered(stage, { account: ACCOUNT })
  expect(reasonOf(await openEnvelope(envelope({ signed }), expectationOf(stage)))).toBe(
    'notice-text-wrong',
  )
})

test('a product notice is refused for a mailbox notice shown as a product', async () => {
  const signed = await signedFor(draftOf(stage), toMailbox(stage.annaMailbox))
  expect(reasonOf(await openEnvelope(envelope({ signed }), expectationOf(stage)))).toBe(
    'notice-not-for-me',
  )
})

test('a product notice is refused where a byte of the signed message was changed', async () => {
  const signed = Uint8Array.from(product.signed)
  const place = signed.length - 20
  signed[place] = (signed[place] ?? 0) ^ 1
  const opened = await openEnvelope(envelope({ signed }), expectationOf(stage))
  expect(['notice-signer-wrong', 'notice-malformed']).toContain(reasonOf(opened))
})
