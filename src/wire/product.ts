import { z } from 'zod'
import type { LinePath, Receipt } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { hash } from './fields.ts'
import { LinePathSchema, ReceiptSchema } from './receipt.ts'

/**
 * What a company shows a customer in its own product: the notice signed for them, and what proves that it stands in the log.
 *
 * The account stands in the signed notice alone, so that a list of these files is no list of customers.
 */
export interface ProductFile extends LinePath {
  readonly kind: 'product'
  /** Absent until the notice is logged. */
  readonly receipt?: Receipt
  /** 64 hex digits. */
  readonly salt: string
  /** Base64 of the signed notice. */
  readonly signed: string
  readonly v: 1
}

/** The file that a customer opens. */
export const ProductFileSchema = z.strictObject({
  ...LinePathSchema.shape,
  kind: z.literal('product'),
  receipt: ReceiptSchema.exactOptional(),
  salt: hash,
  signed: z
    .string()
    .max(128 * 1024)
    .regex(/^[A-Za-z0-9+/]+={0,2}$/),
  v: z.literal(1),
}) satisfies z.ZodType<ProductFile>

/** Reads a product file. Refuses `notice-malformed`. */
export function parseProduct(text: string): Result<ProductFile> {
  try {
    const parsed = ProductFileSchema.safeParse(JSON.parse(text))
    return parsed.success ? accept(parsed.data) : refuse('notice-malformed', 'not a product file')
  } catch {
    return refuse('notice-malformed', 'not a product file')
  }
}
