import type { Act } from './act.ts'
import type { FakePublishBody, JointTerms, NoticeKind, Statement } from './act-bodies.ts'
import type { JsonObject } from './canonical-json.ts'
import type { CheckKeying } from './check-list.ts'
import type { Directory } from './directory.ts'
import type { InspectedCertificates } from './party.ts'

/** Where an act stands. `pending` waits for signatures, supports or days. */
export type ActStatus = 'effective' | 'lapsed' | 'pending' | 'withdrawn'

/** An act's own state; its payload and signatures are kept beside it and never change. */
export interface ActState {
  readonly status: ActStatus
  readonly type: string
  /** The author's party, or ''. */
  readonly party: string
  /** POSIX seconds after which a pending act counts as lapsed; 0 for mailboxes' acts, which never wait. */
  readonly expires: number
  /** Parties whose signatures were taken back. */
  readonly withdrawn: readonly string[]
  /** True once its effects are applied though it still waits to be released (a joint notice). */
  readonly filed: boolean
}

/** A customer's mailbox: its id names the first key, `links` its successors. */
export interface MailboxState {
  readonly certificate: string
  /** Primary fingerprint, keys that may sign, and encryption subkeys of the current certificate. */
  readonly fingerprint: string
  readonly keys: readonly string[]
  readonly encryptionKeys: readonly string[]
  readonly filers: readonly string[]
  /** Changes of a UTC day, counted to bound them. */
  readonly changes: { readonly day: string; readonly count: number }
  readonly closed: boolean
  readonly salt: string
  /** Act ids of the enrolment and of each rotation, in order. */
  readonly links: readonly string[]
}

/** A single-use token that a party handed out. */
export interface InvitationState {
  readonly party: string
  readonly spent: boolean
}

/** Who looks at one attack together. */
export interface CampaignState {
  readonly author: string
  readonly invited: readonly string[]
  readonly accepted: readonly string[]
  readonly label: string
  /** Hashes of the content messages shared so far. */
  readonly contents: readonly string[]
}

/** A support that was filed, as the notice's readers may see it. */
export interface SupportEntry {
  readonly act: string
  readonly party: string
  readonly statements: readonly Statement[]
}

/** A filed notice and who stands behind it. */
export interface NoticeState {
  readonly filer: string
  /** Act id of the approval by which the filer's counsel counts as signed. */
  readonly approval?: string
  readonly campaign?: string
  readonly bundle: { readonly count: number; readonly root: string }
  readonly joint?: JointTerms
  readonly kind: NoticeKind
  /** Primary fingerprint of the certificate that signed the envelopes. */
  readonly reporter: string
  readonly supersedes?: string
  readonly supersededBy?: string
  readonly supports: readonly SupportEntry[]
  readonly released: boolean
  /** Act id of the `notice.release` that released a joint notice. */
  readonly release?: string
  /** Taken back by its filer before its release. */
  readonly withdrawn?: true
}

/** A bundle that one party uploads or has filed. `filed` is the act id of the notice. */
export interface BundleState {
  readonly party: string
  readonly root: string
  readonly totalBytes: number
  readonly heldBytes: number
  /** Lines so far. */
  readonly count: number
  readonly complete: boolean
  /** True once it was given up; the row stays, so that a version is never used twice. */
  readonly dropped: boolean
  /** Names this upload's blobs: no other upload of the same root can touch them. */
  readonly upload: string
  /** UTC day of the first chunk. */
  readonly day: string
  /** Chunks written, in order: SHA-256, which names the blobs, and the index of the first line. */
  readonly chunks: readonly { readonly sha256: string; readonly firstLine: number }[]
  /** The last line so far, to keep the order across chunks. */
  readonly lastLine: string
  readonly filed?: string
}

/** An uploaded OpenPGP message for the parties of a campaign. */
export interface BriefState {
  readonly party: string
  /**
   * For each key that it is encrypted to, the parties whose active officers have it, in order. Mostly one: but anybody can bind
   * another's encryption key to a certificate.
   */
  readonly recipients: readonly (readonly string[])[]
  readonly day: string
}

/** Counsel's approval of a template. */
export interface ApprovalState {
  readonly party: string
  readonly template: string
  /** POSIX seconds at which it ends. */
  readonly until: number
  /** UTC day on which it took effect. */
  readonly day: string
  readonly withdrawn: boolean
}

/** A mailbox has read a notice. */
export interface AcknowledgementState {
  readonly day: string
  /** The line that was read. */
  readonly index: number
}

