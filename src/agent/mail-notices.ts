import { fromBase64 } from '#core/bytes.ts'
import { formatProduct } from '#client/product.ts'
import type { DeliveryRow, ProductRow } from '#ports/agent-store.ts'
import type { Deliveries, MailState } from '#ports/deliveries.ts'
import type { Agent } from './agent.ts'
import { keptOf } from './file-campaign.ts'
import { changeNotice, type NoticeState, recordOf, secretsOf } from './notice-record.ts'
import { recipientOf } from './recipient-record.ts'
import { mailBatch } from './release-notice.ts'

/** One notice for the company's own relay. */
export interface MailedNotice {
  readonly reference: string
  /** The act id of the notice. */
  readonly act: string
  readonly batch: string
  readonly lane: 'normal' | 'priority'
  readonly address: string
  readonly releaseAt: number
  readonly signed: Uint8Array
  readonly product: string
  readonly certificate: Uint8Array | undefined
}

/** The company's own relay: what it cannot encrypt is not mailed, and named with the reason. */
export interface MailRelay {
  queue(
    notices: readonly MailedNotice[],
  ): Promise<
    readonly { readonly reference: string; readonly outcome: string; readonly reason?: string }[]
  >
}

/** Gives the relay what is to be mailed of released notices. What it has already it knows again, so that a crash repeats nothing. */
export async function mailDue(agent: Agent, relay: MailRelay): Promise<void> {
  for (const row of await agent.store.listNotices()) {
    const { name, phase, state } = recordOf(row)
    if (phase !== 'released' || state.isMailed === true) continue
    const whole = await agent.store.readNotice(name)
    if (whole === undefined) continue
    const { receipt } = secretsOf(agent, whole)
    for (let after = ''; ; ) {
      const products = await agent.store.listProducts(name, after)
      if (products.length === 0) break
      const mails = await Promise.all(
        products.map(async (product) => await mailFor(agent, { name, state, product })),
      )
      const wanted = mails
        .filter((mail) => mail !== undefined)
        .map(({ file, ...mail }) => ({
          ...mail,
          product: formatProduct(receipt === undefined ? file : { ...file, receipt }),
        }))
      if (wanted.length > 0) await noteUnmailed(agent, name, await relay.queue(wanted))
      after = products.at(-1)?.reference ?? ''
    }
    await changeNotice(agent, name, () => ({ state: { isMailed: true } }))
  }
}

/** What could not be encrypted is told with its reason; the notice stands in the product, and nothing goes out in clear. */
async function noteUnmailed(
  agent: Agent,
  notice: string,
  queued: Awaited<ReturnType<MailRelay['queue']>>,
): Promise<void> {
  const at = agent.now()
  await agent.store.noteStates(
    queued
      .filter(({ outcome }) => outcome === 'product-line')
      .map(({ reason = '', reference }) => ({ reference, notice, state: 'bounced', reason, at })),
  )
}

async function mailFor(
  agent: Agent,
  of: {
    readonly name: string
    readonly state: NoticeState
    readonly product: ProductRow
  },
): Promise<(Omit<MailedNotice, 'product'> & Pick<ReturnType<typeof keptOf>, 'file'>) | undefined> {
  const { name, product, state } = of
  const { reference } = product
  const row = await agent.store.readRecipient(reference)
  if (row === undefined) return undefined
  const { address, certificate } = recipientOf(agent, row)
  const batch = row.batch ?? 0
  // Without a certificate there is no mail: the notice stands in the product.
  if (address === undefined || certificate === undefined) return undefined
  const { file } = keptOf(agent, product)
  return {
    reference,
    act: state.act ?? '',
    batch: mailBatch(name, batch),
    lane: state.lane === 'batched' ? 'normal' : 'priority',
    address,
    releaseAt: state.batches?.[batch]?.releaseAt ?? agent.now(),
    signed: fromBase64(file.signed) ?? new Uint8Array(),
    certificate: fromBase64(certificate),
    file,
  }
}

/** Takes what the relay reports into the states of recipients. */
export function mailDeliveries(agent: Pick<Agent, 'now' | 'store'>): Deliveries {
  return {
    note: async (changed) => {
      const at = agent.now()
      const rows: DeliveryRow[] = []
      for (const { reference, state } of changed) {
        const recipient = await agent.store.readRecipient(reference)
        if (recipient !== undefined)
          rows.push({ reference, notice: recipient.notice, at, ...stateOf(state) })
      }
      await agent.store.noteStates(rows)
    },
  }
}

function stateOf(mail: MailState): Pick<DeliveryRow, 'reason' | 'state'> {
  switch (mail.state) {
    case 'queued':
      return { state: 'queued', reason: '' }
    case 'held':
      return { state: 'held', reason: mail.reason }
    case 'sent':
      return { state: 'sent', reason: '' }
    case 'bounced':
    case 'suppressed':
    case 'given-up':
      return { state: 'bounced', reason: mail.state }
  }
}
