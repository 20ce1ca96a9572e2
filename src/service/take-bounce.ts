import { readDeliveryReport } from '#core/delivery-report.ts'
import { isAddressGone } from '#core/mail-status.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Outbox } from '#ports/outbox.ts'

/** What a report of failure led to. */
export type Bounced = 'bounced' | 'suppressed' | 'not-final'

/**
 * Takes a delivery status notification: the mail that it is about counts as bounced, and where its address does not exist, nothing is sent
 * there any more.
 *
 * Anybody can write such a report. It counts only with the token that stood in the return path of that very mail, which is a keyed hash, so
 * that a forged one changes nothing. Nothing of the report is kept. Refuses `bounce-malformed`, `bounce-unknown`.
 *
 * @throws Unavailable
 */
export async function takeBounce(
  ports: { readonly outbox: Pick<Outbox, 'bounce'> },
  message: Uint8Array,
): Promise<Result<Bounced>> {
  const report = readDeliveryReport(message)
  if (!report.ok) return report
  const { recipients, tokens } = report.value
  if (tokens.length === 0) return refuse('bounce-unknown')
  const failures = recipients.filter(
    ({ action, status }) => action === 'failed' && status.startsWith('5.'),
  )
  if (failures.length === 0) return accept('not-final')
  const isGone = failures.every(({ status }) => isAddressGone(status))
  for (const token of tokens) {
    if (await ports.outbox.bounce(token, isGone)) return accept(isGone ? 'suppressed' : 'bounced')
  }
  return refuse('bounce-unknown')
}
