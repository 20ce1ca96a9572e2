import { type ParsedAct } from './act.ts'
import type { Statement } from './act-bodies.ts'
import { fromBase64, fromHex } from './bytes.ts'
import { lineHash } from './bundle.ts'
import { type Directory, headOf, ownerOf } from './directory.ts'
import { verifyInclusion } from './log/merkle.ts'
import type { VerifiedLogProof } from './log/proof.ts'
import { verifyMailboxChain } from './mailbox-chain.ts'
import { isGovernance } from './party.ts'
import { missingFor } from './quorum.ts'
import { openProof, recordIn } from './receipt-proof.ts'
import { type LinePath, type Receipt, type SealedRecord } from './receipt.ts'
import { type ActRecord, readActRecord, readHeadRecord } from './record.ts'
import { type Replay, replayChain } from './replay.ts'
import { accept, refuse, type Result } from './result.ts'
import { parseInstant } from './time.ts'
import {
  endOfDay,
  type ReadAct,
  type RecordedAct,
  type RecordedSignature,
  verifyActSignatures,
} from './verify-act.ts'
import {
  approvalIn,
  type ProvenAct,
  type VerifiedApproval,
  verifyApproval,
} from './verify-approval.ts'

/** What a verifier knows beforehand: it comes from the members' own domains, never from the operator. */
export interface TrustAnchor {
  readonly origin: string
  readonly genesis: string
  /** A chain verified earlier, for receipts that leave it out. */
  readonly replay?: Replay
}

/** One party's statement in support of a notice. */
export interface VerifiedSupport {
  readonly act: string
  readonly party: string
  readonly statements: readonly Statement[]
  readonly marks: readonly string[]
}

/** What a receipt proves. */
export interface VerifiedReceipt {
  readonly parsed: ParsedAct
  /** Of a notice that stands on one. */
  readonly approval?: VerifiedApproval
  readonly record: ActRecord
  readonly signatures: readonly RecordedSignature[]
  readonly supports: readonly VerifiedSupport[]
  /** What became known later of those who signed. */
  readonly marks: readonly string[]
  readonly replay: Replay
  /** The roster that the log had published when the receipt was made. */
  readonly directory: Directory
  readonly leafIndex: number
  readonly treeSize: number
  /** `witnessed` once the quorum of the charter has cosigned; only that shows that everyone is shown the same log. */
  readonly status: 'logged' | 'witnessed'
  readonly witnessed: number
  readonly witnessQuorum: number
}

/**
 * Verifies a receipt offline, in six steps: the roster from the genesis id; the head that the log published; the act's record in the
 * log, before that head where the act ends its batch with one; the signatures under the roster of that record; the supports; the release
 * of a joint notice.
 *
 * Refuses `receipt-*`, `directory-broken`, `proof-*`, `note-*`, `checkpoint-*` and what a signature is refused for.
 */
