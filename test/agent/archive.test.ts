import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { mailCipher } from '#adapters/crypto/mail-cipher.ts'
import { type Archive, archiveDue, deleteDue, steadyClock } from '#agent/archive.ts'
import { generateOfficerKey } from '#client/openpgp.ts'
import { DAY_SECONDS } from '#core/time.ts'
import { runHere, scratch } from '#test/helpers/command-line.ts'
import { type LocalAgent, openLocalAgent } from '#test/helpers/local-agent.ts'
import { NOW } from '#test/helpers/openpgp-keys.ts'
import { BRIEF } from '#test/helpers/statements.ts'

const folder = scratch()
let certificate: Uint8Array
let local: LocalAgent
let archive: Archive
let count = 0

beforeAll(async () => {
  for (const name of ['archive', 'counsel']) {
    const made = await generateOfficerKey({
      userId: { name, email: `${name}@contoso.example` },
      date: NOW - DAY_SECONDS,
      passphrase: '',
      unprotected: true,
    })
    writeFileSync(join(folder.path, `${name}.asc`), made.privateArmored)
    if (name === 'archive') certificate = made.publicBytes
  }
})
afterAll(() => {
  folder.clear()
})

beforeEach(async () => {
  local = await openLocalAgent()
  const client = local.client()
  await client.draft('spring', { matter: 'case-1', brief: BRIEF })
  for (const name of ['anna', 'bert'])
    await client.report(name, {
      notice: 'spring',
      account: `${name}@mail.example`,
      language: 'en',
    })
  await local.release('spring')
  const path = join(folder.path, `archive-${String(count++)}`)
  archive = { certificate, cipher: mailCipher, folder: path, retentionSeconds: 90 * DAY_SECONDS }
})

function archived(): readonly string[] {
  return readdirSync(join(archive.folder, 'case-1'))
}

test('what is archived opens with the key of the archive alone, whole, and its export says who had it', async () => {
  await archiveDue(local.agent, archive)
  await archiveDue(local.agent, archive)
  expect(archived()).toHaveLength(2)
  for (const name of archived()) {
    const bytes = readFileSync(join(archive.folder, 'case-1', name)).toString('latin1')
    expect(bytes).not.toMatch(/anna|attacked you|spring/)
  }
  const out = join(folder.path, 'out')
  const line = (key: string, to: string) =>
    `export --matter case-1 --archive ${archive.folder} --archive-key ${folder.path}/${key}.asc --key ${folder.path}/counsel.asc --for court --reason order --out ${to} --json`
  const wrong = await runHere(line('counsel', join(folder.path, 'wrong')).split(' '))
  expect(wrong.code).not.toBe(0)
  const ran = await runHere(line('archive', out).split(' '))
  expect({ code: ran.code, err: ran.err }).toEqual({ code: 0, err: '' })
  const text = readdirSync(out)
    .filter((name) => name.endsWith('.ndjson'))
    .map((name) => readFileSync(join(out, name), 'utf8'))
    .join('')
  expect(text).toContain('"account":"anna@mail.example"')
  expect(text).toContain('"account":"bert@mail.example"')
  expect(text).toContain('attacked you')
  expect(text).toContain('"brief":')
  const manifest = readFileSync(join(out, 'manifest.mime'), 'utf8')
  expect(manifest).toMatch(/^Content-Type: application\/vnd\.dunant\.custody\+json\r\n\r\n\{/)
  expect(manifest).toContain('"for":"court"')
  const again = await runHere(line('archive', out).split(' '))
  expect(again.code).toBe(3)
})

test('gpg opens the archive and verifies the manifest', async () => {
  await archiveDue(local.agent, archive)
  const home = join(folder.path, 'gnupg')
  const gpg = (...args: readonly string[]) =>
    spawnSync('gpg', ['--homedir', home, '--batch', ...args], { encoding: 'utf8' })
  spawnSync('mkdir', ['-m', '700', home])
  for (const name of ['archive', 'counsel']) gpg('--import', join(folder.path, `${name}.asc`))
  const [name = ''] = archived()
  expect(gpg('--decrypt', join(archive.folder, 'case-1', name)).stdout).toContain('"kind":')
  const out = join(folder.path, 'out')
  const verified = gpg('--verify', join(out, 'manifest.mime.asc'), join(out, 'manifest.mime'))
  expect(verified.stderr).toContain('Good signature')
})

test('an archive that was broken off is begun anew, and leaves nothing twice', async () => {
  let pieces = 0
  const dying: Archive = {
    ...archive,
    cipher: {
      encrypt: async (mail) => {
        if (pieces++ === 1) throw new Error('killed')
        return await mailCipher.encrypt(mail)
      },
    },
  }
  await expect(archiveDue(local.agent, dying)).rejects.toThrow('killed')
  expect(archived()).toHaveLength(1)
  await archiveDue(local.agent, archive)
  expect(archived()).toHaveLength(2)
  expect(await local.store.listArchived('case-1')).toHaveLength(2)
})

test('what is past its time is deleted, and a hold stops that until it ends', async () => {
  await archiveDue(local.agent, archive)
  const client = local.client()
  const place = { ...archive, filings: join(folder.path, 'filings') }
  const filed = (name: string) => join(place.filings, name)
  for (const name of ['spring', 'summer']) {
    mkdirSync(filed(name), { recursive: true })
    writeFileSync(join(filed(name), 'filing.json'), '{"signed":"act"}')
  }
  local.setNow(NOW + 89 * DAY_SECONDS)
  expect(await deleteDue(local.agent, place)).toEqual({ files: 0, notices: 0 })
  await client.hold('case-1', { reason: 'litigation', until: '2099-01-01T00:00:00Z' })
  local.setNow(NOW + 91 * DAY_SECONDS)
  expect(await deleteDue(local.agent, place)).toEqual({ files: 0, notices: 0 })
  expect(existsSync(filed('spring'))).toBe(true)
  await client.liftHold('case-1')
  expect(await deleteDue(local.agent, place)).toEqual({ files: 2, notices: 1 })
  expect(archived()).toEqual([])
  expect([existsSync(filed('spring')), existsSync(filed('summer'))]).toEqual([false, true])
  expect(await local.store.listNotices()).toEqual([])
  const anna = local.vault.tag('account', 'anna@mail.example')
  expect(await local.store.bannersOf(anna)).toEqual([])
})

test('a clock that jumps ahead is not trusted any more, nor one in its first hour, and one that runs is', () => {
  let [wall, own] = [1000, 0]
  const open = () =>
    steadyClock(
      () => wall,
      () => own,
    )
  const clock = open()
  expect(clock.state()).toBe('young')
  ;[wall, own] = [wall + 86_400, own + 86_400_000]
  expect(clock.state()).toBe('steady')
  const second = open()
  // The date of the board, put right within the hour.
  ;[wall, own] = [wall - 400 * DAY_SECONDS, own + 600_000]
  expect(second.state()).toBe('young')
  ;[wall, own] = [wall + 3000, own + 3_000_000]
  expect(second.state()).toBe('steady')
  ;[wall, own] = [wall + 7200, own + 1000]
  expect(second.state()).toBe('jumped')
  ;[wall, own] = [wall + 10_000, own + 10_000_000]
  expect(second.state()).toBe('jumped')
})
