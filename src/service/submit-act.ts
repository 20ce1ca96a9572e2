import { type AuthorKind, authorOf, type ParsedAct } from '#core/act.ts'
import { approvedDuties } from '#core/approval.ts'
import { certificatesIn } from '#core/act-certificates.ts'
import { isChallengeAnswer } from '#core/challenge.ts'
import { decide, isLapsed, readsOf } from '#core/decide.ts'
import type { ActState, DecisionState, Effect } from '#core/decision.ts'
import { checkHead, type Directory, emptyDirectory } from '#core/directory.ts'
import { decideGovernance, type InspectedCertificates } from '#core/party.ts'
import { type Counted, type Missing, missingFor } from '#core/quorum.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { ActReader } from '#ports/acts.ts'
import type { Clock } from '#ports/clock.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'
import type { Random } from '#ports/random.ts'
import type { SignatureRow, Storage } from '#ports/storage.ts'
import {
  authenticate,
  CUSTOMER_AGE_SECONDS_MAX,
  type EntitledSignature,
  SIGNATURE_AGE_SECONDS_MAX,
  SKEW_SECONDS_MAX,
} from './authenticate.ts'
import { type ClosingTarget, closingTarget } from './closing-target.ts'
import { composeCommit } from './compose-commit.ts'
import { inspectCertificates } from './inspect-certificates.ts'
import { type LoadedSubjects, loadSubjects } from './load-subjects.ts'
import type { DirectoryReader } from './read-directory.ts'
import { repeatOf, type Submitted } from './repeat-act.ts'
import { standingSignatures } from './standing-signatures.ts'

/** An act brings at most this many signatures at once. */
export const SIGNATURES_MAX = 64
/** A decision that lost a race is made again this often before the client is told to come back. */
const ATTEMPTS_MAX = 12

/** The exact bytes of an act and the armored signatures over them, as they arrived. */
export interface SealedAct {
  readonly payload: Uint8Array
  readonly signatures: readonly string[]
}

/** What deciding an act needs. */
export interface SubmitActPorts {
  readonly acts: ActReader
  readonly clock: Clock
  readonly crypto: ServiceCrypto
  readonly directory: DirectoryReader
  readonly random: Random
  readonly storage: Storage
  readonly origin: string
  /** The act id that a charter must have. */
  readonly genesis: string
  /** Key of the challenges' HMAC. */
  readonly challengeSecret: Uint8Array
}

/**
 * Submits a signed act: verifies, decides and commits it whole, or refuses it and changes nothing.
 *
 * The answer comes after the commit. The same bytes again are answered with where they stand, and any new signatures are added.
 * A decision that lost a race is made again on what is there now.
 */
export async function submitAct(
  ports: SubmitActPorts,
  sealed: SealedAct,
): Promise<Result<Submitted>> {
  const parsed = ports.acts.parse(sealed.payload)
  if (!parsed.ok) return parsed
  return await submitParsed(ports, parsed.value, sealed.signatures)
}

/** The same for an act that has been read already. */
export async function submitParsed(
  ports: SubmitActPorts,
  parsed: ParsedAct,
  signatures: readonly string[],
): Promise<Result<Submitted>> {
  const timely = checkEnvelope(ports, parsed)
  if (!timely.ok) return await answerUntimely(ports, { parsed, signatures }, timely)
  if (signatures.length === 0 || signatures.length > SIGNATURES_MAX)
    return refuse('signature-count-wrong')
  return await settle(() => attempt(ports, parsed, signatures))
}

/** Adds one signature to an act that is here already. Refuses `not-found` for an act that waits for nothing and is not known. */
export async function addSignature(
  ports: SubmitActPorts,
  id: string,
  signature: string,
): Promise<Result<Submitted>> {
  const row = await ports.storage.findAct(id)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  if (parsed?.ok !== true) return refuse('signature-not-accepted')
  return await settle(() => attempt(ports, parsed.value, [signature]))
}

/** Decides a waiting act again on the signatures it has, since a day it waited for may have come. */
export async function reconsider(ports: SubmitActPorts, id: string): Promise<void> {
  const row = await ports.storage.findAct(id)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  if (parsed?.ok === true) await settle(() => attempt(ports, parsed.value, []))
}

async function settle(decideOnce: () => Promise<Result<Submitted>>): Promise<Result<Submitted>> {
  for (let attemptNumber = 1; ; attemptNumber++) {
    const outcome = await decideOnce()
    if (outcome.ok || outcome.refusal.reason !== 'state-changed' || attemptNumber >= ATTEMPTS_MAX)
      return outcome
  }
}

/** What can be told from the bytes and the clock alone. */
function checkEnvelope(ports: SubmitActPorts, parsed: ParsedAct): Result<void> {
  const { act } = parsed
  const now = ports.clock.now()
  if (act.origin !== ports.origin) return refuse('act-origin-wrong')
  if (act.type === 'session.open')
    return refuse('act-type-unknown', 'sessions are opened at their own address')
  if (parsed.at > now + SKEW_SECONDS_MAX) return refuse('act-not-yet-valid')
  if (parsed.expires < now) return refuse('act-expired')
  if (act.type === 'charter.adopt' && parsed.id !== ports.genesis) return refuse('genesis-wrong')
  return accept(undefined)
}

