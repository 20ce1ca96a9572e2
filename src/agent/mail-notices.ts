import { fromBase64 } from '#core/bytes.ts'
import type { Receipt } from '#core/receipt.ts'
import { DAY_SECONDS } from '#core/time.ts'
import { formatProduct } from '#client/product.ts'
import type { DeliveryRow, ProductRow } from '#ports/agent-store.ts'
import type { Deliveries, MailState } from '#ports/deliveries.ts'
import type { Agent } from './agent.ts'
import { keptOf } from './file-campaign.ts'
import { changeNotice, type NoticeState, recordOf, secretsOf } from './notice-record.ts'
import { KEY_HOLDS, keyFor, type KeyFinder } from './find-key.ts'
import { recipientOf } from './recipient-record.ts'
import { tellRecipients } from './tell-recipients.ts'
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
export interface MailRelay extends KeyFinder {
  queue(
    notices: readonly MailedNotice[],
  ): Promise<
    readonly { readonly reference: string; readonly outcome: string; readonly reason?: string }[]
  >
}

/** Keys that nobody has confirmed, and directories that do not answer, are asked for again after so long. */
const AGAIN_SECONDS = 600
/** After that the mail is given up; the notice stands in the product all the while. */
const HELD_SECONDS_MAX = 14 * DAY_SECONDS

/**
 * Gives the relay what is to be mailed of released notices. What it has already it knows again, so that a crash repeats nothing. Whose key has to
 * be confirmed is held and looked at again; whom nothing can be encrypted to is told at once. Nothing is ever mailed in clear.
 */
export async function mailDue(agent: Agent, relay: MailRelay): Promise<void> {
  for (const row of await agent.store.listNotices()) {
    const { name, phase, state } = recordOf(row)
    if (phase !== 'released') continue
    const isAgain = state.isMailed === true
    if (isAgain && (state.mailAgainAt === undefined || state.mailAgainAt > agent.now())) continue
    const whole = await agent.store.readNotice(name)
    if (whole === undefined) continue
    const { receipt } = secretsOf(agent, whole)
    const mailing = { agent, relay, name, state, receipt }
    let held = 0
    const pages = isAgain ? heldProducts(agent, name) : productsOf(agent, name)
    for await (const products of pages) held += await mailPage(mailing, products)
    const mailAgainAt = held === 0 ? undefined : agent.now() + AGAIN_SECONDS
    await changeNotice(agent, name, () => ({ state: { isMailed: true, mailAgainAt } }))
  }
}

async function* productsOf(agent: Agent, name: string): AsyncGenerator<readonly ProductRow[]> {
  for (let after = ''; ; ) {
    const products = await agent.store.listProducts(name, after)
    if (products.length === 0) return
    yield products
    after = products.at(-1)?.reference ?? ''
  }
}

async function* heldProducts(agent: Agent, name: string): AsyncGenerator<readonly ProductRow[]> {
  for (let after = ''; ; ) {
    const held = await agent.store.referencesHeld(name, { reasons: KEY_HOLDS, after })
    if (held.length === 0) return
    const products = await Promise.all(held.map((one) => agent.store.readProduct(one)))
    yield products.filter((product) => product !== undefined)
    after = held.at(-1) ?? ''
  }
}

/** What the mails of one notice have in common. */
interface Mailing {
  readonly agent: Agent
  readonly relay: MailRelay
  readonly name: string
  readonly state: NoticeState
  readonly receipt: Receipt | undefined
}

/** One recipient with an address: what is mailed, or why nothing is. */
type Mail =
  | { readonly kind: 'held' | 'none'; readonly reference: string; readonly reason: string }
  | { readonly kind: 'mail'; readonly reference: string; readonly mail: MailedNotice }

