import type { Act, ActOf } from './act.ts'
import type { CharterTerms, Duty, OfficerEntry } from './act-bodies.ts'
import { type Directory, type Officer, officersWith, type Party } from './directory.ts'
import { checkNoteKeys } from './note-keys.ts'
import type { CertificateFacts } from './openpgp.ts'
import { persistentMap } from './persistent-map.ts'
import { accept, refuse, type Result } from './result.ts'
import { templateHash } from './template.ts'

/** What was found out about the certificates in an act's body, by their base64. */
export type InspectedCertificates = ReadonlyMap<string, CertificateFacts>

/** The acts whose effect is a link of the governance chain. */
export type GovernanceAct = ActOf<
  | 'certificate.replace'
  | 'charter.adopt'
  | 'charter.amend'
  | 'officer.add'
  | 'officer.change'
  | 'officer.retire'
  | 'party.admit'
  | 'party.policy'
  | 'party.suspend'
  | 'template.adopt'
>

/** What a governance decision knows beside the directory. */
export interface GovernanceContext {
  /** Act id. */
  readonly id: string
  readonly certificates: InspectedCertificates
  /** Whether the days that a recovery must stand in public are over. */
  readonly recoveryDue: boolean
}

/** Tells whether an act changes the directory. */
export function isGovernance(act: Act): act is GovernanceAct {
  switch (act.type) {
    case 'certificate.replace':
    case 'charter.adopt':
    case 'charter.amend':
    case 'officer.add':
    case 'officer.change':
    case 'officer.retire':
    case 'party.admit':
    case 'party.policy':
    case 'party.suspend':
    case 'template.adopt':
      return true
    case 'act.lapse':
    case 'act.withdraw':
    case 'campaign.accept':
    case 'campaign.open':
    case 'campaign.share':
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
    case 'session.open':
    case 'template.approve':
      return false
  }
}

/**
 * Decides a governance act: the directory as it would stand after it, without its record.
 *
 * The server calls this before it commits and every client calls it while it replays the chain, so both reach the same roster.
 * Signatures and quorum are not looked at here.
 */
export function decideGovernance(
  directory: Directory,
  act: GovernanceAct,
  context: GovernanceContext,
): Result<Directory> {
  switch (act.type) {
    case 'charter.adopt':
      return adoptCharter(directory, act, context)
    case 'charter.amend':
      return amendCharter(directory, act.body, context)
    case 'party.admit':
      return admitParty(directory, act, context)
    case 'party.suspend':
      return suspendParty(directory, act)
    case 'party.policy':
      return setPolicy(directory, act)
    case 'officer.add':
      return addOfficer(directory, act, context)
    case 'officer.change':
      return changeOfficer(directory, act)
    case 'officer.retire':
      return retireOfficer(directory, act)
    case 'certificate.replace':
      return replaceCertificate(directory, act, context)
    case 'template.adopt':
      return adoptTemplate(directory, act)
  }
}

function adoptCharter(
  directory: Directory,
  act: ActOf<'charter.adopt'>,
  context: GovernanceContext,
): Result<Directory> {
  if (directory.genesis !== '') return refuse('charter-exists')
  const base: Directory = {
    ...directory,
    genesis: context.id,
    templates: persistentMap(act.body.templates.map((hash) => [hash, true])),
  }
  let next = withTerms(base, act.body, context)
  for (const founder of act.body.founders) {
    if (!next.ok) return next
    if (next.value.parties.has(founder.domain)) return refuse('party-exists', founder.domain)
    const party = newParty(founder.domain, 'member')
    next = withOfficers(next.value, party, { entries: founder.officers, context })
  }
  return next
}

function amendCharter(
  directory: Directory,
  terms: CharterTerms,
  context: GovernanceContext,
): Result<Directory> {
  if (directory.charter === undefined) return refuse('charter-missing')
  return withTerms(directory, terms, context)
}

function withTerms(
  directory: Directory,
  terms: CharterTerms,
  context: GovernanceContext,
): Result<Directory> {
  const keys = checkNoteKeys(directory.origin, terms)
  if (!keys.ok) return keys
  const service = context.certificates.get(terms.service_certificate)
  if (service === undefined) return refuse('certificate-malformed')
  if (service.provenKeys.some((key) => directory.keys.has(key)))
    return refuse('certificate-enrolled-already')
  const { log_key, quorums, service_certificate, witnesses } = terms
  return accept({
    ...directory,
    charter: { log_key, quorums, service_certificate, witnesses },
    serviceFingerprint: service.fingerprint,
    serviceCertificates: directory.serviceCertificates.with(
      service.fingerprint,
      service_certificate,
    ),
  })
}

