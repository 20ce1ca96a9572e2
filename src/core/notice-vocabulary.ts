/**
 * The closed lists that a notice chooses from.
 *
 * A value reaches a reader only through the words that an adopted template has for it, so a list can grow without a change to
 * any notice already signed: an older template refuses the new value.
 */

/** What happened to the reader; "targeted" and "got in" are what readers confuse most. */
export const TARGET_STATES = [
  'targeted-blocked',
  'targeted-outcome-unknown',
  'attempt-reached-device',
  'access-confirmed',
  'access-confirmed-data-taken',
  'infrastructure-abused-as-relay',
] as const
/** One of `TARGET_STATES`. */
export type TargetState = (typeof TARGET_STATES)[number]

/** Who attacks, as far as a notice may say: a category, never a name. */
export const ACTOR_CATEGORIES = [
  'state-organ-suspected',
  'state-linked-suspected',
  'mercenary-vendor-customer',
  'unknown-but-state-grade',
  'criminal',
  'undetermined',
] as const
/** One of `ACTOR_CATEGORIES`. */
export type ActorCategory = (typeof ACTOR_CATEGORIES)[number]

/** What the attackers wanted to reach with the whole campaign. */
export const OBJECTIVES = [
  'political-espionage',
  'economic-espionage',
  'surveillance-of-persons',
  'election-interference',
  'influence',
  'sabotage',
  'disruption',
  'pre-positioning',
  'supply-chain',
  'attack-on-responders',
  'internet-core',
  'financial',
  'unknown',
] as const
/** One of `OBJECTIVES`. */
export type Objective = (typeof OBJECTIVES)[number]

/** How the attackers work, coarse enough to teach them nothing about how they were seen. */
export const METHODS = [
  'credential-phishing',
  'password-guessing',
  'stolen-password',
  'stolen-session',
  'malicious-app',
  'malicious-attachment',
  'malicious-link',
  'no-action-needed',
  'spyware',
  'social-engineering',
  'phone-number-takeover',
  'recovery-abuse',
  'supplier',
  'insider',
  'network-interception',
  'software-flaw',
  'poisoned-update',
  'remote-access',
  'unknown',
] as const
/** One of `METHODS`. */
export type Method = (typeof METHODS)[number]

/** What of the reader's was attacked. */
export const ASSETS = [
  'account',
  'email-account',
  'messaging-account',
  'storage-account',
  'social-account',
  'administration-account',
  'user-accounts',
  'phone',
  'computer',
  'server',
  'network-device',
  'website',
  'organisation',
] as const
/** One of `ASSETS`. */
export type Asset = (typeof ASSETS)[number]

/** What the attackers looked for at this reader. */
export const SOUGHT = [
  'messages',
  'contacts',
  'documents',
  'photos',
  'location',
  'calendar',
  'passwords',
  'codes',
  'identity-papers',
  'payment-details',
  'sources',
  'access-to-others',
  'customer-data',
  'source-code',
  'keys',
  'unknown',
] as const
/** One of `SOUGHT`. */
export type Sought = (typeof SOUGHT)[number]

/** What a reader can do; the words, minutes and effect of each stand in the template. */
export const ACTIONS = [
  'change-password',
  'sign-out-everywhere',
  'check-settings',
  'review-sign-ins',
  'disconnect-device',
  'lockdown-mode',
  'ask-for-help',
  'second-factor',
  'strongest-protection',
  'update-devices',
  'remove-apps',
  'keep-evidence',
  'warn-contacts',
  'check-device',
  'use-other-phone',
  'keep-device-away',
  'think-back',
  'stop-product',
  'close-remote-access',
  'update-network-device',
  'call-security-team',
  'start-incident-plan',
  'new-channel',
  'save-logs',
  'secure-administrators',
  'end-sessions',
  'check-rules',
  'isolate-systems',
  'find-product',
  'find-messages',
  'replace-secrets',
  'require-second-factor',
  'check-duties',
  'tell-people',
  'warn-people',
] as const
/** One of `ACTIONS`. */
export type Action = (typeof ACTIONS)[number]

/** Whether the attack goes on. */
export const ONGOING = ['yes', 'no', 'unknown'] as const
/** One of `ONGOING`. */
export type Ongoing = (typeof ONGOING)[number]

/** How good the basis of the filer's judgement is; the meaning of each word stands in the template. */
export const CONFIDENCES = ['low', 'moderate', 'high'] as const
/** One of `CONFIDENCES`. */
export type Confidence = (typeof CONFIDENCES)[number]

/** Why a reader was not told at once. */
export const HOLD_REASONS = [
  'verifying',
  'finding-contact',
  'protecting-detection',
  'legal-restriction',
  'legal-review',
  'recipient-safety',
  'other-with-note',
] as const
/** One of `HOLD_REASONS`. */
export type HoldReason = (typeof HOLD_REASONS)[number]

/** Who else knows of the attack, never of the reader. */
export const TOLD_OTHERS = [
  'coalition-members',
  'partner-helpers',
  'other-targets',
  'makers-of-affected-products',
] as const
/** One of `TOLD_OTHERS`. */
export type ToldOthers = (typeof TOLD_OTHERS)[number]

/** Whether an authority was told; `not-said` reads the same for a filer under a gag and for one that is not. */
export const AUTHORITY_TOLD = ['yes', 'no', 'not-said'] as const
/** One of `AUTHORITY_TOLD`. */
export type AuthorityTold = (typeof AUTHORITY_TOLD)[number]

/** The law under which an authority was told. */
export const REPORTING_LAWS = [
  'gdpr-article-33',
  'nis2-article-23',
  'dora-article-19',
  'cra-article-14',
  'eprivacy-611-2013',
  'hipaa',
  'other-law',
] as const
/** One of `REPORTING_LAWS`. */
export type ReportingLaw = (typeof REPORTING_LAWS)[number]

/** Who offers help: an independent organisation, the filer itself, the coalition. */
export const HELP_KINDS = ['partner', 'member', 'coalition'] as const
/** One of `HELP_KINDS`. */
export type HelpKind = (typeof HELP_KINDS)[number]

/** How a helper is reached; each is written to be typed or dialled. */
export const CONTACT_KINDS = ['phone', 'web', 'mail'] as const
/** One of `CONTACT_KINDS`. */
export type ContactKind = (typeof CONTACT_KINDS)[number]

/** The days on which a helper answers. */
export const HELP_DAYS = ['every-day', 'weekdays'] as const
/** One of `HELP_DAYS`. */
export type HelpDays = (typeof HELP_DAYS)[number]
