import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jsonEvents } from '#adapters/system/events.ts'
import { openDirectoryBlobs } from '#adapters/blob/directory.ts'
import { openSqliteStorage } from '#adapters/storage/sqlite.ts'
import { searchFolder } from '#cli/seizure.ts'
import { systemRandom } from '#client/random.ts'
import { hex, utf8 } from '#core/bytes.ts'
import { threeOf } from '#test/helpers/coalition.ts'
import { type ServerProcess, startServerProcess } from '#test/helpers/server-process.ts'
import { MARKERS, SENTENCES } from './seizure-markers.ts'
import { slip } from './seizure-slips.ts'
import { playStory } from './seizure-story.ts'

// Whoever takes the machine away gets every byte that the server ever wrote, and what it printed. Nothing of the clients is in the
// folder that is searched.

const MINUTE_MILLISECONDS = 60_000
const COPIES_MAX = 10

let server: ServerProcess | undefined
let seized: string
/** Everything as it was while the server ran, with what the database had not yet written into its main file. */
let running: string

beforeAll(async () => {
  running = mkdtempSync(join(tmpdir(), 'dunant-seized-'))
  server = await startServerProcess({ quorums: { template_members: 1, template_partners: 0 } })
  seized = server.folder
  await playStory(server.coalition)
  await slip(server)
  await copyWithWal(server)
  await server.stop()
}, 5 * MINUTE_MILLISECONDS)
afterAll(async () => {
  rmSync(running, { recursive: true, force: true })
  await server?.clear()
})

/** The write-ahead log is emptied a second after a commit, so on a busy machine a copy may come too late for it. */
async function copyWithWal({ coalition }: ServerProcess): Promise<void> {
  const { contoso } = threeOf(coalition)
  for (let attempt = 0; attempt < COPIES_MAX; attempt++) {
    await coalition.submit('mailbox.invite', { tokens: [hex(systemRandom(32))] }, contoso)
    rmSync(running, { recursive: true })
    cpSync(seized, running, { recursive: true })
    if (sizeOf(running, /-wal$/) > 0) return
  }
}

function sizeOf(folder: string, name: RegExp): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
}

test('there are fifty markers, each another, and there is something to search', () => {
  expect(MARKERS).toHaveLength(50)
  expect(new Set(MARKERS).size).toBe(50)
  expect(sizeOf(running, /sqlite/)).toBeGreaterThan(100_000)
  expect(sizeOf(running, /-wal$/)).toBeGreaterThan(0)
  expect(sizeOf(running, /\.blob$/)).toBeGreaterThan(100_000)
  expect(sizeOf(running, /^stderr$/)).toBeGreaterThan(1000)
})

test('whoever seizes the running machine finds no name and no text: database, WAL, blobs, logs, temporary files, output', () => {
  expect(searchFolder(running, MARKERS)).toEqual([])
})

test('whoever finds the machine switched off finds no name and no text either', () => {
  expect(searchFolder(seized, MARKERS)).toEqual([])
})

test('the server wrote nowhere else: its temporary and its working folder are empty', () => {
  for (const name of ['tmp', 'cwd']) expect(readdirSync(join(running, name))).toEqual([])
})

test('the output tells no customer act, no mailbox, no address', () => {
  const lines = eventsIn(join(running, 'stderr'))
  const fields = new Set(lines.flatMap((line) => Object.keys(line)))
  expect([...fields].toSorted()).toEqual(['event', 'reason', 'status', 'treeSize', 'type', 'url'])
  const types = lines.map(({ type }) => String(type))
  expect(types.filter((type) => type.startsWith('mailbox.') && type !== 'mailbox.invite')).toEqual(
    [],
  )
  expect(types).toContain('notice.file')
})

function eventsIn(path: string): readonly Record<string, unknown>[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Object.fromEntries(Object.entries<unknown>(Object(JSON.parse(line)))))
}

function found(place: string): readonly string[] {
  return searchFolder(place, MARKERS).map(({ marker }) => marker)
}

describe('a leak is found', () => {
  const leaks = mkdtempSync(join(tmpdir(), 'dunant-leak-'))
  afterAll(() => {
    rmSync(leaks, { recursive: true, force: true })
  })
  const [marker] = SENTENCES

  test('in the state of one subject of the database', async () => {
    const place = join(leaks, 'database')
    cpSync(join(running, 'home'), place, { recursive: true })
    const storage = await openSqliteStorage({ path: join(place, 'dunant.sqlite') })
    const state = JSON.stringify({ day: '2026-11-23', note: marker })
    const write = { kind: 'acknowledgement', id: 'leak', expected: 0, state }
    await storage.commit({ guards: [], subjects: [write], acts: [], signatures: [], records: [] })
    expect(found(place)).toContain(marker)
    await storage.close()
    expect(found(place)).toContain(marker)
  })

  test('in a row that was deleted and not yet written over', () => {
    const place = join(leaks, 'deleted')
    cpSync(join(seized, 'home'), place, { recursive: true })
    const database = new Database(join(place, 'dunant.sqlite'))
    database.pragma('secure_delete = off')
    database.exec('CREATE TABLE leak (text TEXT)')
    database.prepare('INSERT INTO leak VALUES (?)').run(marker)
    database.exec('DELETE FROM leak')
    database.close()
    expect(found(place)).toContain(marker)
  })

  test('in one event', () => {
    const place = join(leaks, 'events')
    mkdirSync(place)
    const lines: string[] = []
    const events = jsonEvents((line) => lines.push(line))
    events.actAccepted({ type: 'notice.file', status: marker })
    writeFileSync(join(place, 'stderr'), lines.join('\n'))
    expect(found(place)).toContain(marker)
  })

  test('in one blob', async () => {
    const place = join(leaks, 'blobs')
    const blobs = await openDirectoryBlobs({ path: place })
    await blobs.put('brief/00', utf8(`salt ${Buffer.from(marker).toString('base64')}`))
    expect(found(place)).toContain(marker)
  })
})
