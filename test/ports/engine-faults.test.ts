import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { openDirectoryBlobs } from '#adapters/blob/directory.ts'
import { openMemoryFile } from '#adapters/log/memory-file.ts'
import { migratePostgresStorage, openPostgresStorage } from '#adapters/storage/postgres.ts'
import { migrateSqliteStorage, openSqliteStorage } from '#adapters/storage/sqlite.ts'
import { hex } from '#core/bytes.ts'
import { systemRandom } from '#client/random.ts'
import type { Commit, CommitOutcome, Storage } from '#ports/storage.ts'
import { Unavailable } from '#ports/storage.ts'
import { emptyPostgres } from '#test/helpers/postgres.ts'
import { NO_SMALL_DISK, type SmallDisk, smallDisk } from '#test/helpers/small-disk.ts'
import { act, commitOf, digest } from './storage.fixture.ts'

// Faults that the engines make themselves, below the ports.

/** An act of a hundred kilobytes. */
function large(name: string): Commit {
  const payload = new TextEncoder().encode(hex(systemRandom(50_000)))
  return commitOf({ acts: [{ ...act(name), payload }] })
}

function signed(size: number): { size: number; root: Uint8Array; keyId: string } {
  return { size, root: systemRandom(32), keyId: '00000000' }
}

async function outcomeOf(commit: Promise<CommitOutcome>): Promise<string> {
  try {
    return await commit
  } catch (error) {
    return error instanceof Unavailable ? 'unavailable' : String(error)
  }
}

/** Commits until one fails; gives the names of those that were answered. */
async function commitUntilFull(storage: Storage, prefix: string): Promise<string[]> {
  const answered: string[] = []
  for (let i = 0; i < 1000; i++) {
    const name = `${prefix} ${String(i)}`
    const outcome = await outcomeOf(storage.commit(large(name)))
    if (outcome !== 'committed') {
      expect(outcome).toBe('unavailable')
      return answered
    }
    answered.push(name)
  }
  throw new Error('it never became full')
}

async function expectAll(storage: Storage, names: readonly string[]): Promise<void> {
  for (const name of names) expect((await storage.findAct(digest(name)))?.id, name).toBeDefined()
}

let disk: SmallDisk | undefined
afterEach(() => {
  disk?.clear()
  disk = undefined
})

if (NO_SMALL_DISK !== undefined)
  process.stdout.write(`no disk can be filled here, so five tests are skipped: ${NO_SMALL_DISK}\n`)

describe.skipIf(NO_SMALL_DISK !== undefined)('a full disk', () => {
  test('is an outage of SQLite: what was answered stays, half of nothing does, and it goes on', async () => {
    disk = smallDisk(4)
    const path = join(disk.path, 'database')
    await migrateSqliteStorage({ path })
    const storage = await openSqliteStorage({ path })
    const answered = await commitUntilFull(storage, 'first')
    expect(answered.length).toBeGreaterThan(3)
    // Several at once share a transaction; none of them may be answered when it fails.
    disk.fill()
    const together = await Promise.all(
      Array.from(
        { length: 8 },
        async (_, i) => await outcomeOf(storage.commit(large(`together ${String(i)}`))),
      ),
    )
    expect(new Set(together)).toEqual(new Set(['unavailable']))
    await expectAll(storage, answered)
    await storage.close()
    disk.free()
    const later = await openSqliteStorage({ path })
    await expectAll(later, answered)
    expect(await later.findAct(digest('together 0'))).toBeUndefined()
    await later.close()
  })

  test('is an outage of SQLite that ends without a restart', async () => {
    disk = smallDisk(8)
    const path = join(disk.path, 'database')
    await migrateSqliteStorage({ path })
    const storage = await openSqliteStorage({ path })
    disk.fill()
    const answered = await commitUntilFull(storage, 'full')
    disk.free()
    expect(await storage.commit(large('after'))).toBe('committed')
    await expectAll(storage, [...answered, 'after'])
    await storage.close()
  })
})

