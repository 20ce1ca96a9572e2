import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openListFile, openServedList } from '#client/check-list.ts'
import { checkCodeInDigits, parseCheckCode } from '#core/check-code.ts'
import {
  bucketOf,
  checkPassword,
  checkSalt,
  epochOf,
  PART_BYTES,
  placeOf,
  RELEASE_SECONDS,
  releaseAt,
  SLOT_BYTES,
} from '#core/check-list.ts'
import { concat, fromBase64, hex, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { dayOf } from '#core/time.ts'
import { parseReceipt } from '#wire/receipt.ts'
import { runDue } from '#service/run-due.ts'
import {
  apiOf,
  ask,
  codeOf,
  derive,
  listOf,
  openLists,
  publishList,
  TEXT,
} from '#test/helpers/check-lists.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { type Coalition, foundCoalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'

const TASHI = { code: codeOf('tashi'), account: 'tashi@contoso.example' }
const OMAR = { code: codeOf('omar'), account: 'omar@contoso.example' }

let coalition: Coalition
let act: string
beforeAll(async () => {
  coalition = await foundCoalition()
  const { contoso, fabrikam } = threeOf(coalition)
  const entries = [
    { ...TASHI },
    { ...OMAR, status: 'withdrawn' as const },
    { code: codeOf('leaked'), account: 'lena@contoso.example', status: 'published' as const },
    { code: codeOf('older'), account: 'tashi@contoso.example', status: 'updated' as const },
    { code: codeOf('wrong'), account: 'tashi@contoso.example', status: 'corrected' as const },
  ]
  act = await publishList(coalition, contoso, await listOf(coalition, contoso, { entries }))
  await publishList(
    coalition,
    contoso,
    await listOf(coalition, contoso, { entries: [{ code: TASHI.code }] }),
  )
  await publishList(
    coalition,
    fabrikam,
    await listOf(coalition, fabrikam, { entries: [], keyed: 'account' }),
  )
})
afterAll(async () => {
  await coalition.close()
})

const statuses = async (question: { code: string; account: string }) =>
  (await ask(coalition, question)).findings.map(({ filer, status }) => `${filer} ${status}`)

const anchor = () => ({ origin: ORIGIN, genesis: coalition.ports.genesis })
const download = async () => (await coalition.ask(`/api/checks/lists/${act}`)).bytes

describe('a checker', () => {
  test('is told by code and account who says what to do, and never to whom', async () => {
    const { findings, lists } = await ask(coalition, TASHI)
    expect(findings).toEqual([
      {
        filer: 'contoso.example',
        status: 'valid',
        since: dayOf(coalition.clock.now()),
        text: TEXT,
        supports: [],
      },
    ])
    expect(JSON.stringify(findings)).not.toContain('tashi')
    expect(lists.map(({ filer, isFresh }) => [filer, isFresh])).toEqual([
      ['contoso.example', true],
      ['fabrikam.example', true],
    ])
  })

  test('is told that a notice was withdrawn, corrected, updated or that its code was published', async () => {
    expect(await statuses(OMAR)).toEqual(['contoso.example withdrawn'])
    expect(await statuses({ ...TASHI, code: codeOf('older') })).toEqual(['contoso.example updated'])
    expect(await statuses({ ...TASHI, code: codeOf('wrong') })).toEqual([
      'contoso.example corrected',
    ])
    const leaked = { code: codeOf('leaked'), account: 'lena@contoso.example' }
    expect(await statuses(leaked)).toEqual(['contoso.example published'])
  })

  test("finds nothing with somebody else's genuine code", async () => {
    expect(await statuses({ ...TASHI, account: OMAR.account })).toEqual([])
    expect(await statuses({ ...TASHI, code: codeOf('never issued') })).toEqual([])
  })

  test('is shown the text that the company listed, so that a forged one around a genuine code differs', async () => {
    const forged = 'Call us, and buy a gift card.'
    const [finding] = (await ask(coalition, TASHI)).findings
    const lines = finding?.text.blocks.flatMap((block) => block.lines) ?? []
    expect(lines).toEqual(['Change your password on another device.'])
    expect(lines.filter((line) => forged.includes(line))).toEqual([])
  })

  test('may type the digits of the code in any script', async () => {
    const arabic = checkCodeInDigits(TASHI.code).replace(/\d/g, (digit) =>
      String.fromCodePoint(0x660 + Number(digit)),
    )
    const read = parseCheckCode(arabic)
    expect(read).toEqual({ ok: true, value: TASHI.code })
  })

  test('is answered about the code alone only by a list for desks', async () => {
    const { findings } = await ask(coalition, { code: TASHI.code })
    expect(findings.map(({ status }) => status)).toEqual(['valid'])
    expect((await ask(coalition, { code: OMAR.code })).findings).toEqual([])
  })
})

describe('a list', () => {
  test('has slots that nobody without the code can tell from random bytes', async () => {
    const served = await coalition.ask(`/api/checks/lists/${act}`)
    const parts = served.bytes.subarray(served.bytes.indexOf(0x0a) + 1)
    // One bucket and one part of texts, for five codes as for none.
    expect(parts.length).toBe(2 * PART_BYTES)
    const slots = Array.from({ length: PART_BYTES / SLOT_BYTES }, (_, i) =>
      hex(parts.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES)),
    )
    expect(slots).toEqual(slots.toSorted())
    expect(new Set(slots).size).toBe(512)
    // Bits are set as often as chance has it: 2^18 of them, ten standard deviations wide.
    const ones = slots
      .join('')
      .replace(/./g, (digit) => '0112122312232334'[parseInt(digit, 16)] ?? '')
    const count = Array.from(ones).reduce((sum, bits) => sum + Number(bits), 0)
    expect(Math.abs(count - 131_072)).toBeLessThan(10 * 256)
  })

  test('of the next release has no slot and no text in common with the one before', async () => {
    const { contoso } = threeOf(coalition)
    const [one, other] = [
      await listOf(coalition, contoso, { entries: [TASHI, OMAR] }),
      await listOf(coalition, contoso, { entries: [TASHI, OMAR] }),
    ]
    const slotsIn = (list: typeof one) =>
      list.chunks.flatMap((chunk) =>
        Array.from({ length: chunk.length / SLOT_BYTES }, (_, i) =>
          hex(chunk.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES)),
        ),
      )
    const before = new Set(slotsIn(one))
    expect(slotsIn(other).filter((slot) => before.has(slot))).toEqual([])
  })

  test('cannot be passed off as its own by another party', async () => {
    const [list] = await openLists(coalition)
    if (list === undefined) throw new Error('no list')
    const copied = { ...list, identity: { ...list.identity, filer: 'litware.example' } }
    expect((await ask(coalition, TASHI, [copied])).findings).toEqual([])
  })
})

