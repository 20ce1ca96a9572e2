import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditLog } from '#client/audit.ts'
import { fetchDirectory } from '#client/directory.ts'
import type { ServedDirectory } from '#client/http.ts'
import { fetchLog } from '#client/log.ts'
import { systemRandom } from '#client/random.ts'
import type { CharterTerms } from '#core/act-bodies.ts'
import { base64 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { verifyCheckpoint } from '#core/log/checkpoint.ts'
import { formatVkey, KEY_TYPE_ED25519, parseVkey, verifierOf } from '#core/log/note.ts'
import type { Receipt } from '#core/receipt.ts'
import type { Replay } from '#core/replay.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { type Coalition, foundCoalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { connect, memoryPins, pinsOf } from '#test/helpers/filing.ts'
import { lyingServer, reach, swapping } from '#test/helpers/liar.ts'
import { idOf } from '#test/helpers/notices.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { forgeLog, forgeRecord, linkHash, packetHash, today } from '#test/helpers/operator.ts'
import { chainOf, withoutChain } from '#test/helpers/receipts.ts'

// The log key is replaced. Whoever stole the old one, before or after, holds it here.

const [OLD, NEW] = [new Uint8Array(32).fill(5), new Uint8Array(32).fill(6)]
const vkeyOf = (seed: Uint8Array) =>
  formatVkey(verifierOf({ name: ORIGIN, seed }, KEY_TYPE_ED25519))

let coalition: Coalition
/** What a client pinned that saw the log before, and the receipts of before, of the amendment and of after. */
let pins: ReturnType<typeof memoryPins>
let before: Receipt
let amendment: Receipt
let after: Receipt
let oldCheckpoint = ''

async function invite(on = coalition): Promise<string> {
  const { contoso } = threeOf(on)
  const tokens = [sha256Hex(systemRandom(32))]
  return idOf(await on.submit('mailbox.invite', { tokens }, contoso))
}

async function receiptOf(id: string): Promise<Receipt> {
  const { contoso } = threeOf(coalition)
  const api = connect(coalition, await coalition.session(contoso))
  return accepted(await api.readReceipt(id, { withChain: true }))
}

async function terms(logKey: string, on: Coalition): Promise<CharterTerms> {
  const { charter } = await on.ports.directory.current()
  if (charter === undefined) throw new Error('there is no charter')
  return { ...charter, log_key: logKey }
}

async function amend(logKey: string, on = coalition): Promise<string> {
  const { contoso, fabrikam, litware } = threeOf(on)
  const amended = await on.submit(
    'charter.amend',
    await terms(logKey, on),
    contoso,
    fabrikam,
    litware,
  )
  return idOf(amended)
}

async function checkpoint(on = coalition): Promise<{ size: number; note: string }> {
  const found = await on.ports.storage.latestCheckpoint()
  if (found === undefined) throw new Error('there is no checkpoint')
  return found
}

function noteIn({ act }: Receipt): string {
  return act.proof.slice(act.proof.indexOf('\n\n') + 2)
}

/** Who signed a note. */
function signersOf(note: string): readonly ('new' | 'old')[] {
  const signed = (seed: Uint8Array) => verifyCheckpoint(note, accepted(parseVkey(vkeyOf(seed)))).ok
  return [...(signed(OLD) ? (['old'] as const) : []), ...(signed(NEW) ? (['new'] as const) : [])]
}

async function verdict(receipt: Receipt, replay?: Replay): Promise<string> {
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  const pinned = replay === undefined ? anchor : { ...anchor, replay }
  return reasonOf(await verifyReceipt(receipt, pinned, parseAct))
}

beforeAll(async () => {
  coalition = await foundCoalition({ logSeed: OLD, logNextSeed: NEW })
  before = await receiptOf(await invite())
  pins = await pinsOf(coalition)
  accepted(await fetchLog(connect(coalition), pins))
  oldCheckpoint = (await checkpoint()).note
  coalition.clock.advance(86_400)
  amendment = await receiptOf(await amend(vkeyOf(NEW)))
  coalition.clock.advance(86_400)
  after = await receiptOf(await invite())
})
afterAll(async () => {
  await coalition.close()
})

describe('a log key that is replaced', () => {
  test('signs the last tree without the amendment; the next one signs from the batch with it on', async () => {
    expect([before, amendment, after].map((receipt) => signersOf(noteIn(receipt)))).toEqual([
      ['old'],
      ['new'],
      ['new'],
    ])
    expect(signersOf(oldCheckpoint)).toEqual(['old'])
    expect(signersOf((await checkpoint()).note)).toEqual(['new'])
  })

  test('leaves every receipt good, for strangers and for whoever knows the chain of today', async () => {
    const { replay } = accepted(await fetchLog(connect(coalition), await pinsOf(coalition)))
    for (const receipt of [before, amendment, after]) {
      expect(await verdict(receipt)).toBe('accepted')
      expect(await verdict(receipt, replay)).toBe('accepted')
      expect(await verdict(withoutChain(receipt), replay)).toBe('accepted')
    }
  })

  test('is followed by a client and an auditor who knew the log before', async () => {
    const seen = accepted(await fetchLog(connect(coalition), pins))
    expect(seen.replay.directory.charter?.log_key).toBe(vkeyOf(NEW))
    expect(seen.checkpoint.size).toBe((await checkpoint()).size)
    expect(accepted(await auditLog(connect(coalition), pins)).size).toBe(seen.checkpoint.size)
  })

  test('is followed by a client between whose two looks it was replaced', async () => {
    const known = await pinsOf(coalition)
    const chain = chainOf(before)
    const head = linkHash(chain.at(-1))
    let asked = 0
    const stale = swapping<ServedDirectory>(/^\/api\/directory/, (served) => {
      asked += 1
      return asked === 1 ? { ...served, chain, head } : served
    })
    const api = reach(lyingServer(coalition, stale))
    expect(accepted(await fetchLog(api, known)).replay.links).toHaveLength(chain.length + 1)
    expect(asked).toBe(2)
  })
})

describe('whoever has a log key that was replaced', () => {
  test('shows no client a log, whatever is in it', async () => {
    const { size } = await checkpoint()
    const forged = forgeLog(OLD, records(size + 1))
    for (const note of [forged.note, oldCheckpoint]) {
      const server = lyingServer(coalition, {
        about: /^\/log\/checkpoint/,
        tell: () => new Response(note),
      })
      for (const known of [pins, await pinsOf(coalition)])
        expect(reasonOf(await fetchLog(reach(server), known))).toBe('note-unsigned')
    }
  })

  test('forges no receipt under the roster of today', async () => {
    const head = linkHash(chainOf(after).at(-1))
    expect(await verdict(await forge(after, head))).toBe('note-unsigned')
    // The same with the key that is in use shows that nothing else is wrong with it.
    expect(await verdict(await forge(after, head, NEW))).toBe('accepted')
  })

  test('forges none of later than the day of the change, for whoever knows the chain of today', async () => {
    const { replay } = accepted(await fetchLog(connect(coalition), pins))
    const chain = chainOf(before)
    const forged = await forge({ ...after, directory: before.directory }, linkHash(chain.at(-1)))
    expect(await verdict(forged, replay)).toBe('receipt-directory-broken')
    expect(await verdict(withoutChain(forged), replay)).toBe('receipt-directory-broken')
    // A stranger who knows neither chain nor witnesses takes the old key for the log's: hence witnesses.
    expect(await verdict(forged)).toBe('accepted')
  })
})

test('a receipt with another chain than the one that was verified before is refused', async () => {
  const other = await foundCoalition({ logSeed: OLD })
  const { contoso } = threeOf(other)
  idOf(await other.submit('mailbox.invite', { tokens: [sha256Hex(systemRandom(32))] }, contoso))
  const pinned = accepted(await fetchDirectory(connect(other), await pinsOf(other)))
  const replay: Replay = { ...pinned }
  expect(await verdict(before, replay)).toBe('receipt-directory-broken')
  await other.close()
})

test('a charter that names a key which nobody prepared leaves the last checkpoint standing until it is there', async () => {
  const lone = await foundCoalition({ logSeed: OLD })
  const { size } = await checkpoint(lone)
  await amend(vkeyOf(NEW), lone)
  await invite(lone)
  expect((await checkpoint(lone)).size).toBe(size)
  expect(lone.events).toContain('key-missing')
  // Going back to the key that is there, by another amendment, mends it; nothing is lost.
  await amend(vkeyOf(OLD), lone)
  expect((await checkpoint(lone)).size).toBe(size + 5)
  expect(signersOf((await checkpoint(lone)).note)).toEqual(['old'])
  await lone.close()
})

/** A receipt of the same act, in a log that the holder of a key wrote. */
async function forge(receipt: Receipt, head: string, seed = OLD): Promise<Receipt> {
  const { contoso } = threeOf(coalition)
  const body = { tokens: [sha256Hex(systemRandom(32))] }
  const payload = await coalition.compose('mailbox.invite', body, contoso)
  const signature = await coalition.sign(contoso, payload)
  const act = accepted(parseAct(payload)).id
  const day = today(coalition)
  const log = forgeLog(seed, [
    forgeRecord({
      act,
      day,
      directory: head,
      event: 'adopted',
      signatures: [packetHash(signature)],
    }),
    forgeRecord({ day, event: 'directory.head', head, size: 1 }),
  ])
  return {
    ...receipt,
    act: { payload: base64(payload), signatures: [signature], proof: log.proof(0) },
    directory: { ...receipt.directory, head, proof: log.proof(1) },
    supports: [],
  }
}

function records(count: number): readonly Uint8Array[] {
  return Array.from({ length: count }, () =>
    forgeRecord({
      act: sha256Hex(systemRandom(32)),
      day: today(coalition),
      event: 'adopted',
      signatures: [],
    }),
  )
}
