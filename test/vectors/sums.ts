import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { sha256Hex } from '#core/hash.ts'

/** Writes `SHA256SUMS` for the files of a folder, as `sha256sum -c` reads it. */
export function writeSums(folder: URL): void {
  const sums = readdirSync(folder)
    .filter((file) => /\.(?:json|ndjson)$/.test(file))
    .toSorted()
    .map((file) => `${sha256Hex(readFileSync(new URL(file, folder)))}  ${file}\n`)
  writeFileSync(new URL('SHA256SUMS', folder), sums.join(''))
}