describe.skipIf(NO_SMALL_DISK !== undefined)('a full disk of files', () => {
  test('is an outage of the folder of blobs, and leaves none that is cut short', async () => {
    disk = smallDisk(4)
    const path = join(disk.path, 'blobs')
    const blobs = await openDirectoryBlobs({ path })
    await blobs.put('a/first', new Uint8Array(1_000_000).fill(1))
    await expect(blobs.put('a/second', new Uint8Array(4_000_000).fill(2))).rejects.toBeInstanceOf(
      Unavailable,
    )
    expect(await blobs.get('a/second')).toBeUndefined()
    expect((await blobs.get('a/first'))?.length).toBe(1_000_000)
    // What the failed attempt took is free again.
    await blobs.put('a/second', new Uint8Array(2_000_000).fill(2))
    expect((await blobs.get('a/second'))?.length).toBe(2_000_000)
  })

  test('makes the signer forget nothing and sign nothing', async () => {
    disk = smallDisk(1)
    const path = join(disk.path, 'log-memory')
    const memory = openMemoryFile({ path, newLog: true })
    const first = signed(7)
    await memory.write(first)
    disk.fill()
    await expect(memory.write(signed(8))).rejects.toBeInstanceOf(Unavailable)
    expect(await memory.read()).toEqual(first)
    expect(await openMemoryFile({ path, newLog: false }).read()).toEqual(first)
    disk.free()
    const next = signed(9)
    await memory.write(next)
    expect(await openMemoryFile({ path, newLog: false }).read()).toEqual(next)
  })
})

describe.skipIf(NO_SMALL_DISK !== undefined)('a read-only file system', () => {
  test('is an outage of everything that writes, and takes nothing away', async () => {
    disk = smallDisk(4)
    const path = join(disk.path, 'database')
    await migrateSqliteStorage({ path })
    const before = await openSqliteStorage({ path })
    await before.commit(large('before'))
    await before.close()
    const memory = openMemoryFile({ path: join(disk.path, 'log-memory'), newLog: true })
    const blobs = await openDirectoryBlobs({ path: join(disk.path, 'blobs') })
    disk.remount('ro')
    const bytes = new Uint8Array(10)
    await expect(openSqliteStorage({ path })).rejects.toBeInstanceOf(Unavailable)
    await expect(blobs.put('a', bytes)).rejects.toBeInstanceOf(Unavailable)
    await expect(
      memory.write({ size: 1, root: systemRandom(32), keyId: '' }),
    ).rejects.toBeInstanceOf(Unavailable)
    disk.remount('rw')
    const after = await openSqliteStorage({ path })
    await expectAll(after, ['before'])
    await after.close()
    await blobs.put('a', bytes)
  })
})

describe('a signer whose memory cannot be reached', () => {
  test('says so as an outage, and takes up where its file stands', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dunant-memory-'))
    const path = join(folder, 'deep')
    const file = join(path, 'log-memory')
    try {
      const moved = join(folder, 'moved')
      mkdirSync(path)
      const memory = openMemoryFile({ path: file, newLog: true })
      const first = { size: 3, root: systemRandom(32), keyId: '00000000' }
      await memory.write(first)
      renameSync(path, moved)
      await expect(memory.write({ ...first, size: 4 })).rejects.toBeInstanceOf(Unavailable)
      await expect(memory.read()).rejects.toBeInstanceOf(Unavailable)
      renameSync(moved, path)
      expect(await memory.read()).toEqual(first)
      // What a writer that was cut off left beside it is not read.
      writeFileSync(`${file}.new`, '9')
      expect(await openMemoryFile({ path: file, newLog: false }).read()).toEqual(first)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('a PostgreSQL connection that is cut', () => {
  test('in the middle of a write is an outage, and the process goes on', async () => {
    const url = await emptyPostgres()
    await migratePostgresStorage({ url })
    const storage = await openPostgresStorage({ url, connectionsMax: 2 })
    const other = new Client({ connectionString: url })
    await other.connect()
    try {
      // The write waits for this lock, in the middle of its transaction.
      await other.query('begin')
      await other.query('lock table act in access exclusive mode')
      const outcome = outcomeOf(storage.commit(commitOf({ acts: [act('one')] })))
      await cutWaiting(other)
      expect(await outcome).toBe('unavailable')
      await other.query('rollback')
      expect(await storage.findAct(digest('one'))).toBeUndefined()
      expect(await storage.commit(commitOf({ acts: [act('one')] }))).toBe('committed')
    } finally {
      await other.end()
      await storage.close()
    }
  })
})

/** Cuts the connection that waits for a lock, once there is one. */
async function cutWaiting(client: Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ cut: boolean }>(
      `select pg_terminate_backend(pid) as cut from pg_stat_activity
       where datname = current_database() and wait_event_type = 'Lock'`,
    )
    if (rows.length > 0) return
  }
}
