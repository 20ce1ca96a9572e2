import { describe, expect, test } from 'vitest'
import type { Json } from '#core/canonical-json.ts'
import type { Result } from '#core/result.ts'
import { fromBase64 } from '#core/bytes.ts'
import { verifyLine, verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { parseReceipt } from '#wire/receipt.ts'
import { readVectors } from './schemas.ts'

const { anchor, line, refused, valid } = readVectors('receipts.json')

function passed<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.reason}: ${result.refusal.detail ?? ''}`)
  return result.value
}

async function verify(text: string, against: typeof anchor) {
  const receipt = parseReceipt(text)
  return receipt.ok ? await verifyReceipt(receipt.value, against, parseAct) : receipt
}

/** A receipt with one member replaced or, without a value, removed. */
function changed(
  value: unknown,
  path: readonly (number | string)[],
  to: Json | undefined,
): unknown {
  const [step, ...rest] = path
  if (step === undefined) return to
  if (Array.isArray(value)) {
    const items: unknown[] = value
    const next = changed(items[Number(step)], rest, to)
    return items.flatMap((item, i) => (i !== step ? [item] : next === undefined ? [] : [next]))
  }
  if (typeof value !== 'object' || value === null) throw new Error('nothing at this path')
  return {
    ...value,
    [step]: changed(Object.entries(value).find(([key]) => key === step)?.[1], rest, to),
  }
}

describe('receipts.json', () => {
  test.each(valid)('the receipt of the $name', async ({ expected, receipt }) => {
    expect(passed(parseReceipt(JSON.stringify(receipt)))).toEqual(receipt)
    const verified = passed(await verify(JSON.stringify(receipt), anchor))
    expect({
      act: verified.parsed.id,
      head: receipt.directory.head,
      leaf_index: verified.leafIndex,
      roster: [...verified.directory.parties.values()].map(({ domain, officers }) => ({
        domain,
        officers: [...officers.keys()],
      })),
      signers: verified.signatures.map(({ fingerprint, party }) => ({ fingerprint, party })),
      status: verified.status,
      supports: verified.supports.map(({ party, statements }) => ({ party, statements })),
      tree_size: verified.treeSize,
      type: verified.parsed.act.type,
      witness_quorum: verified.witnessQuorum,
      witnessed: verified.witnessed,
    }).toEqual(expected)
  })

  test.each(refused)('refused, $base $name', async ({ anchor: other, base, changes, refusal }) => {
    const receipt = valid.find(({ name }) => name === base)?.receipt
    const given = changes.reduce<unknown>(
      (all, { path, value }) => changed(all, path, value),
      receipt,
    )
    const verified = await verify(JSON.stringify(given), other ?? anchor)
    expect(verified.ok ? 'accepted' : verified.refusal.reason).toBe(refusal)
  })

  const [notice] = valid
  const payload = fromBase64(notice?.receipt.act.payload ?? '') ?? new Uint8Array()

  test('the line stands in the bundle of the notice', () => {
    const place = notice?.receipt.line
    if (place === undefined) throw new Error('the receipt has no line')
    passed(verifyLine(passed(parseAct(payload)), place, line.text))
  })

  test.each(line.refused)('refused line: $name', ({ line: place, refusal, text }) => {
    const verified = verifyLine(passed(parseAct(payload)), place, text)
    expect(verified.ok ? 'accepted' : verified.refusal.reason).toBe(refusal)
  })
})
