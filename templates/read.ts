import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Json } from '#core/canonical-json.ts'

/** Parsed files of one folder by their names without `.json`. */
export type TemplateFolder = Readonly<Record<string, Json>>

/** The parsed files of a folder of templates, by the names of its own folders: `kinds`, and one for each language. */
export type TemplateSources = Readonly<Record<string, TemplateFolder>>

const HERE = fileURLToPath(new URL('.', import.meta.url))

/**
 * Reads the templates that come with the release, as `README.md` beside this file describes them.
 *
 * A bundle has no folder to read, so the build puts the result of this function in its place.
 */
export function readTemplateFiles(): TemplateSources {
  const folders = readdirSync(HERE, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return Object.fromEntries(
    folders.map(({ name }) => [name, readFiles(`${HERE}${name}/`)] as const).toSorted(byName),
  )
}

function readFiles(folder: string): TemplateFolder {
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
  return Object.fromEntries(
    files
      .map((name) => [name.slice(0, -'.json'.length), readJson(`${folder}${name}`)] as const)
      .toSorted(byName),
  )
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}

function readJson(path: string): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse yields exactly Json
  return JSON.parse(readFileSync(path, 'utf8')) as Json
}