/** Admits a new party, or gives an existing one a new set of officers after the public days of a recovery. */
function admitParty(
  directory: Directory,
  act: ActOf<'party.admit'>,
  context: GovernanceContext,
): Result<Directory> {
  const { domain, kind, officers } = act.body
  const existing = directory.parties.get(domain)
  if (existing === undefined)
    return withOfficers(directory, newParty(domain, kind), { entries: officers, context })
  if (existing.kind !== kind) return refuse('party-exists', domain)
  if (!context.recoveryDue)
    return refuse('not-due', `${domain} gets new officers after seven public days`)
  const retired = [...existing.officers.values()].map((officer): [string, Officer] => [
    officer.fingerprint,
    officer.status === 'active' ? { ...officer, status: 'retired' } : officer,
  ])
  const party: Party = {
    ...existing,
    status: 'active',
    officers: persistentMap(retired),
    rules: [],
    twoOfficers: false,
  }
  return withOfficers(directory, party, { entries: officers, context })
}

function newParty(domain: string, kind: Party['kind']): Party {
  return {
    domain,
    kind,
    status: 'active',
    officers: persistentMap(),
    rules: [],
    twoOfficers: false,
  }
}

function withOfficers(
  directory: Directory,
  party: Party,
  added: {
    entries: readonly Pick<OfficerEntry, 'certificate' | 'duties'>[]
    context: GovernanceContext
  },
): Result<Directory> {
  let next: Directory = {
    ...directory,
    parties: directory.parties.with(party.domain, party),
  }
  for (const entry of added.entries) {
    const withOne = withOfficer(next, party.domain, { entry, context: added.context })
    if (!withOne.ok) return withOne
    next = withOne.value
  }
  const after = next.parties.get(party.domain)
  return after !== undefined && officersWith(after, 'admin').length > 0
    ? accept(next)
    : refuse('policy-invalid', 'a party needs an admin')
}

function withOfficer(
  directory: Directory,
  domain: string,
  added: { entry: Pick<OfficerEntry, 'certificate' | 'duties'>; context: GovernanceContext },
): Result<Directory> {
  const facts = added.context.certificates.get(added.entry.certificate)
  const party = directory.parties.get(domain)
  if (facts === undefined || party === undefined) return refuse('certificate-malformed')
  if (
    facts.provenKeys.some((key) => isTaken(directory, party, key)) ||
    directory.serviceCertificates.has(facts.fingerprint)
  ) {
    return refuse('certificate-enrolled-already')
  }
  return accept(withParty(directory, party, officerOf(facts, added.entry)))
}

/** A key belongs to one officer for ever; only its own party may enrol it again, after retiring it. */
function isTaken(directory: Directory, party: Party, key: string): boolean {
  const owner = directory.keys.get(key)
  if (owner === undefined) return false
  return owner.party !== party.domain || party.officers.get(owner.officer)?.status !== 'retired'
}

function officerOf(
  facts: CertificateFacts,
  entry: { certificate: string; duties: readonly Duty[] },
): Officer {
  return {
    fingerprint: facts.fingerprint,
    certificate: entry.certificate,
    keys: facts.provenKeys,
    encryptionKeys: facts.encryptionKeys,
    duties: entry.duties,
    status: 'active',
  }
}

/** The directory with one officer of a party added or changed. */
function withParty(directory: Directory, party: Party, officer: Officer): Directory {
  const changed: Party = {
    ...party,
    officers: party.officers.with(officer.fingerprint, officer),
  }
  let { keys } = directory
  for (const key of officer.keys)
    keys = keys.with(key, { party: party.domain, officer: officer.fingerprint })
  return { ...directory, keys, parties: directory.parties.with(party.domain, changed) }
}

function suspendParty(directory: Directory, act: ActOf<'party.suspend'>): Result<Directory> {
  const party = directory.parties.get(act.body.domain)
  if (party === undefined) return refuse('party-unknown')
  if (party.status === 'suspended') return refuse('nothing-to-do')
  return accept({
    ...directory,
    parties: directory.parties.with(party.domain, { ...party, status: 'suspended' }),
  })
}

/** The party that a `by` names; governance acts of a party's own change no other. */
function ownParty(directory: Directory, act: GovernanceAct): Result<Party> {
  const party = 'party' in act.by ? directory.parties.get(act.by.party) : undefined
  return party === undefined ? refuse('party-unknown') : accept(party)
}

