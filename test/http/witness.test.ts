import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { hex, utf8 } from '#core/bytes.ts'
import { sha256 } from '#core/hash.ts'
import { verifyCosignatures } from '#core/log/cosignature.ts'
import {
  formatNote,
  KEY_TYPE_ED25519,
  parseNote,
  parseVkey,
  verifierOf,
  formatVkey,
} from '#core/log/note.ts'
import { formatAddCheckpoint, parseCosignatureLines, withSignatures } from '#core/log/witness.ts'
import { CHECKPOINTS } from '#http/witness-app.ts'
import { followLog } from '#entry/witness-home.ts'
import { type RunningWitness, startWitness } from '#entry/witness.ts'
import { consecutive, valueOf } from '#test/core/log/worked-example.ts'
import { toyLog } from '#test/helpers/toy-log.ts'
import { serveWitness, type WitnessFolder, witnessFolder } from '#test/helpers/witnesses.ts'

const log = toyLog({ name: 'log.example', seed: consecutive(0x00) })
const fork = toyLog(log.signer, 5)
const unknown = toyLog({ name: 'unknown.example', seed: consecutive(0x00) })
const thief = toyLog({ name: 'log.example', seed: consecutive(0x40) })

let folder: WitnessFolder
let witness: RunningWitness
let events: string[]
beforeEach(async () => {
  folder = witnessFolder('witness.example/w1', [log.vkey])
  events = []
  witness = await serveWitness(folder.home, { events })
})
afterEach(async () => {
  await witness.close()
  folder.clear()
})

async function add(body: BodyInit): Promise<Response> {
  return await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body })
}

/** The size that was cosigned, after checking the line as the log does. */
async function cosigned(response: Response, size: number, toy = log): Promise<number> {
  expect(response.status).toBe(200)
  const lines = valueOf(parseCosignatureLines(await response.text()))
  const note = withSignatures(toy.note(size), lines)
  const verified = valueOf(verifyCosignatures(note, [valueOf(parseVkey(folder.vkey))]))
  expect(verified).toHaveLength(1)
  return verified[0]?.timeSeconds ?? 0
}

async function latest(origin = 'log.example'): Promise<Response> {
  return await fetch(`${witness.url}/${hex(sha256(utf8(origin)))}/checkpoint`)
}

test('200: a first tree, every larger one, and the same one again with a later time', async () => {
  await cosigned(await add(await log.request(0, 3)), 3)
  await cosigned(await add(await log.request(3, 9)), 9)
  const first = await cosigned(await add(await log.request(9, 9)), 9)
  const again = await cosigned(await add(await log.request(9, 9)), 9)
  expect(again).toBeGreaterThanOrEqual(first)
  await cosigned(await add(await log.request(9, 300)), 300)
})

test('200: a log without entries, which then grows', async () => {
  await cosigned(await add(await log.request(0, 0)), 0)
  await cosigned(await add(await log.request(0, 0)), 0)
  await cosigned(await add(await log.request(0, 4)), 4)
})

test('400: what is no request, and an old size above the new one', async () => {
  const request = await log.request(3, 9)
  const wrong = ['', 'old 0\n', request.replace('old ', 'new '), request.replace('old 3', 'old 10')]
  for (const body of wrong) expect((await add(body)).status, body).toBe(400)
  expect((await add(new Uint8Array([0xff, 0xfe]))).status).toBe(400)
})

test('403: no key that is known of the log signed', async () => {
  expect((await add(await thief.request(0, 3))).status).toBe(403)
  const unsigned = { oldSize: 0, path: [], note: log.note(3, unknown.signer) }
  expect((await add(formatAddCheckpoint(unsigned))).status).toBe(403)
})

test('404: a log that is not known, and an address that is none', async () => {
  expect((await add(await unknown.request(0, 3))).status).toBe(404)
  expect((await latest('unknown.example')).status).toBe(404)
  expect((await fetch(`${witness.url}/checkpoint`)).status).toBe(404)
})

test('409: another old size than the one it cosigned last, which it tells', async () => {
  await cosigned(await add(await log.request(0, 7)), 7)
  for (const oldSize of [0, 3, 8]) {
    const response = await add(await log.request(oldSize, 9))
    expect(response.status).toBe(409)
    expect(response.headers.get('Content-Type')).toBe('text/x.tlog.size')
    expect(await response.text()).toBe('7\n')
  }
})

test('413: a request beyond any that a log makes, whether it says so or not', async () => {
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(utf8('old 0\n'.repeat(4096))),
  })
  const chunked = { method: 'POST', body: endless, duplex: 'half' as const }
  expect((await fetch(`${witness.url}/add-checkpoint`, chunked)).status).toBe(413)
  expect((await add('x'.repeat(70_000))).status).toBe(413)
})

test('422: a proof that does not prove, a proof where none belongs, another root of the same size', async () => {
  const early = await log.request(3, 9)
  expect((await add(early.replace('old 3', 'old 0'))).status).toBe(422)
  await cosigned(await add(await log.request(0, 7)), 7)
  expect((await add(await fork.request(7, 9))).status).toBe(422)
  expect((await add(await fork.request(7, 7))).status).toBe(422)
  expect(events.filter((line) => line.includes('inconsistent'))).toHaveLength(3)
  await cosigned(await add(await log.request(7, 9)), 9)
})

