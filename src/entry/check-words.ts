import { readCheckFiles } from '#templates/check'
import { type CheckWords, parseCheckWords } from '#wire/check-words.ts'

/**
 * What a check answers with, by language.
 *
 * @throws Error when a file does not hold together: a release with half an answer must not start.
 */
export function shippedCheckWords(): ReadonlyMap<string, CheckWords> {
  return new Map(
    readCheckFiles().map((file) => {
      const words = parseCheckWords(file)
      if (!words.ok) throw new Error(`check.json: ${words.refusal.detail ?? ''}`)
      return [words.value.language, words.value] as const
    }),
  )
}
