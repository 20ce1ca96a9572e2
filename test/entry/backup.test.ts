import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import Database from 'better-sqlite3'
import { auditLog } from '#client/audit.ts'
import { closeServer, listen } from '#entry/listen.ts'
import { jsonOf, type Ran, runHere } from '#test/helpers/command-line.ts'
import { threeOf } from '#test/helpers/coalition.ts'
import { connect, pinsOf } from '#test/helpers/filing.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import {
  copyOf,
  faultsOf,
  type SavedServer,
  saveServer,
  secretsOf,
} from '#test/helpers/saved-server.ts'

let saved: SavedServer
let memory: string
beforeAll(async () => {
  saved = await saveServer()
  memory = join(saved.home, 'log-memory')
}, 120_000)
afterAll(async () => {
  await saved.clear()
})

let homes = 0
/** Restores into a new folder, with the keys of the home that was lost. */
async function restore(
  from: string,
  ...options: readonly string[]
): Promise<{ readonly ran: Ran; readonly home: string }> {
  homes += 1
  const home = saved.path(`restored-${String(homes)}`)
  const keys = options.includes('--keys') ? [] : ['--keys', join(saved.home, 'keys')]
  const ran = await runHere(['restore', from, '--data', home, '--json', ...keys, ...options])
  return { ran, home }
}

/** The options that name the checkpoints of some of the three witnesses. */
function shownBy(...witnesses: readonly number[]): readonly string[] {
  return witnesses.flatMap((n) => ['--checkpoint', saved.monitors[n - 1] ?? ''])
}

