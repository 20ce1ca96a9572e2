import { type Context, Hono } from 'hono'
import { RELEASE_SECONDS } from '#core/check-list.ts'
import { concat, utf8 } from '#core/bytes.ts'
import { formatInstant } from '#core/time.ts'
import type { Events } from '#ports/events.ts'
import { buildReceipt } from '#service/build-receipt.ts'
import {
  CHECK_CHUNK_BYTES_MAX,
  type CheckListPorts,
  findCheckList,
  readCheckChunks,
  readCheckIndex,
  readCheckPart,
  uploadCheckChunk,
} from '#service/check-list.ts'
import type { Admission } from '#http/admission.ts'
import { readBytes } from '#http/body.ts'
import { keepFor, keepForever } from '#http/headers.ts'
import { problem, refused } from '#http/problem.ts'
import { type ReaderPorts, requireParty } from '#http/reader.ts'

/** What these routes need. */
export type CheckRoutePorts = CheckListPorts &
  ReaderPorts & { readonly admission: Admission; readonly events: Events }

/** A new release is seen within so many seconds; readers who come at once share one answer. */
const INDEX_SECONDS = 60
const BYTES = { 'Content-Type': 'application/octet-stream' }

/**
 * `/api/checks`: the lists by which anybody finds out whether a notice is genuine.
 *
 * Reading takes no session, and nobody's reading is counted. A part never changes under its address, so that caches carry the load, and
 * its address says nothing but its number.
 */
export function checkRoutes(ports: CheckRoutePorts): Hono {
  const app = new Hono()

  app.get('/api/checks', async (c) => {
    keepFor(c, INDEX_SECONDS)
    return c.json(await readIndex(ports))
  })

  app.put('/api/checks/chunks/:sha256{[0-9a-f]{64}}', async (c) => {
    const party = await requireParty(ports, c)
    if (!party.ok) return refused(c, ports.events, party.refusal)
    const chunk = { party: party.value, sha256: c.req.param('sha256') }
    return await ports.admission.through(c, 'uploads', async () => await keep(ports, c, chunk))
  })

  app.get('/api/checks/lists/:act{[0-9a-f]{64}}', async (c) => await whole(ports, c))

  app.get('/api/checks/lists/:act{[0-9a-f]{64}}/parts/:index{0|[1-9][0-9]{0,5}}', async (c) => {
    const { act, index } = c.req.param()
    const part = await readCheckPart(ports, act, Number(index))
    if (!part.ok) return problem(c, part.refusal)
    keepForever(c)
    return c.body(Uint8Array.from(part.value), 200, BYTES)
  })

  return app
}

async function readIndex(ports: CheckListPorts) {
  const lists = await readCheckIndex(ports)
  return {
    release_seconds: RELEASE_SECONDS,
    lists: lists.map(({ filer, keyed, list, receipt }) => ({
      act: list.act,
      filer,
      keyed,
      receipt,
      release: formatInstant(list.release),
    })),
  }
}

async function keep(
  ports: CheckRoutePorts,
  c: Context,
  chunk: { readonly party: string; readonly sha256: string },
): Promise<Response> {
  const bytes = await readBytes(c, CHECK_CHUNK_BYTES_MAX)
  if (!bytes.ok) return refused(c, ports.events, bytes.refusal)
  const kept = await uploadCheckChunk(ports, { ...chunk, bytes: bytes.value })
  return kept.ok ? c.json({ sha256: chunk.sha256 }, 201) : refused(c, ports.events, kept.refusal)
}

/** The whole list with all that verifies it, for whoever checks without a network. */
async function whole(ports: CheckRoutePorts, c: Context): Promise<Response> {
  const act = c.req.param('act') ?? ''
  const served = await findCheckList(ports, act)
  if (!served.ok) return problem(c, served.refusal)
  const row = await ports.storage.findAct(act)
  const parsed = row === undefined ? undefined : ports.acts.parse(row.payload)
  const receipt =
    parsed?.ok === true ? await buildReceipt(ports, parsed.value, { withChain: true }) : undefined
  if (receipt === undefined) return problem(c, { reason: 'receipt-not-logged' })
  keepFor(c, INDEX_SECONDS)
  const chunks = readCheckChunks(ports, served.value)
  const head = concat(utf8(JSON.stringify(receipt)), utf8('\n'))
  return c.body(streamOf(head, chunks), 200, BYTES)
}

function streamOf(head: Uint8Array, rest: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(head)
    },
    pull: async (controller) => {
      const next = await rest.next()
      if (next.done === true) controller.close()
      else controller.enqueue(next.value)
    },
    cancel: async () => {
      await rest.return(undefined)
    },
  })
}