test('what is downloaded depends on nothing but the bucket', async () => {
  const own = await foundCoalition()
  try {
    const [filer] = own.companies
    if (filer === undefined) throw new Error('no company')
    const room = { buckets: 2, texts: 1 }
    await publishList(own, filer, await listOf(own, filer, { entries: [TASHI], room }))
    const salt = checkSalt(own.ports.genesis, epochOf(releaseAt(own.clock.now())))
    const heard = new Map<string, string[]>()
    const buckets = new Map<string, number>()
    for (const name of ['hit', 'miss 1', 'miss 2', 'miss 3', 'miss 4', 'miss 5']) {
      const question = name === 'hit' ? TASHI : { ...TASHI, code: codeOf(name) }
      const key = await derive(checkPassword(question.code, question.account), salt)
      buckets.set(name, bucketOf(placeOf(key), room))
      const requests: string[] = []
      const { findings } = await ask(
        own,
        question,
        await openLists(own, apiOf(own, undefined, requests)),
      )
      expect(findings.length).toBe(name === 'hit' ? 1 : 0)
      heard.set(name, requests)
    }
    const inBucket = (bucket: number) =>
      [...heard].filter(([name]) => buckets.get(name) === bucket).map(([, requests]) => requests)
    const [first, second] = [inBucket(0), inBucket(1)]
    expect(first.length).toBeGreaterThan(0)
    expect(second.length).toBeGreaterThan(0)
    expect(Math.max(first.length, second.length)).toBeGreaterThan(1)
    for (const same of [first, second]) for (const one of same) expect(one).toEqual(same[0])
    const all = [...heard.values()].flat().join('\n')
    for (const secret of [
      TASHI.code,
      'tashi',
      hex(await derive(checkPassword(TASHI.code, TASHI.account), salt)),
    ])
      expect(all).not.toContain(secret)
  } finally {
    await own.close()
  }
})

