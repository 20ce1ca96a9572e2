import type { ParsedAct } from './act.ts'
import { certificatesIn } from './act-certificates.ts'
import { fromBase64 } from './bytes.ts'
import { type Directory, emptyDirectory, headOf, withRecord } from './directory.ts'
import { sha256Hex } from './hash.ts'
import { splitAddendum } from './log/leaf.ts'
import { type CertificateFacts, inspectCertificate } from './openpgp.ts'
import { decideGovernance, isGovernance } from './party.ts'
import { missingFor, RECOVERY_DAYS } from './quorum.ts'
import type { GovernanceLink } from './receipt.ts'
import { type ActRecord, readActRecord } from './record.ts'
import { accept, refuse, type Result } from './result.ts'
import { rosterHistory } from './roster-history.ts'
import { DAY_SECONDS } from './time.ts'
import { endOfDay, type ReadAct, verifyActSignatures } from './verify-act.ts'

/** The governance chain of a coalition, replayed and verified from its genesis. */
export interface Replay {
  /** The roster after the last link. */
  readonly directory: Directory
  /** The roster as of a head; `undefined` for a hash that is not in the chain. 64 zeros give the empty directory. */
  at(head: string): Directory | undefined
  readonly links: readonly GovernanceLink[]
}

/** Whose chain it must be, and how acts are read (their schemas live outside core). */
export interface ReplayClaim {
  readonly origin: string
  /** Act id of the charter. */
  readonly genesis: string
  readonly links: readonly GovernanceLink[]
  readonly parse: ReadAct
}

/**
 * Replays a governance chain: every link hangs on the one before, carries the signatures that its act needed, and changes the roster as
 * `decideGovernance` says. Trusts nothing but origin and genesis id.
 *
 * Refuses `receipt-genesis-wrong`, `directory-broken`, and what an act or signature in the chain is refused for.
 */
export async function replayChain(claim: ReplayClaim): Promise<Result<Replay>> {
  let directory = emptyDirectory(claim.origin)
  const history = rosterHistory(directory)
  for (const [position, link] of claim.links.entries()) {
    const next = await replayLink(claim, directory, { link, position })
    if (!next.ok) return next
    directory = next.value
    history.add(directory)
  }
  if (directory.genesis !== claim.genesis) return refuse('receipt-genesis-wrong')
  return accept({ directory, at: (head) => history.at(head), links: claim.links })
}

async function replayLink(
  claim: ReplayClaim,
  before: Directory,
  step: { readonly link: GovernanceLink; readonly position: number },
): Promise<Result<Directory>> {
  const opened = openLink(claim, step.link)
  if (!opened.ok) return opened
  const { parsed, record, hash } = opened.value
  if (record.event !== 'adopted' || record.act !== parsed.id || record.prev !== headOf(before))
    return broken(step.position)
  if (!isGovernance(parsed.act) || parsed.act.origin !== claim.origin) return broken(step.position)
  if ((step.position === 0) !== (parsed.act.type === 'charter.adopt')) return broken(step.position)
  if (step.position === 0 && parsed.id !== claim.genesis) return refuse('receipt-genesis-wrong')
  const certificates = await inspectOffered(parsed)
  if (!certificates.ok) return certificates
  const context = {
    id: parsed.id,
    certificates: certificates.value,
    recoveryDue: isRecoveryDue(parsed, record),
  }
  const after = decideGovernance(before, parsed.act, context)
  if (!after.ok) return after
  const roster = step.position === 0 ? after.value : before
  const signed = await verifyActSignatures({
    parsed,
    record,
    signatures: step.link.signatures,
    directory: roster,
  })
  if (!signed.ok) return signed
  if (missingFor(roster, parsed.act, signed.value).length > 0) return broken(step.position)
  return accept(withRecord(after.value, { hash, day: record.day }))
}

function openLink(
  claim: ReplayClaim,
  link: GovernanceLink,
): Result<{ parsed: ParsedAct; record: ActRecord; hash: string }> {
  const payload = fromBase64(link.payload)
  const addendum = fromBase64(link.addendum)
  if (payload === undefined || addendum === undefined) return refuse('receipt-malformed')
  const split = splitAddendum(addendum)
  if (!split.ok) return split
  const record = readActRecord(split.value.record)
  if (!record.ok) return record
  const parsed = claim.parse(payload)
  return parsed.ok
    ? accept({ parsed: parsed.value, record: record.value, hash: sha256Hex(addendum) })
    : parsed
}

function broken(position: number): Result<never> {
  return refuse(
    'directory-broken',
    `link ${String(position)} of the governance chain does not hold`,
  )
}

/** A recovery stands in public for seven days; a record tells a day, so its end is what counts. */
function isRecoveryDue(parsed: ParsedAct, record: ActRecord): boolean {
  return endOfDay(record.day) >= parsed.at + RECOVERY_DAYS * DAY_SECONDS
}

/**
 * Inspects the certificates that an act offers, as of their own newest self-signature: what a chain says must not depend on the
 * day on which it is read.
 */
export async function inspectOffered(
  parsed: ParsedAct,
): Promise<Result<ReadonlyMap<string, CertificateFacts>>> {
  const facts = new Map<string, CertificateFacts>()
  for (const { certificate, kind } of certificatesIn(parsed.act)) {
    const bytes = fromBase64(certificate)
    if (bytes === undefined) return refuse('certificate-malformed')
    const inspected = await inspectCertificate(bytes, kind, undefined)
    if (!inspected.ok) return inspected
    facts.set(certificate, inspected.value)
  }
  return accept(facts)
}
