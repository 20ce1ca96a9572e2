import { readMailAddress, type MailAddress } from '#core/mail-address.ts'
import { composeMail, composePayload, mailId } from '#core/mail-message.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { accept, type Result } from '#core/result.ts'
import type { Clock } from '#ports/clock.ts'
import type { MailCipher } from '#ports/mail-cipher.ts'
import type { Enqueued, Lane, Outbox, QueuedMail } from '#ports/outbox.ts'

/** Who writes: the member, from its own domain. */
export interface MailSender {
  readonly name: string
  readonly address: MailAddress
  /** See `minimalCertificate`. */
  readonly autocrypt?: Uint8Array | undefined
  /** The key of the ids of mails. */
  readonly idKey: Uint8Array
}

/** One notice that is to be mailed. */
export interface RelayedNotice {
  /** The recipient's random reference: 8 to 128 letters, digits, `_` and `-`. */
  readonly reference: string
  /** The act id of the notice. */
  readonly act: string
  readonly batch: string
  readonly lane: Lane
  /** As the member has it. */
  readonly address: string
  readonly zone?: string | undefined
  /** POSIX seconds before which it is not sent; at once where it is left out. */
  readonly releaseAt?: number | undefined
  /** The signed notice, as the line of the bundle commits to it. */
  readonly signed: Uint8Array
  /** The text of its product file, with the receipt. */
  readonly product: string
  /** Of the recipient; without one nothing is mailed. */
  readonly certificate: Uint8Array | undefined
}

/**
 * What became of one notice. `product-line`: it is not mailed, because it could not be encrypted, and why; what the company's product shows is
 * the notice then. There is no way from here to a mail in plaintext.
 */
export type QueuedNotice = { readonly reference: string } & (
  | { readonly outcome: Enqueued }
  | {
      readonly outcome: 'product-line'
      readonly reason: RefusalReason | 'certificate-missing'
    }
)

/** What queueing needs. */
export interface QueueMailPorts {
  readonly clock: Clock
  readonly cipher: MailCipher
  readonly outbox: Pick<Outbox, 'enqueue'>
}

/**
 * Composes, encrypts and queues notices: those that can be mailed are in the outbox, durably and in one commit, when this resolves. Each
 * other one is named with its reason, and keeps nobody up.
 *
 * @throws Unavailable; then none of them is queued.
 */
export async function queueMail(
  ports: QueueMailPorts,
  sender: MailSender,
  notices: readonly RelayedNotice[],
): Promise<readonly QueuedNotice[]> {
  const at = ports.clock.now()
  const made = await Promise.all(
    notices.map(async (notice) => await compose(ports.cipher, { at, notice, sender })),
  )
  const mails = made.flatMap((one) => ('mail' in one ? [one.mail] : []))
  const enqueued = mails.length === 0 ? [] : [...(await ports.outbox.enqueue(mails, at))]
  return made.map((one, position): QueuedNotice => {
    const reference = notices[position]?.reference ?? ''
    if ('reason' in one) return { reference, outcome: 'product-line', reason: one.reason }
    return { reference, outcome: enqueued.shift() ?? 'known' }
  })
}

type Made =
  | { readonly mail: QueuedMail }
  | { readonly reason: RefusalReason | 'certificate-missing' }

async function compose(
  cipher: MailCipher,
  draft: { readonly at: number; readonly notice: RelayedNotice; readonly sender: MailSender },
): Promise<Made> {
  if (draft.notice.certificate === undefined) return { reason: 'certificate-missing' }
  const composed = await composeFor(cipher, draft, draft.notice.certificate)
  return composed.ok ? { mail: composed.value } : { reason: composed.refusal.reason }
}

async function composeFor(
  cipher: MailCipher,
  {
    at,
    notice,
    sender,
  }: { readonly at: number; readonly notice: RelayedNotice; readonly sender: MailSender },
  certificate: Uint8Array,
): Promise<Result<QueuedMail>> {
  const to = readMailAddress(notice.address)
  if (!to.ok) return to
  const payload = composePayload(notice.signed, notice.product)
  if (!payload.ok) return payload
  const message = await cipher.encrypt({ certificate, payload: payload.value, at })
  if (!message.ok) return message
  const { act, batch, lane, reference, releaseAt, zone } = notice
  const id = mailId(sender.idKey, { act, reference })
  const { address, autocrypt, name } = sender
  const mail = composeMail(
    { from: { address, name }, to: to.value, id, at, autocrypt },
    message.value,
  )
  if (!mail.ok) return mail
  const when = { notBefore: releaseAt ?? 0, zone }
  return accept({ id, reference, batch, lane, to: to.value, message: mail.value, ...when })
}
