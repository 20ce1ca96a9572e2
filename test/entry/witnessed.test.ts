import { copyFileSync, cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { fromHex, utf8 } from '#core/bytes.ts'
import { leafHash } from '#core/log/merkle.ts'
import { formatVkey, KEY_TYPE_COSIGNATURE, parseNote, verifierOf } from '#core/log/note.ts'
import { auditLog } from '#client/audit.ts'
import type { Api } from '#client/http.ts'
import { refuse } from '#core/result.ts'
import { systemRandom } from '#client/random.ts'
import { openSqliteStorage } from '#adapters/storage/sqlite.ts'
import { WritesStopped } from '#ports/storage.ts'
import { readAlarm, stoppable } from '#service/log-alarm.ts'
import { appendOf, commitOf, record } from '#test/ports/storage.fixture.ts'
import { sha256Hex } from '#core/hash.ts'
import { verifyReceipt, type VerifiedReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { parseReceipt } from '#wire/receipt.ts'
import { type Coalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { fileNotice, idOf } from '#test/helpers/notices.ts'
import { runHere } from '#test/helpers/command-line.ts'
import { connect, pinsOf } from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { logOf } from '#test/helpers/toy-log.ts'
import { foundWitnessed, until, type Witnessed } from '#test/helpers/witnessed.ts'

let witnessed: Witnessed | undefined
afterEach(async () => {
  await witnessed?.close()
  witnessed = undefined
})

/** An act of a company that is in the log at once, and public to nobody. */
async function grow(coalition: Coalition): Promise<string> {
  const { contoso } = threeOf(coalition)
  return idOf(await coalition.submit('mailbox.invite', invitation(), contoso))
}

function invitation(): { readonly tokens: readonly string[] } {
  return { tokens: [sha256Hex(systemRandom(32))] }
}

/** What the receipt of one of Contoso's acts proves by now. */
async function proven(coalition: Coalition, id: string): Promise<VerifiedReceipt> {
  const token = await coalition.session(threeOf(coalition).contoso)
  const { text } = await coalition.ask(`/api/acts/${id}/receipt`, { token })
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  return accepted(await verifyReceipt(accepted(parseReceipt(text)), anchor, parseAct))
}

async function statusOf(coalition: Coalition, id: string): Promise<string> {
  const { status, witnessed: count } = await proven(coalition, id)
  return `${status} ${String(count)}`
}

async function published(coalition: Coalition): Promise<{ size: number; lines: number } | number> {
  const { status, text } = await coalition.ask('/log/checkpoint')
  const note = parseNote(text)
  if (status !== 200 || !note.ok) return status
  return { size: Number(note.value.text.split('\n')[1]), lines: note.value.signatures.length }
}

test('a notice is released once two witnesses cosigned, and stays released while acts arrive', async () => {
  witnessed = await foundWitnessed({ honest: 2, quorum: 2 })
  const coalition = witnessed.coalition()
  const { contoso } = threeOf(coalition)
  const anna = await coalition.enrol('anna')
  const token = await coalition.session(anna)
  const lines = async (): Promise<number> => {
    const { body } = await coalition.ask(`/api/mailboxes/${anna.id}/lines`, { token })
    const payload = Buffer.from(String(body['payload']), 'base64').toString()
    return payload.split('"notice":').length - 1
  }
  for (const witness of witnessed.witnesses) await witness.off()
  const { notice } = await fileNotice(coalition, contoso, { customers: [anna] })
  expect(await statusOf(coalition, notice)).toBe('logged 0')
  expect(await lines()).toBe(0)

  const [first, second] = witnessed.witnesses
  await first?.on()
  await grow(coalition)
  await until(async () => (await proven(coalition, notice)).witnessed === 1)
  expect(await lines()).toBe(0)

  await second?.on()
  await grow(coalition)
  await until(async () => (await statusOf(coalition, notice)) === 'witnessed 2')
  expect(await lines()).toBe(1)
  for (const witness of witnessed.witnesses) await witness.off()
  for (let i = 0; i < 5; i++) {
    const id = await grow(coalition)
    expect(await statusOf(coalition, id)).toBe('logged 0')
    expect(await statusOf(coalition, notice)).toBe('witnessed 2')
    expect(await lines()).toBe(1)
  }
})

test('without its witnesses a server accepts and logs, and shows no checkpoint that nobody saw', async () => {
  witnessed = await foundWitnessed({ honest: 2, quorum: 2, off: true })
  const coalition = witnessed.coalition()
  const id = await grow(coalition)
  expect(await statusOf(coalition, id)).toBe('logged 0')
  expect(await published(coalition)).toBe(503)
  const { events } = witnessed
  for (const name of ['w1.example', 'w2.example']) {
    const line = `{"event":"witness_failed","witness":"${name}","reason":"unreachable"}`
    await until(() => events.includes(line))
  }
  for (const witness of witnessed.witnesses) await witness.on()
  await grow(coalition)
  await until(async () => (await statusOf(coalition, id)) === 'witnessed 2')
  expect(await published(coalition)).toMatchObject({ lines: 3 })
})

test('an audit tells what waits for witnesses from what the log does not have', async () => {
  witnessed = await foundWitnessed({ honest: 2, quorum: 2 })
  const coalition = witnessed.coalition()
  const { contoso } = threeOf(coalition)
  const id = await grow(coalition)
  await until(async () => (await statusOf(coalition, id)) === 'witnessed 2')
  for (const witness of witnessed.witnesses) await witness.off()
  const policy = { rules: [], two_officers: false }
  idOf(await coalition.submit('party.policy', policy, contoso))
  const pins = await pinsOf(coalition)
  const api = connect(coalition)
  expect(accepted(await auditLog(api, pins)).governance).toBe(2)

  // An operator who shows a link and no receipt for it has not logged it.
  const silent: Api = { ...api, readReceipt: async () => refuse('receipt-not-logged') }
  expect(reasonOf(await auditLog(silent, await pinsOf(coalition)))).toBe('directory-broken')
  for (const witness of witnessed.witnesses) await witness.on()
})

test('an operator sees which witnesses answer, and what they cosigned last', async () => {
  witnessed = await foundWitnessed({ honest: 2, quorum: 2 })
  const { genesis, home, witnesses } = witnessed
  const pins = ['--home', join(home, '..', 'operator')]
  const where = ['--server', witnessed.url(), '--origin', ORIGIN, '--genesis', genesis]
  expect((await runHere(['directory', 'pin', ...where, ...pins])).code).toBe(0)
  const look = async () => await runHere(['log', 'witnesses', '--data', home, '--json', ...pins])
  const coalition = witnessed.coalition()
  await until(async () => typeof (await published(coalition)) !== 'number')
  const all = await look()
  expect(all).toMatchObject({ code: 0, err: '' })
  expect(all.out.replaceAll(' ', '').split('"size":2').length - 1).toBe(2)
  await witnesses[0]?.off()
  const fewer = await look()
  expect(fewer.code).toBe(7)
  expect(fewer.out.replaceAll(' ', '').split('"size":null').length - 1).toBe(1)
})

test('what is published never goes back, and three witnesses of which one is down are two', async () => {
  witnessed = await foundWitnessed({ honest: 3, quorum: 2 })
  const coalition = witnessed.coalition()
  await witnessed.witnesses[2]?.off()
  let last = 0
  for (let i = 0; i < 30; i++) {
    await grow(coalition)
    const now = await published(coalition)
    const size = typeof now === 'number' ? 0 : now.size
    expect(size).toBeGreaterThanOrEqual(last)
    last = size
  }
  const id = await grow(coalition)
  await until(async () => (await statusOf(coalition, id)) === 'witnessed 2')
})

test('an older database is refused at start by the signer, and by a witness where that was restored too', async () => {
  witnessed = await foundWitnessed({ honest: 2, quorum: 2 })
  const { home } = witnessed
  const first = witnessed.coalition()
  const old = await grow(first)
  await until(async () => (await statusOf(first, old)) === 'witnessed 2')
  await witnessed.stop()
  const backup = `${home}.backup`
  cpSync(home, backup, { recursive: true })
  await witnessed.start()
  const second = witnessed.coalition()
  const young = await grow(second)
  await until(async () => (await statusOf(second, young)) === 'witnessed 2')
  await witnessed.stop()

  for (const end of ['', '-wal', '-shm']) {
    rmSync(join(home, `dunant.sqlite${end}`), { force: true })
    const kept = join(backup, `dunant.sqlite${end}`)
    if (existsSync(kept)) copyFileSync(kept, join(home, `dunant.sqlite${end}`))
  }
  await expect(witnessed.start()).rejects.toThrow('the log signer has seen')
  copyFileSync(join(backup, 'log-memory'), join(home, 'log-memory'))
  await expect(witnessed.start()).rejects.toThrow(/the witness w[12].example has seen/)

  for (const witness of witnessed.witnesses) await witness.off()
  await expect(witnessed.start()).rejects.toThrow('w1.example, w2.example')
  await witnessed.witnesses[0]?.on()
  await expect(witnessed.start()).rejects.toThrow('the witness w1.example has seen')
  rmSync(backup, { recursive: true })
})

test('a start needs so many witnesses that every quorum has one of them', async () => {
  witnessed = await foundWitnessed({ honest: 3, quorum: 2 })
  await witnessed.stop()
  const [first, second] = witnessed.witnesses
  await first?.off()
  await witnessed.start()
  await witnessed.stop()
  await second?.off()
  await expect(witnessed.start()).rejects.toThrow('these do not: w1.example, w2.example')
  await second?.on()
  witnessed.settings((file) => ({ ...file, witnesses: [] }))
  await expect(witnessed.start()).rejects.toThrow('w1.example, w2.example, w3.example')
})

test('keys without an address and addresses without a key are reported, once', async () => {
  witnessed = await foundWitnessed({ honest: 3, quorum: 2 })
  await witnessed.stop()
  const { events } = witnessed
  const stranger = { name: 'x.example', seed: new Uint8Array(32).fill(9) }
  const vkey = formatVkey(verifierOf(stranger, KEY_TYPE_COSIGNATURE))
  witnessed.settings((file) => {
    const known: readonly unknown[] = Array.isArray(file['witnesses']) ? file['witnesses'] : []
    return { ...file, witnesses: [...known.slice(1), { url: 'http://127.0.0.1:1', vkey }] }
  })
  await witnessed.start()
  const coalition = witnessed.coalition()
  const id = await grow(coalition)
  await until(async () => (await statusOf(coalition, id)) === 'witnessed 2')
  const mismatches = events.filter((line) => line.includes('witness_mismatch'))
  expect(mismatches).toEqual([
    '{"event":"witness_mismatch","witness":"w1.example","problem":"no-address"}',
    '{"event":"witness_mismatch","witness":"x.example","problem":"not-in-charter"}',
  ])
})

test('a longer log under its own key raises the alarm: nothing is written any more by any process, reads go on, and no start is allowed', async () => {
  witnessed = await foundWitnessed({ honest: 2, quorum: 2 })
  const { events, home, witnesses } = witnessed
  const coalition = witnessed.coalition()
  const id = await grow(coalition)
  await until(async () => (await statusOf(coalition, id)) === 'witnessed 2')
  const size = await sizeOf(coalition)
  await forkAt(witnessed, size)

  const next = await grow(coalition)
  await until(() => events.some((line) => line.includes('log_contradicted')))
  expect(events.find((line) => line.includes('log_contradicted'))).toContain('checkpoint-older')
  const storage = await openSqliteStorage({ path: join(home, 'dunant.sqlite') })
  await until(async () => (await readAlarm(storage)) !== undefined)
  const before = await storage.logHead()
  const refused = await coalition.submit('mailbox.invite', invitation(), threeOf(coalition).contoso)
  expect([refused.status, refused.body['type']]).toEqual([503, '/problems/unavailable'])
  expect(refused.body['detail']).toMatch(
    /^log-contradicted: the witness w1.example holds a checkpoint of \d+ entries/,
  )
  expect(await storage.logHead()).toEqual(before)

  // Another process on the same database has heard nothing, and neither writes nor appends.
  const other = stoppable(storage)
  await expect(other.commit(commitOf({ records: [record('1')] }))).rejects.toThrow(WritesStopped)
  await expect(other.appendLog(appendOf(before?.size ?? 0, []))).rejects.toThrow(WritesStopped)
  expect(await storage.recordsOf(record('1').act)).toEqual([])

  // Who reads needs a session, which is opened as before.
  expect((await proven(coalition, next)).status).toBe('logged')
  expect(await statusOf(coalition, id)).toBe('witnessed 2')
  expect(await sizeOf(coalition)).toBe(size)
  expect(await coalition.ask('/readyz')).toMatchObject({
    status: 503,
    body: { detail: 'witnesses' },
  })
  const doctor = await runHere(['doctor', '--data', home])
  expect(doctor).toMatchObject({ code: 5 })
  expect(doctor.out).toContain('log-contradicted')
  await storage.close()

  await witnessed.stop()
  await expect(witnessed.start()).rejects.toThrow('log-contradicted: the witness w1.example')
  // The other witness has seen nothing, and alone is enough for a start; the proof was kept.
  await witnesses[0]?.off()
  await expect(witnessed.start()).rejects.toThrow('log-contradicted: the witness w1.example')
})

/** Has the first witness cosign a longer tree of the log, which its own key has signed. */
async function forkAt(forked: Witnessed, size: number): Promise<void> {
  const { home, witnesses } = forked
  const { bytes } = await forked.coalition().ask(`/log/tile/0/000.p/${String(size)}`)
  const leaves = Array.from({ length: size }, (_, i) => bytes.slice(i * 32, i * 32 + 32))
  const others = Array.from({ length: 5 }, (_, i) => leafHash(utf8(`another ${String(i)}`)))
  const seed = fromHex(readFileSync(join(home, 'keys', 'log.seed'), 'utf8').trim())
  const thief = logOf({ name: ORIGIN, seed: seed ?? new Uint8Array() }, [...leaves, ...others])
  const cosigned = await fetch(`${witnesses[0]?.url ?? ''}/add-checkpoint`, {
    method: 'POST',
    body: await thief.request(size, size + 5),
  })
  expect(cosigned.status).toBe(200)
}

async function sizeOf(coalition: Coalition): Promise<number> {
  const shown = await published(coalition)
  return typeof shown === 'number' ? 0 : shown.size
}
