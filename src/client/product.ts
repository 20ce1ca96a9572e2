import { base64, fromBase64 } from '#core/bytes.ts'
import type { Receipt } from '#core/receipt.ts'
import { refuse, type Result } from '#core/result.ts'
import { type TrustAnchor, verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import type { ProductFile } from '#wire/product.ts'
import type { Bundle } from './bundle.ts'
import type { ProductLine } from './envelope.ts'
import { type NoticeExpectation, openEnvelope, type OpenedNotice } from './open-envelope.ts'

/** What a product file is opened with: the account as its reader types it, and what the reader's client knows. */
export type ProductExpectation = Omit<NoticeExpectation, 'proof'> & {
  readonly account: string
  /** A chain verified earlier, for receipts that leave it out. */
  readonly replay?: TrustAnchor['replay'] | undefined
}

/**
 * Makes the file that a company shows one customer.
 *
 * @throws TypeError where the bundle does not have the line.
 */
export function composeProduct(
  product: Pick<ProductLine, 'line' | 'salt' | 'signed'>,
  bundle: Bundle,
  receipt?: Receipt,
): ProductFile {
  const index = bundle.indexOf(product.line)
  if (index === undefined) throw new TypeError('the bundle does not have this line')
  const { salt } = product
  const signed = base64(product.signed)
  const path = bundle.pathOf(index)
  const file = productFile({ count: bundle.count, index, path, salt, signed })
  return receipt === undefined ? file : withReceipt(file, receipt)
}

/** The file of a line whose place is known, without a receipt yet. */
export function productFile(
  parts: Pick<ProductFile, 'count' | 'index' | 'path' | 'salt' | 'signed'>,
): ProductFile {
  return { ...parts, kind: 'product', v: 1 }
}

/** Puts a receipt into a product file, in the place of an earlier one with less in it. */
export function withReceipt(file: ProductFile, receipt: Receipt): ProductFile {
  return { ...file, receipt }
}

/** Writes a product file: one line of JSON. */
export function formatProduct(file: ProductFile): string {
  return `${JSON.stringify(file)}\n`
}

/**
 * Opens a product file: verifies its receipt, where it has one, and everything that `openEnvelope` checks.
 *
 * Refuses what those two refuse.
 */
export async function openProduct(
  file: ProductFile,
  expected: ProductExpectation,
): Promise<Result<OpenedNotice>> {
  const signed = fromBase64(file.signed)
  if (signed === undefined) return refuse('notice-malformed', 'the signed notice is not base64')
  const envelope = { signed, salt: file.salt, account: expected.account }
  if (file.receipt === undefined) return await openEnvelope(envelope, expected)
  const { genesis, origin, replay } = expected
  const anchor = { genesis, origin, ...(replay === undefined ? {} : { replay }) }
  const receipt = await verifyReceipt(file.receipt, anchor, parseAct)
  if (!receipt.ok) return receipt
  const { count, index, path } = file
  return await openEnvelope(envelope, {
    ...expected,
    proof: { receipt: receipt.value, path: { count, index, path } },
  })
}
