import { z } from 'zod'

/** What a request asks for, as far as limits go. */
export const WORKS = ['acts', 'challenges', 'nonces', 'reads', 'sessions', 'uploads'] as const
/** One of them. */
export type Work = (typeof WORKS)[number]

/** Who is counted: a network address, or once a session or signature has shown it, a mailbox or a party. */
export const COUNTED = ['address', 'mailbox', 'party'] as const
/** One of them. */
export type Counted = (typeof COUNTED)[number]

/** A budget of requests: so many may come at once, and so many come back every minute. */
export interface Rate {
  readonly burst: number
  readonly perMinute: number
}

/**
 * The published budgets.
 *
 * A request is charged to its network address first (IPv6: its /64). Once it turns out whose it is, by a session or by a signature that was
 * accepted, the address has it back and the mailbox or party is charged: so an address pays for what is refused and for what anybody may
 * ask, and strangers do not use up what officers behind the same proxy need.
 */
export const RATES: Readonly<Record<Work, Readonly<Record<Counted, Rate>>>> = {
  acts: {
    address: { perMinute: 120, burst: 600 },
    mailbox: { perMinute: 60, burst: 120 },
    party: { perMinute: 12_000, burst: 24_000 },
  },
  challenges: {
    address: { perMinute: 30, burst: 60 },
    mailbox: { perMinute: 30, burst: 60 },
    party: { perMinute: 300, burst: 600 },
  },
  nonces: {
    address: { perMinute: 120, burst: 240 },
    mailbox: { perMinute: 60, burst: 60 },
    party: { perMinute: 300, burst: 600 },
  },
  reads: {
    address: { perMinute: 1200, burst: 2400 },
    mailbox: { perMinute: 600, burst: 1200 },
    party: { perMinute: 12_000, burst: 24_000 },
  },
  sessions: {
    address: { perMinute: 60, burst: 120 },
    mailbox: { perMinute: 10, burst: 20 },
    party: { perMinute: 120, burst: 240 },
  },
  uploads: {
    address: { perMinute: 60, burst: 120 },
    mailbox: { perMinute: 60, burst: 120 },
    party: { perMinute: 1200, burst: 2400 },
  },
}

/** Acts in the name of one officer from an address that has spent its budget; what is accepted does not count. */
export const CLAIMS: Rate = { perMinute: 10, burst: 10 }

/** Requests under way at once in one process; whatever comes beyond is told at once to come back. */
export const UNDER_WAY = {
  /** Of one network address, of every kind. */
  address: 128,
  /** Whose body is still arriving. Beyond it the newcomer is let in, and one is sent away of the network that has the most. */
  arriving: 512,
  /** Those that carry no body. */
  bodiless: 512,
  /** Whose body has arrived. */
  acts: 256,
  challenges: 16,
  sessions: 64,
  /** Those whose body, of up to 8 MiB, is arriving included. */
  uploads: 16,
} as const
/** What may be under way at once, of each kind. */
export type UnderWay = Readonly<Record<keyof typeof UNDER_WAY, number>>

const count = z.int().min(0)
const RateSchema = z.strictObject({ burst: count, perMinute: count })
const CountedSchema = z.strictObject({
  address: RateSchema,
  mailbox: RateSchema,
  party: RateSchema,
})

/** What `GET /api/limits` answers. */
export const LimitsSchema = z.strictObject({
  /** In the name of one officer from an address that has spent its budget. */
  claims: RateSchema,
  /** Quotas on what is kept. */
  quotas: z.strictObject({
    briefBytesMax: count,
    briefsPerDay: count,
    bundleBytesPerDay: count,
    bundlesAtOnce: count,
    chunkBytesMax: count,
    unfiledBytes: count,
  }),
  rates: z.strictObject({
    acts: CountedSchema,
    challenges: CountedSchema,
    nonces: CountedSchema,
    reads: CountedSchema,
    sessions: CountedSchema,
    uploads: CountedSchema,
  }),
  underWay: z.strictObject({
    acts: count,
    address: count,
    arriving: count,
    bodiless: count,
    challenges: count,
    sessions: count,
    uploads: count,
  }),
})
/** What `GET /api/limits` answers. */
export type LimitsAnswer = z.infer<typeof LimitsSchema>
