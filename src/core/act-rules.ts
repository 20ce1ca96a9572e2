import type { AuthorKind } from './act.ts'
import type { ActType, Duty } from './act-bodies.ts'

/** What the pipeline needs to know about an act type before it decides. */
export interface ActRule {
  /** Kinds of author the type takes. */
  readonly by: readonly AuthorKind[]
  /** Duties that must have signed, unless the party's own policy says otherwise; empty means any active officer. */
  readonly duties: readonly Duty[]
  /** Other parties that may sign the same bytes. */
  readonly voters: 'members' | 'members-and-partners' | 'none'
  /** Whether its effect is a link of the governance chain. */
  readonly governance: boolean
  /** Whether its record waits for the shuffled daily batch, so that the log tells no customer's time. */
  readonly held: boolean
  /** Whether anybody may read it, and its record in the log: those of governance, and what is said to the world. */
  readonly open: boolean
}

const GOVERNANCE = {
  by: ['party'],
  duties: ['admin'],
  voters: 'none',
  governance: true,
  held: false,
  open: true,
} as const
const PARTY = {
  by: ['party'],
  duties: ['reporter'],
  voters: 'none',
  governance: false,
  held: false,
  open: false,
} as const
const MAILBOX = {
  by: ['mailbox'],
  duties: [],
  voters: 'none',
  governance: false,
  held: true,
  open: false,
} as const
const SERVICE = {
  by: ['service'],
  duties: [],
  voters: 'none',
  governance: false,
  held: false,
  open: false,
} as const

/** One line per act type: this table and `act-bodies.ts` are the whole list. */
export const ACT_RULES: { readonly [T in ActType]: ActRule } = {
  'act.lapse': SERVICE,
  'act.withdraw': { ...PARTY, duties: [] },
  'campaign.accept': PARTY,
  'campaign.open': PARTY,
  'campaign.share': PARTY,
  'certificate.replace': { ...GOVERNANCE, duties: [] },
  'charter.adopt': { ...GOVERNANCE, voters: 'members' },
  'charter.amend': { ...GOVERNANCE, voters: 'members' },
  'check.publish': { ...PARTY, open: true },
  'fake.publish': { ...PARTY, open: true },
  'mailbox.close': MAILBOX,
  'mailbox.enrol': { ...MAILBOX, by: ['key'] },
  'mailbox.filers': MAILBOX,
  'mailbox.invite': PARTY,
  'mailbox.rotate': MAILBOX,
  'notice.acknowledge': MAILBOX,
  'notice.file': PARTY,
  'notice.release': SERVICE,
  'notice.support': { ...PARTY, duties: ['reviewer'] },
  'officer.add': GOVERNANCE,
  'officer.change': GOVERNANCE,
  'officer.retire': GOVERNANCE,
  'party.admit': { ...GOVERNANCE, voters: 'members' },
  'party.policy': GOVERNANCE,
  'party.suspend': { ...GOVERNANCE, voters: 'members' },
  'session.open': { ...MAILBOX, by: ['mailbox', 'party'] },
  'template.adopt': { ...GOVERNANCE, duties: ['reviewer'], voters: 'members-and-partners' },
  'template.approve': { ...PARTY, duties: ['counsel'] },
}
