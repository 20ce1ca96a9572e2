import { describe, test } from 'vitest'
import type { Storage } from '#ports/storage.ts'
import { actCases } from './storage-act.cases.ts'
import { logCases, recordCases } from './storage-log.cases.ts'
import { subjectCases } from './storage-subject.cases.ts'

/** A migrated database that only one test uses. */
export interface OpenedStorage {
  readonly storage: Storage
  /** Opens the same database once more, as a process that starts later would. */
  readonly again: () => Promise<Storage>
  /** Runs SQL past the port. */
  readonly raw: (sql: string) => Promise<void>
  readonly close: () => Promise<void>
}

/** What is promised, and how it is seen. */
export type StorageCases = readonly {
  readonly name: string
  readonly see: (opened: OpenedStorage) => Promise<void>
}[]

const CASES: StorageCases = [...subjectCases, ...actCases, ...recordCases, ...logCases]

/** What every engine promises; `open` gives a database that nobody used before. */
export function storageContract(name: string, open: () => Promise<OpenedStorage>): void {
  describe(`storage on ${name}`, () => {
    for (const { name: promise, see } of CASES) {
      test(promise, async () => {
        const opened = await open()
        try {
          await see(opened)
        } finally {
          await opened.close()
        }
      })
    }
  })
}
