import { z } from 'zod'
import {
  type ActBodies,
  type ActType,
  DUTIES,
  FAKE_CHANNELS,
  NOTICE_KINDS,
  PARTY_KINDS,
  STATEMENTS,
} from '#core/act-bodies.ts'
import { ACT_RULES } from '#core/act-rules.ts'
import type { JsonObject } from '#core/canonical-json.ts'
import { BUCKETS_MAX, CHECK_KEYINGS, CHUNKS_MAX, isListShape } from '#core/check-list.ts'
import { FILERS_MAX } from '#core/mailbox.ts'
import { plainTextFault } from '#core/plain-text.ts'
import { parseInstant } from '#core/time.ts'
import {
  ascending,
  certificate,
  challengeAnswer,
  domain,
  fingerprint,
  hash,
  instant,
  mailbox,
  salt16,
} from './fields.ts'
import { parseTemplateManifest } from './template.ts'

const duties = ascending(z.enum(DUTIES), { min: 1, max: DUTIES.length })
const officer = { certificate, challenge: challengeAnswer, duties }
const share = z
  .tuple([z.int().min(1).max(100), z.int().min(1).max(100)])
  .refine(([a, b]) => a <= b, { error: 'more than all' })
const count = z.int().min(0).max(1000)
const vkey = z
  .string()
  .max(400)
  .regex(/^[!-~]+$/)
const manifest = z
  .custom<JsonObject>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  )
  .refine((value) => parseTemplateManifest(value).ok, { error: 'not a template manifest' })

const quorums = z.strictObject({
  admit: share,
  advisory_reviewers: count,
  amend: share,
  dossier_panelists: count,
  suspend: share,
  suspend_others: count,
  template_members: count,
  template_partners: count,
})

const terms = {
  log_key: vkey,
  quorums,
  service_certificate: certificate,
  witnesses: z
    .strictObject({ keys: ascending(vkey, { min: 0, max: 32 }), quorum: z.int().min(0).max(32) })
    .refine(
      (policy) =>
        policy.quorum <= policy.keys.length &&
        policy.quorum > 0 === policy.keys.length > 0 &&
        policy.quorum !== 1,
      {
        error: 'a witness policy needs a quorum of at least two of its keys, or no keys at all',
      },
    ),
}

const founder = z.strictObject({
  domain,
  officers: z.array(z.strictObject({ certificate, duties })).min(1).max(16),
})

const bundle = z.strictObject({
  count: z
    .int()
    .min(1024)
    .max(2 ** 22)
    .refine((n) => Number.isInteger(Math.log2(n)), { error: 'not a power of two' }),
  root: hash,
})

const enrolment = z
  .strictObject({
    certificate,
    challenge: challengeAnswer,
    identifiable: z.boolean(),
    invitation: hash.exactOptional(),
    mailbox,
    salt: salt16,
    work: z
      .string()
      .regex(/^[0-9a-f]{1,32}$/)
      .exactOptional(),
  })
  .refine((body) => (body.invitation === undefined) !== (body.work === undefined), {
    error: 'either an invitation or work',
  })

const notice = z.strictObject({
  approval: hash.exactOptional(),
  brief: hash,
  brief_message: hash.exactOptional(),
  bundle,
  campaign: hash.exactOptional(),
  joint: z.strictObject({ required: z.int().min(1).max(1000), until: instant }).exactOptional(),
  kind: z.enum(NOTICE_KINDS),
  reporter: fingerprint,
  supersedes: hash.exactOptional(),
  template: hash,
})

const check = z
  .strictObject({
    buckets: z.int().min(1).max(BUCKETS_MAX),
    chunks: z.array(hash).min(1).max(CHUNKS_MAX),
    keyed: z.enum(CHECK_KEYINGS),
    release: instant,
    root: hash,
    salt: hash,
    texts: z.int().min(1),
  })
  .refine(isListShape, { error: 'a list is not made of so many parts' })

