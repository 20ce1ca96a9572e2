import type { Act, ActOf } from './act.ts'
import type { ActType, Duty } from './act-bodies.ts'
import { activeParties, type Directory, type Officer, ownerOf, type Party } from './directory.ts'
import { accept, refuse, type Result } from './result.ts'
import { ACT_RULES } from './act-rules.ts'

/** One condition of an act's taking effect. `role` is `officer`, `member`, `partner`, `founder` or `day`. */
export interface Missing {
  readonly role: 'day' | 'founder' | 'member' | 'officer' | 'partner' | 'support'
  readonly needed: number
  readonly have: number
}

/** What counts toward an act: a signature, by the primary fingerprint of the key that made it, or a duty given beforehand. */
export type Counted = { readonly fingerprint: string } | CountedDuty

/** A duty of a party that counts as signed by an earlier act, as counsel's does by an approval. It is nobody's signature: heads are counted without it. */
export interface CountedDuty {
  readonly duty: Duty
  readonly party: string
}

/** A lost last admin is replaced by a new admission, which stands in public for this many days first. */
export const RECOVERY_DAYS = 7

/** The least whole number of parties that is at least the share of `active`. */
export function shareOf(share: readonly [number, number], active: number): number {
  const [numerator, denominator] = share
  return Math.max(1, Math.ceil((numerator * active) / denominator))
}

/** The duties that an act type needs of a party: its policy, or the type's own duty. */
export function dutiesFor(party: Party, type: ActType): readonly Duty[] {
  const rule = party.rules.find((candidate) => candidate.type === type)
  return rule?.duties ?? ACT_RULES[type].duties
}

/**
 * Tells whether an officer's signature may stand under an act type at all.
 *
 * Refuses `certificate-compromised`, `certificate-retired`, `party-suspended`, `duty-missing`.
 */
export function checkOfficer(
  owner: { party: Party; officer: Officer },
  type: ActType,
): Result<void> {
  const { party, officer } = owner
  if (officer.status === 'compromised') return refuse('certificate-compromised')
  if (officer.status === 'retired') return refuse('certificate-retired')
  if (party.status === 'suspended') return refuse('party-suspended')
  return isAble(officer, dutiesFor(party, type)) ? accept(undefined) : refuse('duty-missing')
}

function isAble(officer: Officer, duties: readonly Duty[]): boolean {
  return duties.length === 0 || duties.some((duty) => officer.duties.includes(duty))
}

/**
 * Tells whether a signature received earlier still counts: its officer was neither compromised nor stripped of the duty since, and the
 * party is active. Retirement for another reason keeps it.
 */
export function stillCounts(directory: Directory, fingerprint: string, type: ActType): boolean {
  const owner = ownerOf(directory, fingerprint)
  if (owner === undefined) return false
  const officer =
    owner.officer.status === 'retired'
      ? { ...owner.officer, status: 'active' as const }
      : owner.officer
  return checkOfficer({ party: owner.party, officer }, type).ok
}

/** How far one party has come with an act: officers needed and officers counted. */
export function partyProgress(
  party: Party,
  act: Act,
  { signers, given }: Pick<Signed, 'given'> & { readonly signers: readonly Officer[] },
): { needed: number; have: number } {
  const duties = dutiesFor(party, act.type).filter(
    (duty) => !given.some((one) => one.party === party.domain && one.duty === duty),
  )
  const headcount = party.twoOfficers && !oneIsEnough(act) ? 2 : 1
  const uncovered = duties.filter(
    (duty) => !signers.some((officer) => officer.duties.includes(duty)),
  )
  const needed = Math.max(headcount, signers.length + uncovered.length)
  return { needed, have: signers.length }
}

/** The two acts that the two-officer rule spares: reading, and shutting out a stolen key. */
function oneIsEnough(act: Act): boolean {
  return (
    act.type === 'session.open' ||
    (act.type === 'officer.retire' && act.body.reason === 'compromised')
  )
}

/**
 * Counts signatures toward an act over the directory as it stands, and names what is missing; empty means complete.
 *
 * Signatures count once per party. Those of compromised officers and of suspended parties do not count;
 * retirement for any other reason keeps those already received.
 */
export function missingFor(
  directory: Directory,
  act: Act,
  signatures: readonly Counted[],
): readonly Missing[] {
  const made = signatures.flatMap((one) => ('duty' in one ? [] : [one]))
  const counted = made.filter(({ fingerprint }) => stillCounts(directory, fingerprint, act.type))
  const signed = {
    officers: signersByParty(directory, counted),
    given: signatures.flatMap((one) => ('duty' in one ? [one] : [])),
  }
  const complete = new Set(
    [...signed.officers.keys()].filter((domain) => isComplete(directory, domain, { act, signed })),
  )
  const missing = [
    ...authorMissing(directory, act, signed),
    ...roleMissing(directory, act, complete),
  ]
  return missing.filter(({ needed, have }) => have < needed)
}

