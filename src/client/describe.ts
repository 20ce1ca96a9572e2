import type { Statement } from '#core/act-bodies.ts'
import type { VerifiedSupport } from '#core/verify-receipt.ts'

/** The languages that these sentences are written in. */
export const DESCRIBED_LANGUAGES = ['en', 'fr'] as const
/** One of `DESCRIBED_LANGUAGES`. */
export type DescribedLanguage = (typeof DESCRIBED_LANGUAGES)[number]

/** Who stands behind a notice, as a receipt proves it. */
export interface Standing {
  /** The DNS domain of the filing party. */
  readonly filer: string
  readonly supports: readonly VerifiedSupport[]
  readonly marks: readonly string[]
  readonly status: 'logged' | 'not verified' | 'witnessed'
  readonly witnessed: number
  readonly witnessQuorum: number
}

interface Words {
  /** Joins two names, or the last two of several. */
  readonly and: string
  readonly state: (names: string, count: number) => string
  readonly alone: (name: string) => string
  readonly statements: { readonly [S in Statement]: (filer: string) => string }
  readonly rest: (filer: string) => string
  readonly marks: Readonly<Record<string, (name: string) => string>>
  readonly status: (standing: Standing) => string
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

const WORDS: { readonly [L in DescribedLanguage]: Words } = {
  en: {
    and: ' and ',
    state: (names, count) => `${names} ${count === 1 ? 'states' : 'state'}: `,
    alone: (name) => `${name} alone states: `,
    statements: {
      issuer_is_genuine: (filer) => `this notice really comes from ${filer}.`,
      method_reviewed: (filer) => `how ${filer} came to its findings was reviewed.`,
      own_customers_notified: () => 'they notified customers of their own of this attack.',
      same_actor_seen: () => 'they saw the same attackers in their own systems.',
    },
    rest: () => 'everything that this notice says about you.',
    marks: {
      'party-suspended': (name) => `Careful: ${name} has since been suspended from the coalition.`,
      'signer-compromised': (name) =>
        `Careful: a key with which ${name} signed has since been reported stolen.`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': 'Not verified: there is no receipt for this notice yet.',
        logged:
          witnessQuorum === 0
            ? 'Verified: the notice stands in the public log. This coalition has no outside witnesses.'
            : `Not witnessed yet: ${String(witnessed)} of the ${String(witnessQuorum)} witnesses needed have confirmed the public log.`,
        witnessed: `Verified: the notice stands in the public log, confirmed by ${String(witnessed)} witnesses (${String(witnessQuorum)} needed).`,
      })[status],
  },
  fr: {
    and: ' et ',
    state: (names, count) => `${names} ${count === 1 ? 'déclare' : 'déclarent'} : `,
    alone: (name) => `${name} est seul à déclarer : `,
    statements: {
      issuer_is_genuine: (filer) => `cet avis vient bien de ${filer}.`,
      method_reviewed: (filer) =>
        `la façon dont ${filer} est arrivé à ses conclusions a été examinée.`,
      own_customers_notified: () => 'avoir averti leurs propres clients de cette attaque.',
      same_actor_seen: () => 'avoir vu les mêmes attaquants dans leurs propres systèmes.',
    },
    rest: () => 'tout ce que cet avis dit de vous.',
    marks: {
      'party-suspended': (name) => `Attention : ${name} a depuis été suspendu de la coalition.`,
      'signer-compromised': (name) =>
        `Attention : une clé avec laquelle ${name} a signé a depuis été déclarée volée.`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': 'Non vérifié : il n’y a pas encore de reçu pour cet avis.',
        logged:
          witnessQuorum === 0
            ? 'Vérifié : l’avis figure dans le journal public. Cette coalition n’a pas de témoins extérieurs.'
            : `Pas encore attesté : ${String(witnessed)} des ${String(witnessQuorum)} témoins nécessaires ont confirmé le journal public.`,
        witnessed: `Vérifié : l’avis figure dans le journal public, confirmé par ${String(witnessed)} témoins (${String(witnessQuorum)} nécessaires).`,
      })[status],
  },
}

/**
 * Says who stands behind a notice, from what its receipt proves and from these words alone, never from anything that somebody signed.
 *
 * One sentence per statement with everybody who makes it, then what the filer states alone, what became known of signers, and the proof.
 */
export function describeStanding(
  standing: Standing,
  language: DescribedLanguage,
): readonly string[] {
  const words = WORDS[language]
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
    return [
      `${words.state(join(names, words.and), names.length)}${words.statements[statement](filer)}`,
    ]
  })
  return [
    ...shared,
    `${words.alone(filer)}${words.rest(filer)}`,
    ...markSentences(standing, words),
    words.status(standing),
  ]
}

function markSentences({ filer, marks, supports }: Standing, words: Words): readonly string[] {
  const marked = [{ party: filer, marks }, ...supports]
  return marked.flatMap(({ party, marks: found }) =>
    found.flatMap((mark) => words.marks[mark]?.(party) ?? []),
  )
}

function join(names: readonly string[], and: string): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')}${and}${last}`
}
