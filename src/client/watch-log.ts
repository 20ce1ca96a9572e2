import { logKeysOf } from '#core/directory.ts'
import type { Refusal, RefusalReason } from '#core/refusal.ts'
import { pinnedDirectory } from './directory.ts'
import type { Expiry } from './expiry.ts'
import { followLog } from './follow-log.ts'
import { composeEvidence, type ForkEvidence } from './fork.ts'
import type { Api } from './http.ts'
import type { SeenCheckpoint } from './log.ts'
import { type Finding, judgeLog, type MonitoredParty } from './monitor.ts'
import { pinnedTree, type PinStore } from './pins.ts'

const PIN = 'watched'

/** Something that whoever watches a log must be told. */
export type WatchAlert =
  /** What the server shows cannot be relied on: `checkpoint-inconsistent`, `directory-broken`, … */
  | {
      readonly alert: 'log-refused'
      readonly reason: RefusalReason
      readonly detail?: string
      /** For a log that took another turn, where both checkpoints are known. */
      readonly evidence?: ForkEvidence
    }
  /** Nothing new since then, POSIX seconds: no entry or, where the charter names witnesses, no fresh cosignatures. */
  | { readonly alert: 'stale'; readonly since: number }
  | { readonly alert: 'quorum-missing'; readonly witnessed: number; readonly quorum: number }
  | { readonly alert: 'finding'; readonly finding: Finding }
  | { readonly alert: 'expires'; readonly expiry: Expiry }

/** What to watch for. */
export interface WatchSettings {
  /** Whose records are looked for; with a domain of nobody, the log alone is watched. */
  readonly party: MonitoredParty
  readonly staleSeconds: number
}

/** What one look came to. */
export interface WatchLook {
  readonly alerts: readonly WatchAlert[]
  /** Entries of the log; absent where it was refused. */
  readonly size?: number
}

/** When the log was seen to move. */
interface Watched {
  readonly size: number
  /** POSIX seconds: when this size was seen first. */
  readonly grownAt: number
}

/**
 * Looks at a log once, from where it was left: whether it only grew, holds what it published, is fresh and witnessed, and says nothing of a
 * party that the party does not know.
 *
 * @throws Outage where the server does not answer.
 */
export async function watchLog(
  api: Api,
  pins: PinStore,
  settings: WatchSettings,
): Promise<WatchLook> {
  const before = await pinnedTree(pins)
  let shown: string | undefined
  const heard: Api = {
    ...api,
    readCheckpoint: async () => {
      const note = await api.readCheckpoint()
      if (note.ok) shown = note.value
      return note
    },
  }
  const followed = await followLog(heard, pins)
  if (!followed.ok)
    return await refused(api, pins, { refusal: followed.refusal, seen: before?.note, shown })
  const { checkpoint } = followed.value
  const report = await judgeLog(api, followed.value, settings.party)
  if (!report.ok)
    return await refused(api, pins, { refusal: report.refusal, seen: undefined, shown })
  return {
    size: checkpoint.size,
    alerts: [
      ...(await freshness(pins, checkpoint, settings)),
      ...report.value.findings.map((finding) => ({ alert: 'finding', finding }) as const),
      ...report.value.expiring.map((expiry) => ({ alert: 'expires', expiry }) as const),
    ],
  }
}

/** Evidence is gathered at once: the server may show something else a moment later. */
async function refused(
  api: Api,
  pins: PinStore,
  look: {
    readonly refusal: Refusal
    readonly seen: string | undefined
    readonly shown: string | undefined
  },
): Promise<WatchLook> {
  const { detail, reason } = look.refusal
  const told = {
    alert: 'log-refused',
    reason,
    ...(detail === undefined ? {} : { detail }),
  } as const
  const { seen, shown } = look
  const isTurn = reason === 'checkpoint-inconsistent' || reason === 'checkpoint-older'
  if (!isTurn || seen === undefined || shown === undefined) return { alerts: [told] }
  const known = await pinnedDirectory(pins)
  const chain = known.ok ? known.value.directory.chain : []
  const logKeys = logKeysOf({ chain })
  return { alerts: [{ ...told, evidence: await composeEvidence(api, { logKeys, seen, shown }) }] }
}

async function freshness(
  pins: PinStore,
  checkpoint: SeenCheckpoint,
  { party, staleSeconds }: WatchSettings,
): Promise<readonly WatchAlert[]> {
  const { cosignedAt, size, witnessed, witnessQuorum: quorum } = checkpoint
  const text = await pins.read(PIN)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  const known = text === undefined ? undefined : (JSON.parse(text) as Watched)
  const grownAt = known?.size === size ? known.grownAt : party.now
  await pins.write(PIN, JSON.stringify({ size, grownAt } satisfies Watched))
  // A log without acts does not grow; with witnesses it is cosigned again all the same.
  const since = quorum > 0 ? (cosignedAt ?? grownAt) : grownAt
  return [
    ...(party.now - since > staleSeconds ? [{ alert: 'stale', since } as const] : []),
    ...(witnessed < quorum ? [{ alert: 'quorum-missing', witnessed, quorum } as const] : []),
  ]
}
