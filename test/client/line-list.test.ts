import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ServedLineList } from '#client/http.ts'
import {
  type OmissionClaim,
  proveOmission,
  type VerifiedLineList,
  verifyLineList,
} from '#client/line-list.ts'
import { base64 } from '#core/bytes.ts'
import { canonicalJson, type JsonObject } from '#core/canonical-json.ts'
import { writeArmor } from '#core/packets.ts'
import type { VerifiedReceipt } from '#core/verify-receipt.ts'
import { type Coalition, type Company, type Customer, ORIGIN } from '#test/helpers/coalition.ts'
import {
  connect,
  type FiledNotice,
  fileNotice,
  foundWithTemplate,
  pathIn,
  receiptOf,
  recipientOf,
} from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

let coalition: Coalition
let contoso: Company
let anna: Customer
let filed: FiledNotice
let receipt: VerifiedReceipt
let line: string
let served: ServedLineList
let certificates: ReadonlyMap<string, string>

beforeAll(async () => {
  coalition = await foundWithTemplate()
  const [first] = coalition.companies
  if (first === undefined) throw new Error('there is no company')
  contoso = first
  anna = await coalition.enrol('anna')
  filed = await fileNotice(coalition, contoso, [recipientOf('anna@contoso.example', anna)])
  receipt = await receiptOf(coalition, filed)
  line = filed.composed.lines.find((text) => text.startsWith('{"mailbox"')) ?? ''
  served = accepted(await connect(coalition, await coalition.session(anna)).readLineList(anna.id))
  certificates = filed.replay.directory.serviceCertificates
})
afterAll(async () => {
  await coalition.close()
})

/** A list as an operator that was made to lie would sign it. */
async function signedList(change: JsonObject): Promise<ServedLineList> {
  const genuine = {
    kind: 'mailbox.lines',
    lines: [],
    mailbox: anna.id,
    origin: ORIGIN,
    size: receipt.treeSize,
    v: 1,
  }
  const payload = canonicalJson({ ...genuine, ...change })
  const signature = writeArmor('PGP SIGNATURE', await coalition.ports.crypto.signAsService(payload))
  return { payload: base64(payload), signature }
}

const expectation = () => ({ mailbox: anna.id, origin: ORIGIN })

async function verified(list: ServedLineList): Promise<VerifiedLineList> {
  return accepted(await verifyLineList(list, certificates, expectation()))
}

test('the list of the server holds and names the line', async () => {
  const list = await verified(served)
  const entry = { index: filed.bundle.indexOf(line), notice: filed.id, root: filed.bundle.root }
  expect(list.lines).toEqual([entry])
})

describe('a list is refused', () => {
  test('that somebody else than the service signed', async () => {
    const signature = await coalition
      .sign(contoso, Buffer.from(served.payload, 'base64'))
      .catch(() => undefined)
    expect(signature).toBeUndefined()
    const other = await signedList({ size: 0 })
    const swapped = { ...served, signature: other.signature }
    expect(reasonOf(await verifyLineList(swapped, certificates, expectation()))).toBe(
      'signature-not-accepted',
    )
    expect(reasonOf(await verifyLineList(served, new Map(), expectation()))).toBe(
      'signature-not-accepted',
    )
  })

  test.each([
    {
      name: 'of another mailbox',
      change: { mailbox: 'b'.repeat(32) },
      reason: 'mailbox-unavailable',
    },
    {
      name: 'of another coalition',
      change: { origin: 'other.example' },
      reason: 'act-origin-wrong',
    },
    { name: 'of another kind', change: { kind: 'something' }, reason: 'receipt-malformed' },
    { name: 'with a member too many', change: { more: 1 }, reason: 'receipt-malformed' },
    {
      name: 'with a line of another form',
      change: { lines: [{ index: 1 }] },
      reason: 'receipt-malformed',
    },
  ])('$name', async ({ change, reason }) => {
    expect(
      reasonOf(await verifyLineList(await signedList(change), certificates, expectation())),
    ).toBe(reason)
  })

  test('that lacks a line seen before', async () => {
    const previous = await verified(served)
    const shrunk = await signedList({ lines: [] })
    expect(
      reasonOf(await verifyLineList(shrunk, certificates, { ...expectation(), previous })),
    ).toBe('line-list-shrunk')
    expect(
      reasonOf(await verifyLineList(served, certificates, { ...expectation(), previous })),
    ).toBe('accepted')
  })

  test('that is older than the log seen before it was asked for', async () => {
    const old = await signedList({ size: receipt.treeSize - 1 })
    const expected = { ...expectation(), sizeMin: receipt.treeSize }
    expect(reasonOf(await verifyLineList(old, certificates, expected))).toBe('checkpoint-older')
    expect(reasonOf(await verifyLineList(await signedList({}), certificates, expected))).toBe(
      'accepted',
    )
  })
})

function claim(list: VerifiedLineList): OmissionClaim {
  return { list, receipt, path: pathIn(filed, line), line }
}

describe('a dropped line', () => {
  test('is proven by the list, the receipt and the line', async () => {
    const list = await verified(await signedList({ size: receipt.leafIndex + 1 }))
    expect(reasonOf(proveOmission(claim(list)))).toBe('line-omitted')
  })

  test('is not claimed of a list that speaks for the log before the notice, or has the line', async () => {
    expect(
      reasonOf(proveOmission(claim(await verified(await signedList({ size: receipt.leafIndex }))))),
    ).toBe('accepted')
    expect(reasonOf(proveOmission(claim(await verified(served))))).toBe('accepted')
  })

  test('is not claimed of a line that is not in the bundle, or is not this mailbox’s', async () => {
    const list = await verified(await signedList({}))
    const product = filed.products[0]?.line ?? ''
    expect(reasonOf(proveOmission({ ...claim(list), line: product }))).toBe('receipt-line-wrong')
    const invented = line.replace(/.{8}"}$/, 'AAAAAAAA"}')
    expect(reasonOf(proveOmission({ ...claim(list), line: invented }))).toBe('receipt-line-wrong')
    const boris = await coalition.enrol('boris')
    const other = await signedList({ mailbox: boris.id })
    const otherList = accepted(
      await verifyLineList(other, certificates, { ...expectation(), mailbox: boris.id }),
    )
    expect(reasonOf(proveOmission(claim(otherList)))).toBe('receipt-line-wrong')
  })
})
