import { z } from 'zod'
import { NOTICE_KINDS } from '#core/act-bodies.ts'
import type { Json } from '#core/canonical-json.ts'
import type { Brief } from '#core/notice-statement.ts'
import { type ApprovalFile, ApprovalFileSchema } from './approval.ts'
import { certificate, fingerprint, hash, instant, mailbox } from './fields.ts'

// What a company's own systems say to its agent, and what the agent answers. Nothing of it ever reaches the coalition's server.

/** A name of the company's own: for a notice, a matter or a client of the agent. */
export const AGENT_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/
/** The company's own id of an event: printable ASCII without what a URL or a log would trip over. */
export const EVENT_ID = /^[A-Za-z0-9][A-Za-z0-9._~:@-]{0,127}$/

const name = z.string().regex(AGENT_NAME)
const languageTag = z
  .string()
  .min(2)
  .max(35)
  .regex(/^[A-Za-z0-9-]+$/)
/** No control characters: they have no place in an account, an address or a session's reference. */
const line = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u)

/** One attack on one account, as a company's systems report it: `PUT /local/events/{event_id}`. */
export const LocalEventSchema = z.strictObject({
  account: line(400),
  /** A second language, whose text stands below the first. */
  also: languageTag.exactOptional(),
  /** A mail address for the company's own relay. */
  address: line(254).exactOptional(),
  /** What mail to the address is encrypted to; without it, the company's relay looks for one. */
  certificate: certificate.exactOptional(),
  /** ISO 3166-1 alpha-2; it stays on this machine. */
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .exactOptional(),
  facts: z.union([z.string().max(4096), z.record(z.string().max(40), z.json())]).default(''),
  fingerprint: fingerprint.exactOptional(),
  language: languageTag,
  mailbox: mailbox.exactOptional(),
  notice: name,
  /** Nothing is shown but the telephone number to call: for whom more would be a danger. */
  safety: z.literal('call-only').exactOptional(),
})
/** An event as it is reported. */
export type LocalEvent = z.input<typeof LocalEventSchema>
/** An event as it was read. */
export type ReadEvent = z.output<typeof LocalEventSchema>

/** An event with its id, for reporting several at once: a line of `POST /local/events`. */
export const NamedEventSchema = LocalEventSchema.extend({ event_id: z.string().regex(EVENT_ID) })
/** An event with its id. */
export type NamedEvent = z.input<typeof NamedEventSchema>

/** A notice as it is drafted: `PUT /local/notices/{name}`. */
export const NoticeDraftSchema = z.strictObject({
  /** Counsel's approval, by which the notice needs no signature of counsel's. */
  approval: ApprovalFileSchema.exactOptional(),
  /**
   * For 2,000 recipients or more: shown to so many at a time, so many minutes apart. It needs the hold reason `protecting-detection` in the brief,
   * which tells the recipients why they were not told at once.
   */
  batches: z
    .strictObject({
      minutes: z
        .int()
        .min(1)
        .max(7 * 24 * 60),
      size: z.int().min(100).max(1_000_000),
    })
    .exactOptional(),
  brief: z.record(z.string().max(40), z.json()),
  campaign: hash.exactOptional(),
  joint: z
    .strictObject({ hours: z.int().min(1).max(24), required: z.int().min(1).max(100) })
    .exactOptional(),
  kind: z.enum(NOTICE_KINDS).default('first'),
  /** Why some who got the earlier notice are not told; without it nobody may be missing. */
  left_out: z.enum(['account-closed', 'told-otherwise', 'not-affected']).exactOptional(),
  matter: name,
  /** The earlier notice, by its name here. */
  supersedes: name.exactOptional(),
  template: z.string().min(1).max(64).default('account'),
})
/** A notice as it is drafted. */
export type NoticeDraft = Omit<z.input<typeof NoticeDraftSchema>, 'approval' | 'brief'> & {
  readonly approval?: ApprovalFile
  readonly brief: Brief
}
/** A draft as it was read. */
export type ReadDraft = z.output<typeof NoticeDraftSchema>

/** A matter of which nothing is deleted: `PUT /local/holds/{matter}`. */
export const HoldSchema = z.strictObject({ reason: line(200), until: instant })
/** A hold. */
export type Hold = z.input<typeof HoldSchema>

/** Whose check code others know: `POST /local/notices/{name}/published`. */
export const PublishedCodeSchema = z.strictObject({ account: line(400) })

