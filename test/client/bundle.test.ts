import { assert, constantFrom, property } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHUNK_BYTES_MAX, composeBundle, toChunks, uploadBundle } from '#client/bundle.ts'
import { productLine } from '#client/envelope.ts'
import { type Api, openApi } from '#client/http.ts'
import { systemRandom } from '#client/random.ts'
import { lineHash, parseLine, splitChunk } from '#core/bundle.ts'
import { concat, fromHex, hex, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { verifyInclusion } from '#core/log/merkle.ts'
import { type Coalition, foundCoalition } from '#test/helpers/coalition.ts'
import { connect } from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

function commitments(count: number, seed = ''): string[] {
  return Array.from({ length: count }, (_, i) =>
    productLine(sha256Hex(utf8(`${seed}${String(i)}`))),
  )
}

test.each([
  [0, 1024],
  [1, 1024],
  [1024, 1024],
  [1025, 2048],
])('%i lines are padded to %i, sorted and without repetition', (given, count) => {
  const bundle = composeBundle(commitments(given), systemRandom)
  expect(bundle.count).toBe(count)
  expect(bundle.lines).toHaveLength(count)
  expect(bundle.lines).toEqual([...new Set(bundle.lines)].toSorted())
  expect(bundle.lines.every((line) => parseLine(line).ok)).toBe(true)
})

test('padding is random', () => {
  const twice = [composeBundle([], systemRandom), composeBundle([], systemRandom)]
  expect(twice[0]?.root).not.toBe(twice[1]?.root)
})

test('every line is found, and its path leads to the root', () => {
  const lines = commitments(40)
  const bundle = composeBundle(lines, systemRandom)
  assert(
    property(constantFrom(...lines), (line) => {
      const index = bundle.indexOf(line) ?? -1
      const path = bundle.pathOf(index).map((node) => fromHex(node) ?? new Uint8Array())
      const root = fromHex(bundle.root) ?? new Uint8Array()
      accepted(verifyInclusion({ index, size: bundle.count, leafHash: lineHash(line), path, root }))
    }),
  )
  expect(bundle.indexOf(productLine('ff'.repeat(32)))).toBeUndefined()
})

test('a line that stands there twice is a fault of the caller', () => {
  expect(() => composeBundle([...commitments(1), ...commitments(1)], systemRandom)).toThrow(
    TypeError,
  )
})

function long(letter: string): string {
  return letter.repeat(CHUNK_BYTES_MAX / 2 - 1)
}

describe('chunks', () => {
  test.each([
    { name: 'two halves fill one', lines: [long('a'), long('b')], lengths: [CHUNK_BYTES_MAX] },
    {
      name: 'one byte more begins the next',
      lines: [long('a'), `${long('b')}b`],
      lengths: [CHUNK_BYTES_MAX / 2, CHUNK_BYTES_MAX / 2 + 1],
    },
    { name: 'no lines, no chunks', lines: [], lengths: [] },
  ])('are at most 8 MiB and end at a line end: $name', ({ lengths, lines }) => {
    const chunks = [...toChunks(lines)]
    expect(chunks.map(({ length }) => length)).toEqual(lengths)
    expect(concat(...chunks).length).toBe(lines.reduce((sum, line) => sum + line.length + 1, 0))
    expect(chunks.every((chunk) => chunk.at(-1) === 0x0a)).toBe(true)
  })

  test('begin at a line end, and nowhere else', () => {
    const [first = '', second = ''] = commitments(2).toSorted()
    expect([...toChunks([first, second], first.length + 1)]).toEqual([utf8(`${second}\n`)])
    expect(() => [...toChunks([first, second], 5)]).toThrow(RangeError)
  })

  test('are what the server splits again', () => {
    const bundle = composeBundle(commitments(3), systemRandom)
    const [chunk] = [...toChunks(bundle.lines)]
    expect(accepted(splitChunk(chunk ?? new Uint8Array(), ''))).toEqual(bundle.lines)
  })
})

describe('an upload', () => {
  let coalition: Coalition
  let token: string

  beforeAll(async () => {
    coalition = await foundCoalition()
    const [company] = coalition.companies
    if (company === undefined) throw new Error('there is no company')
    token = await coalition.session(company)
  })
  afterAll(async () => {
    await coalition.close()
  })

  /** A connection that breaks at the n-th upload. */
  function breaking(at: number): Api {
    let uploads = 0
    return openApi({
      url: 'http://localhost',
      token,
      fetch: async (input, init) => {
        if (init?.method === 'PUT' && ++uploads === at) throw new Error('the connection broke')
        return await coalition.app.request(new Request(input, init))
      },
    })
  }

  test('goes on from where it broke off', async () => {
    const bundle = composeBundle(commitments(70_000), systemRandom)
    await expect(uploadBundle(breaking(2), bundle)).rejects.toThrow('no answer')
    const held: number[] = []
    accepted(await uploadBundle(connect(coalition, token), bundle, (bytes) => held.push(bytes)))
    expect(held[0]).toBeGreaterThan(0)
    expect(held.at(-1)).toBe(bundle.totalBytes)
  })

  test('of a bundle that is there already sends nothing', async () => {
    const bundle = composeBundle(commitments(5, 'again'), systemRandom)
    accepted(await uploadBundle(connect(coalition, token), bundle))
    accepted(await uploadBundle(breaking(1), bundle))
  })

  test('is refused where the server holds something that is not how the bundle begins', async () => {
    const bundle = composeBundle(commitments(5, 'other'), systemRandom)
    const api = {
      ...connect(coalition, token),
      bundleHeld: async () => await Promise.resolve({ ok: true, value: 7 } as const),
    }
    expect(reasonOf(await uploadBundle(api, bundle))).toBe('bundle-offset-wrong')
  })

  test('without a session is refused as such', async () => {
    const bundle = composeBundle([], systemRandom)
    expect(reasonOf(await uploadBundle(connect(coalition), bundle))).toBe('session-missing')
  })

  test('of bytes with another root is refused by the server', async () => {
    const bundle = composeBundle(commitments(5, 'root'), systemRandom)
    const root = hex(systemRandom(32))
    expect(reasonOf(await uploadBundle(connect(coalition, token), { ...bundle, root }))).toBe(
      'bundle-root-wrong',
    )
  })
})