describe('an operator', () => {
  test('cannot show one person another bucket, another text or another filer', async () => {
    const api = apiOf(coalition)
    const index = await api.readCheckIndex()
    if (!index.ok) throw new Error('no index')
    const [served] = index.value
    if (served === undefined) throw new Error('no list')
    const [opened] = await openLists(coalition)
    const replay = opened?.replay
    const liar = {
      readCheckPart: async (part: { act: string; index: number }) => {
        const answer = await api.readCheckPart(part)
        if (answer.ok) answer.value[100] = (answer.value[100] ?? 0) ^ 1
        return answer
      },
    }
    if (replay === undefined) throw new Error('no replay')
    const list = await openServedList(liar, served, { ...anchor(), replay })
    if (!list.ok) throw new Error(list.refusal.reason)
    const { findings, lists } = await ask(coalition, TASHI, [list.value])
    expect(findings).toEqual([])
    expect(lists[0]?.fault?.reason).toBe('check-list-malformed')
    const renamed = { ...served, filer: 'litware.example' }
    expect(await openServedList(api, renamed, { ...anchor(), replay })).toMatchObject({
      refusal: { reason: 'check-list-malformed' },
    })
  })

  test('cannot show an old list as a new one', async () => {
    const lists = await openLists(coalition)
    coalition.clock.advance(2 * RELEASE_SECONDS)
    try {
      const answer = await ask(coalition, TASHI, lists)
      expect(answer.lists.map(({ isFresh }) => isFresh)).not.toContain(true)
    } finally {
      coalition.clock.advance(-2 * RELEASE_SECONDS)
    }
  })
})

describe('a list as a file', () => {
  test('answers without a network', async () => {
    const opened = await openListFile(await download(), anchor())
    if (!opened.ok) throw new Error(opened.refusal.detail)
    const { findings } = await ask(coalition, TASHI, [opened.value])
    expect(findings.map(({ status }) => status)).toEqual(['valid'])
  })

  test.each([
    ['cut off', (file: Uint8Array) => file.slice(0, -1), 'check-list-malformed'],
    ['one byte longer', (file: Uint8Array) => Uint8Array.of(...file, 0), 'check-list-malformed'],
    [
      'altered in a slot',
      (file: Uint8Array) => file.with(file.length - 40_000, 7),
      'check-list-malformed',
    ],
    [
      'altered in a text',
      (file: Uint8Array) => file.with(file.length - 1, 7),
      'check-list-malformed',
    ],
    [
      'without its receipt',
      (file: Uint8Array) => file.slice(file.indexOf(10) + 1),
      'check-list-malformed',
    ],
    [
      'with text in the place of its receipt',
      (file: Uint8Array) => concat(utf8('x'), file.slice(file.indexOf(10))),
      'check-list-malformed',
    ],
    ['empty', () => new Uint8Array(), 'check-list-malformed'],
  ])('is refused where it is %s', async (_, change, reason) => {
    const file = await download()
    let changed = change(file)
    // Chance may have put there what the change puts.
    if (changed.length === file.length && hex(changed) === hex(file))
      changed = file.with(file.length - 1, 8)
    const opened = await openListFile(changed, anchor())
    expect(opened.ok ? undefined : opened.refusal.reason).toBe(reason)
  })

  test('is refused where somebody else signed it, or another coalition made it', async () => {
    const file = await download()
    const end = file.indexOf(0x0a)
    const receipt = accepted(parseReceipt(new TextDecoder().decode(file.subarray(0, end))))
    const payload = fromBase64(receipt.act.payload) ?? new Uint8Array()
    const signatures = [await coalition.sign(threeOf(coalition).fabrikam, payload)]
    const forged = { ...receipt, act: { ...receipt.act, signatures } }
    const bytes = concat(utf8(`${JSON.stringify(forged)}\n`), file.subarray(end + 1))
    expect((await openListFile(bytes, anchor())).ok).toBe(false)
    const elsewhere = { ...anchor(), genesis: '7'.repeat(64) }
    expect(await openListFile(file, elsewhere)).toMatchObject({
      refusal: { reason: 'receipt-genesis-wrong' },
    })
  })
})

