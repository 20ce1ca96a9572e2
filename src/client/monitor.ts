import type { Act, ParsedAct } from '#core/act.ts'
import type { ActType } from '#core/act-bodies.ts'
import { fromBase64 } from '#core/bytes.ts'
import { isGovernance } from '#core/party.ts'
import { accept, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import { type ChainFault, chainFaults } from './audit.ts'
import type { Api } from './http.ts'
import type { PinStore } from './pins.ts'
import { type ScannedLog, scanLog } from './scan-log.ts'
import { type Expiry, expiringOfficers } from './expiry.ts'

/** What a party knows about itself. */
export interface MonitoredParty {
  readonly domain: string
  /** Act ids of the governance acts that it filed and that took effect, and of those by others that it knows and accepts. */
  readonly known: readonly string[]
  /** POSIX seconds. */
  readonly now: number
}

/** Something that a party must look into. */
export type Finding =
  | ChainFault
  /** The party filed it, and the governance chain does not have it: a withheld retirement, for one. */
  | { readonly kind: 'withheld'; readonly act: string }
  /** The chain has it in the party's name, or about the party, and the party does not know it. */
  | { readonly kind: 'unknown'; readonly act: string; readonly type: ActType }
  /** The same, but it still waits for signatures or days. */
  | { readonly kind: 'waiting'; readonly act: string; readonly type: ActType }

/** What a monitor saw. */
export interface MonitorReport {
  /** Tree size. */
  readonly size: number
  readonly findings: readonly Finding[]
  /** Own certificates that end within 30 days. */
  readonly expiring: readonly Expiry[]
}

/**
 * Reads log and governance chain and tells a party what it must look into: own acts that were withheld, acts in its name or about it that it
 * does not know, officers that others are not shown.
 *
 * Refuses what `scanLog` refuses: then the log itself cannot be relied on.
 */
export async function monitorParty(
  api: Api,
  pins: PinStore,
  party: MonitoredParty,
): Promise<Result<MonitorReport>> {
  const scanned = await scanLog(api, pins)
  if (!scanned.ok) return scanned
  const chain = scanned.value.replay.links.flatMap(({ payload }) => readAct(payload))
  const inChain = new Set(chain.map(({ id }) => id))
  const known = new Set(party.known)
  const findings: Finding[] = [
    ...chainFaults(scanned.value),
    ...party.known
      .filter((act) => !inChain.has(act))
      .map((act) => ({ kind: 'withheld', act }) as const),
    ...unknownActs(chain, party.domain, known).map(
      ({ act, id }) => ({ kind: 'unknown', act: id, type: act.type }) as const,
    ),
  ]
  for (const id of waitingActs(scanned.value, inChain)) {
    const act = known.has(id) ? undefined : await readWaiting(api, id)
    if (act !== undefined && concerns(act, party.domain))
      findings.push({ kind: 'waiting', act: id, type: act.type })
  }
  const { directory } = scanned.value.replay
  const expiring = await expiringOfficers(directory, party.domain, party.now)
  return accept({ size: scanned.value.checkpoint.size, findings, expiring })
}

function readAct(payload: string): readonly ParsedAct[] {
  const parsed = parseAct(fromBase64(payload) ?? new Uint8Array())
  return parsed.ok ? [parsed.value] : []
}

/** Charter and first admission made the party what it is; it pinned the one and asked for the other. */
function unknownActs(
  chain: readonly ParsedAct[],
  domain: string,
  known: ReadonlySet<string>,
): readonly ParsedAct[] {
  const about = chain.filter(({ act }) => act.type !== 'charter.adopt' && concerns(act, domain))
  const founded = chain.some(
    ({ act }) =>
      act.type === 'charter.adopt' &&
      act.body.founders.some((founder) => founder.domain === domain),
  )
  const admission = founded
    ? undefined
    : about.find(({ act }) => act.type === 'party.admit' && act.body.domain === domain)
  return about.filter((parsed) => parsed !== admission && !known.has(parsed.id))
}

/** Tells whether an act is in a party's name, or changes who speaks for it. */
function concerns(act: Act, domain: string): boolean {
  if ('party' in act.by && act.by.party === domain) return true
  return (act.type === 'party.admit' || act.type === 'party.suspend') && act.body.domain === domain
}

/** Governance acts that were submitted and are not in the chain. */
function waitingActs({ records }: ScannedLog, inChain: ReadonlySet<string>): readonly string[] {
  const submitted = records.flatMap(({ record }) =>
    record.event === 'submitted' && !inChain.has(record.act) ? [record.act] : [],
  )
  return [...new Set(submitted)]
}

async function readWaiting(api: Api, id: string): Promise<Act | undefined> {
  const served = await api.readAct(id)
  if (!served.ok || served.value.status !== 'pending') return undefined
  const [parsed] = readAct(served.value.payload)
  return parsed !== undefined && parsed.id === id && isGovernance(parsed.act)
    ? parsed.act
    : undefined
}