test('503 and no cosignature where the memory cannot be written', async () => {
  rmSync(join(folder.home, 'logs'), { recursive: true })
  const response = await add(await log.request(0, 3))
  expect(response.status).toBe(503)
  expect(await response.text()).not.toContain('—')
})

test('monitors get what was cosigned last, with the signature of the log', async () => {
  expect((await latest()).status).toBe(404)
  await add(await log.request(0, 3))
  await add(await log.request(3, 9))
  const note = valueOf(parseNote(await (await latest()).text()))
  expect(note.text).toBe(log.note(9).text)
  expect(note.signatures.map(({ name }) => name)).toEqual(['log.example', 'witness.example/w1'])
})

test('a line that was copied a hundred times is one line: cosigned with the right size, sent away with a wrong one', async () => {
  const { signatures, text } = log.note(3)
  const copied = Array.from({ length: 100 }, () => signatures).flat()
  const body = (oldSize: number): string =>
    formatAddCheckpoint({ oldSize, path: [], note: { text, signatures: copied } })
  expect((await add(body(1))).status).toBe(409)
  await cosigned(await add(body(0)), 3)
  const note = valueOf(parseNote(await (await latest()).text()))
  expect(note.signatures.map(({ name }) => name)).toEqual(['log.example', 'witness.example/w1'])
})

test('429: an address that asks more than any log does, until time has passed', async () => {
  await witness.close()
  let now = 1_795_000_000
  const options = { home: folder.home, host: '127.0.0.1', port: 0, log: () => undefined }
  witness = await startWitness({ ...options, clock: { now: () => now } })
  for (let i = 0; i < CHECKPOINTS.burst; i++) expect((await add('x')).status).toBe(400)
  const sentAway = await add('x')
  expect([sentAway.status, sentAway.headers.get('Retry-After')]).toEqual([429, '1'])
  now += 1
  expect((await add('x')).status).toBe(400)
})

test('foreign lines are ignored, and neither kept nor shown', async () => {
  const grease = { name: 'log.example', seed: consecutive(0x60) }
  const many = log.note(3, log.signer, grease, unknown.signer)
  await cosigned(await add(formatAddCheckpoint({ oldSize: 0, path: [], note: many })), 3)
  expect(await (await latest()).text()).not.toContain('unknown.example')
})

test('of many that come at once for one log, each is held to the one before', async () => {
  await add(await log.request(0, 10))
  const wanted = Array.from({ length: 20 }, (_, i) => 11 + i)
  const answers = await Promise.all(
    wanted.map(async (size) => ({ size, response: await add(await log.request(10, size)) })),
  )
  expect(answers.filter(({ response }) => response.status === 200)).toHaveLength(1)
  expect(answers.filter(({ response }) => response.status === 409)).toHaveLength(19)
})

test('a key that replaced the first one is known once it was named, and the first one until it signs', async () => {
  const next = { name: 'log.example', seed: consecutive(0x50) }
  const path = await log.proof(3, 9)
  const rotated = formatAddCheckpoint({ oldSize: 3, path, note: log.note(9, next) })
  expect((await add(rotated)).status).toBe(403)
  await witness.close()
  followLog(folder.home, formatVkey(verifierOf(next, KEY_TYPE_ED25519)), false)
  witness = await serveWitness(folder.home)
  await cosigned(await add(await log.request(0, 3)), 3)
  await cosigned(await add(rotated), 9)
  expect((await add(await log.request(9, 11))).status).toBe(403)
})

test('what it cosigned it knows after a restart', async () => {
  await add(await log.request(0, 7))
  await witness.close()
  witness = await serveWitness(folder.home)
  expect((await add(await log.request(0, 9))).status).toBe(409)
  expect((await add(await fork.request(7, 9))).status).toBe(422)
  await cosigned(await add(await log.request(7, 9)), 9)
})

test('a witness whose memory is missing or damaged does not start, also where the damage is one digit', async () => {
  await add(await log.request(0, 7))
  await witness.close()
  const [name = ''] = readdirSync(join(folder.home, 'logs'))
  const path = join(folder.home, 'logs', name)
  const text = readFileSync(path, 'utf8')
  const stranger = formatNote(log.note(7))
  for (const damaged of ['', text.slice(0, 40), text.replace('\n7\n', '\n6\n'), stranger]) {
    writeFileSync(path, damaged)
    await expect(serveWitness(folder.home), damaged).rejects.toThrow('is damaged')
  }
  rmSync(path)
  await expect(serveWitness(folder.home)).rejects.toThrow('has no memory of log.example')
  expect(() => followLog(folder.home, log.vkey, true)).toThrow('is watched already')
  followLog(folder.home, log.vkey, false)
  await expect(serveWitness(folder.home)).rejects.toThrow('has no memory of log.example')
  writeFileSync(path, text)
  witness = await serveWitness(folder.home)
})

test('a log is begun with by saying so, once', () => {
  expect(() => followLog(folder.home, unknown.vkey, false)).toThrow('say --new')
  followLog(folder.home, unknown.vkey, true)
  expect(() => followLog(folder.home, folder.vkey, true)).toThrow('of type 01')
})