/** The verifier key of a witness. */
function vkeyOf(witness: number): string {
  return saved.vkeys[witness - 1] ?? ''
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

test('a backup is made while others file, and the next one adds only what is new', () => {
  const [first, second] = saved.runs.map((ran) => jsonOf(ran))
  expect(first?.['newBlobs']).toBe(first?.['blobs'])
  expect(Number(second?.['newBlobs'])).toBeGreaterThan(0)
  expect(Number(second?.['blobs'])).toBe(Number(first?.['blobs']) + Number(second?.['newBlobs']))
  expect(Number(second?.['size'])).toBeGreaterThan(Number(first?.['size']))
})

test('a backup holds no private key, and nothing of what the signer remembers', () => {
  const texts = filesIn(saved.today).map((path) => readFileSync(path, 'latin1'))
  for (const secret of secretsOf(saved.home)) {
    for (const text of texts) expect(text).not.toContain(secret)
  }
  expect(filesIn(saved.today).some((path) => path.includes('memory'))).toBe(false)
  for (const path of filesIn(saved.today)) expect(statSync(path).mode & 0o077, path).toBe(0)
})

test("yesterday's database over today's is refused at the start, and nothing is signed", async () => {
  const home = copyOf(saved.home, saved.path('rolled-back'))
  for (const tail of ['-wal', '-shm']) {
    expect(existsSync(join(home, `dunant.sqlite${tail}`))).toBe(false)
  }
  writeFileSync(
    join(home, 'dunant.sqlite'),
    readFileSync(join(saved.yesterday, '000001', 'database.sqlite')),
  )
  const before = readFileSync(join(home, 'log-memory'), 'utf8')
  const served = await runHere(['serve', '--data', home, '--port', '0', '--quiet'])
  expect(served.code).toBe(5)
  expect(served.err).toMatch(/the log signer has seen \d+ entries/)
  expect(readFileSync(join(home, 'log-memory'), 'utf8')).toBe(before)
  expect(await faultsOf(home)).toEqual({ code: 5, faults: ['signer'] })
})

test("yesterday's backup is not restored, by the memory of the signer: it says how many entries are missing", async () => {
  const [first, second] = saved.runs.map((ran) => Number(jsonOf(ran)['size']))
  const { home, ran } = await restore(saved.yesterday, '--signer-memory', memory)
  expect(ran.code).toBe(5)
  expect(jsonOf(ran)['refused']).toBe('checkpoint-older')
  expect(ran.err).toContain(`${String((second ?? 0) - (first ?? 0))} are missing`)
  expect(existsSync(home)).toBe(false)
})

test("yesterday's backup is not restored by what witnesses have seen, nor any by too few of them", async () => {
  const { ran } = await restore(saved.yesterday, ...shownBy(1, 3))
  expect(jsonOf(ran)['refused']).toBe('checkpoint-older')
  const few = await restore(saved.today, ...shownBy(2, 2))
  expect(jsonOf(few.ran)['refused']).toBe('note-unsigned')
  const note = await (await fetch(saved.monitors[0] ?? '')).text()
  const unwitnessed = saved.path('unwitnessed')
  writeFileSync(unwitnessed, note.replace(/^— witness.*\n/m, ''))
  const none = await restore(saved.today, '--witness', `${vkeyOf(1)}=${unwitnessed}`, ...shownBy(3))
  expect(jsonOf(none.ran)['refused']).toBe('note-unsigned')
})

test("a note of yesterday with everybody's cosignature is nobody's last word: a file counts for no witness, and an address for one", async () => {
  const database = new Database(join(saved.yesterday, '000001/database.sqlite'), { readonly: true })
  const notes = database.prepare('select note from checkpoint order by size desc').pluck().all()
  database.close()
  const old = notes.map(String).find((note) => (note.match(/^— witness/gm) ?? []).length >= 2) ?? ''
  expect(old).not.toBe('')
  const file = saved.path('old-note')
  writeFileSync(file, old)
  const fromFile = await restore(saved.yesterday, '--checkpoint', file)
  expect([fromFile.ran.code, existsSync(fromFile.home)]).toEqual([2, false])
  expect(fromFile.ran.err).toContain('does not tell who has seen more since')
  const { server, url } = await listen(
    { fetch: () => new Response(old) },
    { host: '127.0.0.1', port: 0 },
  )
  const cosigners = [1, 2, 3].filter((n) => old.includes(`— witness${String(n)}.example`))
  const [one = 0, other = 0] = cosigners
  const unnamed = await restore(saved.yesterday, '--checkpoint', url)
  expect(jsonOf(unnamed.ran)['refused']).toBe('note-unsigned')
  expect(unnamed.ran.err).toContain('one address is the word of one')
  const alone = await restore(saved.yesterday, '--witness', `${vkeyOf(one)}=${url}`)
  await closeServer(server)
  expect(alone.ran.err).toContain('1 witnesses of the charter were heard, and 2 must be')
  const mixed = ['--witness', `${vkeyOf(one)}=${file}`, ...shownBy(other)]
  expect(jsonOf((await restore(saved.yesterday, ...mixed)).ran)['refused']).toBe('checkpoint-older')
  // What is older than the backup holds no less: the word that the operator gives for it is printed and kept.
  const { home, ran } = await restore(saved.today, ...mixed)
  expect(ran.err).toBe('')
  const heard = [
    // In the order in which they were given: addresses first.
    { from: saved.monitors[other - 1], isLive: true, name: `witness${String(other)}.example/w` },
    { from: file, isLive: false, name: `witness${String(one)}.example/w` },
  ]
  expect(jsonOf(ran)['heard']).toMatchObject(heard)
  const record = readFileSync(join(home, 'restored.json'), 'utf8')
  expect(jsonOf({ code: 0, out: record, err: '' })['heard']).toMatchObject(heard)
})

test.each([
  ['the memory of the signer', () => ['--signer-memory', memory]],
  ['two of three witnesses', () => shownBy(1, 2)],
])("today's backup is restored by %s, whole", async (_, shown) => {
  const { home, ran } = await restore(saved.today, ...shown())
  expect(ran.err).toBe('')
  expect(await faultsOf(home, '--deep')).toEqual({ code: 0, faults: [] })
})

test('a restore is told what shows the end of the log, in one way, and fills an empty folder alone', async () => {
  const none = await restore(saved.today)
  const both = await restore(saved.today, '--signer-memory', memory, '--checkpoint', memory)
  expect([none.ran.code, both.ran.code]).toEqual([2, 2])
  const over = await runHere([
    'restore',
    saved.today,
    '--signer-memory',
    memory,
    '--data',
    saved.home,
  ])
  expect(over.code).toBe(3)
  expect(over.err).toContain('is not empty')
})

test.each([
  ['a blob', 'blobs'],
  ['the database', '000001'],
])('a backup in which one byte of %s was changed is not restored', async (what, where) => {
  const from = copyOf(saved.yesterday, saved.path(`changed ${what}`))
  const path = filesIn(join(from, where)).find((name) => /\.blob$|database/.test(name)) ?? ''
  const bytes = readFileSync(path)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  writeFileSync(path, bytes)
  const { home, ran } = await restore(from, '--signer-memory', memory)
  expect(ran.code).toBe(3)
  expect(ran.err).toContain('was changed')
  expect(existsSync(home)).toBe(false)
})

test('keys are saved encrypted alone, and come back with their passphrase', async () => {
  const passphrase = saved.path('passphrase')
  writeFileSync(passphrase, 'a long passphrase of an operator\n')
  const out = saved.path('with-keys')
  const kept = ['--passphrase-file', passphrase]
  await runHere(['backup', '--data', saved.home, '--out', out, '--with-keys', ...kept])
  const sealed = join(out, '000001', 'keys.asc')
  for (const path of filesIn(out)) {
    const text = readFileSync(path, 'latin1')
    for (const secret of secretsOf(saved.home)) expect(text).not.toContain(secret)
  }
  const { home, ran } = await restore(out, '--signer-memory', memory, '--keys', sealed, ...kept)
  expect(ran.err).toBe('')
  expect(secretsOf(home)).toEqual(secretsOf(saved.home))
  writeFileSync(passphrase, 'another passphrase\n')
  const wrong = await restore(out, '--signer-memory', memory, '--keys', sealed, ...kept)
  expect(jsonOf(wrong.ran)['refused']).toBe('passphrase-wrong')
})

test('the log of a restored server goes on without a fork, and a second one from the same backup does not start', async () => {
  const [one, other] = [
    await restore(saved.today, ...shownBy(2, 3)),
    await restore(saved.today, '--signer-memory', memory),
  ]
  const again = await saved.server.revive(one.home)
  try {
    const { coalition } = again
    const { contoso } = threeOf(coalition)
    const api = connect(coalition, await coalition.session(contoso))
    const pins = await pinsOf(saved.server.coalition)
    const { size } = accepted(await auditLog(api, pins))
    expect(size).toBe(Number(jsonOf(one.ran)['size']))
    expect((await api.readReceipt(saved.lateAct, { withChain: false })).ok).toBe(true)
    const next = await coalition.submit('mailbox.invite', { tokens: ['dd'.repeat(32)] }, contoso)
    expect(next.status).toBe(201)
    await saved.reach(size + 1)
    // The same client asks for consistency with what it saw before.
    expect(accepted(await auditLog(api, pins)).size).toBeGreaterThan(size)
  } finally {
    await again.close()
  }
  // Its memory is the one of before, but the witnesses have seen more.
  const served = await runHere(['serve', '--data', other.home, '--port', '0', '--quiet'])
  expect(served.code).toBe(5)
  expect(served.err).toMatch(/has seen \d+ entries/)
})
