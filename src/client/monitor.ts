import type { Act, ParsedAct } from '#core/act.ts'
import type { ActType } from '#core/act-bodies.ts'
import { fromBase64 } from '#core/bytes.ts'
import { isGovernance } from '#core/party.ts'
import { accept, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import type { Replay } from '#core/replay.ts'
import { type ChainFault, chainFaults, claimOf } from './audit.ts'
import type { Api } from './http.ts'
import type { PinStore } from './pins.ts'
import type { SeenCheckpoint } from './log.ts'
import { type PublicRecord, scanLog } from './scan-log.ts'
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
  const { checkpoint, records, replay } = scanned.value
  const faults = chainFaults(claimOf(scanned.value))
  return await judgeLog(
    api,
    { checkpoint, faults, replay, waiting: waitingAfter([], records) },
    party,
  )
}

/** A log as somebody has read it, whole or from where they had stopped. */
export interface LogLook {
  readonly checkpoint: SeenCheckpoint
  readonly replay: Replay
  readonly faults: readonly ChainFault[]
  /** Act ids of public records that say `submitted`, and none that the act came to an end. */
  readonly waiting: readonly string[]
}

/** Tells a party what it must look into, in a log that was read and holds. */
export async function judgeLog(
  api: Api,
  { checkpoint, faults, replay, waiting }: LogLook,
  party: MonitoredParty,
): Promise<Result<MonitorReport>> {
  const chain = replay.links.flatMap(({ payload }) => readAct(payload))
  const inChain = new Set(chain.map(({ id }) => id))
  const known = new Set(party.known)
  const findings: Finding[] = [
    ...faults,
    ...party.known
      .filter((act) => !inChain.has(act))
      .map((act) => ({ kind: 'withheld', act }) as const),
    ...unknownActs(chain, party.domain, known).map(
      ({ act, id }) => ({ kind: 'unknown', act: id, type: act.type }) as const,
    ),
  ]
  for (const id of waiting) {
    const act = known.has(id) || inChain.has(id) ? undefined : await readWaiting(api, id)
    if (act !== undefined && concerns(act, party.domain))
      findings.push({ kind: 'waiting', act: id, type: act.type })
  }
  const expiring = await expiringOfficers(replay.directory, party.domain, party.now)
  return accept({ size: checkpoint.size, findings, expiring })
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

/** Acts that wait after some further records. */
export function waitingAfter(
  before: readonly string[],
  records: readonly PublicRecord[],
): readonly string[] {
  const waiting = new Set(before)
  for (const { record } of records) {
    if (record.event === 'directory.head') continue
    if (record.event === 'submitted') waiting.add(record.act)
    else waiting.delete(record.act)
  }
  return [...waiting]
}

async function readWaiting(api: Api, id: string): Promise<Act | undefined> {
  const served = await api.readAct(id)
  if (!served.ok || served.value.status !== 'pending') return undefined
  const [parsed] = readAct(served.value.payload)
  return parsed !== undefined && parsed.id === id && isGovernance(parsed.act)
    ? parsed.act
    : undefined
}
