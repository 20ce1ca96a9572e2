import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { gunzipSync, inflateSync } from 'node:zlib'

/** A text that must not be found, and where and in which spelling it was. */
export interface Finding {
  readonly marker: string
  readonly file: string
  readonly form: string
}

/** Compressed streams within compressed streams are opened this deep. */
const NESTING_MAX = 3
const INFLATED_BYTES_MAX = 64 * 1024 * 1024
/** Shorter pieces of base64 stand in any large file by chance. */
const PIECE_CHARACTERS_MIN = 8

interface Needle {
  readonly marker: string
  readonly form: string
  readonly bytes: Buffer
}

/**
 * Searches every byte below a folder for some texts: plain, in lower and upper case hex, in base64 at each of the three alignments (both
 * alphabets), in UTF-16 of both byte orders, and all of that within gzip and zlib streams.
 *
 * This is what somebody who seized the machine would do first.
 */
export function searchFolder(folder: string, markers: readonly string[]): readonly Finding[] {
  const needles = markers.flatMap(needlesOf)
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return files.flatMap((entry) => {
    const path = join(entry.parentPath, entry.name)
    const file = relative(folder, path)
    const named = needles.filter(({ bytes }) => Buffer.from(file).includes(bytes))
    return [...named, ...searchBytes(readFileSync(path), needles, 0)].map(({ marker, form }) => ({
      marker,
      file,
      form,
    }))
  })
}

/** Searches some bytes, and the compressed streams in them. */
function searchBytes(bytes: Buffer, needles: readonly Needle[], depth: number): readonly Needle[] {
  const found = needles.filter((needle) => bytes.includes(needle.bytes))
  if (depth >= NESTING_MAX) return found
  return [
    ...found,
    ...streamsIn(bytes).flatMap((stream) => searchBytes(stream, needles, depth + 1)),
  ]
}

function needlesOf(marker: string): readonly Needle[] {
  const plain = Buffer.from(marker, 'utf8')
  const little = Buffer.from(marker, 'utf16le')
  const big = Buffer.from(little).swap16()
  const texts: readonly [string, Buffer][] = [
    ['plain', plain],
    ['UTF-16 little-endian', little],
    ['UTF-16 big-endian', big],
  ]
  return texts.flatMap(([form, bytes]) => [
    { marker, form, bytes },
    { marker, form: `${form}, hex`, bytes: Buffer.from(bytes.toString('hex')) },
    {
      marker,
      form: `${form}, hex in upper case`,
      bytes: Buffer.from(bytes.toString('hex').toUpperCase()),
    },
    ...base64Pieces(bytes).map((piece) => ({
      marker,
      form: `${form}, base64`,
      bytes: Buffer.from(piece),
    })),
  ])
}

/** The characters of base64 that depend on the text alone, wherever in a group of three bytes it begins. */
function base64Pieces(bytes: Buffer): readonly string[] {
  const pieces = [0, 1, 2].flatMap((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const first = shift === 0 ? 0 : shift + 1
    const end = Math.floor(((shift + bytes.length) * 8) / 6)
    const piece = encoded.slice(first, end)
    return [piece, piece.replaceAll('+', '-').replaceAll('/', '_')]
  })
  return [...new Set(pieces)].filter((piece) => piece.length >= PIECE_CHARACTERS_MIN)
}

/** Every gzip or zlib stream that begins somewhere in the bytes. */
function streamsIn(bytes: Buffer): readonly Buffer[] {
  const streams: Buffer[] = []
  for (let at = bytes.indexOf(0x1f); at >= 0; at = bytes.indexOf(0x1f, at + 1)) {
    if (bytes[at + 1] === 0x8b && bytes[at + 2] === 0x08)
      streams.push(...inflated(() => gunzipSync(bytes.subarray(at), LENIENT)))
  }
  for (let at = bytes.indexOf(0x78); at >= 0; at = bytes.indexOf(0x78, at + 1)) {
    const header = 0x7800 + (bytes[at + 1] ?? 0)
    if (header % 31 === 0) streams.push(...inflated(() => inflateSync(bytes.subarray(at), LENIENT)))
  }
  return streams
}

/** Bytes after the stream, or a missing end, do not hide what came before. */
const LENIENT = { finishFlush: 2, maxOutputLength: INFLATED_BYTES_MAX } as const

function inflated(open: () => Buffer): readonly Buffer[] {
  try {
    const stream = open()
    return stream.length > 0 ? [stream] : []
  } catch {
    return []
  }
}
