import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Json } from '#core/canonical-json.ts'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const FILE = 'check.json'

/**
 * Reads what a check answers with, in every language that has it: `<language>/check.json`.
 *
 * A bundle has no folder to read, so the build puts the result of this function in its place.
 */
export function readCheckFiles(): readonly Json[] {
  return readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => readdirSync(`${FOLDER}${name}`).includes(FILE))
    .toSorted()
    .map((name) => readJson(`${FOLDER}${name}/${FILE}`))
}

function readJson(path: string): Json {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse yields exactly Json
  return JSON.parse(readFileSync(path, 'utf8')) as Json
}