export async function verifyReceipt(
  receipt: Receipt,
  anchor: TrustAnchor,
  parse: ReadAct,
): Promise<Result<VerifiedReceipt>> {
  if (receipt.origin !== anchor.origin) return refuse('receipt-origin-wrong')
  if (receipt.genesis !== anchor.genesis) return refuse('receipt-genesis-wrong')
  const replay = await replayOf(receipt, anchor, parse)
  if (!replay.ok) return replay
  const directory = replay.value.at(receipt.directory.head)
  if (directory === undefined)
    return refuse('receipt-directory-broken', 'the head of the log is not in the chain')
  const head = verifyHead(receipt, directory)
  if (!head.ok) return head
  const known = knownChain(replay.value, anchor)
  if (!known.ok) return known
  const context: Context = {
    replay: replay.value,
    known: known.value,
    directory,
    parse,
    mailbox: receipt.mailbox ?? [],
  }
  const approval =
    receipt.approval === undefined ? undefined : await verifyRecord(context, receipt.approval)
  if (approval?.ok === false) return approval
  const act = await verifyRecord(context, receipt.act, approval?.value)
  if (!act.ok) return act
  if (endsItsBatchWithAHead(act.value) && head.value.index < act.value.proof.index)
    return refuse('receipt-directory-broken', 'the head is one from before the act')
  const supports = await verifySupports(context, receipt, act.value.parsed)
  if (!supports.ok) return supports
  const released = await verifyRelease(context, {
    receipt,
    notice: act.value,
    supports: supports.value,
  })
  if (!released.ok) return released
  const { proof, parsed, record, signatures } = act.value
  const approved = approvalIn(approval?.value)
  return accept({
    parsed,
    ...(approved === undefined ? {} : { approval: approved }),
    record,
    signatures,
    supports: supports.value,
    marks: marksOf(replay.value.directory, signatures),
    replay: replay.value,
    directory,
    leafIndex: proof.index,
    treeSize: proof.size,
    status:
      proof.status === 'witnessed' && head.value.status === 'witnessed' ? 'witnessed' : 'logged',
    witnessed: Math.min(proof.witnessed, head.value.witnessed),
    witnessQuorum: directory.charter?.witnesses.quorum ?? 0,
  })
}

interface Context {
  readonly replay: Replay
  /** The longest chain that the verifier knows, whatever the log had published. */
  readonly known: Directory['chain']
  readonly directory: Directory
  readonly parse: ReadAct
  readonly mailbox: NonNullable<Receipt['mailbox']>
}

async function replayOf(
  receipt: Receipt,
  anchor: TrustAnchor,
  parse: ReadAct,
): Promise<Result<Replay>> {
  const { chain, head } = receipt.directory
  if (chain !== undefined) {
    const { genesis, origin } = anchor
    const replay = await replayChain({ origin, genesis, links: chain, parse })
    return replay.ok && headOf(replay.value.directory) !== head
      ? refuse('receipt-directory-broken', 'the chain does not end at the head of the log')
      : replay
  }
  if (anchor.replay?.at(head) === undefined)
    return refuse(
      'receipt-directory-broken',
      'the receipt leaves the chain out, and this head is not pinned',
    )
  return accept(anchor.replay)
}

/** What a receipt brings and what was verified before are one chain, or one of them is a forgery. */
function knownChain(replay: Replay, anchor: TrustAnchor): Result<Directory['chain']> {
  const { chain } = replay.directory
  const before = anchor.replay?.directory.chain ?? chain
  const [shorter, longer] = chain.length <= before.length ? [chain, before] : [before, chain]
  return longer[shorter.length - 1]?.hash === shorter.at(-1)?.hash
    ? accept(longer)
    : refuse('receipt-directory-broken', 'the chain is not the one that was verified before')
}

/** The `directory.head` record must name the head that the receipt uses, and stand where it says. */
function verifyHead(receipt: Receipt, directory: Directory): Result<VerifiedLogProof> {
  const proof = openProof(receipt.directory.proof, directory)
  if (!proof.ok) return proof
  const record = recordIn(proof.value)
  if (!record.ok) return record
  const head = readHeadRecord(record.value)
  if (!head.ok) return head
  const stands = head.value.head === receipt.directory.head && head.value.size === proof.value.index
  return stands ? proof : refuse('receipt-directory-broken', 'the log published another head')
}

interface VerifiedRecord {
  readonly parsed: ParsedAct
  readonly record: ActRecord
  readonly proof: VerifiedLogProof
  readonly signatures: readonly RecordedSignature[]
}

