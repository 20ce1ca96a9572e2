import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Company, Customer } from './cast.ts'
import type { Stage } from './stage.ts'

/** What one company works with: the options that name its home, key and coalition. */
export interface Desk {
  readonly company: Company
  readonly customers: readonly Customer[]
  /** Options of every command of this company. */
  readonly as: readonly string[]
  /** Options of its officer's key. */
  readonly sign: readonly string[]
  /** Options for signing the customers' parts, where the officer signs by gpg. */
  readonly reporter: readonly string[]
}

/** A customer with a key of their own. */
export interface Enrolled {
  readonly account: string
  readonly home: string
  readonly mailbox: string
  readonly fingerprint: string
}

/** Writes a file of the story. */
export function writeJson(stage: Stage, path: string, value: unknown): void {
  writeText(stage, path, `${JSON.stringify(value, undefined, 2)}\n`)
}

/** Writes a file of the story. */
export function writeText(stage: Stage, path: string, text: string): void {
  const whole = join(stage.folder, path)
  mkdirSync(join(whole, '..'), { recursive: true, mode: 0o700 })
  writeFileSync(whole, text, { mode: 0o600 })
}

/** Reads a file of the story, line by line. */
export function readLines(stage: Stage, path: string): readonly string[] {
  return readFileSync(join(stage.folder, path), 'utf8').trim().split('\n')
}

/** A text member of a command's JSON. @throws Error where it is missing. */
export function field(answer: unknown, name: string): string {
  const members =
    typeof answer === 'object' && answer !== null
      ? new Map<string, unknown>(Object.entries(answer))
      : new Map<string, unknown>()
  const value = members.get(name)
  if (typeof value !== 'string') throw new Error(`a command did not print its ${name}`)
  return value
}
