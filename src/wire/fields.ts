import { z } from 'zod'
import { parseInstant } from '#core/time.ts'

/** Lower-case ASCII DNS name with at least one dot. */
export const domain = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/)

/** The DNS name of a coalition. */
export const origin = domain

/** Lower-case hex SHA-256. */
export const hash = z.string().regex(/^[0-9a-f]{64}$/)

/** 16 random bytes in hex. */
export const salt16 = z.string().regex(/^[0-9a-f]{32}$/)

/** Primary fingerprint of an OpenPGP certificate, v4 or v6, lower-case hex. */
export const fingerprint = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)

/** Mailbox id: base32 of 160 bits. */
export const mailbox = z.string().regex(/^[a-z2-7]{32}$/)

/** UTC instant to the second. */
export const instant = z
  .string()
  .max(20)
  .refine((text) => parseInstant(text) !== undefined, { error: 'not an instant' })
  .meta({ format: 'date-time' })

/** Base64 of an OpenPGP certificate; its own limits are checked when it is read. */
export const certificate = z
  .string()
  .max(48 * 1024)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/)

/** The hex that the owner of a certificate returned. */
export const challengeAnswer = hash

/** An array without repetitions, in ascending order, so that one set has one spelling. */
export function ascending<T extends z.ZodType<string>>(
  item: T,
  limits: { min: number; max: number },
): z.ZodArray<T> {
  return z
    .array(item)
    .min(limits.min)
    .max(limits.max)
    .refine((items) => items.every((value, i) => i === 0 || String(items[i - 1]) < value), {
      error: 'not in ascending order',
    })
}