/** What stands under an act: officers by their party, and duties given beforehand. */
interface Signed {
  readonly officers: ReadonlyMap<string, readonly Officer[]>
  readonly given: readonly CountedDuty[]
}

function isComplete(
  directory: Directory,
  domain: string,
  { act, signed }: { readonly act: Act; readonly signed: Signed },
): boolean {
  const party = directory.parties.get(domain)
  if (party === undefined) return false
  const { needed, have } = partyProgress(party, act, signersOf(signed, domain))
  return have >= needed
}

function signersOf({ officers, given }: Signed, domain: string) {
  return { signers: officers.get(domain) ?? [], given }
}

function signersByParty(
  directory: Directory,
  signatures: readonly { readonly fingerprint: string }[],
): Map<string, Officer[]> {
  const signed = new Map<string, Officer[]>()
  for (const fingerprint of new Set(signatures.map((signature) => signature.fingerprint))) {
    const owner = ownerOf(directory, fingerprint)
    if (owner === undefined) continue
    signed.set(owner.party.domain, [...(signed.get(owner.party.domain) ?? []), owner.officer])
  }
  return signed
}

function authorMissing(directory: Directory, act: Act, signed: Signed): readonly Missing[] {
  if (!('party' in act.by)) return []
  const party = directory.parties.get(act.by.party)
  if (party === undefined) return [{ role: 'officer', needed: 1, have: 0 }]
  return [{ role: 'officer', ...partyProgress(party, act, signersOf(signed, party.domain)) }]
}

function roleMissing(
  directory: Directory,
  act: Act,
  complete: ReadonlySet<string>,
): readonly Missing[] {
  const quorums = directory.charter?.quorums
  if (quorums === undefined) return []
  switch (act.type) {
    case 'charter.amend':
      return [membersMissing(directory, complete, { share: quorums.amend })]
    case 'party.admit':
      return [membersMissing(directory, complete, { share: quorums.admit })]
    case 'party.suspend':
      return suspensionMissing(directory, act, complete)
    case 'template.adopt':
      return [
        {
          role: 'member',
          needed: quorums.template_members,
          have: countOf(directory, complete, 'member'),
        },
        {
          role: 'partner',
          needed: quorums.template_partners,
          have: countOf(directory, complete, 'partner'),
        },
      ]
    case 'charter.adopt': {
      const founders = act.body.founders.map((founder) => founder.domain)
      const have = founders.filter((domain) => complete.has(domain)).length
      return [{ role: 'founder', needed: founders.length, have }]
    }
    case 'act.lapse':
    case 'act.withdraw':
    case 'campaign.accept':
    case 'campaign.open':
    case 'campaign.share':
    case 'certificate.replace':
    case 'check.publish':
    case 'fake.publish':
    case 'mailbox.close':
    case 'mailbox.enrol':
    case 'mailbox.filers':
    case 'mailbox.invite':
    case 'mailbox.rotate':
    case 'notice.acknowledge':
    case 'notice.file':
    case 'notice.release':
    case 'notice.support':
    case 'officer.add':
    case 'officer.change':
    case 'officer.retire':
    case 'party.policy':
    case 'session.open':
    case 'template.approve':
      return []
  }
}

function countOf(
  directory: Directory,
  complete: ReadonlySet<string>,
  kind: 'member' | 'partner',
): number {
  return activeParties(directory, kind).filter((party) => complete.has(party.domain)).length
}

function membersMissing(
  directory: Directory,
  complete: ReadonlySet<string>,
  rule: { share: readonly [number, number]; except?: string; atLeast?: number },
): Missing {
  const voters = activeParties(directory, 'member').filter((party) => party.domain !== rule.except)
  return {
    role: 'member',
    needed: Math.max(shareOf(rule.share, voters.length), rule.atLeast ?? 1),
    have: voters.filter((party) => complete.has(party.domain)).length,
  }
}

function suspensionMissing(
  directory: Directory,
  act: ActOf<'party.suspend'>,
  complete: ReadonlySet<string>,
): readonly Missing[] {
  const quorums = directory.charter?.quorums
  if (quorums === undefined) return []
  const rule = { share: quorums.suspend, except: act.body.domain, atLeast: quorums.suspend_others }
  return [membersMissing(directory, complete, rule)]
}

/** Whether a party may sign this act beside its author: only where the act is a vote. */
export function mayCosign(party: Party, act: Act): boolean {
  switch (ACT_RULES[act.type].voters) {
    case 'none':
      return false
    case 'members':
      return (
        party.kind === 'member' &&
        !(act.type === 'party.suspend' && act.body.domain === party.domain)
      )
    case 'members-and-partners':
      return party.kind !== 'panelist'
  }
}