/** The clock may have been put back since an act was accepted: its repetition is still answered with where it stands. */
async function answerUntimely(
  ports: SubmitActPorts,
  sent: { readonly parsed: ParsedAct; readonly signatures: readonly string[] },
  refused: Result<never>,
): Promise<Result<Submitted>> {
  const { parsed, signatures: armored } = sent
  const subjects = await loadSubjects(ports.storage, () => [{ kind: 'act', id: parsed.id }])
  const state = subjects.get('act', parsed.id)
  const repeated = await repeatOf(ports, { parsed, state, armored })
  return repeated === undefined ? refused : accept(repeated)
}

/** Everything one attempt looks at. */
interface Attempt {
  readonly ports: SubmitActPorts
  readonly parsed: ParsedAct
  readonly now: number
  /** The directory that is committed upon. */
  readonly current: Directory
  /** The directory that signatures are held against: for a charter, the one it would create. */
  readonly directory: Directory
  readonly subjects: LoadedSubjects
  readonly certificates: InspectedCertificates
  readonly state: ActState | undefined
  /** For an act that closes another: that one, as it stands now. */
  readonly target: ClosingTarget | undefined
}

async function attempt(
  ports: SubmitActPorts,
  parsed: ParsedAct,
  armored: readonly string[],
): Promise<Result<Submitted>> {
  const prepared = await prepare(ports, parsed)
  if (!prepared.ok) return prepared
  const { directory, now, state } = prepared.value
  const repeated = await repeatOf(ports, { parsed, state, armored })
  if (repeated !== undefined) return accept(repeated)
  const arrived = await authenticateAll(prepared.value, armored)
  if (!arrived.ok) return arrived
  const rows = state === undefined ? [] : await ports.storage.signaturesOf(parsed.id)
  if (state !== undefined && state.status !== 'pending') {
    const known = new Set(rows.map((row) => row.fingerprint))
    const isNew = arrived.value.some(({ verified }) => !known.has(verified.fingerprint))
    return isNew ? refuse('act-not-pending') : accept(standing(prepared.value, rows))
  }
  if (state !== undefined && isLapsed(state, now)) return refuse('act-lapsed')
  if (arrived.value.some(({ party }) => state?.withdrawn.includes(party) === true)) {
    return refuse('signer-not-entitled', 'the party has taken its signature back')
  }
  const stored = await standingSignatures({
    parsed,
    state,
    directory,
    rows,
    now,
    crypto: prepared.value.ports.crypto,
  })
  const known = new Set(stored.map((row) => row.fingerprint))
  const hashes = new Set(rows.map((row) => row.packetHash))
  const fresh = arrived.value
    .filter(({ verified }) => !known.has(verified.fingerprint) && !hashes.has(verified.packetHash))
    .map((one) => rowOf(parsed.id, one))
  return await conclude(prepared.value, { stored, fresh })
}

async function prepare(ports: SubmitActPorts, parsed: ParsedAct): Promise<Result<Attempt>> {
  const now = ports.clock.now()
  const current = await ports.directory.current()
  if (current.genesis === '' && parsed.act.type !== 'charter.adopt')
    return refuse('charter-missing')
  const subjects = await loadSubjects(ports.storage, (known) => [
    { kind: 'act', id: parsed.id },
    ...readsOf(parsed, known),
  ])
  const state = subjects.get('act', parsed.id)
  const inspected = await inspectCertificates(
    ports.crypto,
    parsed.act,
    state === undefined ? now : undefined,
  )
  if (!inspected.ok) return inspected
  const target = await closingTarget(ports, parsed, { directory: current, subjects, now })
  const certificates = inspected.value
  const base = { ports, parsed, now, current, subjects, certificates, state, target }
  if (parsed.act.type !== 'charter.adopt') return accept({ ...base, directory: current })
  if (current.genesis !== '')
    return state === undefined ? refuse('charter-exists') : accept({ ...base, directory: current })
  const adopted = decideGovernance(emptyDirectory(ports.origin), parsed.act, {
    id: parsed.id,
    certificates: inspected.value,
    recoveryDue: true,
  })
  return adopted.ok ? accept({ ...base, directory: adopted.value }) : adopted
}

/** Verifies every signature that arrived; one that does not stand refuses the whole request. */
async function authenticateAll(
  attempted: Attempt,
  armored: readonly string[],
): Promise<Result<readonly EntitledSignature[]>> {
  const { directory, subjects, certificates, now, parsed, ports } = attempted
  const entitled: EntitledSignature[] = []
  for (const signature of armored) {
    const one = await authenticate(
      { crypto: ports.crypto, directory, subjects, certificates, now },
      parsed,
      signature,
    )
    if (!one.ok) return one
    entitled.push(one.value)
  }
  const signers = new Set(entitled.map((one) => one.verified.fingerprint))
  if (signers.size < entitled.length) return refuse('signature-duplicate')
  return attempted.state === undefined ? checkFirst(attempted, entitled) : accept(entitled)
}

