import { type CompiledQuery, sql } from 'kysely'
import type { PostgresOptions } from '#adapters/storage/postgres.ts'
import { postgresEngine } from '#adapters/storage/postgres.ts'
import { queryBuilder } from '#adapters/storage/schema.ts'
import type { BlobStore } from '#ports/blob.ts'
import { requireKey, requireSize } from './key.ts'

interface Range {
  readonly start: number
  readonly end: number
}

/** Blobs as rows of the same PostgreSQL database, which `migratePostgresStorage` made ready, over connections of their own. */
export function openPostgresBlobs(
  options: PostgresOptions,
): BlobStore & { readonly close: () => Promise<void> } {
  const engine = postgresEngine(options)
  return {
    put: async (key, bytes) => {
      await engine.write([putBlob(requireKey(key), requireSize(bytes))])
    },
    get: async (key, range) => {
      const [row] = await engine.read(getBlob(requireKey(key), range))
      return row === undefined ? undefined : new Uint8Array(row.bytes)
    },
    deletePrefix: async (prefix) => {
      await engine.write([deleteBlobs(requireKey(prefix))])
    },
    close: engine.close,
  }
}

const { db } = queryBuilder('postgres')

function putBlob(key: string, bytes: Uint8Array): CompiledQuery {
  return sql`insert into blob (key, bytes) values (${key}, ${Buffer.from(bytes)})
    on conflict (key) do update set bytes = excluded.bytes`.compile(db)
}

function getBlob(key: string, range: Range | undefined): CompiledQuery<{ bytes: Uint8Array }> {
  const part =
    range === undefined
      ? sql`bytes`
      : // SQL counts from 1.
        sql`substring(bytes from ${range.start + 1}::integer for ${Math.max(0, range.end - range.start)}::integer)`
  return sql<{ bytes: Uint8Array }>`select ${part} as bytes from blob where key = ${key}`.compile(
    db,
  )
}

/** The keys that start with the prefix are the range up to `~`, which sorts after every character of a key. */
function deleteBlobs(prefix: string): CompiledQuery {
  return sql`delete from blob where key >= ${prefix} and key < ${`${prefix}~`}`.compile(db)
}
