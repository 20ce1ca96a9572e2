import type { ParsedAct } from '#core/act.ts'
import { ACT_RULES } from '#core/act-rules.ts'
import { base64, hex } from '#core/bytes.ts'
import type { NoticeState } from '#core/decision.ts'
import { formatLogProof } from '#core/log/proof.ts'
import type { TileProver } from '#core/log/tile-prover.ts'
import { writeArmor } from '#core/packets.ts'
import type { GovernanceLink, MailboxLink, Receipt, SealedRecord } from '#core/receipt.ts'
import type { ActReader } from '#ports/acts.ts'
import type { LoggedRecord, Storage } from '#ports/storage.ts'
import { readActRecord, readHeadRecord, type RecordEvent } from '#core/record.ts'
import { recordHash, splitAddendum } from '#core/log/leaf.ts'
import { loadSubjects } from './load-subjects.ts'
import type { DirectoryReader } from './read-directory.ts'
import { publishedUpTo } from './released-size.ts'
import { sharedProver } from './sequence-log.ts'

const CHAIN_PAGE = 200

/** What building a receipt reads. */
export interface ReceiptPorts {
  readonly acts: ActReader
  readonly directory: DirectoryReader
  readonly storage: Storage
  readonly origin: string
  readonly genesis: string
}

/** How a receipt is wanted: with the whole governance chain, or for a reader who has it. */
export interface ReceiptWish {
  readonly withChain: boolean
}

/** The signed tree that all proofs of one receipt refer to. */
interface Published {
  readonly size: number
  readonly checkpoint: string
  readonly prover: TileProver
  /** The last `directory.head` below `size`, and its proof; `undefined` where there is none. */
  readonly head: () => Promise<ProvenHead | undefined>
}

interface ProvenHead {
  readonly head: string
  readonly proof: string
}

/**
 * Builds the receipt of an act; `undefined` while its record is not in the log.
 *
 * It stands on the checkpoint that the world is shown, which enough witnesses cosigned where the charter names any. An act that is newer
 * than that one gets its receipt at once, on the newest checkpoint that the log signed.
 *
 * The caller has checked that the reader may have it.
 */
export async function buildReceipt(
  ports: ReceiptPorts,
  parsed: ParsedAct,
  wish: ReceiptWish,
): Promise<Receipt | undefined> {
  const newest = await ports.storage.latestCheckpoint()
  if (newest === undefined) return undefined
  const shown = await publishedUpTo(ports, newest)
  const notice = await noticeOf(ports, parsed)
  const needed = [parsed.id, ...(notice?.release === undefined ? [] : [notice.release])]
  const isOld = shown !== undefined && (await isBelow(ports.storage, needed, { newest, shown }))
  const published = openPublished(ports.storage, isOld ? shown : newest)
  const act = await sealedRecord(ports, published, { act: parsed.id })
  const head = await published.head()
  if (act === undefined || head === undefined) return undefined
  const beside = await besideNotice(ports, published, { parsed, release: notice?.release })
  if (beside === undefined) return undefined
  const mailbox = await mailboxLinks(ports, parsed)
  return {
    act,
    directory: {
      ...head,
      ...(wish.withChain ? { chain: await chainUpTo(ports, head.head) } : {}),
    },
    genesis: ports.genesis,
    origin: ports.origin,
    supports: await supportsOf(ports, published, notice),
    v: 1,
    ...(mailbox === undefined ? {} : { mailbox }),
    ...beside,
  }
}

/**
 * The release of a notice that took effect by one, and the approval that it stands on; `undefined` while the log lacks either. A notice is
 * proven with them; they enter the log before it or with it, or nearly so.
 */
async function besideNotice(
  ports: ReceiptPorts,
  published: Published,
  {
    parsed,
    release: releasedBy,
  }: { readonly parsed: ParsedAct; readonly release?: string | undefined },
): Promise<Pick<Receipt, 'approval' | 'release'> | undefined> {
  const approvedBy = parsed.act.type === 'notice.file' ? parsed.act.body.approval : undefined
  const release =
    releasedBy === undefined ? undefined : await sealedRecord(ports, published, { act: releasedBy })
  const approval =
    approvedBy === undefined
      ? undefined
      : await sealedRecord(ports, published, { act: approvedBy, event: 'adopted' })
  if (releasedBy !== undefined && release === undefined) return undefined
  if (approvedBy !== undefined && approval === undefined) return undefined
  return {
    ...(approval === undefined ? {} : { approval }),
    ...(release === undefined ? {} : { release }),
  }
}

/** Tells whether a checkpoint covers everything that the newest one says about some acts. */
async function isBelow(
  storage: Storage,
  acts: readonly string[],
  { newest, shown }: { readonly newest: SignedTree; readonly shown: SignedTree },
): Promise<boolean> {
  if (shown.size === newest.size) return true
  const records = (await Promise.all(acts.map(async (act) => await storage.recordsOf(act)))).map(
    (all) => all.filter(({ leafIndex }) => leafIndex !== undefined && leafIndex < newest.size),
  )
  return records.every(
    (logged) =>
      logged.length > 0 && logged.every(({ leafIndex }) => (leafIndex ?? shown.size) < shown.size),
  )
}

interface SignedTree {
  readonly size: number
  readonly note: string
}

/**
 * The trees that receipts were last built on, for each storage: the published one and the newest. All receipts of a batch share them.
 */
const latest = new WeakMap<Storage, readonly Published[]>()

