import { z } from 'zod'
import {
  type Act,
  ACT_BYTES_MAX,
  ACT_LIFETIME_SECONDS_MAX,
  authorOf,
  type ParsedAct,
} from '#core/act.ts'
import type { ActType } from '#core/act-bodies.ts'
import { ACT_RULES } from '#core/act-rules.ts'
import { readCanonical } from '#core/canonical-json.ts'
import { sha256Hex } from '#core/hash.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { midnightOf, parseInstant } from '#core/time.ts'
import { BODY_SCHEMAS } from './act-bodies.ts'
import { domain, fingerprint, hash, instant, mailbox, origin } from './fields.ts'

/** Who an act is by. */
export const AuthorSchema = z.union([
  z.strictObject({ party: domain }),
  z.strictObject({ mailbox }),
  z.strictObject({ key: fingerprint }),
  z.strictObject({ service: origin }),
])

/** What stands around the body in every act. */
export const EnvelopeSchema = z.strictObject({
  at: instant,
  body: z.record(z.string(), z.unknown()),
  by: AuthorSchema,
  directory: hash,
  expires: instant,
  nonce: z.string().regex(/^[0-9a-f]{32}$/),
  origin,
  type: z.string().max(64),
  v: z.number(),
})

/**
 * Reads the exact bytes of an act: canonical form, envelope, version, type, author kind and body, with unknown members refused.
 *
 * Looks at nothing but the bytes, so what it refuses may be named to anybody. Refuses `act-too-large`, `act-not-utf8`, `act-not-json`,
 * `act-not-canonical`, `act-body-invalid`, `act-version-unknown`, `act-type-unknown`, `act-author-kind-wrong`, `act-lifetime-invalid`.
 */
export function parseAct(payload: Uint8Array): Result<ParsedAct> {
  if (payload.length > ACT_BYTES_MAX) return refuse('act-too-large')
  const json = readCanonical(payload)
  if (!json.ok) return json
  const envelope = EnvelopeSchema.safeParse(json.value)
  if (!envelope.success) return refuse('act-body-invalid', describe(envelope.error))
  const { type, v } = envelope.data
  if (v !== 1) return refuse('act-version-unknown')
  if (!isActType(type)) return refuse('act-type-unknown')
  if (!ACT_RULES[type].by.includes(authorOf(envelope.data.by).kind))
    return refuse('act-author-kind-wrong')
  const body = BODY_SCHEMAS[type].safeParse(envelope.data.body)
  if (!body.success) return refuse('act-body-invalid', describe(body.error))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the two schemas above have just checked each member
  const act = { ...envelope.data, body: body.data } as unknown as Act
  const times = readTimes(act)
  return times.ok ? accept({ act, id: sha256Hex(payload), payload, ...times.value }) : times
}

/** Tells whether a name is an act type. */
export function isActType(name: string): name is ActType {
  return Object.hasOwn(ACT_RULES, name)
}

function readTimes(act: Act): Result<{ at: number; expires: number }> {
  const at = parseInstant(act.at)
  const expires = parseInstant(act.expires)
  if (at === undefined || expires === undefined)
    return refuse('act-body-invalid', 'a time does not exist')
  if (expires <= at || expires > at + ACT_LIFETIME_SECONDS_MAX)
    return refuse('act-lifetime-invalid')
  const { kind } = authorOf(act.by)
  const isCustomer = kind === 'mailbox' || kind === 'key'
  return isCustomer && midnightOf(at) !== at
    ? refuse('act-lifetime-invalid', 'a customer dates an act at midnight UTC')
    : accept({ at, expires })
}

/** Names the place and kind of the first faults, never the value that stood there. */
function describe(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.map(String).filter(isPlain).join('.') || 'act'}: ${issue.code}`)
    .join('; ')
}

function isPlain(part: string): boolean {
  return /^[a-z0-9_]{1,64}$/.test(part)
}
