import type { ActRow, LoggedRecord, Storage, Subject, SubjectKind } from './storage.ts'

/** A record as it is stored, with the digest that finds it. */
export interface StoredRecord extends LoggedRecord {
  /** SHA-256 of the addendum, 64 hex digits. */
  readonly digest: string
}

/** A page of rows whose id is greater than `after`, ordered by id. */
export interface RowPage {
  readonly after: string
  readonly limit: number
}

/** How the schema of a database stands to this version of the program: names of migrations, in order. */
export interface SchemaState {
  /** Those that were run. */
  readonly done: readonly string[]
  /** Those that are yet to be run. */
  readonly missing: readonly string[]
  /** Those that only a newer version of the program knows. */
  readonly unknown: readonly string[]
}

/**
 * Reads a database whole, for whoever checks or saves it: nothing here is needed to serve, and nothing here writes.
 *
 * @throws Unavailable (from every method) when the engine failed.
 */
export interface Inspection {
  /** As it stands, for reading alone. */
  readonly storage: Storage
  schema(): Promise<SchemaState>
  /** What the engine itself finds wrong with its file: nothing, where all is well. */
  damage(): Promise<readonly string[]>
  acts(page: RowPage): Promise<readonly ActRow[]>
  records(page: RowPage): Promise<readonly StoredRecord[]>
  subjects(kind: SubjectKind, page: RowPage): Promise<readonly Subject[]>
  close(): Promise<void>
}
