import { formatAddress, type MailAddress } from '#core/mail-address.ts'
import { DAY_SECONDS } from '#core/time.ts'
import type { Clock } from '#ports/clock.ts'
import type { Deliveries } from '#ports/deliveries.ts'
import type { MailEvents } from '#ports/mail-events.ts'
import type { Mailer, MailOutcome, ServerTrouble } from '#ports/mailer.ts'
import type { LeasedMail, Outbox, Settlement, Throttle } from '#ports/outbox.ts'
import type { Random } from '#ports/random.ts'
import { Unavailable } from '#ports/storage.ts'
import { quietUntil } from './quiet-hours.ts'

/** What delivering needs. */
export interface DeliverPorts {
  readonly clock: Clock
  readonly random: Random
  readonly outbox: Outbox
  readonly mailer: Mailer
  /** Left out where another process reports. */
  readonly deliveries?: Deliveries | undefined
  readonly events: Pick<MailEvents, 'mailReclaimed'>
}

/** How mail is delivered. */
export interface DeliverPolicy {
  /** To which reports of failure go, with a token of its own for each mail behind a `+`. */
  readonly bounces: MailAddress
  readonly throttle: Throttle
  /** Days after which a mail that its server keeps deferring is given up. */
  readonly giveUpDays: number
  /** Seconds until a mail that its server defers is offered again, about; each time after that it waits longer. */
  readonly retrySeconds: number
}

/** How a pass ended: `more` where the next should follow at once. */
export type Pass =
  | { readonly kind: 'idle'; readonly nextDue: number | undefined }
  | { readonly kind: 'more' }
  | { readonly kind: 'trouble'; readonly trouble: ServerTrouble }

/** What a run remembers between passes: nothing that may not be lost. */
export interface DeliveryMemory {
  /** What happened to mails and could not be written down yet: it is, before anything else is sent. */
  readonly unsettled: Map<string, Settlement>
  lastPass: number
}

const BATCH = 64
const REPORTS = 256
/** Waits between attempts as multiples of the first, the last for all that follow: greylisting ends after minutes, a broken server after hours. */
const BACK_OFF = [1, 5, 15, 60, 120, 240, 360] as const
/** However far a clock jumps, no mail is given up before it was tried so often. */
const ATTEMPTS_MIN = 8

/** Makes a fresh memory. */
export function newDeliveryMemory(): DeliveryMemory {
  return { unsettled: new Map(), lastPass: 0 }
}

/**
 * Sends what is due, once: takes some mails, hands each to the submission server, and commits what became of it.
 *
 * Each mail is taken by one process alone, and its outcome is on the disk before the next is handed over in its place. A process that is killed in between leaves mails of which nobody
 * knows whether the server has them; they are sent again, under the same Message-ID. Others are never sent twice.
 *
 * @throws Unavailable where the outbox or the deliveries cannot be written to; what was sent is not sent again.
 */
export async function deliverDue(
  ports: DeliverPorts,
  policy: DeliverPolicy,
  memory: DeliveryMemory,
): Promise<Pass> {
  const { clock, events, outbox } = ports
  await Promise.all(
    Array.from(memory.unsettled, async ([id, settlement]) => {
      await settle(ports, memory, { id, settlement })
    }),
  )
  const now = clock.now()
  if (now < memory.lastPass || memory.lastPass === 0) await outbox.mend(now)
  memory.lastPass = now
  const reclaimed = await outbox.reclaim(now)
  if (reclaimed > 0) events.mailReclaimed({ count: reclaimed })

  const mails = await outbox.lease({ now, limit: BATCH, throttle: policy.throttle })
  const trouble = await deliver(ports, policy, { mails, memory })
  await reportStates(ports)
  if (trouble !== undefined) return { kind: 'trouble', trouble }
  if (mails.length > 0) return { kind: 'more' }
  return { kind: 'idle', nextDue: await outbox.nextDue() }
}

/**
 * Hands mails over, as many at once as the mailer takes. The next one waits until the outcome of the one before is on the disk, so that a
 * process that is killed leaves no more mails in doubt than it has connections.
 */