async function verifyRecord(
  context: Context,
  sealed: SealedRecord,
  approval?: ProvenAct,
): Promise<Result<VerifiedRecord>> {
  const payload = fromBase64(sealed.payload)
  if (payload === undefined) return refuse('receipt-malformed')
  const parsed = context.parse(payload)
  if (!parsed.ok) return parsed
  if (parsed.value.act.origin !== context.directory.origin) return refuse('receipt-origin-wrong')
  const proof = openProof(sealed.proof, context.directory)
  if (!proof.ok) return proof
  const bytes = recordIn(proof.value)
  if (!bytes.ok) return bytes
  const record = readActRecord(bytes.value)
  if (!record.ok) return record
  if (record.value.act !== parsed.value.id)
    return refuse('receipt-not-logged', 'the log record is of another act')
  const roster = rosterOf(context, parsed.value, record.value)
  if (!roster.ok) return roster
  const certificates = await certificatesOf(context, parsed.value)
  if (!certificates.ok) return certificates
  const signatures = await verifyWithAny(certificates.value, {
    parsed: parsed.value,
    record: record.value,
    signatures: sealed.signatures,
    directory: roster.value,
  })
  if (!signatures.ok) return signatures
  const recorded = { parsed: parsed.value, record: record.value }
  const approved = verifyApproval(recorded, approval, roster.value)
  if (!approved.ok) return approved
  const complete =
    record.value.event !== 'adopted' ||
    missingFor(roster.value, parsed.value.act, [...signatures.value, ...approved.value]).length ===
      0
  if (!complete)
    return refuse('receipt-signature-wrong', 'the act does not have the signatures that it needs')
  return accept({ ...recorded, proof: proof.value, signatures: signatures.value })
}

/**
 * An older head would hide who was retired since: a notice that takes effect, and every change of the roster, is followed by a head of
 * its own.
 */
function endsItsBatchWithAHead({ parsed, record }: VerifiedRecord): boolean {
  return (
    record.event === 'adopted' && (parsed.act.type === 'notice.file' || isGovernance(parsed.act))
  )
}

/**
 * The roster under which a record was made; for the charter, the one it created.
 *
 * The record names its head, and the operator writes the record: one that names a head which had been replaced on an earlier day would
 * let a retired officer sign on. So the head is at least the newest of the days before, and one that the log has published: a chain can
 * hold links that were shown to one reader alone. Who knows what came later asks the same of that: an old log key signs nothing for a day
 * after the one of its replacement.
 */
function rosterOf(context: Context, parsed: ParsedAct, record: ActRecord): Result<Directory> {
  const head =
    parsed.act.type === 'charter.adopt'
      ? context.directory.chain[0]?.hash
      : (record.prev ?? record.directory)
  const { chain } = context.directory
  const position = chain.findIndex(({ hash }) => hash === head)
  const newestBefore = context.known.findLastIndex(({ day }) => day < record.day)
  const isCurrent = position >= 0 && position >= newestBefore
  const roster = head === undefined || !isCurrent ? undefined : context.replay.at(head)
  return roster === undefined
    ? refuse('receipt-directory-broken', 'the record names a head that was not the current one')
    : accept(roster)
}

/** The certificates that may have signed an act by a customer; none for acts by others, which the roster answers for. */
async function certificatesOf(
  context: Context,
  parsed: ParsedAct,
): Promise<Result<readonly Uint8Array[]>> {
  const { act } = parsed
  if ('key' in act.by && act.type === 'mailbox.enrol') {
    const certificate = fromBase64(act.body.certificate)
    return accept(certificate === undefined ? [] : [certificate])
  }
  if (!('mailbox' in act.by)) return accept([])
  const { mailbox: id } = act.by
  const { mailbox: links, parse } = context
  const chain = await verifyMailboxChain({ id, links, origin: act.origin, parse })
  if (!chain.ok) return chain
  // The log does not tell which of a mailbox's keys was current; a rotation is signed by the key before it.
  if (act.type !== 'mailbox.rotate') return accept(chain.value.certificates.toReversed())
  const before = chain.value.certificateBefore(parsed.id)
  return accept(before === undefined ? [] : [before])
}

async function verifyWithAny(
  certificates: readonly Uint8Array[],
  recorded: Omit<RecordedAct, 'certificate'>,
): Promise<Result<readonly RecordedSignature[]>> {
  let verified = await verifyActSignatures(recorded)
  for (const certificate of certificates) {
    verified = await verifyActSignatures({ ...recorded, certificate })
    if (verified.ok) return verified
  }
  return verified
}

