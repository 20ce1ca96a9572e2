import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import { base64, fromBase64, fromHex, utf8 } from '#core/bytes.ts'
import { lineHash } from '#core/bundle.ts'
import { lineCommitment } from '#core/commitment.ts'
import { sha256Hex } from '#core/hash.ts'
import { verifyInclusion } from '#core/log/merkle.ts'
import { productLine } from '#client/envelope.ts'
import { parseAct } from '#wire/act.ts'
import { parseProduct } from '#wire/product.ts'
import { program, type Ran } from './command-line.ts'
import { accepted } from './openpgp-keys.ts'
import type { SoloCoalition } from './solo-coalition.ts'

/** Enough that worker threads start, and that each step takes a moment. */
const CUSTOMERS = 600

/** A moment in a filing at which it can be killed, told by what is on disk. */
export type Moment =
  | 'list'
  | 'composing'
  | 'composed'
  | 'bundle'
  | 'files'
  | 'uploading'
  | 'signed'
  | 'receipts'

/** Whether the moment has come; the folder is that of the product files. */
const HAS_COME: Readonly<Record<Moment, (out: string) => boolean>> = {
  list: (out) => sizeOf(join(out, 'work/recipients.ndjson')) > 0,
  composing: (out) => sizeOf(join(out, 'work/composed')) > 200_000,
  composed: (out) =>
    existsSync(join(out, 'work/lines-0.run')) || existsSync(join(out, 'work/tree')),
  bundle: (out) => journal(out).includes('"bundle"'),
  files: (out) => products(out).length > 20,
  uploading: (out) => journal(out).includes(`"written":${String(CUSTOMERS)}`),
  signed: (out) => existsSync(join(out, 'filing.json')),
  receipts: (out) => {
    const [first] = products(out)
    return first !== undefined && readFileSync(join(out, first), 'utf8').includes('"receipt":')
  },
}

/** Every moment, in the order in which they come. */
export const MOMENTS: readonly Moment[] = [
  'list',
  'composing',
  'composed',
  'bundle',
  'files',
  'uploading',
  'signed',
  'receipts',
]

/** Writes a list of customers, and gives the command line that files for them into a folder. */
export function filingOf(solo: SoloCoalition, name: string): { out: string; line: string } {
  const rows = Array.from({ length: CUSTOMERS }, (_, i) => `${accountOf(name, i)},en,`)
  writeFileSync(solo.path(`${name}.csv`), `account,language,facts\n${rows.join('\n')}\n`)
  const out = solo.path(name)
  return {
    out,
    line: `notice file --customers ${solo.path(`${name}.csv`)} --brief ${solo.path('draft/brief.json')} --out ${out} --key contoso-example`,
  }
}

/**
 * Files with the real program, kills it with `kill -9` at each of some moments in turn, and gives the same command again, until it is done; then
 * holds what is there to what must be: one notice, one proven file for each customer, nothing else.
 *
 * @param delay milliseconds between a moment and the kill
 */
export async function killFiling(
  solo: SoloCoalition,
  name: string,
  kills: readonly { readonly moment: Moment; readonly delay: number }[],
): Promise<readonly Moment[]> {
  const { line, out } = filingOf(solo, name)
  const before = noticesOf(solo)
  const hit: Moment[] = []
  for (const { delay, moment } of kills) {
    const child = start(solo, line)
    const isKilled = await killAt(child, () => HAS_COME[moment](out), delay)
    if (isKilled) hit.push(moment)
    if (!isKilled && isDone(out)) break
  }
  const last = isDone(out) ? undefined : await ended(start(solo, line))
  if (last !== undefined) expect({ code: last.code, err: last.err }).toEqual({ code: 0, err: '' })
  expect(noticesOf(solo) - before).toBe(1)
  checkFiles(out, name)
  return hit
}

/** How many notices the server has. */
export function noticesOf(solo: SoloCoalition): number {
  const database = new Database(solo.path('server/dunant.sqlite'), { readonly: true })
  try {
    return Number(
      database.prepare("select count(*) from act where type = 'notice.file'").pluck().get(),
    )
  } finally {
    database.close()
  }
}

/** Runs a command line of the company as a process of its own. */
export function start(solo: SoloCoalition, line: string): ChildProcess {
  const argv = [...line.split(' '), '--home', solo.path('company'), '--json']
  return spawn(process.execPath, [program(), ...argv], {
    cwd: solo.path('.'),
    env: { PATH: process.env['PATH'], DUNANT_PASSPHRASE_FILE: solo.path('passphrase') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** What a process comes to. */
export async function ended(child: ChildProcess): Promise<Ran> {
  const [out, err] = [child.stdout, child.stderr].map((stream) => {
    const chunks: Buffer[] = []
    stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
    return chunks
  })
  const code = await new Promise<number>((resolve) =>
    child.once('close', (status) => resolve(status ?? -1)),
  )
  const [told = '', complained = ''] = [out, err].map((chunks = []) =>
    Buffer.concat(chunks).toString(),
  )
  return { code, out: told, err: complained }
}

async function killAt(
  child: ChildProcess,
  hasCome: () => boolean,
  delay: number,
): Promise<boolean> {
  const end = ended(child)
  const isOver = () => child.exitCode !== null
  while (!isOver() && !hasCome()) await sleep(1)
  if (!isOver() && delay > 0) await sleep(delay)
  const isKilled = !isOver() && child.kill('SIGKILL')
  const ran = await end
  if (!isKilled && ran.code !== 0) throw new Error(`the filing ended by itself: ${ran.err}`)
  return isKilled && ran.code === -1
}

/** The work folder is removed last. */
function isDone(out: string): boolean {
  return existsSync(join(out, 'filing.json')) && !existsSync(join(out, 'work'))
}

function checkFiles(out: string, name: string): void {
  const files = Array.from(
    { length: CUSTOMERS },
    (_, i) => `${sha256Hex(utf8(accountOf(name, i)))}.json`,
  )
  expect(readdirSync(out).toSorted()).toEqual(
    ['deliveries.json', 'filing.json', ...files].toSorted(),
  )
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a filing is kept with its payload
  const kept = JSON.parse(readFileSync(join(out, 'filing.json'), 'utf8')) as {
    payload: string
    id: string
  }
  const { act } = accepted(parseAct(fromBase64(kept.payload) ?? new Uint8Array()))
  if (act.type !== 'notice.file') throw new Error('another act was kept')
  const root = fromHex(act.body.bundle.root) ?? new Uint8Array()
  const indexes = new Set<number>()
  for (const file of files) {
    const { count, index, path, receipt, salt, signed } = accepted(
      parseProduct(readFileSync(join(out, file), 'utf8')),
    )
    const line = productLine(lineCommitment(salt, fromBase64(signed) ?? new Uint8Array()))
    const hashes = path.map((node) => fromHex(node) ?? new Uint8Array())
    accepted(verifyInclusion({ index, size: count, leafHash: lineHash(line), path: hashes, root }))
    expect(count).toBe(act.body.bundle.count)
    expect(receipt?.act.payload).toBe(base64(fromBase64(kept.payload) ?? new Uint8Array()))
    indexes.add(index)
  }
  expect(indexes.size).toBe(CUSTOMERS)
}

function accountOf(name: string, i: number): string {
  return `customer-${String(i)}@${name}.example`
}

function products(out: string): readonly string[] {
  if (!existsSync(out)) return []
  return readdirSync(out).filter((file) => /^[0-9a-f]{64}\.json$/.test(file))
}

function journal(out: string): string {
  const path = join(out, 'work/journal.json')
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0
}
