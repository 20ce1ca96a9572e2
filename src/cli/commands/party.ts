import { type ActBodies, PARTY_KINDS, type PolicyRule } from '#core/act-bodies.ts'
import { explainPolicy, type PolicyMeaning } from '#client/policy.ts'
import { accept, refuse } from '#core/result.ts'
import { openOfficer, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { withHome } from '#cli/home.ts'
import { type Command, say, table } from '#cli/output.ts'
import { UsageError } from '#cli/usage-error.ts'
import { freshDirectory, partyTable, partyValues } from './directory.ts'
import { act, officerEntry, readDuties, splitLast } from './officer.ts'

const REASONS: readonly ActBodies['party.suspend']['reason'][] = [
  'compromised',
  'conduct',
  'inactive',
  'left',
]

/** `party admit` */
export const admit: Command = async (call) => {
  const named = call.args.maybe('kind') ?? 'member'
  const kind = PARTY_KINDS.find((known) => known === named)
  if (kind === undefined) throw new UsageError(`--kind is one of ${PARTY_KINDS.join(', ')}`)
  const files = call.args.list('officer')
  if (files.length === 0)
    throw new UsageError('--officer is missing: a party has at least one admin')
  const officers = await Promise.all(files.map(async (file) => await officerEntry(call, file)))
  return await act(call, 'party.admit', { domain: call.args.argument(0), kind, officers })
}

/** `party suspend` */
export const suspend: Command = async (call) => {
  const named = call.args.text('reason')
  const reason = REASONS.find((known) => known === named)
  if (reason === undefined) throw new UsageError(`--reason is one of ${REASONS.join(', ')}`)
  return await act(call, 'party.suspend', { domain: call.args.argument(0), reason })
}

/** `party policy` */
export const policy: Command = async (call) => {
  const rules = call.args.list('rule').map((text): PolicyRule => {
    const { before, after } = splitLast(text, '=', 'TYPE=DUTIES')
    return { duties: readDuties(after), type: before }
  })
  const sorted = rules.toSorted((a, b) => (a.type < b.type ? -1 : 1))
  const wanted = { rules: sorted, two_officers: call.args.flag('two-officers') }
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const party = actor.value.replay.directory.parties.get(actor.value.party)
    if (party === undefined) return refuse('party-unknown', actor.value.party)
    const meaning = explainPolicy(party, wanted)
    const lines = meaningLines(meaning)
    if (call.args.flag('explain')) return accept(say(lines, { ...wanted, ...meaning }))
    if (meaning.stuck.length > 0 && !call.args.flag('anyway'))
      return refuse('policy-invalid', [...meaning.stuck, STUCK].join(' '))
    const submitted = await submit(actor.value, 'party.policy', wanted)
    return submitted.ok ? accept(describeSubmitted(submitted.value, lines)) : submitted
  })
}

const STUCK = 'Add officers or duties first; --anyway sends it all the same.'

function meaningLines({ careful, lines, stuck }: PolicyMeaning): readonly string[] {
  return [
    ...lines,
    ...careful.map((text) => `Careful: ${text}`),
    ...stuck.map((text) => `Stuck: ${text}`),
  ]
}

/** `party withdraw` and `notice withdraw` */
export const withdraw: Command = async (call) =>
  await act(call, 'act.withdraw', { act: readId(call.args.argument(0)) })

/** `party list` */
export const list: Command = async (call) => {
  const replay = await freshDirectory(call)
  if (!replay.ok) return replay
  const { directory } = replay.value
  return accept(say([partyTable(directory)], partyValues(directory)))
}

/** `party show` */
export const show: Command = async (call) => {
  const replay = await freshDirectory(call)
  if (!replay.ok) return replay
  const domain = call.args.argument(0)
  const party = replay.value.directory.parties.get(domain)
  if (party === undefined) return refuse('party-unknown', domain)
  const officers = [...party.officers.values()].map(({ duties, fingerprint, status }) => [
    fingerprint,
    status,
    duties.join(', '),
  ])
  const meaning = explainPolicy(party, { rules: party.rules, two_officers: party.twoOfficers })
  return accept(
    say(
      [
        `party   ${domain}`,
        `kind    ${party.kind}`,
        `status  ${party.status}`,
        '',
        ...meaningLines(meaning),
        '',
        table([['officer', 'status', 'duties'], ...officers]),
      ],
      partyValues(replay.value.directory).find((value) => isNamed(value, domain)),
    ),
  )
}

/** @throws UsageError for anything but an act id. */
export function readId(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text)) throw new UsageError('an act id is 64 hex digits')
  return text
}

function isNamed(value: unknown, domain: string): boolean {
  return typeof value === 'object' && value !== null && 'domain' in value && value.domain === domain
}
