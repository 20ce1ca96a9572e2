import type { JsonObject } from './canonical-json.ts'
import type { CheckKeying } from './check-list.ts'

/** What an officer may do for a party. */
export const DUTIES = ['admin', 'counsel', 'reporter', 'responder', 'reviewer'] as const
/** One of `DUTIES`. */
export type Duty = (typeof DUTIES)[number]

/** What kind of organisation a party is. */
export const PARTY_KINDS = ['member', 'panelist', 'partner'] as const
/** One of `PARTY_KINDS`. */
export type PartyKind = (typeof PARTY_KINDS)[number]

/** What a supporting party may state, and nothing else. */
export const STATEMENTS = [
  'issuer_is_genuine',
  'method_reviewed',
  'own_customers_notified',
  'same_actor_seen',
] as const
/** One of `STATEMENTS`. */
export type Statement = (typeof STATEMENTS)[number]

/** How a notice relates to an earlier one. */
export const NOTICE_KINDS = ['correction', 'first', 'follow_up', 'withdrawal'] as const
/** One of `NOTICE_KINDS`. */
export type NoticeKind = (typeof NOTICE_KINDS)[number]

/** An officer as first enrolled: a base64 certificate and the answer to a challenge sent to it. */
export interface OfficerEntry {
  readonly certificate: string
  readonly challenge: string
  readonly duties: readonly Duty[]
}

/** A founder's officers; signing the charter replaces challenges. */
export interface Founder {
  readonly domain: string
  readonly officers: readonly { readonly certificate: string; readonly duties: readonly Duty[] }[]
}

/** How many must sign. Shares are [numerator, denominator] of the parties active when counted, rounded up. */
export interface Quorums {
  readonly admit: readonly [number, number]
  readonly advisory_reviewers: number
  readonly amend: readonly [number, number]
  readonly dossier_panelists: number
  readonly suspend: readonly [number, number]
  readonly suspend_others: number
  readonly template_members: number
  readonly template_partners: number
}

/** Whose cosignatures a checkpoint needs before it counts; no keys and quorum 0 mean `logged` is all there is. */
export interface WitnessPolicy {
  readonly keys: readonly string[]
  readonly quorum: number
}

/** The parts of the charter that `charter.amend` may replace. */
export interface CharterTerms {
  /** Note verifier key (C2SP vkey) of the log; its name is the origin. */
  readonly log_key: string
  readonly quorums: Quorums
  /** Base64 OpenPGP certificate that signs service acts. */
  readonly service_certificate: string
  readonly witnesses: WitnessPolicy
}

/** Founds the coalition. */
export interface CharterAdoptBody extends CharterTerms {
  readonly founders: readonly Founder[]
  /** Hashes of the templates adopted from the start. */
  readonly templates: readonly string[]
}

/** Admits a party with its first officers, or gives one that lost its last admin new ones. */
export interface PartyAdmitBody {
  readonly domain: string
  readonly kind: PartyKind
  readonly officers: readonly OfficerEntry[]
}

/** Suspends a party; a later admission lifts it. */
export interface PartySuspendBody {
  readonly domain: string
  readonly reason: 'compromised' | 'conduct' | 'inactive' | 'left'
}

/** Which duties must have signed an act type; each duty by an officer who holds it. */
export interface PolicyRule {
  readonly duties: readonly Duty[]
  readonly type: string
}

/** A party's whole policy: what it does not name goes by the usual duties. */
export interface PartyPolicyBody {
  readonly rules: readonly PolicyRule[]
  readonly two_officers: boolean
}

/** Enrols one more officer of the author's party. */
export interface OfficerAddBody extends OfficerEntry {}

/** Gives an officer other duties. */
export interface OfficerChangeBody {
  readonly duties: readonly Duty[]
  readonly fingerprint: string
}

/** Retires an officer; as compromised, also from what waits. */
export interface OfficerRetireBody {
  readonly fingerprint: string
  readonly reason: 'compromised' | 'retired'
}

/** The same primary key with new subkeys, user IDs or expiry. */
export interface CertificateReplaceBody {
  readonly certificate: string
  readonly challenge: string
}

/** Adopts a template for notices. */
export interface TemplateAdoptBody {
  /** The template manifest, which names its texts by hash; they are uploaded before. Its canonical form is what is hashed. */
  readonly manifest: JsonObject
}

/** Counsel approves a template for notices to come, until a moment. */
export interface TemplateApproveBody {
  /** Commitment to the `ApprovalScope`, countries among it: SHA-256(32-byte salt || canonical scope). */
  readonly scope: string
  readonly template: string
  /** At most 90 days after the act's `at`. */
  readonly until: string
}

/** SHA-256 hashes of single-use invitation tokens (32 random bytes each) that a party hands to its customers. */
export interface MailboxInviteBody {
  readonly tokens: readonly string[]
}

/**
 * Enrols a mailbox, signed by the certificate enrolled.
 *
 * It names no party: every filer reads it to check the key, and none is to learn of the others. Who invited may file; the rest is told by
 * `mailbox.filers`, which only the operator reads.
 */
export interface MailboxEnrolBody {
  readonly certificate: string
  readonly challenge: string
  /** True where the certificate is a published one that names its owner, who accepts that. */
  readonly identifiable: boolean
  /** An invitation token (64 hex digits), or absent where `work` is given. */
  readonly invitation?: string
  readonly mailbox: string
  /** 32 hex digits. */
  readonly salt: string
  /** Proof of work (up to 32 hex digits), see `core/mailbox.ts`. */
  readonly work?: string
}

