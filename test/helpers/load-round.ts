import { setTimeout as sleep } from 'node:timers/promises'
import { composeAct } from '#client/act.ts'
import { hex } from '#core/bytes.ts'
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

interface Prepared {
  readonly payload: Uint8Array
  readonly signature: string
}

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
    return { payload, signature: await coalition.sign(contoso, payload) }
  }
  const statuses = new Map<number, number>()
  const acknowledged: string[] = []
  const send = async ({ payload, signature }: Prepared): Promise<number> => {
    for (;;) {
      const start = performance.now()
      const { body, headers, status } = await coalition.post(payload, signature)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 201) {
        acknowledged.push(String(body['id']))
        return (performance.now() - start) / 1000
      }
      if (status !== 503) return Number.NaN
      await sleep(1000 * Number(headers.get('Retry-After')))
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
    await server.clear()
  }
}
