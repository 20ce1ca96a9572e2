import { mkdtempSync, rmSync } from 'node:fs'
import { randomBytes, scryptSync } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveKey } from '#agent/check/derive-key.ts'
import { buildList } from '#agent/check/build-list.ts'
import type { BuiltList } from '#client/build-check-list.ts'
import type { OpenList } from '#client/check-list.ts'
import { askLists } from '#client/check-notice.ts'
import { systemRandom } from '#client/random.ts'
import { checkCodeOf } from '#core/check-code.ts'
import {
  CHECK_SCRYPT,
  checkPassword,
  checkSalt,
  epochOf,
  PART_BYTES,
  releaseAt,
} from '#core/check-list.ts'
import { concat, utf8 } from '#core/bytes.ts'
import { sha256, sha256Hex } from '#core/hash.ts'
import { accept } from '#core/result.ts'
import { parseInstant } from '#core/time.ts'
import { type Group, interleave, type Line, median, rounded, wallMeter } from './measure.ts'

const CODES = 120_000
const GENESIS = '6'.repeat(64)
const RELEASE = releaseAt(Date.UTC(2026, 10, 24, 7) / 1000)
const MEMORY = 16 * 1024 * 1024
const LANGUAGES = ['ar', 'de', 'en', 'es', 'fr', 'pt', 'ru', 'zh-Hans']
const NAMES = [
  'check-key',
  'check-build',
  'check-list-bytes',
  'check-download-bytes',
  'check-answer',
]

/** Lists of check codes: what a key costs, and how long and large a list of 120,000 codes is once its keys are there. */
export const check: Group = {
  name: 'check',
  lines: NAMES,
  run: async (effort, print) => {
    const tell: Tell = (line) => {
      const common = { ratio: null, goal: null, better: 'lower', samples: 1 } as const
      print({ ...common, ...line, value: rounded(line.value) })
    }
    const { blockSize: r, cost: N, keyBytes, parallelization: p } = CHECK_SCRYPT
    const salt = checkSalt(GENESIS, epochOf(RELEASE))
    const [keys = [], bare = []] = await interleave(
      [
        {
          run: async (times) => {
            for (let i = 0; i < times; i++) await deriveKey(password(), salt)
          },
        },
        {
          run: (times) => {
            for (let i = 0; i < times; i++)
              scryptSync(password(), salt, keyBytes, { N, r, p, maxmem: MEMORY })
          },
        },
      ],
      effort,
    )
    const [key, least] = [median(keys), median(bare)]
    tell({
      name: 'check-key',
      ratio: rounded(key / least),
      goal: 1.2,
      value: key / 1000,
      unit: 'ms of CPU',
      reference: `scryptSync ${(least / 1000).toFixed(1)} ms; ${String(CODES)} keys are ${((key * CODES) / 6e7).toFixed(0)} minutes of one core, computed from this`,
      samples: effort.samples,
    })
    await measureList(effort.isQuick ? CODES / 10 : CODES, tell)
  },
}

type Tell = (line: Pick<Line, 'name' | 'reference' | 'unit' | 'value'> & Partial<Line>) => void

/** scrypt is left out: its keys are kept from one release to the next, and `check-key` says what they cost. */
async function measureList(codes: number, tell: Tell): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-check-'))
  try {
    const start = wallMeter()
    const built = await buildList({
      lines: linesOf(codes),
      folder,
      genesis: GENESIS,
      plan: { filer: 'contoso.example', keyed: 'account', release: RELEASE },
      derive: async (typed, salt) => await Promise.resolve(sha256(typed, salt)),
      random: systemRandom,
    })
    const seconds = (wallMeter() - start) / 1e6
    if (!built.ok) throw new Error(built.refusal.reason)
    const { body, chunks } = built.value
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    tell({
      name: 'check-build',
      value: seconds,
      unit: 's',
      reference: `${String(codes)} codes whose keys are known, wall time`,
    })
    tell({
      name: 'check-list-bytes',
      value: bytes,
      unit: 'bytes',
      reference: `${String(body.buckets)} buckets, ${String(body.texts)} parts of texts, ${String(codes)} codes in eight languages`,
    })
    await measureAnswer(built.value, tell)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function measureAnswer(built: BuiltList, tell: Tell): Promise<void> {
  const bytes = concat(...built.chunks)
  let read = 0
  const { body } = built
  const release = parseInstant(body.release) ?? 0
  const list = {
    body,
    identity: { filer: 'contoso.example', release, salt: body.salt },
    receipt: { status: 'witnessed' },
    part: async (index: number) => {
      read += PART_BYTES + 32 * Math.ceil(Math.log2(body.buckets + body.texts))
      return await Promise.resolve(
        accept(bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES)),
      )
    },
  }
  const start = wallMeter()
  const answer = await askLists(
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of a receipt only the status is looked at, and the roster where there are supports
    [list as unknown as OpenList],
    { code: codeOf('7'), account: 'account 7' },
    {
      derive: async (typed, salt) => {
        await deriveKey(typed, salt)
        return sha256(typed, salt)
      },
      genesis: GENESIS,
      now: RELEASE,
    },
  )
  const milliseconds = (wallMeter() - start) / 1000
  if (answer.findings.length !== 1) throw new Error('a code of the list was not found')
  tell({
    name: 'check-download-bytes',
    value: read,
    unit: 'bytes',
    reference: 'one bucket and all texts of one list, with their paths',
  })
  tell({
    name: 'check-answer',
    value: milliseconds,
    unit: 'ms',
    reference: 'one scrypt, one bucket, one text; without the network, wall time',
  })
}

/** Another one each time, so that nothing is remembered. */
function password(): Uint8Array {
  return checkPassword(codeOf(randomBytes(8).toString('hex')), 'a')
}

function codeOf(name: string): string {
  return checkCodeOf(sha256(utf8(name)))
}

function* linesOf(codes: number): Generator<string> {
  const long = 'Change your password on a device that you trust, and sign out everywhere else. '
  for (const language of LANGUAGES) {
    const lines = Array.from({ length: 8 }, (_, i) => `${String(i + 1)}. ${long.repeat(2)}`)
    const text = {
      blocks: [{ heading: '3', lines }],
      direction: 'ltr',
      issued: '2026-11-23',
      kind: 'first',
      language,
      subject: 'A message about your account',
      supports: [],
      template: sha256Hex(utf8('t')),
      v: 1,
    }
    yield JSON.stringify({ id: language, text })
  }
  for (let i = 0; i < codes; i++) {
    const name = String(i)
    yield JSON.stringify({
      account: `account ${name}`,
      code: codeOf(name),
      since: '2026-11-23',
      status: 'valid',
      text: LANGUAGES[i % LANGUAGES.length],
    })
  }
}
