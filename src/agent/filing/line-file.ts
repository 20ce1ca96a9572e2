import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'

/** A line of a file and where it stands, its line feed not counted. */
export interface PlacedLine {
  readonly offset: number
  readonly bytes: number
  /** Decodes the line; many are passed over. To be asked before the next line is. */
  text(): string
}

/** A file that lines are added to. */
export interface LineWriter {
  /** Adds a line; gives the offset at which it stands. */
  add(text: string): number
  /** Returns once everything added would survive a power cut. */
  sync(): void
  close(): void
}

const LINE_FEED = 0x0a
const READ_BYTES = 64 * 1024
const WRITE_CHARACTERS = 64 * 1024

/** Opens a file of lines for adding, for its owner alone. What stands behind `fromBytes` is cut off. */
export function openLineWriter(path: string, fromBytes = 0): LineWriter {
  const file = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600)
  ftruncateSync(file, fromBytes)
  let end = fromBytes
  let waiting: string[] = []
  let characters = 0
  let flushed = fromBytes
  const flush = (): void => {
    const bytes = Buffer.from(waiting.join(''))
    for (let at = 0; at < bytes.length; )
      at += writeSync(file, bytes, at, bytes.length - at, flushed + at)
    flushed += bytes.length
    waiting = []
    characters = 0
  }
  return {
    add: (text) => {
      const offset = end
      waiting.push(text, '\n')
      characters += text.length
      end += Buffer.byteLength(text) + 1
      if (characters >= WRITE_CHARACTERS) flush()
      return offset
    },
    sync: () => {
      flush()
      fdatasyncSync(file)
    },
    close: () => {
      flush()
      closeSync(file)
    },
  }
}

/** The whole lines of a file in their order; what stands behind the last line feed is left out. Nothing where there is no file. */
export function* readLines(path: string): Generator<PlacedLine> {
  if (!existsSync(path)) return
  const file = openSync(path, 'r')
  try {
    let rest = Buffer.alloc(0)
    let offset = 0
    for (;;) {
      const piece = Buffer.allocUnsafe(READ_BYTES)
      const read = readSync(file, piece, 0, READ_BYTES, null)
      if (read === 0) return
      const bytes =
        rest.length === 0 ? piece.subarray(0, read) : Buffer.concat([rest, piece.subarray(0, read)])
      let start = 0
      for (let end = bytes.indexOf(LINE_FEED); end >= 0; end = bytes.indexOf(LINE_FEED, start)) {
        const [from, to] = [start, end]
        yield {
          offset: offset + from,
          bytes: to - from,
          text: () => bytes.toString('utf8', from, to),
        }
        start = end + 1
      }
      rest = bytes.subarray(start)
      offset += start
    }
  } finally {
    closeSync(file)
  }
}

/** Reads exact bytes of an open file. @throws Error where the file ends before. */
export function readExactly(file: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; ) {
    const read = readSync(file, bytes, at, length - at, offset + at)
    if (read === 0) throw new Error('a file of this filing is shorter than it was')
    at += read
  }
  return bytes
}

/** How long an open file is. */
export function lengthOf(file: number): number {
  return fstatSync(file).size
}
