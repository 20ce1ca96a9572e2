import type { Statement } from '#core/act-bodies.ts'
import type { VerifiedSupport } from '#core/verify-receipt.ts'
import {
  type DescribedLanguage,
  type Proof,
  STANDING_WORDS,
  type StandingWords,
} from './standing-words.ts'

/** Who stands behind a notice, as a receipt proves it. */
export interface Standing extends Proof {
  /** The DNS domain of the filing party. */
  readonly filer: string
  readonly supports: readonly VerifiedSupport[]
  readonly marks: readonly string[]
}

/** What the filer states with its own notice, so that it stands beside the others who state the same. */
const STATED_BY_FILER: readonly Statement[] = ['own_customers_notified', 'same_actor_seen']
/** In the order in which a reader asks. */
const ORDER: readonly Statement[] = [
  'issuer_is_genuine',
  'same_actor_seen',
  'method_reviewed',
  'own_customers_notified',
]

/**
 * Says who stands behind a notice, from what its receipt proves and from these words alone, never from anything that somebody signed.
 *
 * One sentence per statement with everybody who makes it, then what the filer states alone, what became known of signers, and the proof.
 */
export function describeStanding(
  standing: Standing,
  language: DescribedLanguage,
): readonly string[] {
  const words = STANDING_WORDS[language]
  const { filer, supports } = standing
  const shared = ORDER.flatMap((statement) => {
    const supporters = supports
      .filter(({ statements }) => statements.includes(statement))
      .map(({ party }) => party)
    if (supporters.length === 0) return []
    const names = [
      ...(STATED_BY_FILER.includes(statement) ? [filer] : []),
      ...supporters.toSorted(),
    ]
    return [`${words.state(join(names, words), names.length)}${words.statements[statement](filer)}`]
  })
  return [
    ...shared,
    `${words.alone(filer)}${words.rest(filer)}`,
    ...markSentences(standing, words),
    words.status(standing),
  ]
}

function markSentences(
  { filer, marks, supports }: Standing,
  words: StandingWords,
): readonly string[] {
  const marked = [{ party: filer, marks }, ...supports]
  return marked.flatMap(({ party, marks: found }) =>
    found.flatMap((mark) => words.marks[mark]?.(party) ?? []),
  )
}

function join(names: readonly string[], { and, comma }: StandingWords): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(comma)}${and}${last}`
}
