import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { privateFolder, writeWhole } from '#agent/files.ts'
import { FileError } from '#agent/file-error.ts'
import type { BundleName } from './bundle-file.ts'
import type { CheckedList } from './customer-list.ts'

/** What a filing is of, member by member; the same command gives the same. */
export type FilingTerms = Readonly<Record<string, string>>

/** How far a filing is. Each member is written once what it speaks of is durable. */
export interface Journal {
  readonly v: 1
  readonly terms: FilingTerms
  /** Made once: they stand in every notice. */
  readonly salts: { readonly brief: string; readonly template: string }
  readonly list?: CheckedList
  readonly bundle?: BundleName
  /** Product files that are written and durable, in the order of the bundle. */
  readonly written?: number
  /** Hash of the message to the parties of a campaign, once it is uploaded. */
  readonly briefMessage?: string
}

/** The folder in which a filing works, inside the folder of its product files. It is removed when the notice is filed. */
export interface FilingWork {
  readonly folder: string
  journal(): Journal
  /** Writes more into the journal, durable. */
  note(more: Partial<Journal>): void
  remove(): void
}

const WORK = 'work'
const JOURNAL = 'journal.json'

/** Tells whether a filing that is not over has a work folder here. */
export function hasWork(out: string): boolean {
  return existsSync(join(out, WORK, JOURNAL))
}

/**
 * Goes on with the filing of a folder, or begins one.
 *
 * @throws FileError where the filing there is of something else.
 */
export function openWork(
  out: string,
  terms: FilingTerms,
  salts: () => Journal['salts'],
): FilingWork {
  const folder = join(out, WORK)
  const path = join(folder, JOURNAL)
  privateFolder(folder)
  const known = readJournal(path)
  let journal: Journal = known ?? { v: 1, terms, salts: salts() }
  if (known === undefined) {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true })
    writeWhole(path, JSON.stringify(journal))
  } else checkTerms(out, known.terms, terms)
  return {
    folder,
    journal: () => journal,
    note: (more) => {
      journal = { ...journal, ...more }
      writeWhole(path, JSON.stringify(journal))
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The journal of a filing that is not over. */
export function readWork(out: string): Journal | undefined {
  return readJournal(join(out, WORK, JOURNAL))
}

/** The names of the terms in which two filings differ. */
export function otherTerms(known: FilingTerms, given: FilingTerms): readonly string[] {
  const names = new Set([...Object.keys(known), ...Object.keys(given)])
  return [...names].filter((name) => known[name] !== given[name])
}

/** Removes the work of a filing, whatever it is of. */
export function removeWork(out: string): void {
  rmSync(join(out, WORK), { recursive: true, force: true })
}

function readJournal(path: string): Journal | undefined {
  if (!existsSync(path)) return undefined
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return JSON.parse(readFileSync(path, 'utf8')) as Journal
}

function checkTerms(out: string, known: FilingTerms, given: FilingTerms): void {
  const other = otherTerms(known, given)
  if (other.length === 0) return
  throw new FileError(
    `${out} holds a filing that broke off, with another ${other.join(', ')}; nothing of it was filed yet. ` +
      'Give the command as it was to go on, add --start-over to begin anew, or delete the folder',
  )
}
