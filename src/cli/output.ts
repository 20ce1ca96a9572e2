import type { Result } from '#core/result.ts'
import type { Arguments } from './args.ts'
import type { ExitCode } from './exit.ts'
import type { Io } from './io.ts'

/** What a command has to say: to a person or, with `--json`, to a program. Nothing in it is safe for a terminal yet. */
export interface Output {
  readonly text: string
  /** A JSON value; `undefined` where the command has printed its own. */
  readonly value: unknown
  readonly exit?: ExitCode
  /** Exact bytes, written in place of the text where nobody reads them on a screen. */
  readonly bytes?: Uint8Array
}

/** One use of a command. */
export interface Call {
  readonly args: Arguments
  readonly io: Io
}

/** Commands give their output back and print nothing themselves, so that one place makes everything safe to show. */
export type Command = (call: Call) => Promise<Result<Output>>

/** Joins the lines of an output; `undefined` ones are left out. */
export function say(lines: readonly (string | undefined)[], value: unknown): Output {
  return { text: lines.filter((line) => line !== undefined).join('\n'), value }
}

/** Columns of equal width, for a list. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
