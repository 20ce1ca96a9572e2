/**
 * How far a recipient is known to be, in the order in which it is hoped for. Several hold at once: whoever acted had been shown the notice.
 */
export const RECIPIENT_STATES = [
  'queued',
  'held',
  'sent',
  'bounced',
  'shown',
  'fetched',
  'acknowledged',
  'acted',
] as const
/** One of `RECIPIENT_STATES`. */
export type RecipientState = (typeof RECIPIENT_STATES)[number]

/** What becomes of a notice at the agent: it is drafted, being filed, filed and waiting, released to its recipients, or given up. */
export const NOTICE_PHASES = ['draft', 'filing', 'filed', 'released', 'failed'] as const
/** One of `NOTICE_PHASES`. */
export type NoticePhase = (typeof NOTICE_PHASES)[number]

/** A notice of this company. */
export interface NoticeRow {
  /** The company's own name for it. */
  readonly name: string
  /** The company's own name for what it belongs to; exports and holds go by it. */
  readonly matter: string
  readonly phase: NoticePhase
  /** Grows by one with each change. */
  readonly version: number
  /** JSON text without anything about a recipient, written by our own code alone. */
  readonly state: string
  /** Ciphertext of the brief. */
  readonly sealed: string
}

/** An event that the company reported: one attack on one account. */
export interface EventRow {
  /** Keyed hash of the company's own event id. */
  readonly eventTag: string
  readonly notice: string
  readonly reference: string
  /** Keyed hash of what was reported, to tell whether it is the same again. */
  readonly digestTag: string
  readonly sealed: string
}

/** Whom a notice tells. */
export interface RecipientRow {
  /** Random: 32 hex digits. */
  readonly reference: string
  readonly notice: string
  /** Keyed hash of the normalised account. */
  readonly accountTag: string
  /** Keyed hash of the mailbox, where there is one. */
  readonly mailboxTag: string | null
  readonly version: number
  /** Ciphertext of account, language, facts, mailbox, address. */
  readonly sealed: string
  /** The line of the list that was filed; null before. */
  readonly line: number | null
  /** The line of the bundle that is the mailbox's; null where there is none. */
  readonly lineIndex: number | null
  /** The batch in which the notice is shown; null before it was released. */
  readonly batch: number | null
}

/** What a recipient is shown: ciphertext of the signed notice with its place in the bundle. */
export interface ProductRow {
  readonly reference: string
  readonly notice: string
  readonly sealed: string
}

/** One notice as the banner needs it. */
export interface BannerRow {
  readonly reference: string
  readonly notice: string
  readonly phase: NoticePhase
  readonly state: string
  readonly batch: number | null
  readonly sealed: string
}

/** A state that a recipient reached, at a time that stays on this machine. */
export interface DeliveryRow {
  readonly reference: string
  readonly state: RecipientState
  readonly notice: string
  /** From a closed list, '' where there is none to tell. */
  readonly reason: string
  /** POSIX seconds. */
  readonly at: number
}

/** That somebody put a banner away, in one session. */
export interface DismissalRow {
  readonly reference: string
  /** Keyed hash of the session's reference. */
  readonly sessionTag: string
  /** When that session had last seen its user's credentials: POSIX seconds. */
  readonly authenticatedAt: number
}

/** One answer to one question after the notice. */
export interface FeedbackRow {
  readonly reference: string
  readonly question: string
  readonly answer: string
  readonly notice: string
}

/** A message to one of the company's own systems that has not arrived yet. */
export interface WebhookRow {
  readonly id: string
  readonly endpoint: string
  readonly payload: string
  readonly attempts: number
  /** POSIX seconds. */
  readonly dueAt: number
}

/** A file of the archive. */
export interface ArchivedRow {
  /** Of the encrypted file. */
  readonly sha256: string
  readonly matter: string
  readonly notice: string
  readonly bytes: number
  readonly at: number
  /** POSIX seconds; it is deleted afterwards unless its matter is held. */
  readonly keepUntil: number
}

/** A matter of which nothing is deleted. */
export interface HoldRow {
  readonly matter: string
  readonly reason: string
  /** POSIX seconds. */
  readonly until: number
}

