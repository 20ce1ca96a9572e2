import type { Acknowledgements, Api } from '#client/http.ts'
import { authorOf } from '#core/act.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type VerifiedReceipt, verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { describeMissing } from '#cli/describe.ts'
import { pathOf } from '#cli/files.ts'
import { type Command, say } from '#cli/output.ts'
import { openProgress } from '#cli/progress.ts'
import { openProductFolder, type ProductFolder } from '#agent/filing/product-files.ts'
import { type Reader, signedIn } from './notice.ts'
import { bringReceipt } from '#agent/filing/receipts.ts'
import { readId } from './party.ts'
import { witnessLine } from './receipt.ts'

/** `notice status` */
export const status: Command = async (call) => {
  const id = readId(call.args.argument(0))
  return await signedIn(call, async (reader) => {
    const { actor, api } = reader
    const served = await api.readAct(id)
    if (!served.ok) return served
    const { marks, missing, status: stands } = served.value
    const lines = [
      `notice  ${id}`,
      `status  ${stands}`,
      ...missing.map(describeMissing),
      ...marks.map((mark) => `mark    ${mark}`),
    ]
    const value = { id, status: stands, missing, marks }
    const receipt = await api.readReceipt(id, { withChain: true })
    if (!receipt.ok && receipt.refusal.reason === 'receipt-not-logged')
      return accept(say([...lines, 'log     not logged yet'], value))
    if (!receipt.ok) return receipt
    const anchor = { ...actor.connection.coalition, replay: actor.replay }
    const verified = await verifyReceipt(receipt.value, anchor, parseAct)
    if (!verified.ok) return verified
    const proof = describeProof(verified.value)
    const files = await renewFiles(reader, id, verified.value)
    if (!files.ok) return files
    const read = await readBy(reader, id, verified.value)
    if (!read.ok) return read
    return accept(
      say([...lines, ...proof.lines, ...files.value.lines, ...read.value.lines], {
        ...value,
        ...proof.value,
        ...files.value.value,
        ...read.value.value,
      }),
    )
  })
}

/** A part of the answer: lines for a person, members for a program. */
interface Part {
  readonly lines: readonly string[]
  readonly value: Readonly<Record<string, unknown>>
}

function describeProof(verified: VerifiedReceipt): Part {
  const { record, status: proof, supports, witnessed, witnessQuorum } = verified
  return {
    lines: [
      `log     ${record.event} ${record.day}, ${proof}`,
      witnessLine(verified),
      ...supports.map(({ party, statements }) => `support ${party}: ${statements.join(', ')}`),
    ],
    value: { event: record.event, proof, supports, witnessed, witness_quorum: witnessQuorum },
  }
}

/** A receipt that says "submitted" would make customers' files say less than they could. */
async function renewFiles(
  { api, call }: Reader,
  id: string,
  { record }: VerifiedReceipt,
): Promise<Result<Part>> {
  const folder = folderOf(call)
  if (folder === undefined) return accept({ lines: [], value: { files: null } })
  if (record.event !== 'adopted')
    return refuse('receipt-not-logged', 'the notice has not taken effect yet')
  const renewed = await bringReceipt(
    { api, folder, openProgress: (label) => openProgress(call.io, label) },
    id,
  )
  return renewed.ok
    ? accept({
        lines: [`files   ${String(renewed.value)} with the newest receipt`],
        value: { files: renewed.value },
      })
    : renewed
}

/** Which mailboxes have read it: told to the filer alone. */
async function readBy(
  { actor, api, call }: Reader,
  id: string,
  { parsed }: VerifiedReceipt,
): Promise<Result<Part>> {
  if (authorOf(parsed.act.by).name !== actor.party) return accept({ lines: [], value: {} })
  const acknowledged = await listAll(api, id)
  if (!acknowledged.ok) return acknowledged
  const read = new Set(acknowledged.value.map(({ index }) => index))
  const deliveries = folderOf(call)?.readDeliveries() ?? []
  const unread = deliveries.filter(({ index }) => !read.has(index)).map(({ mailbox }) => mailbox)
  const of = deliveries.length === 0 ? '' : ` of ${String(deliveries.length)}`
  return accept({
    lines: [
      `read    by ${String(read.size)}${of} mailboxes`,
      ...unread.map((mailbox) => `unread  ${mailbox}`),
    ],
    value: { acknowledged: acknowledged.value, unread },
  })
}

async function listAll(api: Api, id: string): Promise<Result<Acknowledgements['acknowledged']>> {
  const all: Acknowledgements['acknowledged'] = []
  for (let after: string | undefined, more = true; more; more = after !== undefined) {
    const page = await api.listAcknowledgements(id, after)
    if (!page.ok) return page
    all.push(...page.value.acknowledged)
    after = page.value.next
  }
  return accept(all)
}

function folderOf(call: Reader['call']): ProductFolder | undefined {
  const path = call.args.maybe('files')
  return path === undefined ? undefined : openProductFolder(pathOf(call, path))
}
