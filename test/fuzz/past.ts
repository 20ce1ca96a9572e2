import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sha256Hex } from '#core/hash.ts'
import type { Finding } from './engine.ts'

/** Inputs that were findings: a file each, named by target and hash. */
const FOLDER = fileURLToPath(new URL('corpus/', import.meta.url))

/** The past findings of a target. */
export function pastFindings(target: string): readonly Uint8Array[] {
  if (!existsSync(FOLDER)) return []
  return readdirSync(FOLDER)
    .filter((name) => name.replace(/-[0-9a-f]{12}$/, '') === target)
    .toSorted()
    .map((name) => new Uint8Array(readFileSync(FOLDER + name)))
}

/** Writes a finding where the next run begins with it; gives the path. */
export function writeFinding({ input, target }: Pick<Finding, 'input' | 'target'>): string {
  mkdirSync(FOLDER, { recursive: true })
  const path = `${FOLDER}${target}-${sha256Hex(input).slice(0, 12)}`
  writeFileSync(path, input)
  return path
}
