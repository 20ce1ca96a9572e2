import { afterAll, beforeAll, expect, test } from 'vitest'
import { hex, utf8 } from '#core/bytes.ts'
import { sha256, sha256Hex } from '#core/hash.ts'
import { parseCheckpoint, verifyCheckpoint } from '#core/log/checkpoint.ts'
import { parseLogEntry } from '#core/log/leaf.ts'
import { leafHash, merkleTree, treeRoot } from '#core/log/merkle.ts'
import { parseVkey } from '#core/log/note.ts'
import { decodeEntryBundle, splitTile } from '#core/log/tile.ts'
import { tokenHash } from '#core/mailbox.ts'
import { createApp } from '#http/app.ts'
import { type Answered, type Coalition, foundCoalition, threeOf } from '#test/helpers/coalition.ts'

/** Enough for one full tile and the beginning of the next. */
const ACTS = 300
let coalition: Coalition
let note: string
let size: number

beforeAll(async () => {
  coalition = await foundCoalition()
  const { contoso } = threeOf(coalition)
  for (let i = 0; i < ACTS; i += 50) {
    const batch = Array.from({ length: 50 }, (_, k) => tokenHash(hex(sha256(utf8(String(i + k))))))
    await Promise.all(
      batch.map(
        async (token) => await coalition.submit('mailbox.invite', { tokens: [token] }, contoso),
      ),
    )
  }
  note = (await coalition.ask('/log/checkpoint')).text
  size = checkpoint().size
}, 120_000)
afterAll(async () => {
  await coalition.close()
})

function checkpoint(): { size: number; root: Uint8Array } {
  const parsed = parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1))
  if (!parsed.ok) throw new Error(note)
  return parsed.value
}

async function tile(path: string): Promise<Answered> {
  return await coalition.ask(`/log/tile/${path}`)
}

function hashesOf({ bytes }: Answered, width: number): readonly Uint8Array[] {
  const split = splitTile(bytes, width)
  if (!split.ok) throw new Error('not a tile')
  return split.value
}

test('signs a checkpoint that its tiles of leaves add up to', async () => {
  const { parties } = (await coalition.ask('/keys/index.json')).body
  const { log_key } = (await coalition.ask('/keys/index.json')).body
  const vkey = parseVkey(String(log_key))
  expect(parties).toHaveLength(3)
  expect(vkey.ok && verifyCheckpoint(note, vkey.value).ok).toBe(true)
  expect(size).toBeGreaterThan(ACTS)
  const full = hashesOf(await tile('0/000'), 256)
  const rest = hashesOf(await tile(`0/001.p/${String(size - 256)}`), size - 256)
  expect(hex(treeRoot(merkleTree([...full, ...rest])))).toBe(hex(checkpoint().root))
})

test('serves the level above as the root of each full tile', async () => {
  const [root] = hashesOf(await tile('1/000.p/1'), 1)
  const leaves = hashesOf(await tile('0/000'), 256)
  expect(hex(root ?? new Uint8Array())).toBe(hex(treeRoot(merkleTree(leaves))))
})

test('serves entries that hash to the leaves', async () => {
  const width = size - 256
  const bundle = await tile(`entries/001.p/${String(width)}`)
  const entries = decodeEntryBundle(bundle.bytes, width)
  if (!entries.ok) throw new Error('not a bundle')
  const leaves = hashesOf(await tile(`0/001.p/${String(width)}`), width)
  expect(entries.value.map((entry) => hex(leafHash(entry)))).toEqual(leaves.map(hex))
})

test('cuts any narrower width out of a tile', async () => {
  const full = (await tile('0/000')).bytes
  for (const width of [1, 2, 100, 255]) {
    const { bytes, status } = await tile(`0/000.p/${String(width)}`)
    expect([status, hex(bytes)]).toEqual([200, hex(full.subarray(0, width * 32))])
  }
})

test('lets caches keep tiles for ever, the checkpoint for a moment, and what is not there never', async () => {
  expect((await tile('0/000')).headers.get('Cache-Control')).toContain('immutable')
  expect((await coalition.ask('/log/checkpoint')).headers.get('Cache-Control')).toBe(
    'public, max-age=1',
  )
  expect((await tile('0/002')).headers.get('Cache-Control')).toBe('no-store')
})

test('shows nothing beyond the signed checkpoint, and knows one spelling of each path', async () => {
  const beyond = [
    `0/001.p/${String(size - 255)}`,
    '0/001',
    '1/000',
    '1/000.p/2',
    '2/000.p/1',
    '63/000.p/1',
  ]
  const entries = [`entries/001.p/${String(size - 255)}`, 'entries/001']
  const spellings = [
    '0/0',
    '00/000',
    '0/x000/000',
    '0/000.p/0',
    '0/000.p/256',
    '0/000.p/01',
    '64/000',
    '-1/000',
    '0/000/',
    'entries',
    '..%2f..',
    '%ff',
  ]
  for (const path of [...beyond, ...entries, ...spellings]) {
    const { reason, status } = await tile(path)
    expect([path, status, reason]).toEqual([path, 404, 'not-found'])
  }
})

test('hides leaves that are committed and not yet signed for', async () => {
  const { storage } = coalition.ports
  const older = { size: 10, note: 'an older checkpoint' }
  const app = createApp({
    ...coalition.ports,
    storage: { ...storage, latestCheckpoint: async () => older },
  })
  expect((await app.request('/log/tile/0/000.p/10')).status).toBe(200)
  expect((await app.request('/log/tile/0/000.p/11')).status).toBe(404)
  expect((await app.request('/log/tile/entries/000.p/11')).status).toBe(404)
  const none = createApp({
    ...coalition.ports,
    storage: { ...storage, latestCheckpoint: async () => undefined },
  })
  expect((await none.request('/log/tile/0/000.p/1')).status).toBe(404)
  expect((await none.request('/log/checkpoint')).status).toBe(404)
})

function addendumPath(digest: string): string {
  return `/log/addenda/${digest.slice(0, 2)}/${digest.slice(2, 4)}/${digest}`
}

test('publishes salt and record of governance, and of nothing else', async () => {
  const bundle = decodeEntryBundle((await tile('entries/000')).bytes, 256)
  if (!bundle.ok) throw new Error('not a bundle')
  const digests = bundle.value.map((entry) => {
    const digest = parseLogEntry(entry)
    return digest.ok ? hex(digest.value) : ''
  })
  const answers = await Promise.all(
    digests.map(async (digest) => await coalition.ask(addendumPath(digest))),
  )
  const shown = answers.filter(({ status }) => status === 200)
  // The charter and the directory.head that follows it.
  expect(shown).toHaveLength(2)
  for (const [position, { bytes, status }] of answers.entries()) {
    if (status === 200) expect(sha256Hex(bytes)).toBe(digests[position])
  }
  const [charter = ''] = digests
  expect((await coalition.ask(`/log/addenda/00/00/${charter}`)).status).toBe(
    charter.startsWith('0000') ? 200 : 404,
  )
  expect((await coalition.ask('/log/addenda.v1')).bytes).toHaveLength(0)
})
