import type { SourceFile } from './source.ts'

/** What the repository holds, as far as the documents can be held to it. */
export interface Repository {
  /** Every file by its path from the top. */
  readonly files: readonly SourceFile[]
  /** The names of the npm scripts. */
  readonly scripts: readonly string[]
}

const FOLDERS = 'src|test|migrations|scripts|templates|keys|\\.ci'
/** A path in back quotes that starts at one of our folders: `src/core/act.ts` or `src/core/`. */
const PATH = new RegExp(`\`((?:${FOLDERS})/[^\`\\s]*)\``, 'g')
/** How a document names a test: `test/core/act.test.ts` "the name of the test". */
const TEST = /`(test\/[^`\s]+)` "([^"]+)"/g
const SCRIPT = /\bnpm (?:run (?:-s )?([\w:]+)|(start|test)\b)/g
const ROW = /^\|(?!\s*-)(.*)\|\s*$/gm

/** Files and folders that a document names and the repository does not have. */
export function missingFiles(documents: readonly SourceFile[], { files }: Repository): string[] {
  return documents.flatMap(({ path, text }) =>
    matches(text, PATH)
      .filter((named) => !files.some((file) => isAt(file.path, named)))
      .map((named) => `${path} names ${named}, which is not there`),
  )
}

/** Tests that a document names and that no test file has under that name. */
export function missingTests(documents: readonly SourceFile[], { files }: Repository): string[] {
  return documents.flatMap(({ path, text }) =>
    [...text.matchAll(TEST)]
      .filter(([, file, name]) => !hasTest(files, file ?? '', name ?? ''))
      .map(([, file, name]) => `${path} names the test "${name ?? ''}" of ${file ?? ''}`),
  )
}

/** Commands that a document tells the reader to run and package.json does not have. */
export function missingScripts(documents: readonly SourceFile[], repository: Repository): string[] {
  return documents.flatMap(({ path, text }) =>
    matches(text, SCRIPT)
      .filter((script) => !repository.scripts.includes(script))
      .map((script) => `${path} names npm run ${script}`),
  )
}

/** Rows of the threat table that lack a cell, or neither name a test nor admit that none shows it. */
export function brokenThreats({ path, text }: SourceFile): string[] {
  const [, ...rows] = threatRows(text)
  if (rows.length === 0) return [`${path} has no threat table`]
  return rows.flatMap((cells) => {
    const [who, can, stoppedBy, shownBy, remains] = cells
    const isFull = [who, can, stoppedBy, remains].every((cell) => cell !== undefined && cell !== '')
    if (cells.length !== 5 || !isFull) return [`${path}: the row of "${who ?? ''}" lacks a cell`]
    const isShown = shownBy === 'no test' || matches(shownBy ?? '', TEST).length > 0
    return isShown ? [] : [`${path}: the row of "${who ?? ''}" names no test`]
  })
}

/** The rows of the threat table, its heading first, each as its trimmed cells. */
export function threatRows(text: string): string[][] {
  return matches(text, ROW).map((row) => row.split('|').map((cell) => cell.trim()))
}

function isAt(path: string, named: string): boolean {
  return named.endsWith('/') ? path.startsWith(named) : path === named
}

/** Tells whether a test file gives a test, or a row of a table of tests, exactly that name. */
function hasTest(files: readonly SourceFile[], path: string, name: string): boolean {
  const text = files.find((file) => file.path === path)?.text ?? ''
  const names = [...text.matchAll(/(?:\b(?:test|it)[\w.]*\(|\bname:)\s*(['"`])(.*?)(?<!\\)\1/g)]
  return names.some(([, , found]) => found?.replaceAll("\\'", "'") === name)
}

/** The first group of each match that took part in it. */
function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, ...groups]) => groups.find((group) => group) ?? '')
}
