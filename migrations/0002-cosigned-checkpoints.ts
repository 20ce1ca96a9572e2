import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/**
 * How many of the charter's witnesses cosigned a checkpoint: the newest one that enough of them saw is what the world is shown, while newer
 * ones wait for them. Code from before this step leaves the column at 0, and its checkpoints are cosigned again.
 */
export const cosignedCheckpoints: Migration = {
  name: '0002-cosigned-checkpoints',
  up: async (db) => {
    await db.schema
      .alterTable('checkpoint')
      .addColumn('cosigned', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
    // Small, and in the order of sizes: the newest of them is found without walking over those that nobody cosigned.
    await sql`create index checkpoint_cosigned on checkpoint (size) where cosigned > 0`.execute(db)
  },
}
