import {
  buildCheckList,
  type BuiltList,
  type CheckPlan,
  type CheckRow,
} from '#client/build-check-list.ts'
import type { DeriveKey } from '#client/check-notice.ts'
import { inFlight } from '#client/in-flight.ts'
import type { RandomBytes } from '#client/random.ts'
import { checkPassword, checkSalt, epochOf } from '#core/check-list.ts'
import type { Result } from '#core/result.ts'
import { DAY_SECONDS, parseInstant } from '#core/time.ts'
import { FileError } from '#agent/file-error.ts'
import { type CheckLine, CheckLineSchema, type CheckText } from '#wire/check-list.ts'
import { keysAtOnce } from './derive-key.ts'
import { type KeyFile, openKeyFile } from './key-file.ts'

/** What a list is built from, and where its keys are kept. */
export interface ListWork {
  /** Lines of JSON, `CheckLineSchema` each. */
  readonly lines: AsyncIterable<string> | Iterable<string>
  /** Where keys are kept from one release to the next; its own folder, for its owner alone. */
  readonly folder: string
  readonly genesis: string
  readonly plan: CheckPlan
  readonly derive: DeriveKey
  readonly random: RandomBytes
  readonly onProgress?: (codes: number) => void
}

/**
 * Builds a list in the background: keys that are not known yet are computed a few at a time and kept as they come, so that a process that is
 * killed goes on where it stopped, and the next release of the quarter takes seconds.
 *
 * Refuses what `buildCheckList` refuses. @throws FileError for a line that is not of its form, by its number.
 */
export async function buildList(work: ListWork): Promise<Result<BuiltList>> {
  const epoch = epochOf(work.plan.release)
  const keys = openKeyFile(work.folder, epoch)
  try {
    return await buildCheckList(
      rowsOf(work, keys, checkSalt(work.genesis, epoch)),
      work.plan,
      work.random,
    )
  } finally {
    keys.close()
  }
}

async function* rowsOf(work: ListWork, keys: KeyFile, salt: Uint8Array): AsyncGenerator<CheckRow> {
  const rows = inFlight(
    codeLines(work.lines),
    async (code) => await rowOf(work, { ...code, keys, salt }),
    keysAtOnce(),
  )
  let codes = 0
  for await (const row of rows) {
    yield row
    codes += 1
    work.onProgress?.(codes)
  }
}

/** The codes of the file, each with its text. */
async function* codeLines(
  lines: ListWork['lines'],
): AsyncGenerator<Pick<CodeLine, 'line' | 'text'>> {
  const texts = new Map<string, CheckText>()
  let lineNumber = 0
  for await (const written of lines) {
    lineNumber += 1
    const line = readLine(written, lineNumber)
    if ('id' in line) {
      texts.set(line.id, line.text)
      continue
    }
    const text = texts.get(line.text)
    if (text === undefined)
      throw new FileError(`line ${String(lineNumber)} names a text that no line before it has`)
    yield { line, text }
  }
}

interface CodeLine {
  readonly keys: KeyFile
  readonly line: Exclude<CheckLine, { readonly id: string }>
  readonly salt: Uint8Array
  readonly text: CheckText
}

async function rowOf({ derive, plan }: ListWork, code: CodeLine): Promise<CheckRow> {
  const { keys, line, salt, text } = code
  const password = checkPassword(line.code, plan.keyed === 'account' ? line.account : undefined)
  const known = keys.find(password)
  const key = known ?? (await derive(password, salt))
  if (known === undefined) keys.add(password, key)
  const sinceDay = (parseInstant(`${line.since}T00:00:00Z`) ?? 0) / DAY_SECONDS
  return { key, status: line.status, sinceDay, text }
}

function readLine(text: string, lineNumber: number): CheckLine {
  const parsed = CheckLineSchema.safeParse(jsonOf(text))
  if (parsed.success) return parsed.data
  throw new FileError(`line ${String(lineNumber)} is neither a text nor a code of its form`)
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
