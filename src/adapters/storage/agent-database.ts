import { type CompiledQuery, type Kysely, sql } from 'kysely'
import { agentMigrations } from '#migrations/agent'
import type { AgentTables } from './agent-schema.ts'
import type { Engine } from './engine.ts'
import { migrate } from './migrate.ts'
import { compiler } from './schema.ts'
import { sqliteEngine } from './sqlite.ts'

/** An agent's database: what compiles queries over its tables, and what runs them. Stores of several nouns may share one. */
export interface AgentDatabase {
  readonly db: Kysely<AgentTables>
  readonly engine: Engine
}

/**
 * Opens an agent's database, and brings its schema up to date. Only one process may have it open.
 *
 * @throws SchemaTooNew where a newer version of the program has changed it, and Unavailable where it cannot be opened.
 */
export async function openAgentDatabase(path: string): Promise<AgentDatabase> {
  const engine = sqliteEngine({ path })
  try {
    await migrate(engine, agentMigrations)
  } catch (error) {
    await engine.close()
    throw error
  }
  return { db: compiler<AgentTables>('sqlite'), engine }
}

/** Statements that fail their batch as a conflict unless exactly one row is found. */
export function mustFind(
  { db }: Pick<AgentDatabase, 'db'>,
  found: CompiledQuery<{ count: number }>,
): readonly CompiledQuery[] {
  const { parameters, sql: text } = found
  const guard = {
    ...found,
    sql: `insert into guard (holds) select count from (${text})`,
    parameters,
  }
  return [guard, sql`delete from guard`.compile(db)]
}

/** Parts of a list that are small enough for one statement. */
export function* portions<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += PORTION) yield rows.slice(at, at + PORTION)
}

const PORTION = 200
