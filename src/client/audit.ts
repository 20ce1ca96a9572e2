import { NO_HEAD } from '#core/act.ts'
import { hex, sameBytes } from '#core/bytes.ts'
import { splitTile, TILE_WIDTH, tileWidth } from '#core/log/tile.ts'
import type { HeadRecord } from '#core/record.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Api } from './http.ts'
import { inFlight } from './in-flight.ts'
import type { PinStore } from './pins.ts'
import { type LogProgress, type PublicRecord, type ScannedLog, scanLog } from './scan-log.ts'

/** What an audit looked at and found in order. */
export interface AuditReport {
  readonly size: number
  /** 64 hex digits. */
  readonly root: string
  /** Tiles of hashes, all levels. */
  readonly tiles: number
  readonly publicRecords: number
  /** Entries that tell nobody but their parties anything. */
  readonly privateRecords: number
  /** `directory.head` records. */
  readonly heads: number
  /** Links of the governance chain. */
  readonly governance: number
  readonly witnessed: number
  readonly witnessQuorum: number
}

/** A point in which log and governance chain contradict each other. */
export type ChainFault =
  /** A link of the chain that the log does not have: nobody else was shown it. */
  | { readonly kind: 'unlogged'; readonly record: string }
  /** A governance record of the log that the chain leaves out. */
  | { readonly kind: 'outside-chain'; readonly act: string; readonly record: string }
  /** A published head that is not the one the chain had at that size. */
  | { readonly kind: 'head-wrong'; readonly leafIndex: number }

/**
 * Audits the log: every entry and every tile against the root of the newest checkpoint, every published addendum against its entry, every
 * governance record against the chain, and every `directory.head` against the head that the chain had at that size.
 *
 * Refuses what `scanLog` refuses, `tile-malformed` for a tile of hashes that the entries do not give, and `directory-broken`.
 */
export async function auditLog(
  api: Api,
  pins: PinStore,
  onProgress?: LogProgress,
): Promise<Result<AuditReport>> {
  const scanned = await scanLog(api, pins, onProgress)
  if (!scanned.ok) return scanned
  const { checkpoint, hashes, records, replay } = scanned.value
  const tiles = await checkTiles(api, scanned.value)
  if (!tiles.ok) return tiles
  const [fault] = chainFaults(claimOf(scanned.value))
  if (fault !== undefined) return refuse('directory-broken', faultWords(fault))
  return accept({
    size: checkpoint.size,
    root: hex(checkpoint.root),
    tiles: tiles.value,
    publicRecords: records.length,
    privateRecords: hashes.length - records.length,
    heads: records.filter(({ record }) => record.event === 'directory.head').length,
    governance: replay.directory.chain.length,
    witnessed: checkpoint.witnessed,
    witnessQuorum: checkpoint.witnessQuorum,
  })
}

/** Holds every tile of hashes, on all levels, against the entries; answers how many there are. */
async function checkTiles(api: Api, { checkpoint, levels }: ScannedLog): Promise<Result<number>> {
  const { size } = checkpoint
  const tiles = levels.flatMap((nodes, level) =>
    Array.from({ length: Math.ceil(nodes.length / TILE_WIDTH) }, (_, index) => ({
      level,
      index,
      width: tileWidth({ level, index, size }),
    })),
  )
  const checked = inFlight(tiles, async ({ index, level, width }) => {
    const bytes = await api.readTile({ kind: 'hashes', level, index, width })
    const given = bytes.ok ? splitTile(bytes.value, width) : bytes
    return (
      given.ok &&
      given.value.every((hash, i) =>
        sameBytes(hash, levels[level]?.[index * TILE_WIDTH + i] ?? new Uint8Array()),
      )
    )
  })
  for await (const isRight of checked) {
    if (!isRight)
      return refuse(
        'tile-malformed',
        'a tile of hashes is missing, or is not what the entries give',
      )
  }
  return accept(tiles.length)
}

/** Where the log has the links of a chain, and what it published, as far as it was read. */
export interface ChainClaim {
  readonly links: readonly LoggedLink[]
  /** The first so many links must be in the log. */
  readonly linksBefore: number
  readonly records: readonly PublicRecord[]
}

/** Where the whole log has the links of the chain. */
export function claimOf({ hashes, linksBefore, records, replay }: ScannedLog): ChainClaim {
  const leafIndexes = new Map(hashes.map((hash, leafIndex) => [hash, leafIndex]))
  const { chain } = replay.directory
  return {
    linksBefore,
    records,
    links: chain.map(({ hash }) => ({ hash, leafIndex: leafIndexes.get(hash) })),
  }
}

/** Every point in which a log and the governance chain contradict each other. */
export function chainFaults({ links, linksBefore, records }: ChainClaim): readonly ChainFault[] {
  const linked = new Set(links.map(({ hash }) => hash))
  const unlogged = links.slice(0, linksBefore).filter(({ leafIndex }) => leafIndex === undefined)
  return [
    ...unlogged.map(({ hash }) => ({ kind: 'unlogged', record: hash }) as const),
    ...records.flatMap(({ hash, leafIndex, record }): ChainFault[] => {
      if (record.event === 'directory.head')
        return isHead(links, leafIndex, record) ? [] : [{ kind: 'head-wrong', leafIndex }]
      return record.prev === undefined || linked.has(hash)
        ? []
        : [{ kind: 'outside-chain', act: record.act, record: hash }]
    }),
  ]
}

/** A link of the chain, and where the log has it. */
export interface LoggedLink {
  readonly hash: string
  readonly leafIndex: number | undefined
}

/** A head speaks for the leaves before it, and the last link of the chain among them is the one it must name. */
function isHead(
  links: readonly LoggedLink[],
  leafIndex: number,
  { head, size }: HeadRecord,
): boolean {
  const last = links.findLast((link) => link.leafIndex !== undefined && link.leafIndex < size)
  return size === leafIndex && head === (last?.hash ?? NO_HEAD)
}

function faultWords(fault: ChainFault): string {
  switch (fault.kind) {
    case 'unlogged':
      return `the governance chain has record ${fault.record}, which the log does not have`
    case 'outside-chain':
      return `the log has the governance act ${fault.act}, which the chain leaves out`
    case 'head-wrong':
      return `entry ${String(fault.leafIndex)} of the log names a head that the chain did not have`
  }
}
