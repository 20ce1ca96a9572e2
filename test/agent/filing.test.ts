import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { composeBundle } from '#client/bundle.ts'
import { parseCsv, CUSTOMER_COLUMNS, readCsv } from '#client/csv.ts'
import { systemRandom } from '#client/random.ts'
import { openBundleFile, writeBundle } from '#agent/filing/bundle-file.ts'
import { checkList, listedRecipients } from '#agent/filing/customer-list.ts'
import { openLineWriter, readLines } from '#agent/filing/line-file.ts'
import { openLineSorter } from '#agent/filing/sorted-lines.ts'
import { fillSpool, openSpool, readSpool } from '#agent/filing/spool.ts'
import { openTreeReader, openTreeWriter } from '#agent/filing/tree-file.ts'
import { mailboxLine, productLine } from '#client/envelope.ts'
import type { ComposedNotice } from '#client/notice.ts'
import { readRecipients } from '#client/recipients.ts'
import { concat, hex, utf8 } from '#core/bytes.ts'
import { sha256, sha256Hex } from '#core/hash.ts'
import { merkleTree, treePath, treeRoot } from '#core/log/merkle.ts'
import { assert, array, asyncProperty, constantFrom, integer, property } from 'fast-check'
import { mkdtempSync } from 'node:fs'
import { scratch } from '#test/helpers/command-line.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { accountTemplate, FACTS } from '#test/helpers/statements.ts'

const folder = scratch()
afterAll(() => {
  folder.clear()
})

function fresh(): string {
  return mkdtempSync(join(folder.path, 'f-'))
}

/** Cells and pieces of cells with everything that parsers stumble over. */
const PIECES = ['a', ',', '"', '""', '\n', '\r\n', '\r', 'é', '王', ' ', ';', '"a,b"', '"x\ny"']

test('a list read in pieces is the list read at once, wherever the pieces end', async () => {
  await assert(
    asyncProperty(
      array(constantFrom(...PIECES)),
      integer({ min: 1, max: 7 }),
      async (parts, size) => {
        const text = `account,language,facts\n${parts.join('')}`
        const whole = parseCsv(text, CUSTOMER_COLUMNS)
        const rows = readCsv(inPieces(text, size), CUSTOMER_COLUMNS)
        const found = []
        let end = await rows.next()
        for (; end.done !== true; end = await rows.next()) found.push(end.value)
        expect(end.value.ok).toBe(whole.ok)
        if (whole.ok)
          expect(found).toEqual(
            [...whole.value.rows, ...whole.value.faults].toSorted((a, b) => a.line - b.line),
          )
        else expect(end.value).toEqual(whole)
      },
    ),
    { numRuns: 500 },
  )
})

test('a list is checked in flat memory as it is at once: the same recipients, faults and repetitions', async () => {
  const template = accountTemplate()
  const rows = [
    'account,language,facts,mailbox',
    `a@x.example,en,,${'a'.repeat(32)}`,
    'B@x.example,fr,"seen=One, two",',
    'c@x.example,xx,,',
    ' b@X.example ,en,,',
    `d@x.example,en,,${'a'.repeat(32)}`,
    `a@x.example,en,,${'b'.repeat(32)}`,
    `e@x.example,en,,${'b'.repeat(32)}`,
    '"f,en,"',
    'g@x.example,en,nonsense=1,',
  ]
  const text = `\ufeff${rows.join('\r\n')}\r\n`
  const work = fresh()
  writeFileSync(join(work, 'list.csv'), text)
  const open = () => createReadStream(join(work, 'list.csv'))
  const list = accepted(await checkList(open, { folder: work, template }))
  const whole = accepted(readRecipients(text, template))
  expect([...listedRecipients(work, list)]).toEqual(whole.recipients)
  expect(list.faults).toEqual(whole.faults)
  expect([list.customers, list.faultCount]).toEqual([whole.recipients.length, whole.faults.length])
  expect(list.hash).toBe(sha256Hex(utf8(text)))
})

test('more lines than one run come out sorted, equal ones beside each other', () => {
  const lines = Array.from({ length: 60_000 }, (_, i) => sha256Hex(utf8(String(i % 59_000))))
  const sorter = openLineSorter(fresh(), 'test')
  for (const line of lines) sorter.add(line)
  expect([...sorter.sorted()]).toEqual(lines.toSorted())
})

test('lines of a file are found where they were written, also across the pieces it is read in', () => {
  const path = join(fresh(), 'lines')
  const lines = [1, 65_535, 65_536, 65_537, 200_000, 0, 3].map((length) => 'ü'.repeat(length))
  const writer = openLineWriter(path)
  const offsets = lines.map((line) => writer.add(line))
  writer.close()
  writeFileSync(path, 'half a line', { flag: 'a' })
  const found = [...readLines(path)].map((line) => [line.offset, line.bytes])
  expect(found).toEqual(lines.map((line, i) => [offsets[i], Buffer.byteLength(line)]))
  const texts: string[] = []
  for (const line of readLines(path)) texts.push(line.text())
  expect(texts).toEqual(lines)
})

