import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromBase64, fromUtf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { jsonOf } from '#test/helpers/command-line.ts'
import { ended, filingOf, killFiling, noticesOf, start } from '#test/helpers/kill-filing.ts'
import { accepted, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'

let solo: SoloCoalition

beforeAll(async () => {
  solo = await openSolo()
  await accepted(solo.dunant('company', `notice draft --out ${solo.path('draft')}`))
  const brief = solo.path('draft/brief.json')
  const text = readFileSync(brief, 'utf8')
  writeFileSync(brief, text.replace('WRITE YOUR OWN NUMBER HERE', '+41 22 555 01 02'))
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
  expect(refused.err).toContain('is signed and may have been received')
}, 120_000)

test('an act that the server refuses and does not know is forgotten, and the next run signs another over the same bundle', async () => {
  const { line, out } = filingOf(solo, 'forgotten')
  const child = start(solo, line)
  const end = ended(child)
  const journal = join(out, 'work/journal.json')
  while (!existsSync(journal) || !readFileSync(journal, 'utf8').includes('"bundle"')) await sleep(1)
  child.kill('SIGKILL')
  await end
  const kept: unknown = JSON.parse(readFileSync(solo.path('killed/filing.json'), 'utf8'))
  const { payload, signature } = keptFiling(kept)
  const act = Buffer.from(base64Text(payload).replace(/"nonce":"./, '"nonce":"x'))
  writeFileSync(
    join(out, 'filing.json'),
    JSON.stringify({ id: sha256Hex(act), payload: act.toString('base64'), signature }),
  )
  const before = noticesOf(solo)
  const refused = await ended(start(solo, line))
  expect(refused.code).not.toBe(0)
  expect(existsSync(join(out, 'filing.json'))).toBe(false)
  const done = await ended(start(solo, line))
  expect(done.code, done.err).toBe(0)
  expect(jsonOf(done)).toMatchObject({ told: 600, resumed: 600 })
  expect(noticesOf(solo) - before).toBe(1)
}, 120_000)

function base64Text(text: string): string {
  return fromUtf8(fromBase64(text) ?? new Uint8Array()) ?? ''
}

function keptFiling(value: unknown): { readonly payload: string; readonly signature: string } {
  if (typeof value === 'object' && value !== null && 'payload' in value && 'signature' in value)
    return { payload: String(value.payload), signature: String(value.signature) }
  throw new Error('no filing was kept')
}
