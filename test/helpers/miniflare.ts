import { Miniflare } from 'miniflare'

/** More than any one test file opens; those that nobody asks for cost nothing. */
const EACH_MAX = 60

type D1 = Awaited<ReturnType<Miniflare['getD1Database']>>
type R2 = Awaited<ReturnType<Miniflare['getR2Bucket']>>

/** Cloudflare's storage as workerd runs it, in memory. */
export interface CloudflareStorage {
  /** A database that nobody used before. */
  readonly emptyD1: () => Promise<D1>
  /** A bucket that nobody used before. */
  readonly emptyR2: () => Promise<R2>
  readonly stop: () => Promise<void>
}

/** Starts workerd. */
export function startCloudflare(): CloudflareStorage {
  const names = Array.from({ length: EACH_MAX }, (_, index) => String(index))
  const databases = names.map((name) => `D1_${name}`)
  const buckets = names.map((name) => `R2_${name}`)
  const miniflare = new Miniflare({
    modules: true,
    script: 'export default {}',
    compatibilityDate: '2026-04-20',
    d1Databases: [...databases],
    r2Buckets: [...buckets],
  })
  return {
    emptyD1: async () => await miniflare.getD1Database(taken(databases)),
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