test.each([1, 2, 64, 128, 256, 4096])(
  'a tree of %i leaves on disk has the root and paths of RFC 6962',
  (count) => {
    const leaves = Array.from({ length: count }, (_, i) =>
      sha256(utf8(`${String(count)} ${String(i)}`)),
    )
    const path = join(fresh(), 'tree')
    const writer = openTreeWriter(path, count)
    for (const leaf of leaves) writer.add(leaf)
    const tree = merkleTree(leaves)
    expect(writer.finish()).toBe(hex(treeRoot(tree)))
    const reader = openTreeReader(path, count)
    assert(
      property(integer({ min: 0, max: count - 1 }), (index) => {
        expect(reader.pathOf(index)).toEqual(treePath(tree, index).map(hex))
      }),
    )
    reader.close()
  },
)

test('a bundle on disk is the one composed in memory from the same lines, and every product is found by its place', async () => {
  const work = fresh()
  const composed = Array.from({ length: 1500 }, (_, i) => told(i, i % 3 === 0))
  await fillSpool(work, from(composed), { from: readSpool(work), onProgress: () => undefined })
  let drawn = 0
  const random = (length: number) => concat(sha256(utf8(String(drawn++)))).subarray(0, length)
  const written = writeBundle(work, random)
  drawn = 0
  const lines = composed.flatMap(({ mailboxLine: own, product }) =>
    [product?.line, own].filter((line) => line !== undefined),
  )
  const whole = composeBundle(lines, random)
  expect(written).toEqual({ root: whole.root, count: whole.count, totalBytes: whole.totalBytes })
  const bundle = openBundleFile(work, written)
  expect(Buffer.concat([...bundle.chunks(0)]).toString()).toBe(`${whole.lines.join('\n')}\n`)
  const spool = openSpool(work)
  const places = [...bundle.places(0)]
  expect(places).toHaveLength(1500)
  for (const { bytes, index, offset } of places) {
    const { salt } = spool.read(offset, bytes)
    const one = composed.find(({ product }) => product?.salt === salt)
    expect(whole.lines[index]).toBe(one?.product?.line)
    expect(spool.read(offset, bytes).signed).toBe(one?.product?.signed)
    expect(bundle.pathOf(index)).toEqual(whole.pathOf(index))
  }
  expect([...bundle.places(1400)]).toEqual(places.slice(1400))
  expect([...bundle.mailboxes()]).toHaveLength(500)
  for (const offset of [0, 84, 85, bundle.totalBytes - 1, bundle.totalBytes, bundle.totalBytes + 1])
    expect(bundle.isLineStart(offset), String(offset)).toBe(whole.isLineStart(offset))
  spool.close()
  bundle.close()
})

test('a spool that was cut off anywhere goes on with whole records and loses no other', async () => {
  const composed = [told(0, true), untold(1), told(2, false), told(3, true)]
  const whole = fresh()
  const full = await fillSpool(whole, from(composed), {
    from: readSpool(whole),
    onProgress: () => undefined,
  })
  const bytes = readFileSync(join(whole, 'composed'))
  expect(full).toMatchObject({ told: 3, recipients: 4, lastRow: 5, bytes: bytes.length })
  for (let length = 0; length <= bytes.length; length += 7) {
    const cut = fresh()
    writeFileSync(join(cut, 'composed'), bytes.subarray(0, length))
    const state = readSpool(cut)
    const rest = composed.filter(({ recipient }) => recipient.line > state.lastRow)
    expect(state.recipients + rest.length).toBe(4)
    await fillSpool(cut, from(rest), { from: state, onProgress: () => undefined })
    expect(readFileSync(join(cut, 'composed')).equals(bytes), String(length)).toBe(true)
  }
})

test('padding is random', () => {
  const roots = [fresh(), fresh()].map((work) => writeBundle(work, systemRandom).root)
  expect(roots[0]).not.toBe(roots[1])
})

function told(i: number, hasMailbox: boolean): ComposedNotice {
  const salt = sha256Hex(utf8(`salt ${String(i)}`))
  const message = sha256(utf8(String(i)))
  const mailbox = sha256Hex(message)
    .replace(/[^a-f2-7]/g, 'q')
    .slice(0, 32)
  return {
    recipient: { account: `${String(i)}@x.example`, language: 'en', facts: FACTS, line: i + 2 },
    product: { line: productLine(sha256Hex(utf8(salt))), salt, signed: `c2ln${'bmVk'.repeat(i)}` },
    ...(hasMailbox ? { mailboxLine: mailboxLine(mailbox, message) } : {}),
  }
}

function untold(i: number): ComposedNotice {
  const { recipient } = told(i, false)
  const refusal = { reason: 'language-missing' } as const
  return { recipient, undeliverable: { line: i + 2, lost: 'notice', refusal } }
}

async function* from<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item)
}

async function* inPieces(text: string, size: number): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += size)
    yield await Promise.resolve(text.slice(at, at + size))
}
