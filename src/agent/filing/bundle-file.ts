import { closeSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BundleSource, paddingLine } from '#client/bundle.ts'
import type { RandomBytes } from '#client/random.ts'
import { lineHash, paddedCount, parseLine } from '#core/bundle.ts'
import { lengthOf, openLineWriter, readExactly, readLines } from './line-file.ts'
import { openLineSorter } from './sorted-lines.ts'
import { spooledLines } from './spool.ts'
import { openTreeReader, openTreeWriter, type TreeReader } from './tree-file.ts'

/** What names a bundle. */
export type BundleName = Pick<BundleSource, 'count' | 'root' | 'totalBytes'>

/** A customer's place in the bundle, and their notice's in the spool. */
export interface ProductPlace {
  readonly index: number
  readonly offset: number
  readonly bytes: number
}

/** A bundle on disk. */
export interface BundleFile extends BundleSource, TreeReader {
  /** The customers' lines from the given one on, in the order of the bundle. */
  places(from: number): Generator<ProductPlace>
  /** The mailboxes' lines, in the order of the bundle. */
  mailboxes(): Generator<{ readonly index: number; readonly mailbox: string }>
}

const BUNDLE = 'bundle.ndjson'
const PLACES = 'places.ndjson'
const MAILBOXES = 'mailboxes.ndjson'
const TREE = 'tree'
/** Parts an internal line's own text from the place of its notice; it sorts before whatever a line may hold. */
const MARK = '\t'
/** Smaller than the server allows: that much is in memory at a time. */
const CHUNK_BYTES = 2 * 1024 * 1024
const LINE_FEED = 0x0a

/**
 * Makes the bundle of what was composed: all lines sorted, padded to a power of two, with their tree; durable, in flat memory.
 *
 * @throws TypeError where a line stands there twice.
 */
export function writeBundle(folder: string, random: RandomBytes): BundleName {
  const sorter = openLineSorter(folder, 'lines')
  let given = 0
  for (const { bytes, line, offset } of spooledLines(folder)) {
    sorter.add(bytes === 0 ? line : `${line}${MARK}${String(offset)} ${String(bytes)}`)
    given += 1
  }
  const count = paddedCount(given)
  for (let i = given; i < count; i++) sorter.add(paddingLine(random))
  const tree = openTreeWriter(join(folder, TREE), count)
  const [bundle, places, mailboxes] = [BUNDLE, PLACES, MAILBOXES].map((name) =>
    openLineWriter(join(folder, name)),
  )
  if (bundle === undefined || places === undefined || mailboxes === undefined)
    throw new Error('three files were opened')
  let before = ''
  let index = 0
  let totalBytes = 0
  for (const marked of sorter.sorted()) {
    const [line = '', place] = marked.split(MARK)
    if (line === before) throw new TypeError('a line stands in the bundle twice')
    bundle.add(line)
    tree.add(lineHash(line))
    if (place !== undefined) places.add(`${String(index)} ${place}`)
    else if (line.startsWith('{"mailbox"')) mailboxes.add(`${String(index)} ${mailboxOf(line)}`)
    before = line
    index += 1
    totalBytes += line.length + 1
  }
  for (const file of [bundle, places, mailboxes]) {
    file.sync()
    file.close()
  }
  return { root: tree.finish(), count, totalBytes }
}

/** Opens a bundle that was written before. */
export function openBundleFile(folder: string, name: BundleName): BundleFile {
  const file = openSync(join(folder, BUNDLE), 'r')
  const tree = openTreeReader(join(folder, TREE), name.count)
  if (lengthOf(file) !== name.totalBytes) throw new Error('the bundle is damaged')
  return {
    ...name,
    pathOf: (index) => tree.pathOf(index),
    isLineStart: (offset) =>
      offset === 0 ||
      (offset <= name.totalBytes && readExactly(file, offset - 1, 1)[0] === LINE_FEED),
    chunks: function* (fromBytes) {
      for (let offset = fromBytes; offset < name.totalBytes; ) {
        const piece = readExactly(file, offset, Math.min(CHUNK_BYTES, name.totalBytes - offset))
        const chunk = piece.subarray(0, piece.lastIndexOf(LINE_FEED) + 1)
        yield chunk
        offset += chunk.length
      }
    },
    places: function* (from) {
      let position = 0
      for (const line of readLines(join(folder, PLACES))) {
        const [index = 0, offset = 0, bytes = 0] = line.text().split(' ').map(Number)
        if (position >= from) yield { index, offset, bytes }
        position += 1
      }
    },
    mailboxes: function* () {
      for (const line of readLines(join(folder, MAILBOXES))) {
        const [index = '', mailbox = ''] = line.text().split(' ')
        yield { index: Number(index), mailbox }
      }
    },
    close: () => {
      tree.close()
      closeSync(file)
    },
  }
}

/** Removes what an unfinished attempt to make a bundle left. */
export function clearBundle(folder: string): void {
  for (const name of [BUNDLE, PLACES, MAILBOXES, TREE]) rmSync(join(folder, name), { force: true })
}

function mailboxOf(text: string): string {
  const line = parseLine(text)
  if (!line.ok || line.value.kind !== 'mailbox') throw new Error('not a line of a mailbox')
  return line.value.mailbox
}
