import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromBase64, fromUtf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { jsonOf } from '#test/helpers/command-line.ts'
import { ended, filingOf, killFiling, noticesOf, start } from '#test/helpers/kill-filing.ts'
import { draftNotice, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'

let solo: SoloCoalition

beforeAll(async () => {
  solo = await openSolo()
  await draftNotice(solo)
})
afterAll(async () => {
  await solo.close()
})

test('a filing that is killed again and again goes on: one notice, and one proven file for each customer', async () => {
  const kills = [
    { moment: 'composing', delay: 5 },
    { moment: 'files', delay: 0 },
    { moment: 'signed', delay: 20 },
  ] as const
  expect((await killFiling(solo, 'killed', kills)).length).toBeGreaterThan(1)
}, 240_000)

test('what was composed before it was killed is not composed again', async () => {
  const { line, out } = filingOf(solo, 'spared')
  const child = start(solo, line)
  const end = ended(child)
  while (!existsSync(join(out, 'work/composed'))) await sleep(1)
  while (readFileSync(join(out, 'work/composed')).length < 500_000) await sleep(1)
  child.kill('SIGKILL')
  await end
  const kept = readFileSync(join(out, 'work/composed'), 'utf8').split('\n')[1] ?? ''
  const again = await ended(start(solo, line))
  expect(again.code, again.err).toBe(0)
  expect(Number(jsonOf(again)['resumed'])).toBeGreaterThan(20)
  const files = readdirSync(out).filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
  const holders = files.filter((name) => readFileSync(join(out, name), 'utf8').includes(kept))
  expect(holders).toHaveLength(1)
}, 120_000)

test('another filing into the same folder meanwhile is refused with a clear sentence, and so is the same one once it is filed', async () => {
  const { line, out } = filingOf(solo, 'twice')
  const before = noticesOf(solo)
  const first = start(solo, line)
  const done = ended(first)
  while (!existsSync(join(out, 'work'))) await sleep(1)
  first.kill('SIGSTOP')
  const second = await ended(start(solo, line))
  first.kill('SIGCONT')
  expect(second.code).toBe(7)
  expect(second.err).toContain(`another filing is at work in ${out}`)
  expect((await done).code).toBe(0)
  const third = await ended(start(solo, line))
  expect(third.code).toBe(3)
  expect(third.err).toContain('which was filed')
  expect(noticesOf(solo) - before).toBe(1)
}, 120_000)

test('a filing that broke off goes on with its own list alone; --start-over begins anew, and leaves nothing of it', async () => {
  const { line, out } = filingOf(solo, 'changed')
  const child = start(solo, line)
  const end = ended(child)
  while (!existsSync(join(out, 'work/composed'))) await sleep(1)
  child.kill('SIGKILL')
  await end
  const list = solo.path('changed.csv')
  writeFileSync(list, `${readFileSync(list, 'utf8')}one-more@changed.example,en,\n`)
  const other = await ended(start(solo, line))
  expect(other.code).toBe(3)
  expect(other.err).toContain('the customer list is another')
  const kind = await ended(start(solo, `${line} --allow-faults`))
  expect(kind.err).toContain('with another faults')
  const before = noticesOf(solo)
  const anew = await ended(start(solo, `${line} --start-over`))
  expect(anew.code, anew.err).toBe(0)
  expect(jsonOf(anew)).toMatchObject({ told: 601, resumed: 0 })
  expect(noticesOf(solo) - before).toBe(1)
  const refused = await ended(start(solo, `${line} --start-over`))
  expect(refused.err).toContain('which was filed')
}, 120_000)

test('a corrected filing never sends what was signed before: it says what was signed and what was changed, and waits to be told', async () => {
  const { line, out } = filingOf(solo, 'corrected')
  await killBefore(line, out)
  const kept = keepUnsent(out)
  const before = noticesOf(solo)
  const brief = solo.path('corrected.json')
  const text = readFileSync(solo.path('draft/brief.json'), 'utf8')
  writeFileSync(brief, text.replace('+41 22 555 01 02', '+41 22 555 99 99'))
  const corrected = line.replace(solo.path('draft/brief.json'), brief)
  const list = solo.path('corrected.csv')
  const rows = readFileSync(list, 'utf8')
  writeFileSync(list, 'account,language,facts\nonly-this-one@corrected.example,en,\n')
  const both = await ended(start(solo, corrected))
  expect(both.code).toBe(3)
  expect(both.err).toMatch(/the notice [0-9a-f]{64} was signed at 20\d\d-\d\d-\d\dT/)
  expect(both.err).toContain('another brief, customer list. The server does not have it')
  expect((await ended(start(solo, line))).err).toContain('another customer list.')
  writeFileSync(list, rows)
  expect((await ended(start(solo, corrected))).err).toContain('another brief.')
  expect(readFileSync(join(out, 'filing.json'), 'utf8')).toBe(kept)
  expect(noticesOf(solo)).toBe(before)
  writeFileSync(list, 'account,language,facts\nonly-this-one@corrected.example,en,\n')
  const anew = await ended(start(solo, `${corrected} --start-over`))
  expect(anew.code, anew.err).toBe(0)
  expect(jsonOf(anew)).toMatchObject({ told: 1, resumed: 0 })
  expect(readdirSync(out).filter((name) => /^[0-9a-f]{64}/.test(name))).toHaveLength(1)
  expect(noticesOf(solo) - before).toBe(1)
}, 120_000)

test('what the server has is never thrown away for a correction: --resume finishes it, once, as it was signed', async () => {
  const { before, line, list, out } = await killReceived()
  writeFileSync(list, 'account,language,facts\nonly-this-one@received.example,en,\n')
  const plain = await ended(start(solo, line))
  expect(plain.code).toBe(3)
  expect(plain.err).toContain('another customer list. The server has it')
  const over = await ended(start(solo, `${line} --start-over`))
  expect(over.code).toBe(3)
  expect(over.err).toContain('The server has it')
  const resumed = await ended(start(solo, `${line} --resume`))
  expect(resumed.code, resumed.err).toBe(0)
  expect(readdirSync(out).filter((name) => /^[0-9a-f]{64}/.test(name))).toHaveLength(600)
  expect(noticesOf(solo) - before).toBe(1)
}, 120_000)

test('an act that the server refuses and does not know is forgotten, and the next run signs another over the same bundle', async () => {
  const { line, out } = filingOf(solo, 'forgotten')
  await killBefore(line, out)
  keepUnsent(out, 'x')
  const before = noticesOf(solo)
  const refused = await ended(start(solo, line))
  expect(refused.code).not.toBe(0)
  expect(existsSync(join(out, 'filing.json'))).toBe(false)
  const done = await ended(start(solo, line))
  expect(done.code, done.err).toBe(0)
  expect(jsonOf(done)).toMatchObject({ told: 600, resumed: 600 })
  expect(noticesOf(solo) - before).toBe(1)
}, 120_000)

/** Kills a filing when the server has its act and the work is not over; one that was faster than that is made again. */
async function killReceived(): Promise<{
  before: number
  line: string
  list: string
  out: string
}> {
  for (let round = 0; ; round++) {
    const name = `received-${String(round)}`
    const { line, out } = filingOf(solo, name)
    const before = noticesOf(solo)
    const child = start(solo, line)
    const end = ended(child)
    while (noticesOf(solo) === before) await sleep(1)
    child.kill('SIGKILL')
    const { code } = await end
    if (code === -1 && existsSync(join(out, 'work/journal.json')))
      return { before, line, list: solo.path(`${name}.csv`), out }
  }
}

/** Kills a filing when its bundle is known and its act is not signed yet. */
async function killBefore(line: string, out: string): Promise<void> {
  const child = start(solo, line)
  const end = ended(child)
  const journal = join(out, 'work/journal.json')
  while (!existsSync(journal) || !readFileSync(journal, 'utf8').includes('"bundle"')) await sleep(1)
  child.kill('SIGKILL')
  await end
}

/** Puts an act that no server has seen into a folder, as if it had been signed there. */
function keepUnsent(out: string, nonce = '0'): string {
  const kept: unknown = JSON.parse(readFileSync(solo.path('killed/filing.json'), 'utf8'))
  const { payload, signature } = keptFiling(kept)
  const act = Buffer.from(base64Text(payload).replace(/"nonce":".{8}/, `"nonce":"${nonce}0000000`))
  const text = JSON.stringify({ id: sha256Hex(act), payload: act.toString('base64'), signature })
  writeFileSync(join(out, 'filing.json'), text)
  return text
}

function base64Text(text: string): string {
  return fromUtf8(fromBase64(text) ?? new Uint8Array()) ?? ''
}

function keptFiling(value: unknown): { readonly payload: string; readonly signature: string } {
  if (typeof value === 'object' && value !== null && 'payload' in value && 'signature' in value)
    return { payload: String(value.payload), signature: String(value.signature) }
  throw new Error('no filing was kept')
}
