import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { base64, utf8 } from '#core/bytes.ts'
import { formatLogProof, parseLogProof } from '#core/log/proof.ts'
import type { Receipt, SealedRecord } from '#core/receipt.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { ORIGIN } from '#test/helpers/coalition.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { bytesOf } from '#test/helpers/operator.ts'
import {
  chained,
  chainOf,
  openReceipts,
  type Receipts,
  withoutChain,
} from '#test/helpers/receipts.ts'

let receipts: Receipts
let joint: Receipt
let plain: Receipt

beforeAll(async () => {
  receipts = await openReceipts()
  joint = receipts.joint
  plain = receipts.plain
})
afterAll(async () => {
  await receipts.coalition.close()
})

function first<T>(list: readonly T[]): T {
  const [item] = list
  if (item === undefined) throw new Error('the list is empty')
  return item
}

/** A proof over another addendum, with the rest as it was. */
function overAddendum(proof: string, change: (addendum: Uint8Array) => Uint8Array): string {
  const parsed = accepted(parseLogProof(proof))
  return formatLogProof({ ...parsed, extra: change(parsed.extra ?? new Uint8Array()) })
}

test('an operator who tells the truth is believed: what the attacks below start from', async () => {
  expect(await receipts.verdict(joint)).toBe('accepted')
  expect(await receipts.verdict(plain)).toBe('accepted')
  expect(joint.supports).toHaveLength(2)
  expect(joint.release).toBeDefined()
  const anchor = { origin: ORIGIN, genesis: receipts.coalition.ports.genesis }
  const marked = accepted(await verifyReceipt(receipts.leavers, anchor, parseAct))
  expect(marked.marks).toEqual(['signer-compromised'])
})

/** What is changed of a receipt that holds. */
const CHANGES: readonly {
  readonly name: string
  readonly reason: string
  readonly change: () => Receipt
}[] = [
  {
    name: 'the supports of another notice',
    reason: 'receipt-malformed',
    change: () => ({ ...plain, supports: joint.supports }),
  },
  {
    name: 'one support twice',
    reason: 'receipt-malformed',
    change: () => ({ ...plain, supports: [...plain.supports, ...plain.supports] }),
  },
  {
    name: 'statements that nobody made',
    reason: 'receipt-not-logged',
    change: () => ({ ...plain, supports: plain.supports.map(overstated) }),
  },
  {
    name: 'the notice in the place of a support',
    reason: 'receipt-malformed',
    change: () => ({ ...plain, supports: [plain.act] }),
  },
  {
    name: 'a record that was changed after it was logged',
    reason: 'proof-wrong',
    change: () => {
      const proof = overAddendum(plain.act.proof, (addendum) => {
        const text = new TextDecoder().decode(addendum.subarray(32))
        const forged = utf8(text.replace(/"day":"\d{4}/, '"day":"1999'))
        return Buffer.concat([addendum.subarray(0, 32), forged])
      })
      return { ...plain, act: { ...plain.act, proof } }
    },
  },
  {
    name: 'the record of another act',
    reason: 'receipt-not-logged',
    change: () => ({ ...plain, act: { ...plain.act, proof: joint.act.proof } }),
  },
  {
    name: 'another place in the log',
    reason: 'proof-wrong',
    change: () => {
      const parsed = accepted(parseLogProof(plain.act.proof))
      const proof = formatLogProof({ ...parsed, index: parsed.index ^ 1 })
      return { ...plain, act: { ...plain.act, proof } }
    },
  },
  {
    name: 'another payload under the same record',
    reason: 'receipt-not-logged',
    change: () => ({ ...plain, act: { ...plain.act, payload: joint.act.payload } }),
  },
  {
    name: 'the signatures of another act',
    reason: 'signature-not-accepted',
    change: () => ({ ...plain, act: { ...plain.act, signatures: joint.act.signatures } }),
  },
  {
    name: 'its signatures left out',
    reason: 'receipt-signature-wrong',
    change: () => ({ ...plain, act: { ...plain.act, signatures: [] } }),
  },
  {
    name: 'one signature twice',
    reason: 'receipt-signature-wrong',
    change: () => {
      const signatures = [...plain.act.signatures, ...plain.act.signatures]
      return { ...plain, act: { ...plain.act, signatures } }
    },
  },
  {
    name: 'another coalition',
    reason: 'receipt-origin-wrong',
    change: () => ({ ...plain, origin: 'other.example' }),
  },
  {
    name: 'another charter',
    reason: 'receipt-genesis-wrong',
    change: () => ({ ...plain, genesis: '11'.repeat(32) }),
  },
  {
    name: 'a head that is not in the chain',
    reason: 'receipt-directory-broken',
    change: () => ({ ...plain, directory: { ...plain.directory, head: '11'.repeat(32) } }),
  },
  {
    name: 'a chain cut short',
    reason: 'receipt-directory-broken',
    change: () => chained(plain, chainOf(plain).slice(0, -1)),
  },
  {
    name: 'a chain without its beginning',
    reason: 'directory-broken',
    change: () => chained(plain, chainOf(plain).slice(1)),
  },
  {
    name: 'a chain with a link left out',
    reason: 'directory-broken',
    change: () => chained(plain, [...chainOf(plain).slice(0, 1), ...chainOf(plain).slice(2)]),
  },
  {
    name: 'a chain in another order',
    reason: 'directory-broken',
    change: () => chained(plain, [first(chainOf(plain)), ...chainOf(plain).slice(1).toReversed()]),
  },
  {
    name: 'no chain, though none was pinned',
    reason: 'receipt-directory-broken',
    change: () => withoutChain(plain),
  },
  {
    name: 'the record of a notice for the head of the log',
    reason: 'receipt-malformed',
    change: () => ({ ...plain, directory: { ...plain.directory, proof: plain.act.proof } }),
  },
  {
    name: 'a joint notice without its release',
    reason: 'receipt-malformed',
    change: () => {
      const { release: _, ...rest } = joint
      return rest
    },
  },
  {
    name: 'a joint notice without the supports that released it',
    reason: 'receipt-malformed',
    change: () => ({ ...joint, supports: joint.supports.slice(1) }),
  },
  {
    name: 'a support in the place of the release',
    reason: 'receipt-malformed',
    change: () => ({ ...joint, release: first(joint.supports) }),
  },
  {
    name: 'the release of another notice',
    reason: 'receipt-malformed',
    change: () => ({ ...plain, release: releaseOf(joint) }),
  },
]

/** A support that says more than its party signed. */
function overstated(support: SealedRecord): SealedRecord {
  const text = new TextDecoder().decode(bytesOf(support.payload))
  const more = text.replace('["issuer_is_genuine"]', '["issuer_is_genuine","same_actor_seen"]')
  return { ...support, payload: base64(utf8(more)) }
}

function releaseOf({ release }: Receipt): SealedRecord {
  if (release === undefined) throw new Error('there is no release')
  return release
}

describe('an operator who changes a receipt is refused', () => {
  test.each(CHANGES)('$name', async ({ change, reason }) => {
    expect(await receipts.verdict(change())).toBe(reason)
  })
})
