import { z } from 'zod'
import type { Receipt } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { hash, origin } from './fields.ts'

const base64 = z
  .string()
  .max(256 * 1024)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/)
const armored = z.string().max(32 * 1024)
const signatures = z.array(armored).min(1).max(1000)
const proof = z.string().max(512 * 1024)

/** An act with its signatures and the proof of its log record. */
export const SealedRecordSchema = z.strictObject({
  payload: base64,
  proof,
  // A lapsed act may have lost every signature that counted.
  signatures: z.array(armored).max(1000),
})
/** One record of the governance chain. */
export const GovernanceLinkSchema = z.strictObject({
  addendum: base64,
  payload: base64,
  signatures,
})
/** One link of a mailbox's chain of keys. */
export const MailboxLinkSchema = z.strictObject({ payload: base64, signatures })
/** The Merkle path of a line. */
export const LinePathSchema = z.strictObject({
  count: z
    .int()
    .min(1)
    .max(2 ** 22),
  index: z
    .int()
    .min(0)
    .max(2 ** 22),
  path: z.array(hash).max(22),
})

/** The whole receipt file. */
export const ReceiptSchema = z.strictObject({
  act: SealedRecordSchema,
  approval: SealedRecordSchema.exactOptional(),
  directory: z.strictObject({
    chain: z.array(GovernanceLinkSchema).max(100_000).exactOptional(),
    head: hash,
    proof,
  }),
  genesis: hash,
  line: LinePathSchema.exactOptional(),
  mailbox: z.array(MailboxLinkSchema).max(1000).exactOptional(),
  origin,
  release: SealedRecordSchema.exactOptional(),
  supports: z.array(SealedRecordSchema).max(1000),
  v: z.literal(1),
}) satisfies z.ZodType<Receipt>

/** Reads a receipt file. Refuses `receipt-malformed`. */
export function parseReceipt(text: string): Result<Receipt> {
  try {
    const parsed = ReceiptSchema.safeParse(JSON.parse(text))
    return parsed.success ? accept(parsed.data) : refuse('receipt-malformed')
  } catch {
    return refuse('receipt-malformed')
  }
}
