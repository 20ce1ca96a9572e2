import type { Kysely } from 'kysely'

/** The two families of SQL that we write; D1 speaks SQLite's. */
export type Dialect = 'sqlite' | 'postgres'

/**
 * One step of the schema.
 *
 * `up` only executes statements and reads nothing back: its statements are collected and run as one atomic batch, the
 * one way of writing that SQLite, PostgreSQL and D1 share. A step once released is never edited, and code must run both
 * before and after it.
 */
export interface Migration {
  readonly name: string
  readonly up: (db: Kysely<unknown>, dialect: Dialect) => Promise<void>
}
