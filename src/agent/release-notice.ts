import { fromBase64 } from '#core/bytes.ts'
import { lineCommitment } from '#core/commitment.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type VerifiedReceipt, verifyLine, verifyReceipt } from '#core/verify-receipt.ts'
import { productLine } from '#client/envelope.ts'
import type { Api } from '#client/http.ts'
import { parseAct } from '#wire/act.ts'
import type { Agent } from './agent.ts'
import { keptOf } from './file-campaign.ts'
import { changeNotice, type NoticeRecord, recordOf, secretsOf } from './notice-record.ts'
import type { OpenFiler } from './open-filer.ts'

const MINUTE_SECONDS = 60

/**
 * Looks whether a filed notice may be shown by now: it has taken effect, and its receipt verifies and is witnessed, or logged where the charter
 * names no witnesses. Then its recipients are given their batches, and the banner has it with the next request.
 *
 * Gives whether it was released. Refuses what the server and `verifyReceipt` refuse.
 */
export async function releaseNotice(
  agent: Agent,
  { filer, replay }: OpenFiler,
  { name, state }: NoticeRecord,
): Promise<Result<boolean>> {
  const { api, coalition } = filer
  const act = state.act ?? ''
  const served = await api.readAct(act)
  if (!served.ok) return served
  if (served.value.status === 'lapsed') return await lapsed(agent, name)
  if (served.value.status !== 'effective') return accept(false)
  const receipt = await api.readReceipt(act, { withChain: true })
  if (!receipt.ok) return receipt.refusal.reason === 'receipt-not-logged' ? accept(false) : receipt
  const verified = await verifyReceipt(receipt.value, { ...coalition, replay }, parseAct)
  if (!verified.ok) return verified
  const { parsed, record, status, witnessQuorum } = verified.value
  if (parsed.id !== act) return refuse('act-known-differently', 'the receipt is of another act')
  if (record.event !== 'adopted' || (status !== 'witnessed' && witnessQuorum > 0))
    return accept(false)
  const own = await provesOwn(agent, name, verified.value)
  if (!own.ok) return own
  await release(agent, name, { receipt: receipt.value, proof: status })
  return accept(true)
}

async function lapsed(agent: Agent, name: string): Promise<Result<boolean>> {
  const refused = { reason: 'act-lapsed' }
  await changeNotice(agent, name, () => ({ phase: 'failed', state: { refused } }))
  agent.events.noticeRefused(refused)
  await agent.tell({ type: 'notice.failed', data: { notice: name, ...refused } })
  return accept(false)
}

/** Shown are only lines that this receipt proves: those that were composed for it. */
async function provesOwn(
  agent: Agent,
  name: string,
  { parsed }: VerifiedReceipt,
): Promise<Result<void>> {
  const [first] = await agent.store.listProducts(name, '')
  if (first === undefined) return accept(undefined)
  const { file } = keptOf(agent, first)
  const signed = fromBase64(file.signed) ?? new Uint8Array()
  return verifyLine(parsed, file, productLine(lineCommitment(file.salt, signed)))
}

async function release(
  agent: Agent,
  name: string,
  { proof, receipt }: { readonly proof: 'logged' | 'witnessed'; readonly receipt: Receipt },
): Promise<void> {
  const count = await giveBatches(agent, name)
  await stopWrongMail(agent, name)
  const releasedAt = agent.now()
  await changeNotice(agent, name, (row) => {
    const { batching, lane } = recordOf(row).state
    const apart = lane === 'batched' ? (batching?.minutes ?? 0) * MINUTE_SECONDS : 0
    const batches = Array.from({ length: count }, (_, number) => ({
      releaseAt: releasedAt + number * apart,
      stopped: false,
    }))
    return {
      phase: 'released',
      secrets: { ...secretsOf(agent, row), receipt },
      state: { releasedAt, proof, batches },
    }
  })
  agent.events.noticeReleased({ proof })
  await agent.tell({ type: 'notice.released', data: { notice: name, proof } })
}

/**
 * What was wrong and is not mailed yet is not mailed any more, once it is corrected or withdrawn. Before the release is written down, so that a
 * crash in between repeats it.
 */
async function stopWrongMail(agent: Agent, name: string): Promise<void> {
  const row = await agent.store.readNotice(name)
  if (row === undefined) return
  const { kind, supersedes } = recordOf(row).state
  if (supersedes === undefined || kind === 'follow_up') return
  const earlier = await agent.store.readNotice(supersedes)
  if (earlier === undefined) return
  const { batches = [] } = recordOf(earlier).state
  for (const number of batches.keys()) await agent.holdMail(mailBatch(earlier.name, number), true)
}

/** References are random, so that their order is a random one. Gives how many batches there are. */
async function giveBatches(agent: Agent, name: string): Promise<number> {
  const { store } = agent
  const row = await store.readNotice(name)
  if (row === undefined) throw new Error('a notice is gone')
  const { batching, lane } = recordOf(row).state
  const size = lane === 'batched' && batching !== undefined ? batching.size : Infinity
  let given = 0
  for (let after = ''; ; ) {
    const page = await store.listRecipients(name, after)
    if (page.length === 0) break
    const batches = page.map(({ reference }) => ({
      reference,
      batch: Math.floor(given++ / size),
    }))
    await store.setBatches(batches)
    const late = batches.filter(({ batch }) => batch > 0)
    await store.noteStates(
      late.map(({ reference }) => ({
        reference,
        notice: name,
        state: 'held',
        reason: 'protecting-detection',
        at: agent.now(),
      })),
    )
    after = page.at(-1)?.reference ?? ''
  }
  return Math.max(1, Math.ceil(given / size))
}

/** Stops one batch of a released notice: whoever is in it and was not shown it yet is not, until it is let go again. */
export async function stopBatch(
  agent: Agent,
  name: string,
  { number, stopped }: { readonly number: number; readonly stopped: boolean },
): Promise<boolean> {
  const row = await agent.store.readNotice(name)
  if (row === undefined || recordOf(row).state.batches?.[number] === undefined) return false
  await changeNotice(agent, name, (current) => {
    const { batches = [] } = recordOf(current).state
    if (batches[number]?.stopped === stopped) return undefined
    return {
      state: {
        batches: batches.map((batch, i) => (i === number ? { ...batch, stopped } : batch)),
      },
    }
  })
  await agent.holdMail(mailBatch(name, number), stopped)
  return true
}

/** What the relay calls a batch of a notice. */
export function mailBatch(name: string, number: number): string {
  return `${name}.${String(number)}`
}

/** Notes which mailboxes have acknowledged a notice: their lines are told to its filer alone. */
export async function noteAcknowledgements(
  agent: Agent,
  api: Api,
  { name, state }: NoticeRecord,
): Promise<Result<void>> {
  let after: string | undefined
  for (;;) {
    const page = await api.listAcknowledgements(state.act ?? '', after)
    if (!page.ok) return page
    const indexes = page.value.acknowledged.map(({ index }) => index)
    const references = await agent.store.referencesAt(name, indexes)
    const at = agent.now()
    await agent.store.noteStates(
      references.map((reference) => ({
        reference,
        notice: name,
        state: 'acknowledged',
        reason: '',
        at,
      })),
    )
    const { next } = page.value
    if (next === undefined) return accept(undefined)
    after = next
  }
}
