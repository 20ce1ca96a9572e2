import type { MailAddress } from '#core/mail-address.ts'
import type { MailState } from './deliveries.ts'

/** `priority` waits for no quiet hours. */
export type Lane = 'priority' | 'normal'

/** A mail that is to be sent. */
export interface QueuedMail {
  /** 64 hex digits, as `mailId` makes them: the same id again is the same mail. */
  readonly id: string
  /** The recipient's random reference. */
  readonly reference: string
  /** Mails that may be stopped together, under a name that says nothing. */
  readonly batch: string
  readonly lane: Lane
  readonly to: MailAddress
  /** The recipient's time zone, as IANA names it; without one there are no quiet hours. */
  readonly zone?: string | undefined
  /** POSIX seconds before which it is not sent; 0 where it may be sent at once. */
  readonly notBefore: number
  readonly message: Uint8Array
}

/** What became of a mail at the door: `known` where it had been queued before, whatever became of it since. */
export type Enqueued = 'queued' | 'known' | 'suppressed'

/** A mail that this process, and no other, may send now. */
export interface LeasedMail extends QueuedMail {
  /** Attempts before this one that a server answered. */
  readonly attempts: number
  /** POSIX seconds. */
  readonly queuedAt: number
  /** The unguessable part of the address to which reports about this mail go. */
  readonly bounceToken: string
}

/** How an attempt ended. */
export type Settlement =
  | { readonly kind: 'sent' }
  /** `isCounted` where a server was asked about this very mail. */
  | {
      readonly kind: 'again'
      readonly notBefore: number
      readonly isCounted: boolean
      readonly held?: 'quiet-hours'
    }
  /** `isSuppressed`: nothing is sent to the address any more. */
  | { readonly kind: 'bounced'; readonly isSuppressed: boolean }
  | { readonly kind: 'given-up' }

/** What of a batch was held, or let go. */
export interface Stopped {
  readonly mails: number
  /** Taken by a process that sends: a server has them, is being given them, or they come back and are held then. */
  readonly underWay: number
}

/** At most so many mails a minute to one domain, `burst` of them at once. */
export interface Throttle {
  readonly perMinute: number
  readonly burst: number
}

/**
 * Mails that wait, durably. What a method does is atomic, and on the disk when it resolves.
 *
 * At rest a mail is one sealed block: address, time zone and message, under a key that is not in the database. It is deleted, and its place
 * overwritten, with the commit that says that the mail was sent or never will be; its id, reference and a keyed hash of the address stay for
 * `KEPT_DAYS`, by which bounces are understood and repetitions known.
 *
 * A lease is a process's for as long as it lives, not for a time: no jump of a clock gives a mail to two of them.
 *
 * @throws Unavailable from every method where the database failed.
 */
export interface Outbox {
  /** Answers one for one, in order. */
  enqueue(mails: readonly QueuedMail[], now: number): Promise<readonly Enqueued[]>
  /** Takes up to `limit` mails that are due, priority first, and no more to one domain than the throttle allows. */
  lease(ask: {
    readonly now: number
    readonly limit: number
    readonly throttle?: Throttle
  }): Promise<readonly LeasedMail[]>
  /** Says how an attempt ended; attempts that end together may share a commit. Nothing happens unless this process has the lease. */
  settle(id: string, settlement: Settlement, now: number): Promise<void>
  /** When the next mail is due, in POSIX seconds; `undefined` where none waits. */
  nextDue(): Promise<number | undefined>
  /** Mails of processes that are gone wait again; the number of them. A server may have had them already. */
  reclaim(now: number): Promise<number>
  /** Times of ours that lie so far ahead that only a clock that was wrong can have set them become now. */
  mend(now: number): Promise<void>
  /**
   * Holds a batch, or lets it go on: what of it waits, what is queued for it later, and what is under way and comes back. Those under way
   * are asked about once more before a server is given them; see `isStopped`.
   */
  stop(batch: string, isStopped: boolean): Promise<Stopped>
  /** Whether a batch is held, by whatever process. */
  isStopped(batch: string): Promise<boolean>
  /** Understands a report of failure by its token: whether it was about a mail of ours that was sent. */
  bounce(token: string, isSuppressed: boolean): Promise<boolean>
  /** States that nobody has noted durably yet. */
  unreported(limit: number): Promise<
    readonly {
      readonly id: string
      readonly reference: string
      readonly state: MailState
    }[]
  >
  /** Says that states were noted. A state that has changed meanwhile stays unreported. */
  reported(noted: readonly { readonly id: string; readonly state: MailState }[]): Promise<void>
  /** Forgets what was settled more than `KEPT_DAYS` ago. */
  prune(now: number): Promise<void>
  /** How many mails there are in each state. */
  counts(): Promise<Readonly<Record<MailState['state'] | 'sending', number>>>
  close(): Promise<void>
}

/** Days for which a settled mail is remembered. */
export const KEPT_DAYS = 30