function setPolicy(directory: Directory, act: ActOf<'party.policy'>): Result<Directory> {
  const party = ownParty(directory, act)
  if (!party.ok) return party
  const held = new Set(
    [...party.value.officers.values()]
      .filter((o) => o.status === 'active')
      .flatMap((o) => o.duties),
  )
  const unheld = act.body.rules.flatMap((rule) => rule.duties).find((duty) => !held.has(duty))
  if (unheld !== undefined)
    return refuse('policy-invalid', `no active officer holds the duty ${unheld}`)
  const approving = act.body.rules.find(({ type }) => type === 'template.approve')
  if (approving !== undefined && !approving.duties.includes('counsel'))
    return refuse('policy-invalid', 'an approval counts as signed by counsel, so counsel signs it')
  if (act.body.two_officers && officersWith(party.value, 'admin').length < 2)
    return refuse('two-officers-needed')
  const changed: Party = {
    ...party.value,
    rules: act.body.rules,
    twoOfficers: act.body.two_officers,
  }
  return accept({ ...directory, parties: directory.parties.with(changed.domain, changed) })
}

function addOfficer(
  directory: Directory,
  act: ActOf<'officer.add'>,
  context: GovernanceContext,
): Result<Directory> {
  const party = ownParty(directory, act)
  return party.ok ? withOfficer(directory, party.value.domain, { entry: act.body, context }) : party
}

function changeOfficer(directory: Directory, act: ActOf<'officer.change'>): Result<Directory> {
  const found = ownOfficer(directory, act, act.body.fingerprint)
  if (!found.ok) return found
  if (found.value.officer.status !== 'active') return refuse('officer-unknown')
  return keepsRunning(
    withParty(directory, found.value.party, { ...found.value.officer, duties: act.body.duties }),
    found.value.party,
  )
}

/** Retires an officer. As `compromised` it is never refused for leaving too few admins: shutting out a thief comes first. */
function retireOfficer(directory: Directory, act: ActOf<'officer.retire'>): Result<Directory> {
  const found = ownOfficer(directory, act, act.body.fingerprint)
  if (!found.ok) return found
  const { officer, party } = found.value
  if (officer.status === 'compromised' || officer.status === act.body.reason)
    return refuse('nothing-to-do')
  const next = withParty(directory, party, { ...officer, status: act.body.reason })
  return act.body.reason === 'compromised' ? accept(next) : keepsRunning(next, party)
}

function ownOfficer(
  directory: Directory,
  act: GovernanceAct,
  fingerprint: string,
): Result<{ party: Party; officer: Officer }> {
  const party = ownParty(directory, act)
  if (!party.ok) return party
  const officer = party.value.officers.get(fingerprint)
  return officer === undefined ? refuse('officer-unknown') : accept({ party: party.value, officer })
}

/** Refuses a change that would leave a party without an admin, or with fewer than its two-officer rule needs. */
function keepsRunning(next: Directory, before: Party): Result<Directory> {
  const party = next.parties.get(before.domain)
  const admins = party === undefined ? 0 : officersWith(party, 'admin').length
  if (admins === 0) return refuse('policy-invalid', 'a party needs an admin')
  return before.twoOfficers && admins < 2 ? refuse('two-officers-needed') : accept(next)
}

function replaceCertificate(
  directory: Directory,
  act: ActOf<'certificate.replace'>,
  context: GovernanceContext,
): Result<Directory> {
  const facts = context.certificates.get(act.body.certificate)
  if (facts === undefined) return refuse('certificate-malformed')
  const found = ownOfficer(directory, act, facts.fingerprint)
  if (!found.ok) return found
  const { officer, party } = found.value
  if (officer.status !== 'active') return refuse('officer-unknown')
  if (officer.certificate === act.body.certificate) return refuse('nothing-to-do')
  const foreign = facts.provenKeys.some(
    (key) => (directory.keys.get(key)?.officer ?? officer.fingerprint) !== officer.fingerprint,
  )
  if (foreign) return refuse('certificate-enrolled-already')
  const renewed = officerOf(facts, { certificate: act.body.certificate, duties: officer.duties })
  // Keys that the new certificate leaves out stay this officer's for ever.
  return accept(
    withParty(directory, party, {
      ...renewed,
      keys: [...new Set([...officer.keys, ...facts.provenKeys])],
    }),
  )
}

/** A template is adopted by its manifest, which names every text by its hash. */
function adoptTemplate(directory: Directory, act: ActOf<'template.adopt'>): Result<Directory> {
  const hash = templateHash(act.body.manifest)
  if (directory.templates.has(hash)) return refuse('template-exists')
  return accept({ ...directory, templates: directory.templates.with(hash, true) })
}
