import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { composeAct } from '#client/act.ts'
import { base64, hex } from '#core/bytes.ts'
import { systemRandom } from '#client/random.ts'
import { ORIGIN, threeOf } from './coalition.ts'
import { holdTo } from './crash-round.ts'
import { startServerProcess } from './server-process.ts'

/** What a load did. */
export interface LoadResult {
  /** Every status that was answered, with how often. */
  readonly statuses: ReadonlyMap<number, number>
  readonly acknowledged: readonly string[]
  /** Seconds that accepted requests took, ascending. */
  readonly seconds: readonly number[]
  /** The same of requests one after the other. */
  readonly alone: readonly number[]
}

/** The body of a submission. */
type Prepared = string

const AcknowledgedSchema = z.looseObject({ id: z.string() })

const ALONE = 20

/**
 * Loads a server process with so many clients at once, each of which sends its next act as soon as it has the answer to the last one, and comes
 * back when it is told to; then holds the server to every answer that was given.
 */
export async function loadRound(load: {
  readonly clients: number
  readonly actsEach: number
}): Promise<LoadResult> {
  const server = await startServerProcess()
  const { coalition } = server
  const { contoso } = threeOf(coalition)
  const { body: chain } = await coalition.ask('/api/directory')
  const directory = String(chain['head'])
  const prepare = async (): Promise<Prepared> => {
    const body = { tokens: [hex(systemRandom(32))] }
    // Composed without asking: reading the directory each time would spend the budget of reads.
    const payload = composeAct({
      type: 'mailbox.invite',
      body,
      by: { party: contoso.domain },
      directory,
      origin: ORIGIN,
      now: coalition.clock.now(),
      nonce: systemRandom(16),
    })
    const signatures = [await coalition.sign(contoso, payload)]
    return JSON.stringify({ payload: base64(payload), signatures })
  }
  const statuses = new Map<number, number>()
  const acknowledged: string[] = []
  const agent = new Agent({ keepAlive: true, maxSockets: load.clients })
  const send = async (act: Prepared): Promise<number> => {
    for (;;) {
      const start = performance.now()
      const { body, retryAfter, status } = await post(agent, `${server.url}/api/acts`, act)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 201) {
        acknowledged.push(AcknowledgedSchema.parse(JSON.parse(body)).id)
        return (performance.now() - start) / 1000
      }
      if (status !== 503) return Number.NaN
      await sleep(1000 * Number(retryAfter))
    }
  }
  try {
    const alone: number[] = []
    for (let i = 0; i < ALONE; i++) alone.push(await send(await prepare()))
    const acts: Prepared[][] = []
    for (let client = 0; client < load.clients; client++)
      acts.push(await Promise.all(Array.from({ length: load.actsEach }, prepare)))
    const seconds = (
      await Promise.all(
        acts.map(async (own) => {
          const took: number[] = []
          for (const act of own) took.push(await send(act))
          return took
        }),
      )
    ).flat()
    await holdTo(coalition, acknowledged)
    return {
      statuses,
      acknowledged,
      seconds: seconds.toSorted((a, b) => a - b),
      alone: alone.toSorted((a, b) => a - b),
    }
  } finally {
    agent.destroy()
    await server.clear()
  }
}

/** Posts with as little work as can be: clients that are slower than the server do not load it. */
async function post(
  agent: Agent,
  url: string,
  act: Prepared,
): Promise<{
  readonly status: number
  readonly body: string
  readonly retryAfter: string | undefined
}> {
  return await new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': act.length }
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (part: string) => {
        body += part
      })
      answer.on('end', () => {
        const retryAfter = answer.headers['retry-after']
        resolve({ status: answer.statusCode ?? 0, body, retryAfter })
      })
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(act)
  })
}
