import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemRandom } from '#client/random.ts'
import { sha256Hex } from '#core/hash.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import { signCosignature } from '#core/log/cosignature.ts'
import {
  formatNote,
  formatVkey,
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ED25519,
  parseNote,
  signNote,
  verifierOf,
} from '#core/log/note.ts'
import { followLog } from '#entry/witness-home.ts'
import { askWitness } from '#service/ask-witness.ts'
import { recallWitnesses } from '#service/recall-witnesses.ts'
import { type Coalition, foundCoalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { toyLog } from '#test/helpers/toy-log.ts'
import { serveWitness, witnessFolder } from '#test/helpers/witnesses.ts'

// Somebody has a log key that was replaced, long ago, and whatever the log has published.

const OLD = { name: ORIGIN, seed: new Uint8Array(32).fill(5) }
const NEW = { name: ORIGIN, seed: new Uint8Array(32).fill(6) }
const LIAR = { name: 'liar.example', seed: new Uint8Array(32).fill(7) }

function vkeyOf(signer: typeof OLD): string {
  return formatVkey(verifierOf(signer, KEY_TYPE_ED25519))
}

/** What is there, or the test has no ground. */
function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is missing')
  return value
}

describe('a witness that has seen the next key sign', () => {
  test('cosigns nothing by it any more, and the honest log goes on', async () => {
    const [before, after, thief] = [toyLog(OLD), toyLog(NEW), toyLog(OLD, 20)]
    const folder = witnessFolder('w.example', [before.vkey])
    followLog(folder.home, after.vkey, false)
    let witness = await serveWitness(folder.home)
    const add = async (body: string): Promise<number> =>
      (await fetch(`${witness.url}/add-checkpoint`, { method: 'POST', body })).status
    expect(await add(await before.request(0, 10))).toBe(200)
    // The witness was told of the next key before the log changes to it.
    expect(await add(await before.request(10, 15))).toBe(200)
    expect(await add(await after.request(15, 20))).toBe(200)
    expect(await add(await thief.request(20, 21))).toBe(403)
    await witness.close()
    witness = await serveWitness(folder.home)
    expect(await add(await before.request(20, 21))).toBe(403)
    expect(await add(await after.request(20, 21))).toBe(200)
    await witness.close()
    folder.clear()
  })
})

let coalition: Coalition
let newest: { readonly size: number; readonly note: string }
/** The leaf of the amendment. */
let replacedAt = 0

beforeAll(async () => {
  coalition = await foundCoalition({ logSeed: OLD.seed, logNextSeed: NEW.seed })
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const { directory, storage } = coalition.ports
  const { charter } = await directory.current()
  const terms = { ...given(charter), log_key: vkeyOf(NEW) }
  const amended = await coalition.submit('charter.amend', terms, contoso, fabrikam, litware)
  expect(amended.status, amended.text).toBe(201)
  const tokens = [sha256Hex(systemRandom(32))]
  await coalition.submit('mailbox.invite', { tokens }, contoso)
  newest = given(await storage.latestCheckpoint())
  const { length } = (await directory.current()).chain
  replacedAt = given((await storage.governance(length - 1, 1))[0]?.leafIndex)
})
afterAll(async () => await coalition.close())

/** What the server makes of an invented tree that a lying witness shows: while it runs, and at its start. */
async function hears(signer: typeof OLD, size: number) {
  const { directory, storage } = coalition.ports
  const text = formatCheckpoint({ origin: ORIGIN, size, root: new Uint8Array(32).fill(3) })
  const lines = [signNote(text, signer), signCosignature({ text, timeSeconds: 1 }, LIAR)]
  const key = verifierOf(LIAR, KEY_TYPE_COSIGNATURE)
  const witness = {
    vkey: formatVkey(key),
    key,
    addCheckpoint: async () => await Promise.resolve({ kind: 'inconsistent' as const }),
    latest: async () => await Promise.resolve(formatNote({ text, signatures: lines })),
  }
  const reported: string[] = []
  const witnessFailed = ({ reason }: { reason: string }): void => {
    reported.push(reason)
  }
  const ports = {
    directory: await directory.current(),
    events: { ...coalition.ports.events, witnessFailed },
    origin: ORIGIN,
    storage,
  }
  const note = accepted(parseNote(newest.note))
  const wanted = { size: newest.size, note, directory: ports.directory }
  const asked = await askWitness(ports, witness, { sizes: new Map(), wanted })
  const state = { root: new Uint8Array(32), size: 0, vkeys: [vkeyOf(NEW)] }
  const believed = { state: async () => await Promise.resolve(state) }
  const recalled = await recallWitnesses({ ...ports, signer: believed, witnesses: [witness] })
  return { asked, reported, seen: recalled.seen.length }
}

describe('a replaced key in a server whose charter names another', () => {
  test('is reported and believed nothing, neither while the server runs nor at its start', async () => {
    for (const size of [replacedAt + 1, newest.size, newest.size + 1, newest.size + 1000])
      expect(await hears(OLD, size), String(size)).toEqual({
        asked: { kind: 'failed', reason: 'key-replaced' },
        reported: ['key-replaced'],
        seen: 0,
      })
  })

  test('what it signed while it was the log key, and what the present one signs, still counts', async () => {
    for (const [signer, size] of [
      [OLD, replacedAt],
      [NEW, newest.size + 1],
    ] as const)
      expect(await hears(signer, size), String(size)).toMatchObject({
        asked: { kind: 'contradicted' },
        reported: [],
        seen: 1,
      })
  })
})
