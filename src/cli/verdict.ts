import type { Refusal } from '#core/refusal.ts'
import { accept, type Result } from '#core/result.ts'
import { adviceOn } from './advice.ts'
import { EXIT, exitOf } from './exit.ts'
import { type Output, say } from './output.ts'

/** Refusals that are about what the user typed, and say nothing about the file. */
const TYPED: readonly Refusal['reason'][] = [
  'account-invalid',
  'check-code-malformed',
  'check-code-mistyped',
]

/**
 * The outcome of checking a file, where every way in which the check can fail means the same to whoever asked: do not rely on it.
 *
 * A byte that was changed may show as a wrong signature or as text that is no longer text; the exit code is 5 for all of them. A missing
 * key or passphrase is told as such.
 */
export function verdict<T>(checked: Result<T>, describe: (value: T) => Output): Result<Output> {
  if (checked.ok) return accept(describe(checked.value))
  const { detail, reason } = checked.refusal
  if (exitOf(reason) === EXIT.key || TYPED.includes(reason)) return checked
  const { next, sentence } = adviceOn(reason)
  const why = [`${reason}: ${sentence}`, ...(detail === undefined ? [] : [detail])]
  return accept({
    ...say(['NOT GENUINE, or damaged: do not rely on it.', ...why, `Next: ${next}`], {
      verified: false,
      refused: reason,
      ...(detail === undefined ? {} : { detail }),
    }),
    exit: EXIT.unverified,
  })
}