async function verifySupports(
  context: Context,
  receipt: Receipt,
  notice: ParsedAct,
): Promise<Result<readonly VerifiedSupport[]>> {
  const supports: VerifiedSupport[] = []
  for (const sealed of receipt.supports) {
    const verified = await verifyRecord(context, sealed)
    if (!verified.ok) return verified
    const { parsed, record, signatures } = verified.value
    const { act } = parsed
    if (
      act.type !== 'notice.support' ||
      act.body.notice !== notice.id ||
      record.event !== 'adopted'
    )
      return refuse('receipt-malformed', 'a support is of another act')
    const party = 'party' in act.by ? act.by.party : ''
    const own = 'party' in notice.act.by && notice.act.by.party === party
    if (own || supports.some((other) => other.party === party))
      return refuse('receipt-malformed', 'a party supports once, and not itself')
    supports.push({
      act: parsed.id,
      party,
      statements: act.body.statements,
      marks: marksOf(context.replay.directory, signatures),
    })
  }
  return accept(supports)
}

/** A joint notice took effect by a service act that names its supports: as many as it asked for, or those of its deadline. */
async function verifyRelease(
  context: Context,
  claim: {
    readonly receipt: Receipt
    readonly notice: VerifiedRecord
    readonly supports: readonly VerifiedSupport[]
  },
): Promise<Result<void>> {
  const { receipt, supports } = claim
  const { parsed, record } = claim.notice
  const joint = parsed.act.type === 'notice.file' ? parsed.act.body.joint : undefined
  if (receipt.release === undefined)
    return joint === undefined || record.event !== 'adopted'
      ? accept(undefined)
      : refuse('receipt-malformed', 'a joint notice took effect without its release')
  const verified = await verifyRecord(context, receipt.release)
  if (!verified.ok) return verified
  const { act } = verified.value.parsed
  const isOwn =
    act.type === 'notice.release' &&
    act.body.notice === parsed.id &&
    verified.value.record.event === 'adopted'
  if (!isOwn || joint === undefined) return refuse('receipt-malformed', 'a release of another act')
  const isShown = act.body.supports.every((id) => supports.some((support) => support.act === id))
  const isDue =
    act.body.supports.length >= joint.required ||
    endOfDay(verified.value.record.day) >= (parseInstant(joint.until) ?? Number.POSITIVE_INFINITY)
  return isShown && isDue
    ? accept(undefined)
    : refuse('receipt-malformed', 'a joint notice took effect without its supports')
}

function marksOf(
  directory: Directory,
  signatures: readonly RecordedSignature[],
): readonly string[] {
  const marks = signatures.flatMap(({ fingerprint }) => {
    const owner = ownerOf(directory, fingerprint)
    if (owner?.officer.status === 'compromised') return ['signer-compromised']
    return owner?.party.status === 'suspended' ? ['party-suspended'] : []
  })
  return [...new Set(marks)]
}

/**
 * Verifies that a line stands in the bundle that a notice names. Refuses `receipt-line-wrong`.
 *
 * @param text the line without its line feed
 */
export function verifyLine(notice: ParsedAct, line: LinePath, text: string): Result<void> {
  if (notice.act.type !== 'notice.file')
    return refuse('receipt-line-wrong', 'only notices have lines')
  const { count, root } = notice.act.body.bundle
  const path = line.path.map((node) => fromHex(node))
  const rootBytes = fromHex(root)
  if (line.count !== count || rootBytes === undefined || path.some((node) => node === undefined))
    return refuse('receipt-line-wrong')
  const proven = verifyInclusion({
    index: line.index,
    size: count,
    leafHash: lineHash(text),
    path: path.map((node) => node ?? new Uint8Array()),
    root: rootBytes,
  })
  return proven.ok ? accept(undefined) : refuse('receipt-line-wrong')
}
