import type { ActType, Duty, PartyPolicyBody } from '#core/act-bodies.ts'
import { ACT_RULES } from '#core/act-rules.ts'
import type { Officer, Party } from '#core/directory.ts'
import { dutiesFor } from '#core/quorum.ts'
import { isActType } from '#wire/act.ts'
import { TYPE_WORDS } from './act.ts'

/** What a policy would mean for a party as it is now. */
export interface PolicyMeaning {
  /** Sentences, a line each. */
  readonly lines: readonly string[]
  /** Acts that nobody could complete any more. */
  readonly stuck: readonly string[]
  /** What holds, as long as one person is there. */
  readonly careful: readonly string[]
}

/** The acts by which a party changes its officers and its policy: without them it can help itself no more. */
const SELF_HELP: readonly ActType[] = ['officer.add', 'officer.change', 'party.policy']

/** Says in words what a policy means, with the officers that a party has now, and what it would bring to a stop. */
export function explainPolicy(party: Party, policy: PartyPolicyBody): PolicyMeaning {
  const next: Party = { ...party, rules: policy.rules, twoOfficers: policy.two_officers }
  const active = [...party.officers.values()].filter(({ status }) => status === 'active')
  const types = ownTypes()
  const stuck = types.flatMap((type) => stuckBy(next, type, active))
  const careful = policy.rules.flatMap(({ duties, type }) => [
    ...idle(type),
    ...duties.flatMap((duty) => alone(duty, type, active)),
  ])
  return {
    lines: [
      policy.two_officers
        ? 'Every act needs two officers who may sign it; shutting out a stolen key needs one admin.'
        : 'Every act needs one officer, or as many as its rule names duties.',
      ...policy.rules.map(({ duties, type }) => ruleLine({ duties, type }, active)),
      'All other acts go by the usual duties.',
    ],
    stuck: [...new Set(stuck)],
    careful: [...new Set(careful)],
  }
}

function ruleLine(
  { duties, type }: PartyPolicyBody['rules'][number],
  active: readonly Officer[],
): string {
  const held = duties.map((duty) => `${duty} (held by ${String(holders(duty, active).length)})`)
  const both = duties.length > 1 ? ' One officer with all of these duties is enough.' : ''
  const approval =
    type === 'notice.file' && duties.includes('counsel')
      ? ' Counsel need not sign where the notice names an approval that is in force.'
      : ''
  return `${nameOf(type)} needs the signature of ${held.join(' and of ')}.${both}${approval}`
}

function nameOf(type: string): string {
  return isActType(type) ? `${TYPE_WORDS[type]} (${type})` : type
}

/** The types that a party signs for itself. */
function ownTypes(): readonly ActType[] {
  return Object.keys(ACT_RULES)
    .filter(isActType)
    .filter((type) => ACT_RULES[type].by.includes('party'))
    .filter((type) => type !== 'session.open' && type !== 'charter.adopt')
}

function holders(duty: Duty, active: readonly Officer[]): readonly Officer[] {
  return active.filter(({ duties }) => duties.includes(duty))
}

/** An officer may sign who holds one of the duties; each duty must be among those who sign, and two must sign where the party says so. */
function stuckBy(party: Party, type: ActType, active: readonly Officer[]): readonly string[] {
  const duties = dutiesFor(party, type)
  const able =
    duties.length === 0
      ? active
      : active.filter((officer) => duties.some((duty) => officer.duties.includes(duty)))
  const unheld = duties.filter((duty) => holders(duty, active).length === 0)
  // What no officer was entitled to before is no loss by this policy.
  const isRuled = party.rules.some((rule) => rule.type === type)
  const needed = party.twoOfficers ? 2 : 1
  const help = SELF_HELP.includes(type)
    ? ' Only a new admission by the other members, after seven public days, would help.'
    : ''
  if (unheld.length > 0 && isRuled)
    return [`${nameOf(type)}: no active officer holds the duty ${unheld.join(', ')}.${help}`]
  return able.length > 0 && able.length < needed
    ? [`${nameOf(type)}: two officers must sign, and only one may (${duties.join(', ')}).${help}`]
    : []
}

function idle(type: string): readonly string[] {
  const rule = isActType(type) ? ACT_RULES[type] : undefined
  return rule?.by.includes('party') === true
    ? []
    : [`The rule for ${nameOf(type)} never applies: no party signs such acts.`]
}

function alone(duty: Duty, type: string, active: readonly Officer[]): readonly string[] {
  const [only, ...others] = holders(duty, active)
  return only !== undefined && others.length === 0
    ? [`${nameOf(type)} waits for one person: only ${only.fingerprint} holds the duty ${duty}.`]
    : []
}
