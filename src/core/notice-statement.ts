import type { NoticeKind } from './act-bodies.ts'
import type {
  Action,
  ActorCategory,
  Asset,
  AuthorityTold,
  Confidence,
  ContactKind,
  HelpDays,
  HelpKind,
  HoldReason,
  Method,
  Objective,
  Ongoing,
  ReportingLaw,
  Sought,
  TargetState,
  ToldOthers,
} from './notice-vocabulary.ts'

// Type aliases, not interfaces: only an alias is assignable to `JsonObject`, which canonical JSON takes.

/** How a helper is reached: `+41 22 555 01 02`, `help.partner.example/notice`, or `help@partner.example`. */
export type Contact = { readonly kind: ContactKind; readonly value: string }

/** When a helper answers: from and to as `08:00`, `24:00` for the end of the day; zone as `UTC+01:00`. */
export type HelpHours = {
  readonly days: HelpDays
  readonly from: string
  readonly to: string
  readonly zone: string
}

/** One way to free help. */
export type HelpRoute = {
  readonly contact: Contact
  readonly hours: HelpHours
  readonly kind: HelpKind
  /** BCP 47 tags. */
  readonly languages: readonly string[]
  readonly name: string
}

/** Whether an authority was told, and under which law. */
export type Authority = { readonly law?: ReportingLaw; readonly told: AuthorityTold }

/** What is the same for every recipient of a notice. Days are UTC days, `2026-11-23`. */
export type Brief = {
  readonly actor_category: ActorCategory
  readonly authority: Authority
  readonly confidence: Confidence
  readonly detected_on: string
  /** One to three routes, one of each kind at most, and always the filer's own. */
  readonly help: readonly HelpRoute[]
  /** Why the recipients were not told at once; absent where they were. */
  readonly hold_reason?: HoldReason
  /** A sentence of the filer's own on how the attackers work. */
  readonly method_plain?: string
  readonly methods: readonly Method[]
  readonly next_update: string
  readonly objective: Objective
  readonly ongoing: Ongoing
  /** The name of the product through which the attack comes. */
  readonly product?: string
  readonly told_others: readonly ToldOthers[]
  readonly v: 1
  readonly window_from: string
  /** The last day on which the attack was seen. */
  readonly window_to?: string
}

/** What is said to one recipient alone. */
export type Facts = {
  /** To do now, most urgent first; at most three. */
  readonly actions_now: readonly Action[]
  readonly actions_week: readonly Action[]
  readonly asset: Asset
  /** Somebody else could be looking: the notice shows a number to call, and nothing else. */
  readonly safety?: 'call-only'
  /** A sentence of the filer's own on what it saw at this recipient. */
  readonly seen?: string
  readonly sought: readonly Sought[]
  readonly target_state: TargetState
  /** The days at this recipient, where they differ from the brief's. */
  readonly window_from?: string
  readonly window_to?: string
}

/** Whom a notice is for: a mailbox and the certificate it was encrypted to, or a normalised account name. */
export type NoticeRecipient =
  | { readonly fingerprint: string; readonly mailbox: string }
  | { readonly account: string }

/** Everything a notice says, as the filer signs it. The text is computed from it and an adopted template, and says nothing else. */
export type NoticeStatement = {
  /** A second language, in which the notice stands once more. */
  readonly also?: string
  readonly brief: { readonly content: Brief; readonly salt: string }
  /** The recipient's check code in its canonical form: 20 letters. */
  readonly check: string
  readonly facts: Facts
  /** The DNS domain of the filing party. */
  readonly filer: string
  /** The act id of the coalition's charter. */
  readonly genesis: string
  readonly kind: NoticeKind
  readonly language: string
  /** A random id of this recipient's notice: 32 hex digits. */
  readonly notice: string
  /** The DNS name of the coalition. */
  readonly origin: string
  /** The notice that this one replaces or takes back; only with a kind other than `first`. */
  readonly supersedes?: string
  readonly template: { readonly hash: string; readonly salt: string }
  readonly to: NoticeRecipient
  readonly v: 1
}
