import { afterAll, beforeAll, expect, test } from 'vitest'
import { base64 } from '#core/bytes.ts'
import { headOf } from '#core/directory.ts'
import { formatLogProof, parseLogProof } from '#core/log/proof.ts'
import type { Receipt, SealedRecord } from '#core/receipt.ts'
import { type ActRecord, readActRecord } from '#core/record.ts'
import { replayChain } from '#core/replay.ts'
import { openProver } from '#service/sequence-log.ts'
import { parseAct } from '#wire/act.ts'
import { type Coalition, ORIGIN, threeOf } from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { bundleOf, noticeBody, paddedLines } from '#test/helpers/notices.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import {
  bytesOf,
  type ForgedLog,
  forgeLink,
  forgeLog,
  forgeRecord,
  linkHash,
  packetHash,
  today,
} from '#test/helpers/operator.ts'
import {
  chained,
  chainOf,
  LOG_SEED,
  openReceipts,
  type Receipts,
  withoutChain,
} from '#test/helpers/receipts.ts'

// The operator holds the key of the log here, and writes into it what it likes.

const EMPTY = bundleOf(paddedLines([]))

let receipts: Receipts
let coalition: Coalition
let plain: Receipt
let verdict: Receipts['verdict']

beforeAll(async () => {
  receipts = await openReceipts()
  coalition = receipts.coalition
  plain = receipts.plain
  verdict = receipts.verdict
})
afterAll(async () => {
  await coalition.close()
})

test('an operator who signs a false log is refused with an old head of the log, which hides that an officer was retired since', async () => {
  const { storage } = coalition.ports
  const act = accepted(parseLogProof(receipts.leavers.act.proof))
  const size = (await storage.latestCheckpoint())?.size ?? 0
  const old = await storage.lastRecord('directory.head', act.index)
  const index = old?.leafIndex ?? -1
  const proof = formatLogProof({
    ...act,
    extra: old?.addendum ?? new Uint8Array(),
    index,
    hashes: await openProver(storage, size).inclusionProof(index),
  })
  const chain = chainOf(receipts.leavers).slice(0, -1)
  const head = linkHash(chain.at(-1))
  expect(await verdict({ ...receipts.leavers, directory: { chain, head, proof } })).toBe(
    'receipt-directory-broken',
  )
})

test('an operator who signs a false log is refused with the log of another key', async () => {
  const log = forgeLog(new Uint8Array(32).fill(6), [record({ act: idIn(plain.act) }), headRecord()])
  expect(await verdict(filedIn(log, plain))).toBe('note-unsigned')
})

test('an operator who signs a false log is refused with an officer whom a stolen admin key signed for and the log never had', async () => {
  const spy = await companyKey(receipts.contoso.domain, 'spy')
  const body = {
    certificate: spy.certificate,
    challenge: '00'.repeat(32),
    duties: ['reporter'],
  } as const
  const added = await coalition.compose('officer.add', body, receipts.contoso)
  const hidden = forgeLink(coalition, {
    after: linkHash(chainOf(plain).at(-1)),
    payload: added,
    signature: await coalition.sign(receipts.contoso, added),
  })
  const notice = await coalition.compose('notice.file', noticeBody(spy, EMPTY), spy)
  const signature = await coalition.sign(spy, notice)
  const chain = [...chainOf(plain), hidden]
  const logged = record({
    act: actOf(notice),
    directory: linkHash(hidden),
    signatures: [packetHash(signature)],
  })
  const act = { payload: base64(notice), signatures: [signature], proof: '' }
  const receipt = { ...plain, supports: [], act }
  const quiet = forgeLog(LOG_SEED, [logged, headRecord()])
  expect(await verdict(chained(filedIn(quiet, receipt), chain))).toBe('receipt-directory-broken')
  expect(await verdict(filedIn(quiet, receipt))).toBe('receipt-directory-broken')
  expect(await verdict(chained(plain, chain))).toBe('receipt-directory-broken')
  const claim = {
    origin: ORIGIN,
    genesis: coalition.ports.genesis,
    links: chain,
    parse: parseAct,
  }
  const deceived = accepted(await replayChain(claim))
  expect(await verdict(withoutChain(filedIn(quiet, receipt)), deceived)).toBe(
    'receipt-directory-broken',
  )
  // Only where the log itself says that there is this officer, for all to see, is the notice believed.
  const loud = forgeLog(LOG_SEED, [logged, headRecord(linkHash(hidden))])
  const open = filedIn(loud, chained(receipt, chain))
  const head = linkHash(hidden)
  expect(await verdict({ ...open, directory: { ...open.directory, head } })).toBe('accepted')
})

test('an operator who signs a false log is refused with the notice of a stolen key, under the roster of before its retirement, on a later day', async () => {
  const { leaver } = receipts
  coalition.clock.advance(86_400)
  const chain = chainOf(plain)
  const earlier = linkHash(chain.at(-2))
  const notice = await coalition.compose('notice.file', noticeBody(leaver, EMPTY), leaver)
  const signature = await coalition.sign(leaver, notice)
  const act = { payload: base64(notice), signatures: [signature], proof: '' }
  for (const directory of [earlier, linkHash(chain.at(-1))]) {
    const logged = record({ act: actOf(notice), directory, signatures: [packetHash(signature)] })
    const log = forgeLog(LOG_SEED, [logged, headRecord()])
    expect(await verdict(filedIn(log, { ...plain, supports: [], act }))).toBe(
      directory === earlier ? 'receipt-directory-broken' : 'signer-not-entitled',
    )
  }
  coalition.clock.advance(-86_400)
})

test('an operator who signs a false log is refused with an act that took effect on fewer signatures than it needs', async () => {
  const { litware } = threeOf(coalition)
  const body = { domain: litware.domain, reason: 'conduct' } as const
  const payload = await coalition.compose('party.suspend', body, receipts.contoso)
  const signature = await coalition.sign(receipts.contoso, payload)
  const prev = headOf(await coalition.ports.directory.current())
  const { directory: _, ...logged } = readRecord(
    record({ act: actOf(payload), signatures: [packetHash(signature)] }),
  )
  const log = forgeLog(LOG_SEED, [forgeRecord({ ...logged, prev }), headRecord()])
  const act = { payload: base64(payload), signatures: [signature], proof: '' }
  expect(await verdict(filedIn(log, { ...plain, supports: [], act }))).toBe(
    'receipt-signature-wrong',
  )
})

/** The receipt as the forged log proves it: the act first, then the head. */
function filedIn(log: ForgedLog, receipt: Receipt): Receipt {
  return {
    ...receipt,
    act: { ...receipt.act, proof: log.proof(0) },
    directory: { ...receipt.directory, proof: log.proof(1) },
  }
}

function record(change: Partial<ActRecord>): Uint8Array {
  return forgeRecord({
    act: '',
    day: today(coalition),
    directory: linkHash(chainOf(plain).at(-1)),
    event: 'adopted',
    signatures: [],
    ...change,
  })
}

function readRecord(addendum: Uint8Array): ActRecord {
  return accepted(readActRecord(addendum.subarray(32)))
}

function headRecord(head = linkHash(chainOf(plain).at(-1))): Uint8Array {
  return forgeRecord({ day: today(coalition), event: 'directory.head', head, size: 1 })
}

function actOf(payload: Uint8Array): string {
  return accepted(parseAct(payload)).id
}

function idIn({ payload }: SealedRecord): string {
  return actOf(bytesOf(payload))
}