/** What somebody did with a banner. */
export const BANNER_ACTIONS = ['shown', 'dismissed', 'acted'] as const
/** What is asked afterwards, and what can be answered. */
export const FEEDBACK_QUESTIONS = ['understood', 'did-it', 'need-help'] as const
/** One of the answers to `FEEDBACK_QUESTIONS`. */
export const FEEDBACK_ANSWERS = ['yes', 'no', 'unsure'] as const

/** What a product reports of a banner: `POST /local/notice/{account}`. */
export const BannerReportSchema = z.strictObject({
  action: z.enum(BANNER_ACTIONS).exactOptional(),
  /** When this session last saw its user's credentials: POSIX seconds. */
  authenticated_at: z
    .int()
    .min(0)
    .max(2 ** 40),
  feedback: z
    .strictObject({ answer: z.enum(FEEDBACK_ANSWERS), question: z.enum(FEEDBACK_QUESTIONS) })
    .exactOptional(),
  /** The reference that the banner was shown with. */
  notice: z.string().regex(/^[0-9a-f]{32}$/),
  /** What the product calls this session. */
  session: line(256),
})
/** What a product reports of a banner. */
export type BannerReport = z.input<typeof BannerReportSchema>

/** Why the agent says no. */
export const LOCAL_REASONS = [
  'request-malformed',
  'request-too-large',
  'signature-wrong',
  'signature-stale',
  'signature-replayed',
  'not-allowed',
  'not-found',
  'event-differs',
  'event-contradicts',
  'event-invalid',
  'notice-invalid',
  'batches-unjustified',
  'notice-changed',
  'notice-closed',
  'notice-empty',
  'unavailable',
  'failed',
] as const
/** One of `LOCAL_REASONS`. */
export type LocalReason = (typeof LOCAL_REASONS)[number]

/** What a client of the agent may do. */
export const CLIENT_SCOPES = ['banner', 'events', 'notices', 'read'] as const
/** One of `CLIENT_SCOPES`. */
export type ClientScope = (typeof CLIENT_SCOPES)[number]

/** Counts that single out nobody: exact from five on, else `under 5`. */
export type BandedCount = number | 'under 5'

/** A banner: what a product shows after sign-in. */
export interface Banner {
  /** Names this notice in reports; it is random and means nothing elsewhere. */
  readonly notice: string
  readonly language: string
  readonly direction: 'ltr' | 'rtl'
  readonly subject: string
  readonly lines: readonly string[]
  /** Whether this session has put it away: the notice page goes on showing it. */
  readonly dismissed: boolean
}

/** Answer of `GET /local/notice/{account}`: equally long whether there is a notice or not. */
export interface BannerAnswer {
  readonly notice: Banner | null
}

/** How a notice stands: answer of `GET /local/notices/{name}`. */
export interface NoticeStanding {
  readonly name: string
  readonly matter: string
  readonly phase: 'draft' | 'failed' | 'filed' | 'filing' | 'released'
  /** `priority` under 2,000 recipients: nothing waits. */
  readonly lane: 'batched' | 'priority' | null
  readonly act: string | null
  readonly proof: 'logged' | 'witnessed' | null
  readonly recipients: BandedCount
  readonly states: Readonly<Record<string, BandedCount>>
  readonly feedback: readonly {
    readonly question: string
    readonly answer: string
    readonly count: BandedCount
  }[]
  readonly batches: readonly {
    readonly number: number
    readonly release_at: number
    readonly stopped: boolean
  }[]
  /** Why it was not filed, and what helps: drafting it anew and giving it out again, or another notice under another name. */
  readonly refused: {
    readonly reason: string
    readonly detail?: string
    readonly next: 'another-notice' | 'draft-anew'
  } | null
}

/** How one event stands, told to who reported it. */
export interface EventStanding {
  readonly event_id: string
  readonly notice: string
  readonly states: readonly {
    readonly state: string
    readonly reason: string
    readonly at: number
  }[]
}

/** What became of one event among several. */
export interface TakenEvent {
  readonly event_id: string
  readonly taken: boolean
  readonly reason?: LocalReason
  readonly detail?: string
}

/** An answer of no (RFC 9457). */
export interface LocalProblem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
}

/** Reads a body by its schema; `undefined` where it is something else. */
export function readLocal<T>(schema: z.ZodType<T>, json: Json): T | undefined {
  const parsed = schema.safeParse(json)
  return parsed.success ? parsed.data : undefined
}
