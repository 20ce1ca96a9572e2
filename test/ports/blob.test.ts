import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { openDirectoryBlobs } from '#adapters/blob/directory.ts'
import { openPostgresBlobs } from '#adapters/blob/postgres.ts'
import { openR2Blobs } from '#adapters/blob/r2.ts'
import { migratePostgresStorage } from '#adapters/storage/postgres.ts'
import { utf8 } from '#core/bytes.ts'
import { Unavailable } from '#ports/storage.ts'
import { startCloudflare } from '#test/helpers/miniflare.ts'
import { emptyPostgres } from '#test/helpers/postgres.ts'
import { blobContract } from './blob.contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'dunant-blobs-'))
const cloudflare = startCloudflare()
const closers: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const close of closers) await close()
  rmSync(folder, { recursive: true })
  await cloudflare.stop()
})

let folders = 0
function newFolder(): string {
  folders += 1
  return join(folder, String(folders))
}

let database: Promise<string> | undefined
/** One database for all, since a test of blobs needs only an empty table. */
async function postgresUrl(): Promise<string> {
  database ??= emptyPostgres().then(async (url) => {
    await migratePostgresStorage({ url })
    return url
  })
  return await database
}

blobContract('a directory', async () => await openDirectoryBlobs({ path: newFolder() }))

blobContract('PostgreSQL', async () => {
  const url = await postgresUrl()
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('delete from blob')
  await client.end()
  const blobs = openPostgresBlobs({ url, connectionsMax: 4 })
  closers.push(blobs.close)
  return blobs
})

blobContract('R2', async () => openR2Blobs(await cloudflare.emptyR2()))

describe('a directory', () => {
  test('keeps its blobs when it is opened again, and drops what was half-written', async () => {
    const path = newFolder()
    const first = await openDirectoryBlobs({ path })
    await first.put('a/b', utf8('kept'))
    writeFileSync(join(path, 'incoming', 'half'), 'half')
    const second = await openDirectoryBlobs({ path })
    expect(await second.get('a/b')).toEqual(utf8('kept'))
    expect(readdirSync(join(path, 'incoming'))).toEqual([])
    await second.deletePrefix('incoming')
    expect(existsSync(join(path, 'incoming'))).toBe(true)
  })

  test('shows nobody else its blobs, nor when they were written', async () => {
    const path = newFolder()
    const blobs = await openDirectoryBlobs({ path })
    await blobs.put('a/b', utf8('x'))
    const { mode, mtimeMs } = statSync(join(path, 'a+', 'b.blob'))
    expect([mode & 0o777, mtimeMs]).toEqual([0o600, 0])
    expect(statSync(join(path, 'a+')).mode & 0o077).toBe(0)
  })

  test('that cannot be written is an outage, and leaves nothing behind', async () => {
    const path = newFolder()
    const blobs = await openDirectoryBlobs({ path })
    // A folder where the file belongs.
    mkdirSync(join(path, 'a+', 'b.blob', 'x'), { recursive: true })
    await expect(blobs.put('a/b', utf8('x'))).rejects.toBeInstanceOf(Unavailable)
    expect(readdirSync(join(path, 'incoming'))).toEqual([])
    await expect(blobs.get('a/b')).rejects.toBeInstanceOf(Unavailable)
    writeFileSync(join(path, 'file'), '')
    await expect(openDirectoryBlobs({ path: join(path, 'file') })).rejects.toBeInstanceOf(
      Unavailable,
    )
  })
})

test('blobs on a PostgreSQL server that is not there are an outage', async () => {
  const blobs = openPostgresBlobs({ url: 'postgres://nobody:x@127.0.0.1:1/none' })
  await expect(blobs.get('a')).rejects.toBeInstanceOf(Unavailable)
  await expect(blobs.put('a', utf8('x'))).rejects.toBeInstanceOf(Unavailable)
  await blobs.close()
})
