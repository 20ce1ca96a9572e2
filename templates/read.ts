import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Json } from '#core/canonical-json.ts'

/** The parsed files of this folder: one `template.json` per kind, and its text in each language. */
export interface TemplateFiles {
  readonly kind: Json
  readonly texts: readonly Json[]
}

const folder = fileURLToPath(new URL('.', import.meta.url))

/**
 * Reads every template that comes with the release: `<kind>/template.json` and `<language>/<kind>.json`.
 *
 * A bundle has no folder to read, so the build puts the result of this function in its place.
 */
export function readTemplateFiles(): readonly TemplateFiles[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted()
  return names.flatMap((kind) => {
    const kindFile = readJson(`${folder}${kind}/template.json`)
    if (kindFile === undefined) return []
    const texts = names.map((language) => readJson(`${folder}${language}/${kind}.json`)).filter((text) => text !== undefined)
    return [{ kind: kindFile, texts }]
  })
}

function readJson(path: string): Json | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse yields exactly Json
    return JSON.parse(readFileSync(path, 'utf8')) as Json
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
