import { concat } from './bytes.ts'

/** The packet types that Dunant ever looks at (RFC 9580 section 5). */
export const TAG = {
  sessionKey: 1,
  signature: 2,
  onePass: 4,
  primaryKey: 6,
  literal: 11,
  userId: 13,
  subkey: 14,
  userAttribute: 17,
  sealed: 18,
} as const

/** One packet as it stands in its bytes. */
export interface Packet {
  readonly tag: number
  /** Where the header begins. */
  readonly start: number
  /** Where the next packet begins. */
  readonly end: number
  /** Where the body lies: one piece, or several where the length came in parts. */
  readonly pieces: readonly Piece[]
}

interface Piece {
  readonly start: number
  readonly end: number
}

interface Length {
  readonly length: number
  /** The offset after the length itself. */
  readonly next: number
  readonly isPartial: boolean
}

/** Packets of data, the only ones whose length may come in parts (RFC 9580 section 4.2.1.4). */
const DATA_TAGS: ReadonlySet<number> = new Set([8, 9, 11, 18, 20])
/** No program in use writes shorter parts; a bound on their size is a bound on their number. */
const PART_BYTES_MIN = 512

/**
 * Reads the packet header at `start` and finds where the packet ends; nothing of the body is interpreted.
 *
 * `undefined` where there is no well-formed packet: bit 7 unset, tag 0, a length that runs past the end, a length of unknown extent, or parts
 * where they are not allowed.
 */
export function readPacket(bytes: Uint8Array, start: number): Packet | undefined {
  const first = bytes[start]
  if (first === undefined || (first & 0x80) === 0) return undefined
  const isNew = (first & 0x40) !== 0
  const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f
  if (tag === 0) return undefined
  const length = isNew ? newLength(bytes, start + 1) : oldLength(bytes, start + 1, first & 3)
  if (length === undefined) return undefined
  const pieces = length.isPartial
    ? parts(bytes, length, tag)
    : [{ start: length.next, end: length.next + length.length }]
  const end = pieces?.at(-1)?.end
  return pieces === undefined || end === undefined || end > bytes.length
    ? undefined
    : { tag, start, end, pieces }
}

/** Every packet of some bytes, in order; `undefined` where they are not packets alone. The caller has bounded the bytes. */
export function readPackets(bytes: Uint8Array): readonly Packet[] | undefined {
  const packets: Packet[] = []
  for (let offset = 0; offset < bytes.length; ) {
    const packet = readPacket(bytes, offset)
    if (packet === undefined) return undefined
    packets.push(packet)
    offset = packet.end
  }
  return packets
}

/** The body of a packet, joined where it came in parts. */
export function bodyOf(bytes: Uint8Array, packet: Packet): Uint8Array {
  const [only, ...others] = packet.pieces.map(({ start, end }) => bytes.subarray(start, end))
  return only !== undefined && others.length === 0
    ? only
    : concat(...(only === undefined ? [] : [only]), ...others)
}

/** How many bytes the body of a packet has. */
export function bodyBytes(packet: Packet): number {
  return packet.pieces.reduce((sum, { start, end }) => sum + end - start, 0)
}

/** Writes one packet with the shortest header of the current format. */
export function writePacket(tag: number, body: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(0xc0 | tag), writeLength(body.length), body)
}

/** Reads an unsigned big-endian number; `undefined` where it runs past the end. */
export function readNumber(bytes: Uint8Array, offset: number, count: number): number | undefined {
  let value = 0
  for (let i = offset; i < offset + count; i++) {
    const byte = bytes[i]
    if (byte === undefined) return undefined
    value = value * 256 + byte
  }
  return value
}

function writeLength(length: number): Uint8Array {
  if (length < 192) return Uint8Array.of(length)
  if (length < 8384) return Uint8Array.of(((length - 192) >> 8) + 192, (length - 192) & 0xff)
  return Uint8Array.of(
    255,
    length >>> 24,
    (length >>> 16) & 0xff,
    (length >>> 8) & 0xff,
    length & 0xff,
  )
}

function newLength(bytes: Uint8Array, offset: number): Length | undefined {
  const first = bytes[offset]
  if (first === undefined) return undefined
  if (first < 192) return { length: first, next: offset + 1, isPartial: false }
  if (first >= 224 && first < 255)
    return { length: 2 ** (first & 0x1f), next: offset + 1, isPartial: true }
  const second = readNumber(bytes, offset + 1, first === 255 ? 4 : 1)
  if (second === undefined) return undefined
  return first === 255
    ? { length: second, next: offset + 5, isPartial: false }
    : { length: (first - 192) * 256 + second + 192, next: offset + 2, isPartial: false }
}

/** Old format; type 3, a length of unknown extent, hides what follows and is refused. */
function oldLength(bytes: Uint8Array, offset: number, type: number): Length | undefined {
  if (type === 3) return undefined
  const count = 2 ** type
  const length = readNumber(bytes, offset, count)
  return length === undefined ? undefined : { length, next: offset + count, isPartial: false }
}

function parts(bytes: Uint8Array, first: Length, tag: number): readonly Piece[] | undefined {
  if (!DATA_TAGS.has(tag)) return undefined
  const pieces: Piece[] = []
  let part: Length | undefined = first
  while (part !== undefined) {
    const piece = { start: part.next, end: part.next + part.length }
    if (piece.end > bytes.length || (part.isPartial && part.length < PART_BYTES_MIN))
      return undefined
    pieces.push(piece)
    if (!part.isPartial) return pieces
    part = newLength(bytes, piece.end)
  }
  return undefined
}
