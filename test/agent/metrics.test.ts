import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CELL_MIN, durationsOf, sharesOf } from '#agent/metrics.ts'
import { reportMetrics } from '#agent/metrics-report.ts'
import { openLocalAgent } from '#test/helpers/local-agent.ts'
import { NOW } from '#test/helpers/openpgp-keys.ts'
import { BRIEF } from '#test/helpers/statements.ts'

function hours(...values: readonly number[]) {
  return durationsOf(values.map((n) => n * 3600))
}

const count = fc.integer({ min: 0, max: 40 })

test('no number under five is told, nor one that another number leaves over', () => {
  fc.assert(
    fc.property(count, count, count, count, (total, ...parts) => {
      const [sent = 0, bounced = 0, shown = 0] = parts.map((part) => Math.min(part, total))
      const shares = Object.values(sharesOf(total, { sent, bounced, shown }))
      const told = shares.flatMap(({ of, reached }) => [of, reached]).filter((n) => n !== undefined)
      for (const a of told) {
        expect(a).toBeGreaterThanOrEqual(CELL_MIN)
        for (const b of told) {
          const difference = Math.abs(a - b)
          expect(difference === 0 || difference >= CELL_MIN).toBe(true)
        }
      }
    }),
  )
})

test('what can be told is told', () => {
  expect(sharesOf(100, { sent: 100, bounced: 7, shown: 80, acted: 4 })).toEqual({
    sent: { of: 100, reached: 100 },
    bounced: { of: 100, reached: 7 },
    shown: { of: 100, reached: 80 },
    acted: { of: 100, reached: undefined },
  })
  expect(sharesOf(100, { shown: 97 }).shown.reached).toBeUndefined()
  expect(sharesOf(4, { shown: 4 }).shown).toEqual({ of: undefined, reached: undefined })
})

test('median and 90th percentile are whole hours, of enough values', () => {
  expect(hours(1, 2, 3, 4)).toEqual({
    count: undefined,
    medianHours: undefined,
    p90Hours: undefined,
  })
  expect(hours(5, 1, 4, 2, 3)).toEqual({ count: 5, medianHours: 3, p90Hours: undefined })
  expect(hours(10, 9, 8, 7, 6, 5, 4, 3, 2, 1)).toEqual({ count: 10, medianHours: 5, p90Hours: 9 })
  expect(durationsOf([1, 1, 1, 1, 1]).medianHours).toBe(1)
})

test('no two numbers of one report tell of fewer than five people, also how many values a time stands on', async () => {
  const local = await openLocalAgent()
  const client = local.client()
  await client.draft('spring', { matter: 'case-1', brief: BRIEF })
  for (let i = 0; i < 11; i++)
    await client.report(`e${String(i)}`, {
      notice: 'spring',
      account: `a${String(i)}`,
      language: 'en',
    })
  await local.release('spring')
  const recipients = await local.store.listRecipients('spring', '')
  for (const [i, { notice, reference }] of recipients.entries()) {
    const at = { notice, reference, reason: '', at: NOW + 3600 }
    if (i < 10) await local.store.noteStates([{ ...at, state: 'sent' }])
    if (i < 9) await local.store.noteStates([{ ...at, state: 'shown' }])
  }
  const { delivery, shown, ...report } = await reportMetrics(local.store, [])
  const shares = Object.values(report.states).map(({ reached }) => reached)
  const told = [report.recipients, delivery.count, shown.count, ...shares].filter(
    (n) => n !== undefined,
  )
  expect(new Set(told)).toEqual(new Set([11]))
  expect(delivery.medianHours).toBe(1)
  await local.close()
})
