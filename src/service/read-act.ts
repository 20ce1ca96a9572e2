import type { Missing } from '#core/quorum.ts'
import { missingFor } from '#core/quorum.ts'
import { type ParsedAct } from '#core/act.ts'
import { approvedDuties } from '#core/approval.ts'
import { base64 } from '#core/bytes.ts'
import { isLapsed, mayRead, mayReadReads } from '#core/decide.ts'
import type { ActState, ActStatus, Reader } from '#core/decision.ts'
import { ownerOf } from '#core/directory.ts'
import { writeArmor } from '#core/packets.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { SignatureRow } from '#ports/storage.ts'
import { buildReceipt, type ReceiptWish } from './build-receipt.ts'
import { loadSubjects, readState } from './load-subjects.ts'
import { releasedLines } from './read-mailbox.ts'
import { releasedSize } from './released-size.ts'
import type { SubmitActPorts } from './submit-act.ts'

const PENDING_PAGE = 100

/** An act as a reader sees it. */
export interface ActView {
  readonly id: string
  readonly type: string
  readonly payload: string
  readonly signatures: readonly string[]
  readonly status: ActStatus
  readonly missing: readonly Missing[]
  /** What later became known of its signers, `signer-compromised` or `party-suspended`: an effective act is marked, never undone. */
  readonly marks: readonly string[]
}

/** Reads an act, if the reader may; unknown and not-allowed are both `not-found`. */
export async function readAct(
  ports: SubmitActPorts,
  reader: Reader,
  id: string,
): Promise<Result<ActView>> {
  const found = await findReadable(ports, reader, id)
  if (!found.ok) return found
  const { parsed, state } = found.value
  const rows = await ports.storage.signaturesOf(id)
  return accept(await view(ports, { parsed, state, rows, now: ports.clock.now() }))
}

/** The receipt of an act; `undefined` while its record waits for the log. Refuses `not-found`. */
export async function readReceipt(
  ports: SubmitActPorts,
  reader: Reader,
  wanted: { readonly id: string } & ReceiptWish,
): Promise<Result<Receipt | undefined>> {
  const found = await findReadable(ports, reader, wanted.id)
  return found.ok ? accept(await buildReceipt(ports, found.value.parsed, wanted)) : found
}

/** Acts that wait, of those the reader may see, a page of the pending ones at a time. */
export async function listPending(
  ports: SubmitActPorts,
  reader: Reader,
  after: string,
): Promise<{ readonly acts: readonly ActView[]; readonly next: string | undefined }> {
  const page = await ports.storage.listSubjects({
    kind: 'act',
    tag: 'pending',
    after,
    limit: PENDING_PAGE,
  })
  const acts: ActView[] = []
  for (const row of page) {
    const act = await readAct(ports, reader, row.id)
    if (act.ok && act.value.status === 'pending') acts.push(act.value)
  }
  return { acts, next: page.length < PENDING_PAGE ? undefined : page.at(-1)?.id }
}

/** A line of a notice that its mailbox has read. */
export interface Acknowledgement {
  /** UTC day. */
  readonly day: string
  readonly index: number
}

/** Tells the filer of a notice which of its mailbox lines were read, a page at a time. Refuses `not-found`. */
export async function listAcknowledgements(
  ports: SubmitActPorts,
  reader: Reader,
  wanted: { readonly notice: string; readonly after: string },
): Promise<
  Result<{ readonly acknowledged: readonly Acknowledgement[]; readonly next: string | undefined }>
> {
  const { after, notice } = wanted
  const subjects = await loadSubjects(ports.storage, () => [{ kind: 'notice', id: notice }])
  const filer = subjects.get('notice', notice)?.filer
  if (filer === undefined || reader.kind !== 'party' || reader.domain !== filer) {
    return refuse('not-found')
  }
  const page = await ports.storage.listSubjects({
    kind: 'acknowledgement',
    tag: notice,
    after: after === '' ? '' : `${notice}:${after}`,
    limit: PENDING_PAGE,
  })
  const acknowledged = page.flatMap(({ state }) =>
    state === undefined ? [] : [readState('acknowledgement', state)],
  )
  const last = page.at(-1)?.id.split(':')[1]
  return accept({ acknowledged, next: page.length < PENDING_PAGE ? undefined : last })
}

interface Readable {
  readonly parsed: ParsedAct
  readonly state: ActState
}

async function findReadable(
  ports: SubmitActPorts,
  reader: Reader,
  id: string,
): Promise<Result<Readable>> {
  const row = await ports.storage.findAct(id)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  if (parsed?.ok !== true) return refuse('not-found')
  const subjects = await loadSubjects(ports.storage, (known) => [
    { kind: 'act', id },
    ...mayReadReads(parsed.value, known),
  ])
  const state = subjects.get('act', id)
  if (state === undefined) return refuse('not-found')
  const allowed =
    mayRead(subjects, reader, parsed.value) || (await isRecipient(ports, reader, parsed.value))
  return allowed ? accept({ parsed: parsed.value, state }) : refuse('not-found')
}

/** A mailbox reads a notice that has a line for it, and the supports of that notice, once it is released. */
async function isRecipient(
  ports: SubmitActPorts,
  reader: Reader,
  parsed: ParsedAct,
): Promise<boolean> {
  const { act, id } = parsed
  if (reader.kind !== 'mailbox' || (act.type !== 'notice.file' && act.type !== 'notice.support'))
    return false
  const notice = act.type === 'notice.file' ? id : act.body.notice
  const size = await releasedSize(ports)
  return (await releasedLines(ports.storage, { mailbox: reader.id, size })).some(
    ({ bundle }) => bundle.filed === notice,
  )
}

async function view(
  ports: SubmitActPorts,
  found: Readable & { readonly rows: readonly SignatureRow[]; readonly now: number },
): Promise<ActView> {
  const { parsed, state, rows, now } = found
  const directory = await ports.directory.current()
  const standing = rows.filter((row) => row.party === '' || !state.withdrawn.includes(row.party))
  const status = isLapsed(state, now) ? 'lapsed' : state.status
  return {
    id: parsed.id,
    type: parsed.act.type,
    payload: base64(parsed.payload),
    signatures: standing.map(({ packet }) => writeArmor('PGP SIGNATURE', packet)),
    status,
    missing:
      status === 'pending' && !state.filed
        ? missingFor(directory, parsed.act, [...standing, ...approvedDuties(parsed.act)])
        : [],
    marks: [...new Set(standing.flatMap((row) => marksOf(ownerOf(directory, row.fingerprint))))],
  }
}

function marksOf(owner: ReturnType<typeof ownerOf>): readonly string[] {
  if (owner?.officer.status === 'compromised') return ['signer-compromised']
  return owner?.party.status === 'suspended' ? ['party-suspended'] : []
}
