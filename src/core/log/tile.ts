import { concat } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { isCount, parseDecimal } from './decimal.ts'
import { HASH_BYTES, isHash } from './merkle.ts'

/** How many hashes or entries a full tile holds. */
export const TILE_WIDTH = 256
/** The longest entry that its two-byte length can announce. */
export const ENTRY_BYTES_MAX = 65_535

const LEVEL_MAX = 63
const TILE_PATH =
  /^tile\/(0|[1-9][0-9]?|entries)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/
/** Longer than any path that this log can have: the pattern must not walk through megabytes. */
const TILE_PATH_CHARS_MAX = 64

/** A tile of hashes: at level 0 of leaves, above of full tiles. */
export interface HashTile {
  readonly kind: 'hashes'
  readonly level: number
  readonly index: number
  /** How many hashes it holds, from 1 to 256; a full tile has 256. */
  readonly width: number
}

/** A bundle of log entries. */
export interface EntryTile {
  readonly kind: 'entries'
  readonly index: number
  /** How many entries it holds, from 1 to 256; a full bundle has 256. */
  readonly width: number
}

/** How many hashes the tile holds in a tree of that size: 0, where there is no such tile, to 256. */
export function tileWidth(tile: { level: number; index: number; size: number }): number {
  // Powers of two are exact as doubles, so that levels beyond 2^53 leaves come out as empty.
  const hashesInLevel = Math.floor(tile.size / TILE_WIDTH ** tile.level)
  return Math.max(0, Math.min(TILE_WIDTH, hashesInLevel - tile.index * TILE_WIDTH))
}

/**
 * The path of a tile below the log's prefix, such as `tile/0/x001/x234/067` or `tile/entries/000.p/3`.
 *
 * @throws RangeError when there can be no such tile.
 */
export function tilePath(tile: HashTile | EntryTile): string {
  if (!isPossible(tile)) throw new RangeError('no such tile')
  const level = tile.kind === 'entries' ? 'entries' : String(tile.level)
  const partial = tile.width === TILE_WIDTH ? '' : `.p/${tile.width}`
  return `tile/${level}/${groups(tile.index)}${partial}`
}

/** Reads the path of a tile in its one spelling; refuses every other with `tile-malformed`. */
export function parseTilePath(path: string): Result<HashTile | EntryTile> {
  const match = path.length <= TILE_PATH_CHARS_MAX ? TILE_PATH.exec(path) : null
  if (match === null) return refuse('tile-malformed', 'This is not the path of a tile.')
  const [, level = '', index = '', partial] = match
  const width = partial === undefined ? TILE_WIDTH : Number(partial)
  const position = { index: Number(index.replaceAll(/[x/]/g, '')), width }
  const tile: HashTile | EntryTile =
    level === 'entries'
      ? { kind: 'entries', ...position }
      : { kind: 'hashes', level: parseDecimal(level) ?? LEVEL_MAX + 1, ...position }
  return isPossible(tile) && tilePath(tile) === path
    ? accept(tile)
    : refuse('tile-malformed', 'This is not the path of a tile.')
}

/** Tells whether a log of at most 2^53 - 1 entries can have this tile. */
function isPossible(tile: HashTile | EntryTile): boolean {
  const level = tile.kind === 'entries' ? 0 : tile.level
  const leavesPerTile = TILE_WIDTH ** (level + 1)
  return (
    isCount(level) &&
    level <= LEVEL_MAX &&
    isCount(tile.index) &&
    tile.index * leavesPerTile <= Number.MAX_SAFE_INTEGER &&
    isCount(tile.width) &&
    tile.width >= 1 &&
    tile.width <= TILE_WIDTH
  )
}

/** Writes 1234067 as `x001/x234/067`, so that no folder grows beyond a thousand names. */
function groups(index: number): string {
  let text = threeDigits(index)
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    text = `x${threeDigits(rest)}/${text}`
  }
  return text
}

function threeDigits(number: number): string {
  return String(number % 1000).padStart(3, '0')
}

/** Takes a tile of hashes apart; refuses with `tile-malformed` any length but that of `width` hashes. */
export function splitTile(bytes: Uint8Array, width: number): Result<readonly Uint8Array[]> {
  if (bytes.length !== width * HASH_BYTES) {
    return refuse('tile-malformed', 'The tile does not have the length that its width asks for.')
  }
  const hashes: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += HASH_BYTES) {
    hashes.push(bytes.slice(start, start + HASH_BYTES))
  }
  return accept(hashes)
}

/**
 * Joins the hashes of a tile.
 *
 * @throws RangeError when a hash is not 32 bytes, or there are none or more than 256.
 */
export function joinTile(hashes: readonly Uint8Array[]): Uint8Array {
  if (!hashes.every(isHash)) throw new RangeError('a hash is 32 bytes')
  if (hashes.length < 1 || hashes.length > TILE_WIDTH) throw new RangeError('no such tile')
  return concat(...hashes)
}

/**
 * Writes an entry bundle: each entry after its length as two bytes, big end first.
 *
 * @throws RangeError when an entry is longer than 65,535 bytes, or there are none or more than 256.
 */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length < 1 || entries.length > TILE_WIDTH) throw new RangeError('no such bundle')
  if (entries.some((entry) => entry.length > ENTRY_BYTES_MAX))
    throw new RangeError('entry too long')
  return concat(...entries.flatMap((entry) => [lengthBytes(entry.length), entry]))
}

/** Reads a bundle of exactly `width` entries with nothing after them; refuses all else with `tile-malformed`. */
export function decodeEntryBundle(bytes: Uint8Array, width: number): Result<readonly Uint8Array[]> {
  const entries: Uint8Array[] = []
  // An entry that is cut short takes the offset beyond the end, which the last comparison refuses.
  let offset = 0
  while (offset < bytes.length && entries.length < width) {
    const [high, low] = bytes.subarray(offset, offset + 2)
    if (high === undefined || low === undefined) break
    const end = offset + 2 + high * 256 + low
    entries.push(bytes.slice(offset + 2, end))
    offset = end
  }
  return entries.length === width && width >= 1 && offset === bytes.length
    ? accept(entries)
    : refuse(
        'tile-malformed',
        'The entry bundle does not hold the entries that its width asks for.',
      )
}

function lengthBytes(length: number): Uint8Array {
  return Uint8Array.of(Math.floor(length / 256), length % 256)
}