/** Gives how many are held. */
async function mailPage(mailing: Mailing, products: readonly ProductRow[]): Promise<number> {
  const { relay } = mailing
  const found = await Promise.all(products.map(async (product) => await mailFor(mailing, product)))
  const mails = found.filter((one) => one !== undefined)
  const wanted = mails.flatMap((one) => (one.kind === 'mail' ? [one.mail] : []))
  const queued = wanted.length === 0 ? [] : await relay.queue(wanted)
  const held = mails.flatMap((one) => (one.kind === 'held' ? [one] : []))
  const none = [
    ...mails.flatMap((one) => (one.kind === 'none' ? [one] : [])),
    ...queued
      .filter(({ outcome }) => outcome === 'product-line')
      .map(({ reason = '', reference }) => ({ reference, reason })),
  ]
  await report(mailing, 'held', held)
  await report(mailing, 'bounced', none)
  await noteKeys(mailing, [...wanted, ...none])
  return held.length
}

/** Notes what could not be mailed, and tells the company's own systems where that is new. */
async function report(
  { agent, name }: Mailing,
  state: 'bounced' | 'held',
  untold: readonly { readonly reference: string; readonly reason: string }[],
): Promise<void> {
  const at = agent.now()
  const fresh: { readonly reference: string; readonly reason: string }[] = []
  for (const { reason, reference } of untold) {
    const known = await agent.store.statesOf(reference)
    if (known.some((one) => one.state === state && one.reason === reason)) continue
    fresh.push({ reference, reason })
  }
  if (fresh.length === 0) return
  // Told first: whoever is killed between the two tells it twice rather than never.
  await tellRecipients(agent, name, { state, recipients: fresh })
  await agent.store.noteStates(
    fresh.map(({ reason, reference }) => ({ reference, notice: name, state, reason, at })),
  )
}

/** A key that was waited for is there, or is waited for no longer: nobody looks for it again. */
async function noteKeys(
  { agent, name, state }: Mailing,
  settled: readonly { readonly reference: string }[],
): Promise<void> {
  if (state.isMailed !== true) return
  const at = agent.now()
  await agent.store.noteStates(
    settled.map(({ reference }) => ({
      reference,
      notice: name,
      state: 'held',
      reason: 'key-settled',
      at,
    })),
  )
}

async function mailFor(mailing: Mailing, product: ProductRow): Promise<Mail | undefined> {
  const { agent, name, receipt, relay, state } = mailing
  const { reference } = product
  const row = await agent.store.readRecipient(reference)
  if (row === undefined) return undefined
  const recipient = recipientOf(agent, row)
  const { address } = recipient
  if (address === undefined) return undefined
  const key = await keyFor(relay, { ...recipient, address })
  if (key.kind !== 'use') {
    const isOver = agent.now() > (state.releasedAt ?? agent.now()) + HELD_SECONDS_MAX
    return { ...key, kind: isOver ? 'none' : key.kind, reference }
  }
  const batch = row.batch ?? 0
  const { file } = keptOf(agent, product)
  const mail = {
    reference,
    act: state.act ?? '',
    batch: mailBatch(name, batch),
    lane: state.lane === 'batched' ? ('normal' as const) : ('priority' as const),
    address,
    releaseAt: state.batches?.[batch]?.releaseAt ?? agent.now(),
    signed: fromBase64(file.signed) ?? new Uint8Array(),
    certificate: key.certificate,
    product: formatProduct(receipt === undefined ? file : { ...file, receipt }),
  }
  return { kind: 'mail', reference, mail }
}

/** Takes what the relay reports into the states of recipients. */
export function mailDeliveries(agent: Agent): Deliveries {
  return {
    note: async (changed) => {
      const at = agent.now()
      const rows: DeliveryRow[] = []
      for (const { reference, state } of changed) {
        const recipient = await agent.store.readRecipient(reference)
        if (recipient !== undefined)
          rows.push({ reference, notice: recipient.notice, at, ...stateOf(state) })
      }
      await tellBounced(agent, rows)
      await agent.store.noteStates(rows)
    },
  }
}

/** The company's own systems are told of each once; by a crash in between twice, rather than never. */
async function tellBounced(agent: Agent, rows: readonly DeliveryRow[]): Promise<void> {
  for (const { notice, reason, reference, state } of rows) {
    if (state !== 'bounced') continue
    const known = await agent.store.statesOf(reference)
    if (known.some((one) => one.state === state)) continue
    await tellRecipients(agent, notice, { state, recipients: [{ reference, reason }] })
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
