import type { D1Database, R2Bucket } from '@cloudflare/workers-types'
import { Miniflare } from 'miniflare'
import { z } from 'zod'

/** More than any one test file opens; those that nobody asks for cost nothing. */
const EACH_MAX = 60

/** Cloudflare's storage as workerd runs it, in memory. */
export interface CloudflareStorage {
  /** A database that nobody used before. */
  readonly emptyD1: () => Promise<D1Database>
  /** A bucket that nobody used before. */
  readonly emptyR2: () => Promise<R2Bucket>
  readonly stop: () => Promise<void>
}

/** Runs what it is sent on the database or bucket it is sent to, inside workerd, and answers with the results or the error's own words. */
const WORKER = `export default {
  async fetch(request, bindings) {
    try {
      const bucket = request.headers.get('bucket')
      return await (bucket === null ? askD1(request, bindings) : askR2(request, bindings[bucket]))
    } catch (error) {
      return Response.json({ error: error.message }, { status: 400 })
    }
  },
}
async function askD1(request, bindings) {
  const { database, isBatch, statements } = await request.json()
  const d1 = bindings[database]
  const prepared = statements.map(({ sql, values }) => d1.prepare(sql).bind(...values))
  return Response.json(isBatch ? await d1.batch(prepared) : [await prepared[0].all()])
}
async function askR2(request, bucket) {
  const [operation, ...args] = JSON.parse(request.headers.get('call'))
  if (operation === 'put') await bucket.put(args[0], await request.arrayBuffer())
  const answer = operation === 'put' ? null : await bucket[operation](...args)
  if (operation === 'get') return answer === null ? Response.json(null) : new Response(answer.body, { headers: { found: 'yes' } })
  if (operation === 'list') return Response.json({ objects: answer.objects.map(({ key }) => ({ key })) })
  return Response.json(answer === undefined || answer === null ? null : { size: answer.size })
}`

/** Starts workerd. */
export function startCloudflare(): CloudflareStorage {
  const names = Array.from({ length: EACH_MAX }, (_, index) => String(index))
  const databases = names.map((name) => `D1_${name}`)
  const buckets = names.map((name) => `R2_${name}`)
  const miniflare = new Miniflare({
    modules: true,
    script: WORKER,
    compatibilityDate: '2026-04-20',
    d1Databases: [...databases],
    r2Buckets: [...buckets],
  })
  return {
    emptyD1: async () => await Promise.resolve(distantD1(miniflare, taken(databases))),
    emptyR2: async () => await Promise.resolve(distantR2(miniflare, taken(buckets))),
    stop: async () => {
      await miniflare.dispose()
    },
  }
}

function taken(names: string[]): string {
  const name = names.pop()
  if (name === undefined) throw new Error('raise EACH_MAX')
  return name
}

const ErrorSchema = z.strictObject({ error: z.string() })
const RowsSchema = z.array(z.looseObject({}))

/** What workerd answers. @throws Error with the words of whatever failed there. */
async function ask(
  miniflare: Miniflare,
  request: { body: string | Uint8Array; headers: Record<string, string> },
) {
  const response = await miniflare.dispatchFetch('http://localhost/', {
    method: 'POST',
    ...request,
  })
  if (response.status !== 200) throw new Error(ErrorSchema.parse(await response.json()).error)
  return response
}

interface Statement {
  readonly sql: string
  readonly values: readonly unknown[]
}

/**
 * A D1 database of workerd, used from here by one request for each batch.
 *
 * Miniflare's own `getD1Database` asks workerd from a second thread for every step and waits for it with `Atomics.wait`. On a busy machine the
 * wake-up of one step can arrive during the next, and from then on every answer is taken for that of the step before: all later tests fail.
 */
function distantD1(miniflare: Miniflare, database: string): D1Database {
  const run = async (statements: readonly Statement[], isBatch: boolean) => {
    const body = JSON.stringify({ database, isBatch, statements })
    return RowsSchema.parse(await (await ask(miniflare, { body, headers: {} })).json())
  }
  const prepare = (sql: string, values: readonly unknown[] = []) => ({
    sql,
    values,
    bind: (...bound: readonly unknown[]) => prepare(sql, bound),
    all: async () => (await run([{ sql, values }], false))[0],
    run: async () => (await run([{ sql, values }], false))[0],
  })
  const distant = {
    prepare,
    batch: async (statements: readonly Statement[]) =>
      await run(
        statements.map(({ sql, values }) => ({ sql, values })),
        true,
      ),
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what our adapter and tests use of it is all there
  return distant as unknown as D1Database
}

/** An R2 bucket of workerd, used from here by one request for each operation, for the same reason. */
function distantR2(miniflare: Miniflare, bucket: string): R2Bucket {
  const call = async (operation: readonly unknown[], body: string | Uint8Array = '') =>
    await ask(miniflare, { body, headers: { bucket, call: JSON.stringify(operation) } })
  const distant = {
    put: async (key: string, value: string | Uint8Array) => {
      await call(['put', key], value)
    },
    get: async (key: string, options: object = {}) => {
      const answer = await call(['get', key, options])
      return answer.headers.get('found') === null ? null : answer
    },
    head: async (key: string) => await (await call(['head', key])).json(),
    list: async (options: object = {}) => await (await call(['list', options])).json(),
    delete: async (keys: unknown) => {
      await call(['delete', keys])
    },
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what our adapter and tests use of it is all there
  return distant as unknown as R2Bucket
}
