import type { CheckPublishBody } from '#core/act-bodies.ts'
import { fromHex, fromUtf8, sameBytes } from '#core/bytes.ts'
import { type ListIdentity, PART_BYTES } from '#core/check-list.ts'
import { HASH_BYTES, leafHash, merkleRoot, verifyInclusion } from '#core/log/merkle.ts'
import type { Replay } from '#core/replay.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseInstant } from '#core/time.ts'
import { type TrustAnchor, type VerifiedReceipt, verifyReceipt } from '#core/verify-receipt.ts'
import type { Receipt } from '#core/receipt.ts'
import { parseAct } from '#wire/act.ts'
import { parseReceipt } from '#wire/receipt.ts'
import type { CheckApi, ServedCheckList } from './check-api.ts'

const LINE_FEED = 0x0a

/** What a receipt proves of a list: whose it is, and that everybody is shown the same. */
export interface VerifiedList {
  readonly identity: ListIdentity
  readonly body: CheckPublishBody
  readonly receipt: VerifiedReceipt
  /** The coalition's roster, as the receipt or the pins have it. */
  readonly replay: Replay
}

/** A list whose parts can be read. Each part is held against the root that the party signed. */
export interface OpenList extends VerifiedList {
  /** Refuses `check-list-malformed` for a part that is not the one in the list. */
  part(index: number): Promise<Result<Uint8Array>>
}

/** Verifies that a receipt is of a list of a party. Refuses what `verifyReceipt` refuses, and `check-list-malformed`. */
export async function verifyListed(
  receipt: Receipt,
  anchor: TrustAnchor,
): Promise<Result<VerifiedList>> {
  const verified = await verifyReceipt(receipt, anchor, parseAct)
  if (!verified.ok) return verified
  const { parsed, record, replay } = verified.value
  const { act } = parsed
  if (act.type !== 'check.publish' || record.event !== 'adopted' || !('party' in act.by))
    return refuse('check-list-malformed', 'the receipt is of another act')
  const { body } = act
  const release = parseInstant(body.release) ?? 0
  const identity = { filer: act.by.party, release, salt: body.salt }
  return accept({ identity, body, receipt: verified.value, replay })
}

/** Opens a list that a server has. What is asked for says nothing but the number of a part. */
export async function openServedList(
  api: Pick<CheckApi, 'readCheckPart'>,
  served: ServedCheckList,
  anchor: TrustAnchor,
): Promise<Result<OpenList>> {
  const verified = await verifyListed(served.receipt, anchor)
  if (!verified.ok) return verified
  const { body, identity, receipt } = verified.value
  if (identity.filer !== served.filer || receipt.parsed.id !== served.act)
    return refuse('check-list-malformed', 'the server names the list otherwise than its act does')
  return accept({
    ...verified.value,
    part: async (index) => {
      const answer = await api.readCheckPart({ act: served.act, index })
      return answer.ok ? proven(body, index, answer.value) : answer
    },
  })
}

function proven(body: CheckPublishBody, index: number, answer: Uint8Array): Result<Uint8Array> {
  const part = answer.slice(0, PART_BYTES)
  const path: Uint8Array[] = []
  for (let at = PART_BYTES; at < answer.length; at += HASH_BYTES)
    path.push(answer.slice(at, at + HASH_BYTES))
  const claim = {
    index,
    size: body.buckets + body.texts,
    leafHash: leafHash(part),
    path,
    root: fromHex(body.root) ?? new Uint8Array(),
  }
  return verifyInclusion(claim).ok
    ? accept(part)
    : refuse('check-list-malformed', 'a part is not the one that the company signed')
}

/** Opens a list that is a file: its receipt as a line, and its parts. The whole is held against its root. */
export async function openListFile(
  file: Uint8Array,
  anchor: TrustAnchor,
): Promise<Result<OpenList>> {
  const end = file.indexOf(LINE_FEED)
  const head = end < 0 ? undefined : fromUtf8(file.subarray(0, end))
  if (head === undefined) return refuse('check-list-malformed', 'the file is not a list')
  const receipt = parseReceipt(head)
  // What stands there in the place of a receipt is anything: it has one name, whatever its bytes are.
  if (!receipt.ok) return refuse('check-list-malformed', 'the file does not begin with a receipt')
  const verified = await verifyListed(receipt.value, anchor)
  if (!verified.ok) return verified
  const { body } = verified.value
  const bytes = file.subarray(end + 1)
  const count = body.buckets + body.texts
  if (bytes.length !== count * PART_BYTES)
    return refuse('check-list-malformed', 'the file is cut off, or longer than the list')
  const parts = Array.from({ length: count }, (_, i) =>
    bytes.subarray(i * PART_BYTES, (i + 1) * PART_BYTES),
  )
  const root = merkleRoot(parts.map(leafHash))
  if (!sameBytes(root, fromHex(body.root) ?? new Uint8Array()))
    return refuse('check-list-malformed', 'the file is not the list that the company signed')
  const part = async (index: number): Promise<Result<Uint8Array>> =>
    await Promise.resolve(
      parts[index] === undefined ? refuse('check-list-malformed') : accept(parts[index]),
    )
  return accept({ ...verified.value, part })
}