/** A mailbox line of a bundle; its id is `<bundle id>:<index>`, and it is listed by its mailbox. */
export interface LineState {
  /** The upload that brought it: lines of one that was given up mean nothing. */
  readonly upload: string
  readonly bundle: string
  readonly index: number
  readonly mailbox: string
}

/** A template manifest or text, by the hash of its canonical form: adopted, or uploaded to be. */
export interface TemplateState {
  readonly adopted: boolean
  readonly json: JsonObject
  /** Who uploaded it. */
  readonly party: string
}

/** Consecutive parts of a list of check codes that a party has uploaded. */
export interface CheckChunkState {
  readonly party: string
  readonly parts: number
  /** Merkle root over its parts, 64 hex digits. */
  readonly root: string
  /** UTC day of the upload. */
  readonly day: string
  /** True once it was given up and its bytes may be gone. */
  readonly dropped: boolean
}

/** A published list, as its act names it. `release` is POSIX seconds. */
export interface PublishedList {
  readonly act: string
  readonly buckets: number
  readonly chunks: readonly string[]
  readonly release: number
  readonly root: string
  readonly texts: number
}

/** A forgery that a party has published. */
export interface FakeState {
  readonly party: string
  readonly body: FakePublishBody
  /** Act id of the sample that took its place. */
  readonly replacedBy?: string
}

/** The lists of a party that are served, newest first. */
export interface CheckListState {
  readonly party: string
  readonly keyed: CheckKeying
  readonly lists: readonly PublishedList[]
}

/** The state of every kind of subject a decision reads. */
export interface SubjectStates {
  acknowledgement: AcknowledgementState
  act: ActState
  approval: ApprovalState
  brief: BriefState
  bundle: BundleState
  campaign: CampaignState
  'check-chunk': CheckChunkState
  'check-list': CheckListState
  fake: FakeState
  invitation: InvitationState
  line: LineState
  mailbox: MailboxState
  notice: NoticeState
  template: TemplateState
}

/** The name of a kind of subject. */
export type SubjectName = keyof SubjectStates

/** What a decision needs to read. */
export interface SubjectKey {
  readonly kind: SubjectName
  readonly id: string
}

/** The subjects a decision asked for, as of one moment. */
export interface Subjects {
  get<K extends SubjectName>(kind: K, id: string): SubjectStates[K] | undefined
}

/** One change: plain data, applied with the others or not at all. */
export type Effect =
  | {
      [K in SubjectName]: {
        readonly kind: 'put'
        readonly subject: K
        readonly id: string
        readonly state: SubjectStates[K]
        readonly tag?: string
      }
    }[SubjectName]
  | { readonly kind: 'directory'; readonly directory: Directory }
  /** Another act changes its status with this one. */
  | { readonly kind: 'close'; readonly act: string; readonly status: ActStatus }

/** What a decision may look at: nothing else, so the same arguments give the same answer. */
export interface DecisionState {
  readonly directory: Directory
  readonly subjects: Subjects
  readonly certificates: InspectedCertificates
  /** For an act that closes another, or a notice that stands on an approval: how that other one stands now. */
  readonly target?: TargetStanding
}

/** How another act stands at this moment. */
export interface TargetStanding {
  /** Parties with a signature under it that still counts. */
  readonly parties: readonly string[]
  /** Whether those signatures are all that it needs. */
  readonly isSigned: boolean
}

/** The effects of an act, and whether it is done or waits to be released. */
export interface Decision {
  readonly effects: readonly Effect[]
  readonly status: 'effective' | 'pending'
}

/** Who asks to read. A session proves a party's officer or a mailbox. */
export type Reader =
  | { readonly kind: 'public' }
  | { readonly kind: 'party'; readonly domain: string; readonly fingerprint: string }
  | { readonly kind: 'mailbox'; readonly id: string; readonly fingerprint: string }

/** Effects that complete an act at once. */
export function done(...effects: readonly Effect[]): Decision {
  return { effects, status: 'effective' }
}

/** Id of the subject that holds an upload: bundles are scoped to the party that uploads them. */
export function bundleId(party: string, root: string): string {
  return `${party}:${root}`
}

/** Id of the subject that finds a bundle's mailbox line. */
export function lineId(bundle: string, index: number): string {
  return `${bundle}:${String(index)}`
}

/** The party of an act that only parties file. */
export function partyOf(act: { readonly act: Act }): string {
  return 'party' in act.act.by ? act.act.by.party : ''
}