/** A line that stands beside others and leads nowhere: addresses are written so that no program makes a link of them. */
const quoted = z
  .string()
  .max(300)
  .refine((text) => plainTextFault(text) === undefined, { error: 'a line that could be followed' })

const fake = z.strictObject({
  channel: z.enum(FAKE_CHANNELS),
  imitates: domain,
  language: z.string().regex(/^[a-z]{2,3}(?:-[A-Z][a-z]{3})?$/),
  lines: z.array(quoted).min(1).max(60),
  replaces: hash.exactOptional(),
  reports: z.int().min(1).max(1_000_000_000),
  seen_on: z
    .string()
    .max(10)
    .refine((day) => parseInstant(`${day}T00:00:00Z`) !== undefined, { error: 'not a day' }),
  subject: quoted.exactOptional(),
})

const actType = z.enum(Object.keys(ACT_RULES).toSorted())
const rule = z.strictObject({ duties, type: actType })
const target = { act: hash }

/** The schema of every act's body: what validates is also what the OpenAPI document shows. */
export const BODY_SCHEMAS: { readonly [T in ActType]: z.ZodType<ActBodies[T]> } = {
  'act.lapse': z.strictObject(target),
  'act.withdraw': z.strictObject(target),
  'campaign.accept': z.strictObject({ campaign: hash }),
  'campaign.open': z.strictObject({
    invited: ascending(domain, { min: 1, max: 200 }),
    label: hash,
  }),
  'campaign.share': z.strictObject({ campaign: hash, content: hash }),
  'certificate.replace': z.strictObject({ certificate, challenge: challengeAnswer }),
  'charter.adopt': z.strictObject({
    ...terms,
    founders: z.array(founder).min(1).max(40),
    templates: ascending(hash, { min: 0, max: 100 }),
  }),
  'charter.amend': z.strictObject(terms),
  'check.publish': check,
  'fake.publish': fake,
  'mailbox.close': z.strictObject({}),
  'mailbox.enrol': enrolment,
  'mailbox.filers': z.strictObject({ filers: ascending(domain, { min: 1, max: FILERS_MAX }) }),
  'mailbox.invite': z.strictObject({ tokens: ascending(hash, { min: 1, max: 64 }) }),
  'mailbox.rotate': z.strictObject({ certificate, challenge: challengeAnswer }),
  'notice.acknowledge': z.strictObject({
    index: z
      .int()
      .min(0)
      .max(2 ** 22),
    notice: hash,
  }),
  'notice.file': notice,
  'notice.release': z.strictObject({
    notice: hash,
    supports: ascending(hash, { min: 0, max: 1000 }),
  }),
  'notice.support': z.strictObject({
    notice: hash,
    statements: ascending(z.enum(STATEMENTS), { min: 1, max: STATEMENTS.length }),
  }),
  'officer.add': z.strictObject(officer),
  'officer.change': z.strictObject({ duties, fingerprint }),
  'officer.retire': z.strictObject({ fingerprint, reason: z.enum(['compromised', 'retired']) }),
  'party.admit': z.strictObject({
    domain,
    kind: z.enum(PARTY_KINDS),
    officers: z.array(z.strictObject(officer)).min(1).max(16),
  }),
  'party.policy': z.strictObject({
    rules: z
      .array(rule)
      .max(40)
      .refine(
        (rules) => rules.every((one, i) => i === 0 || (rules[i - 1]?.type ?? '') < one.type),
        { error: 'not in ascending order of type' },
      ),
    two_officers: z.boolean(),
  }),
  'party.suspend': z.strictObject({
    domain,
    reason: z.enum(['compromised', 'conduct', 'inactive', 'left']),
  }),
  'session.open': z.strictObject({
    session: z
      .string()
      .max(200)
      .regex(/^[0-9a-f.]+$/),
  }),
  'template.adopt': z.strictObject({ manifest }),
  'template.approve': z.strictObject({ scope: hash, template: hash, until: instant }),
}