async function deliver(
  ports: DeliverPorts,
  policy: DeliverPolicy,
  { mails, memory }: { readonly mails: readonly LeasedMail[]; readonly memory: DeliveryMemory },
): Promise<ServerTrouble | undefined> {
  const seen: { trouble?: ServerTrouble } = {}
  const outages: unknown[] = []
  const line = [...mails]
  const handOver = async (): Promise<void> => {
    for (let mail = line.shift(); mail !== undefined; mail = line.shift()) {
      const settlement = await attempt(ports, policy, { mail, seen })
      memory.unsettled.set(mail.id, settlement)
      try {
        await settle(ports, memory, { id: mail.id, settlement })
      } catch (error) {
        outages.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: ports.mailer.atOnce }, handOver))
  if (outages.length > 0) throw outages[0]
  return seen.trouble
}

/**
 * Reports the states that have changed to whoever keeps them for the filer; each at least once.
 *
 * @throws Unavailable
 */
export async function reportStates({
  deliveries,
  outbox,
}: Pick<DeliverPorts, 'deliveries' | 'outbox'>): Promise<void> {
  if (deliveries === undefined) return
  for (;;) {
    const changed = await outbox.unreported(REPORTS)
    if (changed.length > 0) {
      await deliveries.note(changed)
      await outbox.reported(changed)
    }
    if (changed.length < REPORTS) return
  }
}

/** Once the server as a whole is in trouble, the other mails of the batch are left alone. */
async function attempt(
  { clock, mailer, outbox, random }: DeliverPorts,
  policy: DeliverPolicy,
  { mail, seen }: { readonly mail: LeasedMail; readonly seen: { trouble?: ServerTrouble } },
): Promise<Settlement> {
  const now = clock.now()
  const quiet = mail.lane === 'priority' ? undefined : quietUntil(now, mail.zone)
  if (quiet !== undefined)
    return { kind: 'again', notBefore: quiet, isCounted: false, held: 'quiet-hours' }
  if (seen.trouble !== undefined) return { kind: 'again', notBefore: now, isCounted: false }
  const { bounces } = policy
  const outcome = await mailer.send({
    returnPath: formatAddress({ ...bounces, local: `${bounces.local}+${mail.bounceToken}` }),
    to: formatAddress(mail.to),
    message: mail.message,
    isWanted: async () => await isWanted(outbox, mail),
  })
  if (outcome.kind === 'trouble') seen.trouble = outcome.trouble
  const [high = 0, low = 0] = random.bytes(2)
  const fraction = (high * 256 + low) / 65_536
  const { giveUpDays, retrySeconds } = policy
  return settlementOf(outcome, { mail, now: clock.now(), fraction, giveUpDays, retrySeconds })
}

/** Where nobody can say whether its batch is held, it is not sent. */
async function isWanted(outbox: Outbox, { batch }: LeasedMail): Promise<boolean> {
  try {
    return !(await outbox.isStopped(batch))
  } catch (error) {
    if (error instanceof Unavailable) return false
    throw error
  }
}

/** What an outcome means for a mail; `fraction` is a random number from 0 to below 1. */
export function settlementOf(
  outcome: MailOutcome,
  terms: {
    readonly mail: Pick<LeasedMail, 'attempts' | 'notBefore' | 'queuedAt'>
    readonly now: number
    readonly fraction: number
    readonly giveUpDays: number
    readonly retrySeconds: number
  },
): Settlement {
  const { fraction, giveUpDays, mail, now, retrySeconds } = terms
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'sent' }
    case 'refused':
      return { kind: 'bounced', isSuppressed: outcome.isAddressBad }
    case 'trouble':
    case 'withdrawn':
      return { kind: 'again', notBefore: now, isCounted: false }
    case 'deferred': {
      const isOld = now - mail.queuedAt >= giveUpDays * DAY_SECONDS
      if (isOld && mail.attempts + 1 >= ATTEMPTS_MIN) return { kind: 'given-up' }
      const step = retrySeconds * (BACK_OFF[Math.min(mail.attempts, BACK_OFF.length - 1)] ?? 1)
      // Mails that were deferred together come back one by one.
      const seconds = Math.round(step * (0.75 + fraction / 2))
      return { kind: 'again', notBefore: now + seconds, isCounted: true }
    }
  }
}

async function settle(
  { clock, outbox }: DeliverPorts,
  memory: DeliveryMemory,
  { id, settlement }: { readonly id: string; readonly settlement: Settlement },
): Promise<void> {
  await outbox.settle(id, settlement, clock.now())
  memory.unsettled.delete(id)
}
