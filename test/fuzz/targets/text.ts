import { formatLine, parseLine, splitChunk } from '#core/bundle.ts'
import { base64, fromUtf8, hex, utf8 } from '#core/bytes.ts'
import { canonicalJson, readCanonical } from '#core/canonical-json.ts'
import { parseCsv } from '#client/csv.ts'
import { readActRecord, readHeadRecord, recordBytes } from '#core/record.ts'
import type { Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { parseAct } from '#wire/act.ts'
import { parseStatement } from '#wire/notice.ts'
import { parseProduct } from '#wire/product.ts'
import { parseReceipt } from '#wire/receipt.ts'
import { parseSealedAct } from '#wire/sealed-act.ts'
import { parseTemplateKind, parseTemplateManifest, parseTemplateText } from '#wire/template.ts'
import { must, mustEqual, type Target } from '#test/fuzz/engine.ts'
import { readCsv } from '#test/fuzz/naive-csv.ts'
import { isCanonical } from '#test/fuzz/naive-json.ts'
import { digest } from '#test/fuzz/naive-merkle.ts'
import { readVectors } from '#test/vectors/schemas.ts'

/** `accepted`, or the reason of the refusal with its detail: both tell the engine where the parser has got. */
export function answerOf(result: Result<unknown>): string {
  if (result.ok) return 'accepted'
  const { detail, reason } = result.refusal
  return `${reason} ${(detail ?? '').replaceAll(/\d+/g, '0').slice(0, 80)}`
}

/** The bytes of a vector: `text`, `base64`, or a `repeat`. */
function bytesOf(given: {
  base64?: string | undefined
  repeat?: { count: number; text: string } | undefined
  text?: string | undefined
}): Uint8Array {
  if (given.repeat !== undefined) return utf8(given.repeat.text.repeat(given.repeat.count))
  if (given.base64 !== undefined) return new Uint8Array(Buffer.from(given.base64, 'base64'))
  return utf8(given.text ?? '')
}

const acts = readVectors('acts.json')
const bundle = readVectors('bundle.json')
const entity = readVectors('entity.json')
const records = readVectors('records.json')
const receipts = readVectors('receipts.json')

const actSeeds = (): Uint8Array[] => [
  ...acts.valid.map(({ text }) => utf8(text)),
  ...acts.refused.map(bytesOf),
]
const ACT_WORDS = [
  ...new Set(acts.valid.flatMap(({ text }) => text.match(/"[a-z_]+":?/g) ?? [])),
  ...acts.valid.map(({ name }) => name),
]

const canonical: Target = {
  name: 'canonical-json',
  bytesMax: 70_000,
  words: [
    '{"a":0}',
    '[[',
    ']]',
    '"',
    '-0',
    '1e1',
    '\\u0041',
    '\\n',
    '\ud83d\ude00',
    'null',
    ',"b":',
  ],
  seeds: () => [
    ...actSeeds(),
    ...['0', '-1', '""', '[]', '{}', '[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]', '"\u00e9"', 'true'].map(
      utf8,
    ),
  ],
  run: (input) => {
    const read = readCanonical(input)
    must(read.ok === isCanonical(input), 'the product and the grammar do not agree')
    if (read.ok) mustEqual(canonicalJson(read.value), input, 'written again, it is not the same')
    return answerOf(read)
  },
}

const act: Target = {
  name: 'act',
  words: ACT_WORDS,
  bytesMax: 70_000,
  seeds: actSeeds,
  run: (input) => {
    const parsed = parseAct(input)
    if (!parsed.ok) return answerOf(parsed)
    const { act: value, at, expires, id, payload } = parsed.value
    mustEqual(payload, input, 'the payload is not what came')
    must(isCanonical(input), 'it is not canonical')
    must(id === hex(digest(input)), 'the id is not the hash')
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an act holds JSON alone
    const again = canonicalJson(value as unknown as Parameters<typeof canonicalJson>[0])
    mustEqual(again, input, 'something in it was not read')
    must(formatInstant(at) === value.at && formatInstant(expires) === value.expires, 'other times')
    return `accepted ${value.type}`
  },
}

const record: Target = {
  name: 'record',
  words: [
    '"prev":',
    '"directory":',
    '"adopted"',
    '"lapsed"',
    '"event":"directory.head"',
    '"size":',
  ],
  seeds: () => [...records.valid, ...records.refused].map(({ text }) => utf8(text)),
  run: (input) => {
    const asAct = readActRecord(input)
    const asHead = readHeadRecord(input)
    must(!asAct.ok || !asHead.ok, 'it is a record of both forms')
    for (const read of [asAct, asHead])
      if (read.ok) mustEqual(recordBytes(read.value), input, 'written again, it is not the same')
    return `${answerOf(asAct)}, ${answerOf(asHead)}`
  },
}

const line: Target = {
  name: 'bundle-line',
  words: ['{"commitment":"', '{"mailbox":"', '","message":"', '"}'],
  bytesMax: 140_000,
  seeds: () => [
    ...bundle.paths.map(({ line: text }) => utf8(text)),
    ...bundle.lines_refused.map(bytesOf),
    utf8(`{"mailbox":"${'a'.repeat(32)}","message":"AAAA"}`),
  ],
  run: (input) => {
    const text = fromUtf8(input)
    if (text === undefined) return 'not text'
    const parsed = parseLine(text)
    if (parsed.ok) {
      const { value } = parsed
      const message = value.kind === 'mailbox' ? base64(value.message) : ''
      must(formatLine(value, message) === text, 'the line has another spelling')
      must(isCanonical(input), 'the line is not canonical JSON')
    }
    return answerOf(parsed)
  },
}

const chunk: Target = {
  name: 'bundle-chunk',
  words: ['\n', '\n\n', '{"commitment":"', '"}\n'],
  seeds: () => {
    const lines = bundle.paths.map(({ line: text }) => `${text}\n`).toSorted()
    return [
      utf8(lines.join('')),
      ...lines.map((one) => utf8(one)),
      ...bundle.chunks_refused.map(bytesOf),
    ]
  },
  run: (input) => {
    const last = bundle.paths[0]?.line ?? ''
    const verdicts = ['', last].map((before) => {
      const lines = splitChunk(input, before)
      if (!lines.ok) return answerOf(lines)
      mustEqual(utf8(lines.value.map((text) => `${text}\n`).join('')), input, 'lines are lost')
      const all = [...(before === '' ? [] : [before]), ...lines.value].map((text) => utf8(text))
      must(
        all.every((text, i) => i === 0 || Buffer.compare(all[i - 1] ?? text, text) < 0),
        'the lines do not ascend',
      )
      return 'accepted'
    })
    return verdicts.join()
  },
}

/** A parser of JSON text: what it takes must survive being written and read again. */
function jsonText(
  name: string,
  parse: (text: string) => Result<unknown>,
  seeds: readonly unknown[],
): Target {
  return {
    name,
    words: ['__proto__', '"v":1', '"chain":', '"line":', 'null'],
    bytesMax: 400_000,
    seeds: () => seeds.map((seed) => utf8(JSON.stringify(seed))),
    run: (input) => {
      const text = fromUtf8(input)
      if (text === undefined) return 'not text'
      const parsed = parse(text)
      if (!parsed.ok) return answerOf(parsed)
      const given: unknown = JSON.parse(text)
      must(sortedJson(parsed.value) === sortedJson(given), 'something in it was not read')
      const again = parse(JSON.stringify(parsed.value))
      must(
        again.ok && sortedJson(again.value) === sortedJson(parsed.value),
        'read again, it differs',
      )
      return 'accepted'
    },
  }
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

/** A parser of canonical JSON: what it takes must be the same bytes when it is written. */
function canonicalText(
  name: string,
  parse: (json: Parameters<typeof parseTemplateText>[0]) => Result<object>,
  seed: object,
): Target {
  return {
    name,
    words: ['"kind":', '"languages":[', '"version":1', '__proto__', 'constructor'],
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the vectors hold JSON alone
    seeds: () => [canonicalJson(seed as Parameters<typeof canonicalJson>[0])],
    run: (input) => {
      const json = readCanonical(input)
      if (!json.ok) return answerOf(json)
      const parsed = parse(json.value)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as above
      const value = (parsed.ok ? parsed.value : {}) as Parameters<typeof canonicalJson>[0]
      if (parsed.ok) mustEqual(canonicalJson(value), input, 'something in it was not read')
      return answerOf(parsed)
    },
  }
}

const receipt = receipts.valid[0]?.receipt
const product = {
  ...receipt?.line,
  kind: 'product',
  receipt,
  salt: '0'.repeat(64),
  signed: 'AAAA',
  v: 1,
}

/** Reads the table a second time, slowly. */
function checkRows(text: string, names: readonly string[], rows: readonly string[][]): void {
  const [header = [], ...body] = readCsv(text.replace(/^\ufeff/, ''))
  const places = names.map((name) => header.map((one) => one.trim().toLowerCase()).indexOf(name))
  const theirs = body.map((cells) => places.map((place) => cells[place] ?? ''))
  must(JSON.stringify(theirs) === JSON.stringify(rows), 'the second reader finds other cells')
}

function quoted(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`
}

const csv: Target = {
  name: 'csv',
  words: [
    'account,language,facts',
    'mailbox',
    'fingerprint',
    '"',
    '""',
    ',',
    '\r\n',
    ';',
    '\ufeff',
  ],
  seeds: () =>
    [
      'account,language,facts\na@b.example,en,x\n',
      'facts,account,language\r\n"a,""b""\nc",d,fr\r\n\r\n',
      '\ufeffaccount,language,facts,mailbox,fingerprint\n1,2,3,4,5\n1,2,3\n"1"x,2,3,4,5',
    ].map(utf8),
  run: (input) => {
    const text = fromUtf8(input)
    if (text === undefined) return 'not text'
    const columns = { required: ['account', 'language', 'facts'], optional: ['mailbox'] }
    const table = parseCsv(text, columns)
    if (!table.ok) return answerOf(table)
    const names = [...columns.required, ...columns.optional]
    const rows = table.value.rows.map(({ cells }) => names.map((name) => cells[name] ?? ''))
    if (table.value.faults.length === 0) checkRows(text, names, rows)
    const again = parseCsv(
      [names, ...rows].map((row) => row.map(quoted).join()).join('\n'),
      columns,
    )
    must(again.ok && again.value.faults.length === 0, 'what was read cannot be written')
    const cells = again.value.rows.map((row) => names.map((name) => row.cells[name] ?? ''))
    must(JSON.stringify(cells) === JSON.stringify(rows), 'written and read again, it differs')
    return `accepted ${table.value.faults.map(({ reason }) => reason.replaceAll(/\d+/g, '0'))[0] ?? ''}`
  },
}

/** Everything that is text or JSON. */
export const TEXT_TARGETS: readonly Target[] = [
  canonical,
  act,
  record,
  line,
  chunk,
  csv,
  jsonText(
    'sealed-act',
    (text) => {
      const parsed = parseSealedAct(safeJson(text))
      if (!parsed.ok) return parsed
      const { payload, signatures } = parsed.value
      return { ok: true, value: { payload: base64(payload), signatures } }
    },
    acts.valid.slice(0, 3).map(({ text }) => ({ payload: base64(utf8(text)), signatures: ['x'] })),
  ),
  jsonText(
    'receipt-file',
    parseReceipt,
    receipts.valid.map((one) => one.receipt),
  ),
  jsonText('product', parseProduct, [product]),
  canonicalText('template-manifest', parseTemplateManifest, entity.manifest),
  canonicalText('template-kind', parseTemplateKind, kindOf(entity.manifest)),
  canonicalText('template-text', parseTemplateText, entity.text),
  canonicalText('statement', parseStatement, entity.statement),
]

/** A manifest without the hashes of its texts. */
function kindOf(manifest: typeof entity.manifest): object {
  return Object.fromEntries(Object.entries(manifest).filter(([name]) => name !== 'languages'))
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