/**
 * What a company's agent remembers. Every method is one atomic act; what writes resolves once it would survive a power cut.
 *
 * @throws Unavailable from each.
 */
export interface AgentStore {
  readNotice(name: string): Promise<NoticeRow | undefined>
  /** Without what is sealed, in the order of their names: asked again and again. */
  listNotices(): Promise<readonly Omit<NoticeRow, 'sealed'>[]>
  /** Puts a notice whose stored version is `version - 1`, 0 for none. False where it is another. */
  putNotice(notice: NoticeRow): Promise<boolean>
  readEvent(eventTag: string): Promise<EventRow | undefined>
  /** The events that made somebody a recipient. */
  eventsOf(references: readonly string[]): Promise<readonly EventRow[]>
  /** Adds an event and puts its recipient, whose stored version is `version - 1`. False where the event is there or the version is another. */
  takeEvent(event: EventRow, recipient: RecipientRow): Promise<boolean>
  findRecipient(notice: string, accountTag: string): Promise<RecipientRow | undefined>
  readRecipient(reference: string): Promise<RecipientRow | undefined>
  /** Up to a thousand, in the order of their references, which is random. */
  listRecipients(notice: string, after: string): Promise<readonly RecipientRow[]>
  countRecipients(notice: string): Promise<number>
  /** Says on which line of the filed list each stands. */
  setLines(lines: readonly { readonly reference: string; readonly line: number }[]): Promise<void>
  /** Says which line of the bundle is whose mailbox's. */
  setLineIndexes(
    notice: string,
    lines: readonly { readonly mailboxTag: string; readonly lineIndex: number }[],
  ): Promise<void>
  setBatches(
    batches: readonly { readonly reference: string; readonly batch: number }[],
  ): Promise<void>
  referencesOn(notice: string, lines: readonly number[]): Promise<ReadonlyMap<number, string>>
  referencesAt(notice: string, lineIndexes: readonly number[]): Promise<readonly string[]>
  /** Adds or replaces. */
  keepProducts(products: readonly ProductRow[]): Promise<void>
  readProduct(reference: string): Promise<ProductRow | undefined>
  /** Up to a hundred, in the order of their references. */
  listProducts(notice: string, after: string): Promise<readonly ProductRow[]>
  /** What there may be to show for an account: its 16 notices that were released last, the newest first. */
  bannersOf(accountTag: string): Promise<readonly BannerRow[]>
  /** Notes states; one that was noted before stays as it was, but that the reason of `held` is the newest one. Gives how many are new. */
  noteStates(states: readonly DeliveryRow[]): Promise<number>
  /** Up to a hundred who are held for one of some reasons, in the order of their references. */
  referencesHeld(
    notice: string,
    of: { readonly reasons: readonly string[]; readonly after: string },
  ): Promise<readonly string[]>
  statesOf(reference: string): Promise<readonly DeliveryRow[]>
  /** How many recipients of a notice have reached each state. */
  countStates(notice: string): Promise<Readonly<Partial<Record<RecipientState, number>>>>
  dismiss(dismissal: DismissalRow): Promise<void>
  dismissalsOf(references: readonly string[], sessionTag: string): Promise<readonly DismissalRow[]>
  /** Adds or replaces. */
  keepFeedback(feedback: FeedbackRow): Promise<void>
  countFeedback(
    notice: string,
  ): Promise<
    readonly { readonly question: string; readonly answer: string; readonly count: number }[]
  >
  queueWebhooks(messages: readonly WebhookRow[]): Promise<void>
  dueWebhooks(now: number): Promise<readonly WebhookRow[]>
  putOffWebhook(message: Pick<WebhookRow, 'attempts' | 'dueAt' | 'id'>): Promise<void>
  dropWebhook(id: string): Promise<void>
  keepArchived(file: ArchivedRow): Promise<void>
  listArchived(matter?: string): Promise<readonly ArchivedRow[]>
  dropArchived(sha256: string): Promise<void>
  putHold(hold: HoldRow): Promise<void>
  dropHold(matter: string): Promise<void>
  listHolds(): Promise<readonly HoldRow[]>
  /** Deletes a notice with all that belongs to it, archive and holds apart. */
  erase(notice: string): Promise<void>
  close(): Promise<void>
}
