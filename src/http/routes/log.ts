import { type Context, Hono } from 'hono'
import {
  type EntryTile,
  encodeEntryBundle,
  type HashTile,
  parseTilePath,
  TILE_WIDTH,
  tileWidth,
} from '#core/log/tile.ts'
import { HASH_BYTES } from '#core/log/merkle.ts'
import type { Storage } from '#ports/storage.ts'
import type { DirectoryReader } from '#service/read-directory.ts'
import { isByCurrentKey, publishedCheckpoint } from '#service/released-size.ts'
import { keepFor, keepForever } from '#http/headers.ts'
import { plainProblem, problem } from '#http/problem.ts'

/** What these routes read. */
export interface LogRoutePorts {
  readonly directory: DirectoryReader
  readonly storage: Storage
}

const CHECKPOINT_SECONDS = 1
const ADDENDUM_SECONDS = 86_400

/** `/log`: the transparency log as C2SP tlog-tiles and tlog-addenda have it. */
export function logRoutes({ directory, storage }: LogRoutePorts): Hono {
  const app = new Hono()

  app.get('/log/checkpoint', async (c) => {
    const checkpoint = await publishedCheckpoint({ directory, storage })
    if (checkpoint === undefined || !isByCurrentKey(checkpoint.note, await directory.current())) {
      // The log has begun, or has a new key, and its witnesses have not seen that yet: it is not shown to anybody else before.
      const isWaiting = (await storage.latestCheckpoint()) !== undefined
      return isWaiting ? plainProblem(c, 'unavailable') : problem(c, { reason: 'not-found' })
    }
    keepFor(c, CHECKPOINT_SECONDS)
    return c.text(checkpoint.note)
  })

  app.get('/log/tile/:path{.+}', async (c) => await tile(storage, c))

  app.get('/log/addenda.v1', (c) => {
    keepForever(c)
    return c.text('')
  })

  app.get('/log/addenda/:s0{[0-9a-f]{2}}/:s1{[0-9a-f]{2}}/:sha256{[0-9a-f]{64}}', async (c) => {
    const { s0, s1, sha256 } = c.req.param()
    const addendum = sha256.startsWith(s0 + s1) ? await storage.publicAddendum(sha256) : undefined
    if (addendum === undefined) return problem(c, { reason: 'not-found' })
    keepFor(c, ADDENDUM_SECONDS)
    return bytesAnswer(c, addendum)
  })

  return app
}

/**
 * Serves a tile of the published tree. A narrower tile is the beginning of a wider one, so any width up to the published one is
 * cut out of the rows; nothing beyond the newest signed checkpoint is shown, which receipts may stand on before witnesses saw it.
 */
async function tile(storage: Storage, c: Context): Promise<Response> {
  const wanted = parseTilePath(c.req.path.slice('/log/'.length))
  if (!wanted.ok) return problem(c, { reason: 'not-found' })
  const size = (await storage.latestCheckpoint())?.size ?? 0
  const level = wanted.value.kind === 'entries' ? 0 : wanted.value.level
  if (wanted.value.width > tileWidth({ level, index: wanted.value.index, size })) {
    return problem(c, { reason: 'not-found' })
  }
  const bytes = await tileBytes(storage, wanted.value)
  keepForever(c)
  return bytesAnswer(c, bytes)
}

/** @throws Error where rows are missing that a signed checkpoint covers. */
async function tileBytes(storage: Storage, wanted: EntryTile | HashTile): Promise<Uint8Array> {
  const from = wanted.index * TILE_WIDTH
  const to = from + wanted.width
  if (wanted.kind === 'entries') {
    const entries = await storage.entries(from, to)
    if (entries.length !== wanted.width) throw new Error('the log lacks entries')
    return encodeEntryBundle(entries)
  }
  const hashes =
    wanted.level === 0
      ? await storage.leafHashes(from, to)
      : await storage.nodeHashes(wanted.level, from, to)
  if (hashes.length !== wanted.width * HASH_BYTES) throw new Error('the log lacks hashes')
  return hashes
}

function bytesAnswer(c: Context, bytes: Uint8Array): Response {
  return c.body(Uint8Array.from(bytes), 200, { 'Content-Type': 'application/octet-stream' })
}
