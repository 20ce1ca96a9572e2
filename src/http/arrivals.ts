import type { Context } from 'hono'
import type { Timer } from '#ports/timer.ts'

/** The time that a body of any length has to arrive. */
const GRACE_SECONDS = 5
/** What a longer one has to keep up: a line of 2 Mbit/s. */
const BYTES_PER_SECOND = 256 * 1024

/** A body was too slow, or had to make room for another one: 503, and nothing was done. */
export class BodyCut extends Error {
  override readonly name = 'BodyCut'
}

/** One body that is arriving. */
export interface Arrival {
  /** Rejects with `BodyCut` once the body is not waited for any longer. */
  readonly cut: Promise<never>
  /** Tells that it has arrived, or is not wanted. */
  readonly end: () => void
}

/** Where a body comes from. */
export interface Sender {
  /** The network that it shares its room with. */
  readonly network: string
  /** Whether somebody there was shown to be of a party of late. */
  readonly isKnown: boolean
  /** The length of the body; its greatest length where it was not announced. */
  readonly bytes: number
}

/** The bodies that are arriving in one process. */
export interface Arrivals {
  /** Makes room for a body where there is none: every newcomer may begin. */
  readonly enter: (sender: Sender) => Arrival
}

interface Held {
  readonly sender: Sender
  readonly cut: () => void
}

/**
 * Opens the room for bodies that are arriving.
 *
 * Whoever holds many connections open, with a byte now and then, keeps nobody out: where there are `max`, the oldest body goes of the network
 * that has the most of them, and those of known senders go only once there is nobody else's. A body that is too slow goes in any case.
 */
export function openArrivals(options: { readonly max: number; readonly timer: Timer }): Arrivals {
  const { max, timer } = options
  const held = new Set<Held>()
  return {
    enter: (sender) => {
      if (held.size >= max) victimIn(held)?.cut()
      const { promise, reject } = rejectable()
      // Nobody may be listening: not every route reads its body.
      promise.catch(() => undefined)
      const one: Held = {
        sender,
        cut: () => {
          end()
          reject(new BodyCut('the body was not waited for'))
        },
      }
      const callOff = timer.after(secondsFor(sender.bytes), one.cut)
      const end = (): void => {
        callOff()
        held.delete(one)
      }
      held.add(one)
      return { cut: promise, end }
    },
  }
}

interface Rejectable {
  readonly promise: Promise<never>
  readonly reject: (error: BodyCut) => void
}

function rejectable(): Rejectable {
  const made: { reject?: Rejectable['reject'] } = {}
  const promise = new Promise<never>((_, reject) => {
    made.reject = reject
  })
  return { promise, reject: (error) => made.reject?.(error) }
}

function secondsFor(bytes: number): number {
  return GRACE_SECONDS + Math.ceil(bytes / BYTES_PER_SECOND)
}

/** The oldest of the network with the most; a set gives them in the order in which they came. */
function victimIn(held: ReadonlySet<Held>): Held | undefined {
  const strangers = [...held].filter(({ sender }) => !sender.isKnown)
  const candidates = strangers.length > 0 ? strangers : [...held]
  const counts = new Map<string, number>()
  for (const { sender } of candidates)
    counts.set(sender.network, (counts.get(sender.network) ?? 0) + 1)
  const most = Math.max(...counts.values())
  return candidates.find(({ sender }) => counts.get(sender.network) === most)
}

/** Has a request's body count as arriving until it has been read. */
export function expectBody(c: Context, arrival: Arrival): void {
  c.set('arrival', arrival)
}

/**
 * Waits for what is read of a body.
 *
 * @throws BodyCut where the body is not waited for any longer.
 */
export async function whileArriving<T>(c: Context, read: () => Promise<T>): Promise<T> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `expectBody` alone sets it
  const arrival = c.get('arrival') as Arrival | undefined
  if (arrival === undefined) return await read()
  try {
    return await Promise.race([read(), arrival.cut])
  } catch (error) {
    if (error instanceof BodyCut) c.set('cut', true)
    throw error
  } finally {
    arrival.end()
  }
}

/** Tells whether a request's body was cut: that is no fault of ours, and is paid for. */
export function isCut(c: Context): boolean {
  return c.get('cut') === true
}