function openPublished(storage: Storage, { note, size }: SignedTree): Published {
  const prover = sharedProver(storage, size)
  const recent = latest.get(storage) ?? []
  const known = recent.find(({ checkpoint }) => checkpoint === note)
  if (known !== undefined) return { ...known, prover }
  let proven: Promise<ProvenHead | undefined> | undefined
  const published = {
    size,
    checkpoint: note,
    prover,
    head: async () => {
      proven ??= provenHead(storage, { size, checkpoint: note, prover }).catch((error: unknown) => {
        proven = undefined
        throw error
      })
      return await proven
    },
  }
  latest.set(storage, [published, ...recent.slice(0, 1)])
  return published
}

async function provenHead(
  storage: Storage,
  published: Omit<Published, 'head'>,
): Promise<ProvenHead | undefined> {
  const logged = await storage.lastRecord('directory.head', published.size)
  if (logged === undefined) return undefined
  const record = readHeadRecord(recordOf(logged))
  if (!record.ok) throw new Error('a stored directory.head record cannot be read')
  return { head: record.value.head, proof: await proofOf(published, logged) }
}

/**
 * The last record of an act that a published checkpoint covers, with payload and signatures; `undefined` where there is none. An approval
 * may have been withdrawn since: what it proves of an earlier notice is the record of its effect, the last of this `event`.
 */
async function sealedRecord(
  ports: ReceiptPorts,
  published: Published,
  { act, event }: { readonly act: string; readonly event?: RecordEvent },
): Promise<SealedRecord | undefined> {
  const records = await ports.storage.recordsOf(act)
  const logged = records.filter(
    (record) =>
      record.leafIndex !== undefined &&
      record.leafIndex < published.size &&
      (event === undefined || record.event === event),
  )
  const record = logged.toSorted((a, b) => (a.leafIndex ?? 0) - (b.leafIndex ?? 0)).at(-1)
  const sealed = record === undefined ? undefined : await sealedAct(ports.storage, record)
  if (record === undefined || sealed === undefined) return undefined
  return { ...sealed, proof: await proofOf(published, record) }
}

/** An act with exactly the signatures that one of its records counted. */
async function sealedAct(storage: Storage, logged: LoggedRecord): Promise<MailboxLink | undefined> {
  const row = await storage.findAct(logged.act)
  const record = readActRecord(recordOf(logged))
  if (row === undefined || !record.ok) return undefined
  const signatures = (await storage.signaturesOf(logged.act)).filter(({ packetHash }) =>
    record.value.signatures.includes(packetHash),
  )
  return {
    payload: base64(row.payload),
    signatures: signatures.map(({ packet }) => writeArmor('PGP SIGNATURE', packet)),
  }
}

async function proofOf(published: Omit<Published, 'head'>, record: LoggedRecord): Promise<string> {
  const index = record.leafIndex ?? -1
  return formatLogProof({
    extra: record.addendum,
    index,
    hashes: await published.prover.inclusionProof(index),
    checkpoint: published.checkpoint,
  })
}

function recordOf(logged: LoggedRecord): Uint8Array {
  const split = splitAddendum(logged.addendum)
  if (!split.ok) throw new Error('a stored addendum is too short')
  return split.value.record
}

/** The governance chain from its first record to the one whose hash is `head`, or whole. */
export async function chainUpTo(
  ports: Pick<ReceiptPorts, 'storage'>,
  head: string,
): Promise<readonly GovernanceLink[]> {
  const links: GovernanceLink[] = []
  for (;;) {
    const page = await ports.storage.governance(links.length, CHAIN_PAGE)
    for (const record of page) {
      const sealed = await sealedAct(ports.storage, record)
      if (sealed === undefined) throw new Error('a governance record has no act')
      links.push({ addendum: base64(record.addendum), ...sealed })
      if (hex(recordHash(record.addendum)) === head) return links
    }
    if (page.length < CHAIN_PAGE) return links
  }
}

async function noticeOf(ports: ReceiptPorts, parsed: ParsedAct): Promise<NoticeState | undefined> {
  if (parsed.act.type !== 'notice.file') return undefined
  const subjects = await loadSubjects(ports.storage, () => [{ kind: 'notice', id: parsed.id }])
  return subjects.get('notice', parsed.id)
}

async function supportsOf(
  ports: ReceiptPorts,
  published: Published,
  notice: NoticeState | undefined,
): Promise<readonly SealedRecord[]> {
  const sealed: SealedRecord[] = []
  for (const { act } of notice?.supports ?? []) {
    const support = await sealedRecord(ports, published, { act })
    if (support !== undefined) sealed.push(support)
  }
  return sealed
}

async function mailboxLinks(
  ports: ReceiptPorts,
  parsed: ParsedAct,
): Promise<readonly MailboxLink[] | undefined> {
  if (!ACT_RULES[parsed.act.type].by.includes('mailbox') || !('mailbox' in parsed.act.by))
    return undefined
  const { mailbox: id } = parsed.act.by
  const subjects = await loadSubjects(ports.storage, () => [{ kind: 'mailbox', id }])
  return await readLinks(ports.storage, subjects.get('mailbox', id)?.links ?? [])
}

/** The enrolment and rotations of a mailbox, oldest first. */
export async function readLinks(
  storage: Storage,
  ids: readonly string[],
): Promise<readonly MailboxLink[]> {
  const links: MailboxLink[] = []
  for (const id of ids) {
    const [record] = await storage.recordsOf(id)
    const link = record === undefined ? undefined : await sealedAct(storage, record)
    if (link !== undefined) links.push(link)
  }
  return links
}
