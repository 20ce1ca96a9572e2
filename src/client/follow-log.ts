import { sameBytes } from '#core/bytes.ts'
import { decodeFrontier, encodeFrontier, frontierRoot } from '#core/log/frontier.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type ChainFault, chainFaults, type LoggedLink } from './audit.ts'
import { fetchDirectory } from './directory.ts'
import type { Api } from './http.ts'
import { fetchLog } from './log.ts'
import { type LogLook, waitingAfter } from './monitor.ts'
import type { PinStore } from './pins.ts'
import { type PublicRecord, readEntries, readRecords } from './scan-log.ts'
import { settledLinks } from './settled-links.ts'

const PIN = 'followed'

/** How far a log was followed, and what must be remembered of what was read. */
interface Followed {
  readonly size: number
  /** Hex of the frontier. */
  readonly frontier: string
  /** Governance records of the log, by hash: their leaf indexes. */
  readonly places: Readonly<Record<string, number>>
  readonly waiting: readonly string[]
  /** Contradictions that were found; they do not go away by themselves. */
  readonly faults: readonly ChainFault[]
}

const NOTHING: Followed = { size: 0, frontier: '', places: {}, waiting: [], faults: [] }

/**
 * Reads what the log has gained since this client followed it last, and holds every new entry against the root of the newest checkpoint,
 * every new published record against its entry, and the governance chain against both.
 *
 * Refuses what `scanLog` refuses; then nothing of this look is remembered.
 */
export async function followLog(api: Api, pins: PinStore): Promise<Result<LogLook>> {
  const followed = await readFollowed(pins)
  const seen = await fetchLog(api, pins)
  if (!seen.ok) return seen
  const { checkpoint, replay: before } = seen.value
  const from = decodeFrontier(followed.size, followed.frontier)
  if (!from.ok) throw new Error('the pin of the followed log is damaged')
  const entries = await readEntries(api, { from: from.value, size: checkpoint.size })
  if (!entries.ok) return entries
  if (!sameBytes(frontierRoot(entries.value.frontier), checkpoint.root))
    return refuse(
      'checkpoint-inconsistent',
      'the entries of the log do not give the root that it signed',
    )
  const { hashes } = entries.value
  const records = await readRecords(api, { from: followed.size, hashes })
  if (!records.ok) return records
  const after = await fetchDirectory(api, pins)
  if (!after.ok) return after
  const { chain } = after.value.directory
  const places = {
    ...followed.places,
    ...newPlaces({ from: followed.size, hashes, records: records.value, chain }),
  }
  const links = chain.map(({ hash }) => ({ hash, leafIndex: places[hash] }))
  const linksBefore = await settledLinks(api, before, Object.keys(places))
  const found = chainFaults({ links, linksBefore, records: records.value })
  const faults = [...followed.faults.filter((fault) => stillStands(fault, links)), ...found]
  const waiting = waitingAfter(followed.waiting, records.value)
  await writeFollowed(pins, {
    size: checkpoint.size,
    frontier: encodeFrontier(entries.value.frontier),
    places,
    waiting,
    // What the log lacks of the chain is looked for again at each look.
    faults: faults.filter(({ kind }) => kind !== 'unlogged'),
  })
  return accept({ checkpoint, replay: after.value, faults, waiting })
}

/** Where the log has the links of the chain, and governance records that the chain does not show yet. */
function newPlaces(read: {
  readonly from: number
  readonly hashes: readonly string[]
  readonly records: readonly PublicRecord[]
  readonly chain: readonly { readonly hash: string }[]
}): Readonly<Record<string, number>> {
  const linked = new Set(read.chain.map(({ hash }) => hash))
  const governing = read.records.filter(
    ({ record }) => record.event !== 'directory.head' && record.prev !== undefined,
  )
  return Object.fromEntries([
    ...read.hashes.flatMap((hash, place) =>
      linked.has(hash) ? [[hash, read.from + place] as const] : [],
    ),
    ...governing.map(({ hash, leafIndex }) => [hash, leafIndex] as const),
  ])
}

/** A record that was outside the chain may have entered it since: it was committed while the chain was read. */
function stillStands(fault: ChainFault, links: readonly LoggedLink[]): boolean {
  return fault.kind !== 'outside-chain' || !links.some(({ hash }) => hash === fault.record)
}

async function readFollowed(pins: PinStore): Promise<Followed> {
  const text = await pins.read(PIN)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return text === undefined ? NOTHING : (JSON.parse(text) as Followed)
}

async function writeFollowed(pins: PinStore, followed: Followed): Promise<void> {
  await pins.write(PIN, JSON.stringify(followed))
}
