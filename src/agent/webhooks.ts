import { signWebhook } from '#client/webhook.ts'
import { hex } from '#core/bytes.ts'
import { formatInstant } from '#core/time.ts'
import type { AgentStore, WebhookRow } from '#ports/agent-store.ts'
import type { RandomBytes } from '#client/random.ts'
import type { HookMessage } from './agent.ts'

/** One of the company's own systems that is told what happens. */
export interface HookEndpoint {
  readonly url: string
  readonly key: Uint8Array
}

/** What sending needs. */
export interface HookPorts {
  readonly store: Pick<
    AgentStore,
    'dropWebhook' | 'dueWebhooks' | 'putOffWebhook' | 'queueWebhooks'
  >
  readonly endpoints: readonly HookEndpoint[]
  readonly now: () => number
  readonly random: RandomBytes
  readonly send: typeof fetch
}

const ID_BYTES = 16
const ANSWER_MILLISECONDS = 10_000
/** Seconds until the next attempt, each up to a quarter longer so that not all come at once; after the last the message is given up. */
const DELAYS = [5, 30, 120, 600, 3600, 3 * 3600, 8 * 3600, 24 * 3600, 48 * 3600] as const

/** Puts a message for every endpoint into the queue: durable when it resolves. */
export async function queueHook(
  { endpoints, now, random, store }: HookPorts,
  { data, type }: HookMessage,
): Promise<void> {
  const timestamp = formatInstant(now())
  const payload = JSON.stringify({ type, timestamp, data })
  await store.queueWebhooks(
    endpoints.map(({ url }) => ({
      id: `msg_${hex(random(ID_BYTES))}`,
      endpoint: url,
      payload,
      attempts: 0,
      dueAt: now(),
    })),
  )
}

/** Sends what is due. What does not arrive is tried again, under the same id. */
export async function sendHooks(ports: HookPorts): Promise<void> {
  const due = await ports.store.dueWebhooks(ports.now())
  await Promise.all(due.map(async (message) => await sendOne(ports, message)))
}

async function sendOne(ports: HookPorts, message: WebhookRow): Promise<void> {
  const { endpoints, now, random, store } = ports
  const { attempts, endpoint, id } = message
  const known = endpoints.find(({ url }) => url === endpoint)
  // An endpoint that was taken out of the settings is not told any more.
  if (known === undefined || (await isTaken(ports, known, message))) {
    await store.dropWebhook(id)
    return
  }
  const delay = DELAYS[attempts]
  if (delay === undefined) {
    await store.dropWebhook(id)
    return
  }
  const [spread = 0] = random(1)
  const dueAt = now() + Math.ceil(delay * (1 + spread / 1024))
  await store.putOffWebhook({ id, attempts: attempts + 1, dueAt })
}

async function isTaken(
  { now, send }: HookPorts,
  { key, url }: HookEndpoint,
  { id, payload: body }: WebhookRow,
): Promise<boolean> {
  try {
    const answer = await send(url, {
      method: 'POST',
      headers: signWebhook(key, { id, timestamp: now(), body }),
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(ANSWER_MILLISECONDS),
    })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}
