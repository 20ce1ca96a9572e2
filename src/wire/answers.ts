import { z } from 'zod'
import { DUTIES, PARTY_KINDS } from '#core/act-bodies.ts'
import { REFUSAL_REASONS } from '#core/refusal.ts'
import { BODY_SCHEMAS } from './act-bodies.ts'
import { CheckIndexSchema } from './check-list.ts'
import { certificate, domain, fingerprint, hash, mailbox, origin, salt16 } from './fields.ts'
import { LimitsSchema } from './limits.ts'
import {
  GovernanceLinkSchema,
  LinePathSchema,
  MailboxLinkSchema,
  ReceiptSchema,
} from './receipt.ts'

/** Problems that HTTP itself has, beside the refusals. */
export const HTTP_PROBLEMS = [
  'internal-error',
  'method-not-allowed',
  'overloaded',
  'rate-limited',
  'unavailable',
] as const
/** Every name that the `type` of a problem may end with. */
export const PROBLEM_NAMES = [...REFUSAL_REASONS, ...HTTP_PROBLEMS] as const
/** What a problem is called. */
export type ProblemName = (typeof PROBLEM_NAMES)[number]

const PROBLEM_TYPES = PROBLEM_NAMES.map((name) => `/problems/${name}` as const)
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/)
const armored = z.string().max(32 * 1024)
const index = z.int().min(0)
const relative = z.string().max(400)

/** RFC 9457. */
export const ProblemSchema = z.strictObject({
  detail: z.string().max(1000).exactOptional(),
  /** With `bundle-offset-wrong`: bytes held. */
  held: index.exactOptional(),
  status: z.int().min(400).max(599),
  title: z.string().max(200),
  type: z.enum(PROBLEM_TYPES),
})
/** A problem, as it is answered. */
export type ProblemAnswer = z.infer<typeof ProblemSchema>

const status = z.enum(['effective', 'lapsed', 'pending', 'withdrawn'])
const missing = z.array(
  z.strictObject({
    have: index,
    needed: index,
    role: z.enum(['day', 'founder', 'member', 'officer', 'partner', 'support']),
  }),
)

/** Where an act stands that was submitted or signed. */
export const SubmittedSchema = z.strictObject({
  id: hash,
  missing,
  receipt: ReceiptSchema.nullable(),
  status,
})
/** Answer to a submission. */
export type SubmittedAnswer = z.infer<typeof SubmittedSchema>

/** An act as a reader sees it. */
export const ActSchema = z.strictObject({
  id: hash,
  marks: z.array(z.enum(['party-suspended', 'signer-compromised'])),
  missing,
  payload: base64,
  signatures: z.array(armored),
  status,
  type: z.string().max(64),
})

/** A page of acts that wait; `next` continues it. */
export const PendingActsSchema = z.strictObject({
  acts: z.array(ActSchema),
  next: hash.exactOptional(),
})

/** The lines of a notice that their mailboxes have read; `next` continues it. */
export const AcknowledgementsSchema = z.strictObject({
  acknowledged: z.array(
    z.strictObject({ day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/), index: z.int().min(0) }),
  ),
  next: mailbox.exactOptional(),
})

/** The governance chain, from `after` on. */
export const DirectorySchema = z.strictObject({
  chain: z.array(GovernanceLinkSchema),
  genesis: hash,
  head: hash,
  origin,
})

/** How many bytes of a bundle the server holds. */
export const HeldSchema = z.strictObject({ held: index })

/** A line of a bundle and its path. */
export const BundleLineSchema = z.strictObject({
  ...LinePathSchema.shape,
  line: z.string().max(128 * 1024),
})

/** A mailbox as its owner and its filers see it. */
export const MailboxSchema = z.strictObject({
  certificate,
  id: mailbox,
  links: z.array(MailboxLinkSchema),
  salt: salt16,
})

/** The lines of a mailbox, signed by the service. */
export const LineListSchema = z.strictObject({ payload: base64, signature: armored })

/** A brief that is kept. */
export const BriefKeptSchema = z.strictObject({ sha256: hash })

/** What a `session.open` is made over. */
export const NonceSchema = z.strictObject({ nonce: z.string().regex(/^[0-9a-f.]{1,200}$/) })

/** A bearer token; `expires` is POSIX seconds. */
export const SessionSchema = z.strictObject({ expires: index, token: hash })

/** Every certificate of the directory, and where it is. Addresses are relative to the server. */
export const KeyIndexSchema = z.strictObject({
  genesis: hash,
  log_key: z.string().max(400).nullable(),
  origin,
  parties: z.array(
    z.strictObject({
      domain,
      kind: z.enum(PARTY_KINDS),
      officers: z.array(
        z.strictObject({
          duties: z.array(z.enum(DUTIES)),
          fingerprint,
          status: z.enum(['active', 'compromised', 'retired']),
          url: relative,
        }),
      ),
      status: z.enum(['active', 'suspended']),
    }),
  ),
  service: z.strictObject({ fingerprint: fingerprint.nullable(), url: relative }),
})
/** The list of certificates, as it is answered. */
export type KeyIndexAnswer = z.infer<typeof KeyIndexSchema>

/** Known forgeries. Each is proven by the receipt of its act. */
export const FakesSchema = z.strictObject({
  fakes: z
    .array(z.strictObject({ act: hash, body: BODY_SCHEMAS['fake.publish'], party: domain }))
    .max(1000),
  /** The sum of what the parties have counted. */
  reports: index,
})

/** Reports to a party. */
export const FakeReportsSchema = z.strictObject({
  reports: z.array(
    z.strictObject({ day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/), report: salt16 }),
  ),
})

/** The process is up. */
export const HealthSchema = z.strictObject({ status: z.literal('up') })

/** Storage answers; how many leaves the log has, and how many are under a signed checkpoint. */
export const ReadinessSchema = z.strictObject({
  leaves: index,
  signed: index,
  status: z.literal('ready'),
})

/** The schema of every JSON answer, by its name in the OpenAPI document. */
export const ANSWER_SCHEMAS = {
  Acknowledgements: AcknowledgementsSchema,
  Act: ActSchema,
  BriefKept: BriefKeptSchema,
  BundleLine: BundleLineSchema,
  CheckIndex: CheckIndexSchema,
  Directory: DirectorySchema,
  FakeReports: FakeReportsSchema,
  Fakes: FakesSchema,
  Health: HealthSchema,
  Held: HeldSchema,
  KeyIndex: KeyIndexSchema,
  Limits: LimitsSchema,
  LineList: LineListSchema,
  Mailbox: MailboxSchema,
  Nonce: NonceSchema,
  PendingActs: PendingActsSchema,
  Problem: ProblemSchema,
  Readiness: ReadinessSchema,
  Receipt: ReceiptSchema,
  Session: SessionSchema,
  Submitted: SubmittedSchema,
} as const satisfies Record<string, z.ZodType>
/** The name of an answer's schema. */
export type AnswerName = keyof typeof ANSWER_SCHEMAS