/** Replaces the parties that may file to the author's mailbox. */
export interface MailboxFilersBody {
  readonly filers: readonly string[]
}

/** Puts another key behind the author's mailbox; the old key signs, the new one answers a challenge. */
export interface MailboxRotateBody {
  readonly certificate: string
  readonly challenge: string
}

/** A body without members. */
export interface EmptyBody {
  readonly [key: string]: never
}

/** Tells the filer that the author's mailbox has read a notice. */
export interface NoticeAcknowledgeBody {
  /** Index of the mailbox's own line in the notice's bundle. */
  readonly index: number
  readonly notice: string
}

/** Invites parties to a campaign. */
export interface CampaignOpenBody {
  readonly invited: readonly string[]
  /** SHA-256 of the OpenPGP message with the label: TLP, sector, urgency, terms. */
  readonly label: string
}

/** Accepts an invitation and its terms. */
export interface CampaignAcceptBody {
  readonly campaign: string
}

/** Sends the content to those who accepted. */
export interface CampaignShareBody {
  readonly campaign: string
  /** SHA-256 of the OpenPGP message with the content. */
  readonly content: string
}

/** When a joint notice is released: at the last of `required` supports, or at `until` whatever came. */
export interface JointTerms {
  readonly required: number
  readonly until: string
}

/** Files one company's notice for all its customers in a bundle. */
export interface NoticeFileBody {
  /** Act id of the `template.approve` by which the filer's counsel counts as signed. */
  readonly approval?: string
  /** Commitment to the brief: SHA-256(32-byte salt || canonical brief). */
  readonly brief: string
  /** SHA-256 of the OpenPGP message that lets invited parties read brief, template and their salts; only with a campaign. */
  readonly brief_message?: string
  readonly bundle: { readonly count: number; readonly root: string }
  readonly campaign?: string
  readonly joint?: JointTerms
  readonly kind: NoticeKind
  /** Primary fingerprint of the certificate that signed the envelopes. */
  readonly reporter: string
  readonly supersedes?: string
  /** Commitment to the template: SHA-256(32-byte salt || template hash). */
  readonly template: string
}

/** States what another party knows about a notice. */
export interface NoticeSupportBody {
  readonly notice: string
  readonly statements: readonly Statement[]
}

/** Takes back an act of one's own, or one's signature under another's, before effect; an approval also later. */
export interface ActWithdrawBody {
  readonly act: string
}

/** Leaves the trace of an act that ran out. */
export interface ActLapseBody {
  readonly act: string
}

/** Releases a joint notice whose supports have come or whose time is up. */
export interface NoticeReleaseBody {
  readonly notice: string
  /** Act ids of the supports counted, ascending. */
  readonly supports: readonly string[]
}

/** Opens a session over the server's nonce; never stored or logged. */
export interface SessionOpenBody {
  readonly session: string
}

/** Publishes a list of check codes, whose chunks were uploaded before. */
export interface CheckPublishBody {
  /** How many of its parts are buckets; the others are texts. */
  readonly buckets: number
  /** SHA-256 of each chunk, in order. */
  readonly chunks: readonly string[]
  readonly keyed: CheckKeying
  /** The instant from which it is in force. */
  readonly release: string
  /** Merkle root over its parts (RFC 6962), 64 hex digits. */
  readonly root: string
  /** 64 hex digits, drawn for this list alone. */
  readonly salt: string
  readonly texts: number
}

/** How a forgery reaches people. */
export const FAKE_CHANNELS = ['call', 'chat', 'letter', 'mail', 'sms', 'web'] as const
/** One of `FAKE_CHANNELS`. */
export type FakeChannel = (typeof FAKE_CHANNELS)[number]

/** Shows the world a message that imitates a party, so that whoever receives it can know it again. It names nobody who received it. */
export interface FakePublishBody {
  readonly channel: FakeChannel
  /** The party that it imitates. */
  readonly imitates: string
  readonly language: string
  /** The message, line by line; nothing in it can be followed. */
  readonly lines: readonly string[]
  /** An earlier sample of the same party's that this one takes the place of. */
  readonly replaces?: string
  /** How many people have reported it so far. */
  readonly reports: number
  /** UTC day. */
  readonly seen_on: string
  readonly subject?: string
}

/** The body of every act type. Adding a line here makes the compiler ask for its schema, rule and decision. */
export interface ActBodies {
  'act.lapse': ActLapseBody
  'act.withdraw': ActWithdrawBody
  'campaign.accept': CampaignAcceptBody
  'campaign.open': CampaignOpenBody
  'campaign.share': CampaignShareBody
  'certificate.replace': CertificateReplaceBody
  'charter.adopt': CharterAdoptBody
  'charter.amend': CharterTerms
  'check.publish': CheckPublishBody
  'fake.publish': FakePublishBody
  'mailbox.close': EmptyBody
  'mailbox.enrol': MailboxEnrolBody
  'mailbox.filers': MailboxFilersBody
  'mailbox.invite': MailboxInviteBody
  'mailbox.rotate': MailboxRotateBody
  'notice.acknowledge': NoticeAcknowledgeBody
  'notice.file': NoticeFileBody
  'notice.release': NoticeReleaseBody
  'notice.support': NoticeSupportBody
  'officer.add': OfficerAddBody
  'officer.change': OfficerChangeBody
  'officer.retire': OfficerRetireBody
  'party.admit': PartyAdmitBody
  'party.policy': PartyPolicyBody
  'party.suspend': PartySuspendBody
  'session.open': SessionOpenBody
  'template.adopt': TemplateAdoptBody
  'template.approve': TemplateApproveBody
}

/** The name of an act type. */
export type ActType = keyof ActBodies