/** What is checked once, when an act is first submitted. */
function checkFirst(
  attempted: Attempt,
  entitled: readonly EntitledSignature[],
): Result<readonly EntitledSignature[]> {
  const { parsed, current, now } = attempted
  const { act } = parsed
  const { kind, name } = authorOf(act.by)
  if (now - parsed.at > (isCustomer(kind) ? CUSTOMER_AGE_SECONDS_MAX : SIGNATURE_AGE_SECONDS_MAX)) {
    return refuse('act-too-old')
  }
  if (kind === 'party' && !entitled.some((one) => one.party === name))
    return refuse('signer-not-author')
  if (kind !== 'party' && entitled.length !== 1) return refuse('signature-count-wrong')
  const head = checkHead(current, act.directory, now)
  if (!head.ok) return head
  const answered = certificatesIn(act).every((offered) => isAnswered(attempted, offered))
  return answered ? accept(entitled) : refuse('challenge-wrong')
}

function isCustomer(kind: AuthorKind): boolean {
  return kind === 'mailbox' || kind === 'key'
}

function isAnswered(
  attempted: Attempt,
  offered: ReturnType<typeof certificatesIn>[number],
): boolean {
  const facts = attempted.certificates.get(offered.certificate)
  if (offered.challenge === undefined || facts === undefined) return facts !== undefined
  const purpose = offered.kind === 'officer' ? 'officer' : 'mailbox'
  const { bytes: certificate, fingerprint } = facts
  const claim = { purpose, fingerprint, certificate, answer: offered.challenge } as const
  return isChallengeAnswer(attempted.ports.challengeSecret, claim, attempted.now)
}

function rowOf(act: string, { verified, party }: EntitledSignature): SignatureRow {
  const { packet, packetHash, fingerprint, createdAt } = verified
  return { act, packet, packetHash, fingerprint, party, createdAt }
}

/** Counts, decides and commits. */
async function conclude(
  attempted: Attempt,
  signatures: { stored: readonly SignatureRow[]; fresh: readonly SignatureRow[] },
): Promise<Result<Submitted>> {
  const { parsed, now, state, ports } = attempted
  const counted = [...signatures.stored, ...signatures.fresh]
  const missing = missingFor(attempted.directory, parsed.act, withApproval(parsed, counted))
  if (missing.length > 0 && parsed.act.type === 'charter.adopt') return refuse('founder-missing')
  if (state?.filed === true) return accept(standing(attempted, signatures.stored))
  const decision = decide(decisionState(attempted), parsed, now)
  const waits =
    !decision.ok && decision.refusal.reason === 'not-due' && parsed.act.type === 'party.admit'
  if (!decision.ok && !waits) return decision
  if (state !== undefined && signatures.fresh.length === 0 && (missing.length > 0 || waits)) {
    return accept(standing(attempted, signatures.stored))
  }
  const complete = decision.ok && missing.length === 0
  const status = complete ? decision.value.status : 'pending'
  const effects: readonly Effect[] = complete ? decision.value.effects : []
  const commit = composeCommit(attempted, {
    status,
    filed: complete && status === 'pending',
    effects,
    fresh: signatures.fresh,
    counted,
  })
  if ((await ports.storage.commit(commit)) === 'conflict') return refuse('state-changed')
  return accept({
    id: parsed.id,
    status,
    missing: complete ? supportsMissing(attempted) : [...missing, ...waiting(waits)],
    known: false,
    parsed,
  })
}

/** Whether the approval that a notice names is in force, the decision tells: it is refused otherwise. */
function withApproval({ act }: ParsedAct, rows: readonly SignatureRow[]): readonly Counted[] {
  return [...rows, ...approvedDuties(act)]
}

function decisionState(attempted: Attempt): DecisionState {
  const { certificates, current, subjects, target } = attempted
  const base = { directory: current, subjects, certificates }
  return target === undefined ? base : { ...base, target }
}

function standing(attempted: Attempt, stored: readonly SignatureRow[]): Submitted {
  const { parsed, state, directory } = attempted
  const status = state?.status ?? 'pending'
  const missing =
    status === 'pending' && state?.filed !== true
      ? missingFor(directory, parsed.act, withApproval(parsed, stored))
      : []
  return {
    id: parsed.id,
    status,
    missing: state?.filed === true ? supportsMissing(attempted) : missing,
    known: true,
    parsed,
  }
}

function waiting(waits: boolean): readonly Missing[] {
  return waits ? [{ role: 'day', needed: 7, have: 0 }] : []
}

/** A joint notice that is filed waits for supports. */
function supportsMissing(attempted: Attempt): readonly Missing[] {
  const { act } = attempted.parsed
  if (act.type !== 'notice.file' || act.body.joint === undefined) return []
  const have = attempted.subjects.get('notice', attempted.parsed.id)?.supports.length ?? 0
  const { required } = act.body.joint
  return have < required ? [{ role: 'support', needed: required, have }] : []
}
