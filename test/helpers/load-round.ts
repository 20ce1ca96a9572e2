import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { composeAct } from '#client/act.ts'
import { inFlight } from '#client/in-flight.ts'
import { systemRandom } from '#client/random.ts'
import { base64, hex } from '#core/bytes.ts'
import { type Coalition, ORIGIN, threeOf } from './coalition.ts'
import { holdTo } from './crash-round.ts'
import { startServerProcess } from './server-process.ts'

/** How much is asked of a server. */
export interface Load {
  readonly clients: number
  readonly actsEach: number
  /** Acts that the server lets be under way; the clients are many more. */
  readonly actsAtOnce: number
}

/** An act that was accepted. */
interface Accepted {
  readonly id: string
  /** From the request that was accepted to its answer. */
  readonly seconds: number
  /** Acts that were answered meanwhile: what was waited for, however fast the machine is. */
  readonly overtaken: number
}

/** What a load did. */
export interface LoadResult {
  readonly accepted: readonly Accepted[]
  /** How often clients were told to come back. */
  readonly sentAway: number
  /** Every answer that was neither 201 nor 503 with a time to come back. */
  readonly wrong: readonly string[]
  /** The seconds of requests one after the other, in the middle. */
  readonly alone: number
  /** How often the server said that it is alive, of so many times that it was asked while it was loaded. */
  readonly alive: { readonly asked: number; readonly answered: number }
}

const AcknowledgedSchema = z.looseObject({ id: z.string() })

const ALONE = 20
const ALIVE_MILLISECONDS = 250
/** More refusals than this, and a client is not served in the end. */
const TRIES_MAX = 1000

/**
 * Loads the program as it is shipped with so many clients at once, each of which sends its next act as soon as it has the answer to the last one,
 * and comes back when it is told to; then holds the server to every answer that was given.
 */
export async function loadRound(load: Load): Promise<LoadResult> {
  const serve = { DUNANT_ACTS_AT_ONCE: String(load.actsAtOnce) }
  const server = await startServerProcess({ serve })
  const { coalition, url } = server
  const agent = new Agent({ keepAlive: true, maxSockets: load.clients })
  try {
    const acts = await signedActs(coalition, ALONE + load.clients * load.actsEach)
    const sender: Sender = { agent, url, accepted: [], wrong: [], sentAway: 0 }
    for (const act of acts.splice(0, ALONE)) await send(sender, act)
    const alone = sender.accepted.map(({ seconds }) => seconds).toSorted((a, b) => a - b)
    const loading = Promise.all(
      Array.from({ length: load.clients }, async () => {
        for (const act of acts.splice(0, load.actsEach)) await send(sender, act)
      }),
    )
    const alive = await watchWhile(loading, url)
    const ids = sender.accepted.map(({ id }) => id)
    await holdTo(coalition, ids)
    const { accepted, sentAway, wrong } = sender
    return { accepted, sentAway, wrong, alone: alone[ALONE / 2] ?? Number.NaN, alive }
  } finally {
    agent.destroy()
    await server.clear()
  }
}

/** The value that so large a part of some values does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const ascending = values.toSorted((a, b) => a - b)
  return ascending[Math.ceil(part * ascending.length) - 1] ?? Number.NaN
}

/** Bodies of submissions. Composed without asking: reading the directory each time would spend the budget of reads. */
async function signedActs(coalition: Coalition, count: number): Promise<string[]> {
  const { contoso } = threeOf(coalition)
  const { body: chain } = await coalition.ask('/api/directory')
  const sign = async (): Promise<string> => {
    const payload = composeAct({
      type: 'mailbox.invite',
      body: { tokens: [hex(systemRandom(32))] },
      by: { party: contoso.domain },
      directory: String(chain['head']),
      origin: ORIGIN,
      now: coalition.clock.now(),
      nonce: systemRandom(16),
    })
    const signatures = [await coalition.sign(contoso, payload)]
    return JSON.stringify({ payload: base64(payload), signatures })
  }
  const acts: string[] = []
  for await (const act of inFlight(Array.from({ length: count }), sign)) acts.push(act)
  return acts
}

interface Sender {
  readonly agent: Agent
  readonly url: string
  readonly accepted: Accepted[]
  readonly wrong: string[]
  sentAway: number
}

/** Sends an act until it is accepted, and obeys `Retry-After`. */
async function send(sender: Sender, act: string): Promise<void> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const [start, before] = [performance.now(), sender.accepted.length]
    const { body, retryAfter, status } = await post(sender, act)
    if (status === 201) {
      const { id } = AcknowledgedSchema.parse(JSON.parse(body))
      const seconds = (performance.now() - start) / 1000
      sender.accepted.push({ id, seconds, overtaken: sender.accepted.length - before })
      return
    }
    if (status !== 503 || !/^[1-9]\d?$/.test(retryAfter)) {
      sender.wrong.push(`${String(status)}, Retry-After: ${retryAfter}, ${body}`)
      return
    }
    sender.sentAway += 1
    await sleep(1000 * Number(retryAfter))
  }
  sender.wrong.push('sent away for ever')
}

interface Answer {
  readonly status: number
  readonly body: string
  /** '' where it is not said. */
  readonly retryAfter: string
}

/** Posts with as little work as can be: clients that are slower than the server do not load it. */
async function post({ agent, url }: Sender, act: string): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': act.length }
    const sent = request(`${url}/api/acts`, { method: 'POST', agent, headers }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        body += part
      })
      answer.on('end', () => {
        const retryAfter = answer.headers['retry-after'] ?? ''
        resolve({ status: answer.statusCode ?? 0, body, retryAfter })
      })
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(act)
  })
}

/** Asks again and again whether the server is alive, as long as something runs, and throws what that throws. */
async function watchWhile(running: Promise<unknown>, url: string): Promise<LoadResult['alive']> {
  const over = new AbortController()
  const ended = running.finally(() => over.abort())
  const alive = { asked: 0, answered: 0 }
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      alive.asked += 1
      const { ok } = await fetch(`${url}/healthz`)
      if (ok) alive.answered += 1
      await sleep(ALIVE_MILLISECONDS)
    }
  }
  await Promise.all([ended, watch()])
  return alive
}