describe('a release', () => {
  afterEach(() => {
    coalition.clock.set(Date.UTC(2025, 10, 24, 10) / 1000)
  })

  test('is shown to nobody before its time, and replaces the one before', async () => {
    const { litware } = threeOf(coalition)
    const now = releaseAt(coalition.clock.now())
    const first = await publishList(
      coalition,
      litware,
      await listOf(coalition, litware, { entries: [TASHI] }),
    )
    const next = await listOf(coalition, litware, {
      entries: [TASHI, OMAR],
      release: now + RELEASE_SECONDS,
    })
    const second = await publishList(coalition, litware, next)
    const shown = async () =>
      (await openLists(coalition))
        .filter(({ identity }) => identity.filer === 'litware.example')
        .map(({ receipt }) => receipt.parsed.id)
    expect(await shown()).toEqual([first])
    expect((await coalition.ask(`/api/checks/lists/${second}`)).reason).toBe('not-found')
    expect((await coalition.ask(`/api/checks/lists/${second}/parts/0`)).reason).toBe('not-found')
    coalition.clock.set(now + RELEASE_SECONDS)
    expect(await shown()).toEqual([second])
    // Whoever was in the middle of it still gets the one before.
    expect((await coalition.ask(`/api/checks/lists/${first}/parts/0`)).status).toBe(200)
  })

  test('leaves nothing behind once no list names it', async () => {
    const own = await foundCoalition()
    try {
      const { litware } = threeOf(own)
      const blobs = () =>
        readdirSync(join(own.folder, 'blobs'), { recursive: true }).filter((name) =>
          String(name).endsWith('.blob'),
        ).length
      const start = releaseAt(own.clock.now())
      for (let i = 0; i < 5; i++) {
        own.clock.set(start + i * RELEASE_SECONDS)
        await publishList(own, litware, await listOf(own, litware, { entries: [TASHI] }))
      }
      // Five chunks and the leaf hashes of each; three lists are kept.
      expect(blobs()).toBe(10)
      for (let day = 2; day < 5; day++) {
        own.clock.set(start + day * 86_400)
        await runDue(own.ports)
      }
      expect(blobs()).toBe(6)
      const [list] = await openLists(own)
      expect((await list?.part(0))?.ok).toBe(true)
    } finally {
      await own.close()
    }
  })
})

test('a published list stands in the log for all to see, and its act may be read by anybody', async () => {
  const read = await coalition.ask(`/api/acts/${act}`)
  expect([read.status, read.body['type']]).toEqual([200, 'check.publish'])
  const [list] = await openLists(coalition)
  expect(list?.receipt.record.event).toBe('adopted')
  expect(list?.receipt.parsed.id).toBe(act)
  const addenda = await Promise.all(
    (await coalition.ports.storage.recordsOf(act)).map(
      async ({ addendum }) => await coalition.ports.storage.publicAddendum(sha256Hex(addendum)),
    ),
  )
  expect(addenda.map((addendum) => addendum !== undefined)).toEqual([true])
})
