import { RELEASE_SECONDS } from '#core/check-list.ts'
import type { CheckWords } from '#wire/check-words.ts'
import type { CheckAnswer, CheckFinding } from './check-notice.ts'

/** What an answer says, and in what setting. */
export interface CheckSetting {
  readonly words: CheckWords
  /** Whether a telephone desk asked, which knows the code alone. */
  readonly isDesk: boolean
  /** Parties whose lists the answer should stand on and does not. */
  readonly missing: readonly string[]
}

const HOUR_SECONDS = 3600

/** What an answer says to a customer, as lines: never whom a notice is for, and never that something is a forgery. */
export function describeAnswer(answer: CheckAnswer, setting: CheckSetting): readonly string[] {
  const { isDesk, missing, words } = setting
  const fill = filler(words)
  const found = answer.findings.flatMap((finding, index) => [
    ...(index === 0 ? [] : ['']),
    ...describeFinding(finding, setting, fill),
  ])
  const hours = String(RELEASE_SECONDS / HOUR_SECONDS)
  const notFound = [
    isDesk ? words.desk_not_found : words.not_found,
    ...words.steps.map((step, index) => `${String(index + 1)}. ${fill(step, { hours })}`),
  ]
  const filers = missing.join(', ')
  return [
    ...(answer.findings.length === 0 ? notFound : found),
    ...(missing.length === 0 ? [] : ['', fill(words.incomplete, { filers })]),
    '',
    words.never,
  ]
}

/** The parties whose lists an answer does not stand on: theirs are old, damaged, or were not shown though the roster has them. */
export function missingLists(
  { lists }: CheckAnswer,
  expected: readonly string[],
): readonly string[] {
  const good = new Set(
    lists.filter(({ fault, isFresh }) => isFresh && fault === undefined).map(({ filer }) => filer),
  )
  const all = new Set([...expected, ...lists.map(({ filer }) => filer)])
  return [...all].filter((filer) => !good.has(filer)).toSorted()
}

type Fill = (text: string, values: Readonly<Record<string, string>>) => string

function describeFinding(
  { filer, since, status, supports, text }: CheckFinding,
  { isDesk, words }: CheckSetting,
  fill: Fill,
): readonly string[] {
  const values = { filer, since, date: text.issued }
  const isInForce = status === 'valid' || status === 'published'
  const heading = status === 'valid' && isDesk ? words.desk_valid : words[status]
  const parties = supports.map(({ party }) => party).join(', ')
  return [
    fill(heading, values),
    ...(isInForce
      ? [
          '',
          ...text.blocks.flatMap((block) => [block.heading, ...block.lines, '']),
          fill(words.other, values),
        ]
      : []),
    ...(supports.length === 0 ? [] : [fill(words.supports, { parties })]),
    ...(isDesk ? [fill(words.desk_account, values)] : []),
  ]
}

/** An isolate keeps a Latin domain name from reordering the sentence around it (Unicode Bidirectional Algorithm, UAX 9). */
function filler({ direction }: CheckWords): Fill {
  return (text, values) =>
    text.replaceAll(/\{([a-z]+)\}/g, (whole, name: string) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined
      if (value === undefined) return whole
      return direction === 'rtl' ? `\u2068${value}\u2069` : value
    })
}
