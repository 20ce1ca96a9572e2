import { type Context, Hono } from 'hono'
import { fromUtf8 } from '#core/bytes.ts'
import { ADD_CHECKPOINT_BYTES_MAX, originHash, TREE_SIZE_TYPE } from '#core/log/witness.ts'
import type { Events } from '#ports/events.ts'
import type { Clock } from '#ports/clock.ts'
import type { Random } from '#ports/random.ts'
import { Unavailable } from '#ports/storage.ts'
import type { Timer } from '#ports/timer.ts'
import type { CosignAnswer, CosigningWitness } from '#service/cosign-checkpoint.ts'
import { BodyCut, expectBody, openArrivals } from './arrivals.ts'
import { readBytes } from './body.ts'
import { openBuckets } from './buckets.ts'
import { answerHeaders } from './headers.ts'
import { neighbourhoodOf, openVisitorNames } from './visitor.ts'

/** Checkpoints from one network address (IPv6: its /64): a log brings one in a second at most. */
export const CHECKPOINTS = { burst: 600, perMinute: 600 }
/** Checkpoints that are judged or wait for it. */
const QUEUE_MAX = 64
const ARRIVING_MAX = 256
const RETURN_SECONDS = '1'

/** What the witness's addresses need. */
export interface WitnessAppPorts {
  readonly clock: Clock
  readonly random: Random
  readonly timer: Timer
  /** Where a request comes from: the socket's address, or what a trusted proxy says. */
  readonly clientAddress: (c: Context) => string
  readonly events: Events
  /** The logs that are watched. */
  readonly origins: readonly string[]
  readonly witness: CosigningWitness
}

/**
 * A witness over HTTP, as C2SP `tlog-witness` has it: `POST /add-checkpoint` for logs, `GET /<sha256 of the origin>/checkpoint` for whoever
 * compares what a log shows with what its witnesses saw. Refusals are plain text of one line, which programs do not read.
 */
export function createWitnessApp(ports: WitnessAppPorts): Hono {
  const { events, origins, witness } = ports
  const admit = openWitnessAdmission(ports)
  const app = new Hono()
  const byHash = new Map(origins.map((origin) => [originHash(origin), origin]))
  app.use(answerHeaders(undefined))

  app.post('/add-checkpoint', async (c) => {
    const spent = admit.arriving(c)
    if (spent !== undefined) return spent
    const bytes = await readBytes(c, ADD_CHECKPOINT_BYTES_MAX)
    if (!bytes.ok)
      return bytes.refusal.reason === 'request-too-large'
        ? c.text('the request is too large\n', 413)
        : c.text('the request breaks off\n', 400)
    const body = fromUtf8(bytes.value)
    if (body === undefined) return answer(c, { kind: 'malformed' })
    return await admit.judged(c, async () => answer(c, await witness.addCheckpoint(body)))
  })

  app.get('/:hash{[0-9a-f]{64}}/checkpoint', async (c) => {
    const origin = byHash.get(c.req.param('hash'))
    const note = origin === undefined ? undefined : await witness.latest(origin)
    return note === undefined ? c.text('nothing cosigned\n', 404) : c.text(note)
  })

  app.get('/healthz', (c) => c.json({ status: 'up' }))
  app.notFound((c) => c.text('nothing here\n', 404))
  app.onError((error, c) => failure(events, error, c))
  return app
}

interface WitnessAdmission {
  /** Lets a request's body begin to arrive; the answer where its address has asked too much. */
  readonly arriving: (c: Context) => Response | undefined
  /** Does the work for a body that is here, unless too much of it waits. */
  readonly judged: (c: Context, run: () => Promise<Response>) => Promise<Response>
}

/** Strangers must not keep a witness from the logs that it watches. */
function openWitnessAdmission(ports: WitnessAppPorts): WitnessAdmission {
  const { clientAddress, clock, random, timer } = ports
  const [visitorOf, neighboursOf] = [
    openVisitorNames(random),
    openVisitorNames(random, neighbourhoodOf),
  ]
  const buckets = openBuckets(clock)
  const arrivals = openArrivals({ max: ARRIVING_MAX, timer })
  let waiting = 0
  return {
    arriving: (c) => {
      const address = clientAddress(c)
      const seconds = buckets.take(visitorOf(address), CHECKPOINTS)
      if (seconds > 0) return c.text('too much\n', 429, { 'Retry-After': String(seconds) })
      const sender = { network: neighboursOf(address), isKnown: false }
      expectBody(c, arrivals.enter({ ...sender, bytes: ADD_CHECKPOINT_BYTES_MAX }))
      return undefined
    },
    judged: async (c, run) => {
      if (waiting >= QUEUE_MAX) return busy(c)
      waiting += 1
      try {
        return await run()
      } finally {
        waiting -= 1
      }
    },
  }
}

function busy(c: Context): Response {
  return c.text('not now\n', 503, { 'Retry-After': RETURN_SECONDS })
}

function answer(c: Context, given: CosignAnswer): Response {
  switch (given.kind) {
    case 'cosigned':
      return c.text(given.line)
    case 'malformed':
      return c.text('this is no request that a witness reads\n', 400)
    case 'untrusted':
      return c.text('no known key of the log signed this\n', 403)
    case 'unknown-log':
      return c.text('this log is not known here\n', 404)
    case 'size-differs':
      return c.body(`${String(given.size)}\n`, 409, { 'Content-Type': TREE_SIZE_TYPE })
    case 'inconsistent':
      return c.text('the log did not grow from what was cosigned last\n', 422)
  }
}

function failure(events: Events, error: Error, c: Context): Response {
  if (error instanceof BodyCut) {
    c.header('Connection', 'close')
    return busy(c)
  }
  if (error instanceof Unavailable) {
    events.unavailable({ operation: 'witness', code: '' })
    return c.text('not now\n', 503)
  }
  events.failed({ operation: 'witness', error: error.name })
  return c.text('a fault\n', 500)
}
