import type { D1Database } from '@cloudflare/workers-types'
import { Miniflare } from 'miniflare'
import { z } from 'zod'

/** More than any one test file opens; those that nobody asks for cost nothing. */
const EACH_MAX = 60

type R2 = Awaited<ReturnType<Miniflare['getR2Bucket']>>

/** Cloudflare's storage as workerd runs it, in memory. */
export interface CloudflareStorage {
  /** A database that nobody used before. */
  readonly emptyD1: () => Promise<D1Database>
  /** A bucket that nobody used before. */
  readonly emptyR2: () => Promise<R2>
  readonly stop: () => Promise<void>
}

/** Runs what it is sent on the database it is sent to, inside workerd, and answers with the results or the error's own words. */
const WORKER = `export default {
  async fetch(request, bindings) {
    const { database, isBatch, statements } = await request.json()
    const d1 = bindings[database]
    const prepared = statements.map(({ sql, values }) => d1.prepare(sql).bind(...values))
    try {
      return Response.json({ results: isBatch ? await d1.batch(prepared) : [await prepared[0].all()] })
    } catch (error) {
      return Response.json({ error: error.message })
    }
  },
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
    emptyR2: async () => await miniflare.getR2Bucket(taken(buckets)),
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

const AnswerSchema = z.union([
  z.strictObject({ error: z.string() }),
  z.strictObject({ results: z.array(z.looseObject({})) }),
])

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
    const response = await miniflare.dispatchFetch('http://localhost/', {
      method: 'POST',
      body: JSON.stringify({ database, isBatch, statements }),
    })
    const answer = AnswerSchema.parse(await response.json())
    if ('error' in answer) throw new Error(answer.error)
    return answer.results
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
