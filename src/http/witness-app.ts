import { type Context, Hono } from 'hono'
import { fromUtf8, hex, utf8 } from '#core/bytes.ts'
import { sha256 } from '#core/hash.ts'
import { ADD_CHECKPOINT_BYTES_MAX, TREE_SIZE_TYPE } from '#core/log/witness.ts'
import type { Events } from '#ports/events.ts'
import { Unavailable } from '#ports/storage.ts'
import type { CosignAnswer, CosigningWitness } from '#service/cosign-checkpoint.ts'
import { readBytes } from './body.ts'
import { answerHeaders } from './headers.ts'

/** What the witness's addresses need. */
export interface WitnessAppPorts {
  readonly events: Events
  /** The logs that are watched. */
  readonly origins: readonly string[]
  readonly witness: CosigningWitness
}

/**
 * A witness over HTTP, as C2SP `tlog-witness` has it: `POST /add-checkpoint` for logs, `GET /<sha256 of the origin>/checkpoint` for whoever
 * compares what a log shows with what its witnesses saw. Refusals are plain text of one line, which programs do not read.
 */
export function createWitnessApp({ events, origins, witness }: WitnessAppPorts): Hono {
  const app = new Hono()
  const byHash = new Map(origins.map((origin) => [hex(sha256(utf8(origin))), origin]))
  app.use(answerHeaders(undefined))

  app.post('/add-checkpoint', async (c) => {
    const bytes = await readBytes(c, ADD_CHECKPOINT_BYTES_MAX)
    if (!bytes.ok)
      return bytes.refusal.reason === 'request-too-large'
        ? c.text('the request is too large\n', 413)
        : c.text('the request breaks off\n', 400)
    const body = fromUtf8(bytes.value)
    return answer(c, body === undefined ? { kind: 'malformed' } : await witness.addCheckpoint(body))
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
  if (error instanceof Unavailable) {
    events.unavailable({ operation: 'witness', code: '' })
    return c.text('not now\n', 503)
  }
  events.failed({ operation: 'witness', error: error.name })
  return c.text('a fault\n', 500)
}
