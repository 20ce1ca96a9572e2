import type { MailEvents } from '#ports/mail-events.ts'
import { Unavailable } from '#ports/storage.ts'
import type { Timer } from '#ports/timer.ts'
import {
  deliverDue,
  type DeliverPolicy,
  type DeliverPorts,
  type DeliveryMemory,
  newDeliveryMemory,
} from './deliver-mail.ts'

/** What the loop needs beyond delivering. */
export type RunDeliveryPorts = DeliverPorts & {
  readonly timer: Timer
  readonly events: MailEvents
}

/** A loop that delivers until it is stopped. */
export interface Delivery {
  /** Something was queued: look now, unless the server is in trouble. */
  wake(): void
  /** Takes no more mails, and resolves when what is under way is settled. */
  stop(): Promise<void>
}

const IDLE_SECONDS_MAX = 60
const TROUBLE_SECONDS_MIN = 5
const TROUBLE_SECONDS_MAX = 600
const PRUNE_SECONDS = 3600

/**
 * Delivers mail as it becomes due, for as long as the process runs.
 *
 * Where the submission server or the disk is in trouble it waits, twice as long each time up to ten minutes with some jitter, and goes on by
 * itself; no mail loses an attempt to that.
 */
export function runDelivery(ports: RunDeliveryPorts, policy: DeliverPolicy): Delivery {
  const memory = newDeliveryMemory()
  const state = { isStopped: false, failures: 0, prunedAt: Number.NEGATIVE_INFINITY }
  let wakeUp: (() => void) | undefined
  const sleep = async (seconds: number): Promise<void> => {
    if (state.isStopped || seconds <= 0) return
    await new Promise<void>((resolve) => {
      const cancel = ports.timer.after(seconds, resolve)
      wakeUp = () => {
        cancel()
        resolve()
      }
    })
    wakeUp = undefined
  }
  const running = (async () => {
    while (!state.isStopped) await sleep(await pass(ports, policy, { memory, state }))
  })()
  return {
    wake: () => {
      if (state.failures === 0) wakeUp?.()
    },
    stop: async () => {
      state.isStopped = true
      wakeUp?.()
      await running
    },
  }
}

/** One pass; gives the seconds to wait after it. */
async function pass(
  ports: RunDeliveryPorts,
  policy: DeliverPolicy,
  run: {
    readonly memory: DeliveryMemory
    readonly state: { failures: number; prunedAt: number }
  },
): Promise<number> {
  const { clock, events, outbox } = ports
  const { memory, state } = run
  try {
    const ended = await deliverDue(ports, policy, memory)
    if (ended.kind === 'trouble') {
      const seconds = pause(ports, ++state.failures)
      events.mailTrouble({ trouble: ended.trouble, seconds })
      return seconds
    }
    state.failures = 0
    const now = clock.now()
    if (Math.abs(now - state.prunedAt) > PRUNE_SECONDS) {
      state.prunedAt = now
      await outbox.prune(now)
    }
    if (ended.kind === 'more') return 0
    return Math.min(
      IDLE_SECONDS_MAX,
      Math.max(1, (ended.nextDue ?? Number.POSITIVE_INFINITY) - now),
    )
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    events.unavailable({ operation: 'deliver-mail', code: codeOf(error.cause) })
    return pause(ports, ++state.failures)
  }
}

function pause({ random }: RunDeliveryPorts, failures: number): number {
  const full = Math.min(TROUBLE_SECONDS_MAX, TROUBLE_SECONDS_MIN * 2 ** (failures - 1))
  const [fraction = 0] = random.bytes(1)
  return Math.max(1, Math.round(full * (0.75 + fraction / 512)))
}

function codeOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
}
