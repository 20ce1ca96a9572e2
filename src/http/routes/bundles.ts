import { type Context, Hono } from 'hono'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Events } from '#ports/events.ts'
import { readLine, type ReadBundlePorts } from '#service/read-bundle.ts'
import {
  type Chunk,
  CHUNK_BYTES_MAX,
  uploadChunk,
  type UploadPorts,
  uploadProgress,
} from '#service/upload-bundle.ts'
import type { Admission } from '#http/admission.ts'
import { readBytes } from '#http/body.ts'
import { problem, refused } from '#http/problem.ts'
import { type ReaderPorts, requireParty, requireReader } from '#http/reader.ts'

/** What these routes need. */
export type BundleRoutePorts = ReaderPorts &
  ReadBundlePorts &
  UploadPorts & { readonly admission: Admission; readonly events: Events }

const COUNT = /^[1-9][0-9]{0,8}$/
const CONTENT_RANGE = /^bytes ([0-9]{1,15})-([0-9]{1,15})\/([0-9]{1,15})$/

/** `/api/bundles/{root}`: uploading bundles and reading their lines. */
export function bundleRoutes(ports: BundleRoutePorts): Hono {
  const app = new Hono()

  app.put(
    '/api/bundles/:root{[0-9a-f]{64}}',
    async (c) => await upload(ports, c, c.req.param('root')),
  )

  app.get('/api/bundles/:root{[0-9a-f]{64}}', async (c) => {
    const party = await requireParty(ports, c)
    if (!party.ok) return problem(c, party.refusal)
    const { heldBytes } = await uploadProgress(ports, party.value, c.req.param('root'))
    c.header('Upload-Offset', String(heldBytes))
    return c.json({ held: heldBytes })
  })

  app.get('/api/bundles/:root{[0-9a-f]{64}}/lines/:index{0|[1-9][0-9]*}', async (c) => {
    const reader = await requireReader(ports, c)
    if (!reader.ok) return problem(c, reader.refusal)
    const index = Number(c.req.param('index'))
    if (!Number.isSafeInteger(index)) return problem(c, { reason: 'not-found' })
    const line = await readLine(ports, reader.value, { root: c.req.param('root'), index })
    return line.ok ? c.json(line.value) : problem(c, line.refusal)
  })

  return app
}

/** The session is looked at before the body, so that a stranger cannot make us hold 8 MiB. */
async function upload(ports: BundleRoutePorts, c: Context, root: string): Promise<Response> {
  const party = await requireParty(ports, c)
  if (!party.ok) return refused(c, ports.events, party.refusal)
  const owner = { party: party.value, root }
  return await ports.admission.through(c, 'uploads', async () => await keep(ports, c, owner))
}

async function keep(
  ports: BundleRoutePorts,
  c: Context,
  owner: Pick<Chunk, 'party' | 'root'>,
): Promise<Response> {
  const chunk = await readChunk(c, owner)
  if (!chunk.ok) return refused(c, ports.events, chunk.refusal)
  const taken = await uploadChunk(ports, chunk.value)
  if (taken.ok) {
    c.header('Upload-Offset', String(taken.value.heldBytes))
    return c.json({ held: taken.value.heldBytes }, taken.value.complete ? 201 : 202)
  }
  if (taken.refusal.reason !== 'bundle-offset-wrong') return refused(c, ports.events, taken.refusal)
  ports.events.actRefused({ reason: taken.refusal.reason })
  const { heldBytes } = await uploadProgress(ports, owner.party, owner.root)
  c.header('Upload-Offset', String(heldBytes))
  return problem(c, taken.refusal, { held: heldBytes })
}

/** Reads a chunk and where it stands. Refuses `request-malformed` where Content-Range or `count` are missing or untrue. */
async function readChunk(c: Context, owner: Pick<Chunk, 'party' | 'root'>): Promise<Result<Chunk>> {
  const count = c.req.query('count') ?? ''
  const [, first, last, total] = CONTENT_RANGE.exec(c.req.header('Content-Range') ?? '') ?? []
  if (!COUNT.test(count) || first === undefined) {
    return refuse(
      'request-malformed',
      'a chunk needs ?count= and Content-Range: bytes first-last/total',
    )
  }
  const bytes = await readBytes(c, CHUNK_BYTES_MAX)
  if (!bytes.ok) return bytes
  const offset = Number(first)
  if (Number(last) - offset + 1 !== bytes.value.length) {
    return refuse('request-malformed', 'Content-Range tells another length than the body has')
  }
  return accept({
    ...owner,
    bytes: bytes.value,
    count: Number(count),
    offset,
    totalBytes: Number(total),
  })
}
