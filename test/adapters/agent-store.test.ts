import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openAgentStore } from '#adapters/storage/agent-store.ts'
import type { AgentStore, EventRow, NoticeRow, RecipientRow } from '#ports/agent-store.ts'
import { scratch } from '#test/helpers/command-line.ts'

const folder = scratch()
afterAll(() => {
  folder.clear()
})

let opened = 0

async function fresh(): Promise<AgentStore> {
  return (await openAgentStore(join(folder.path, `${String(opened++)}.sqlite`))).store
}

function notice(version: number, state = '{}'): NoticeRow {
  return { name: 'spring', matter: 'case-1', phase: 'draft', version, state, sealed: 'brief' }
}

function event(name: string, reference: string): EventRow {
  return { eventTag: name, notice: 'spring', reference, digestTag: `d-${name}`, sealed: 'event' }
}

function recipient(reference: string, version: number, more: Partial<RecipientRow> = {}) {
  return {
    reference,
    notice: 'spring',
    accountTag: `account of ${reference}`,
    mailboxTag: null,
    version,
    sealed: `version ${String(version)}`,
    line: null,
    lineIndex: null,
    batch: null,
    ...more,
  } satisfies RecipientRow
}

test('a notice is put only over the version that its writer saw', async () => {
  const store = await fresh()
  expect(await store.putNotice(notice(1))).toBe(true)
  expect(await store.putNotice(notice(1, '{"other":1}'))).toBe(false)
  expect(await store.putNotice(notice(2, '{"mine":1}'))).toBe(true)
  expect(await store.putNotice(notice(2, '{"late":1}'))).toBe(false)
  expect((await store.readNotice('spring'))?.state).toBe('{"mine":1}')
  expect(await store.listNotices()).toHaveLength(1)
  await store.close()
})

test('an event and its recipient are taken together or not at all', async () => {
  const store = await fresh()
  expect(await store.takeEvent(event('e1', 'r1'), recipient('r1', 1))).toBe(true)
  expect(await store.takeEvent(event('e1', 'r1'), recipient('r1', 2))).toBe(false)
  expect(await store.takeEvent(event('e2', 'r1'), recipient('r1', 3))).toBe(false)
  expect(await store.readEvent('e2')).toBeUndefined()
  expect(await store.takeEvent(event('e3', 'r1'), recipient('r1', 2))).toBe(true)
  expect((await store.findRecipient('spring', 'account of r1'))?.sealed).toBe('version 2')
  expect(await store.countRecipients('spring')).toBe(1)
  await store.close()
})

test('a state is noted once, and what was noted first stays', async () => {
  const store = await fresh()
  const shown = { reference: 'r1', state: 'shown', notice: 'spring', reason: '', at: 10 } as const
  expect(await store.noteStates([shown, { ...shown, reference: 'r2' }])).toBe(2)
  expect(await store.noteStates([{ ...shown, at: 20 }])).toBe(0)
  expect(await store.statesOf('r1')).toEqual([shown])
  expect(await store.countStates('spring')).toEqual({ shown: 2 })
  await store.close()
})

test('places, products and the end of a notice', async () => {
  const store = await fresh()
  await store.putNotice(notice(1))
  const own = [recipient('r1', 1, { mailboxTag: 'm1' }), recipient('r2', 1)] as const
  for (const [i, one] of own.entries())
    await store.takeEvent(event(`e${String(i)}`, one.reference), one)
  await store.setLines([
    { reference: 'r1', line: 2 },
    { reference: 'r2', line: 3 },
  ])
  await store.setLineIndexes('spring', [{ mailboxTag: 'm1', lineIndex: 77 }])
  await store.setBatches([{ reference: 'r2', batch: 1 }])
  expect(await store.referencesOn('spring', [2, 3, 4])).toEqual(
    new Map([
      [2, 'r1'],
      [3, 'r2'],
    ]),
  )
  expect(await store.referencesAt('spring', [77, 78])).toEqual(['r1'])
  const product = { reference: 'r2', notice: 'spring', sealed: 'first' }
  await store.keepProducts([product])
  await store.keepProducts([{ ...product, sealed: 'second' }])
  expect(await store.bannersOf('account of r2')).toEqual([])
  await store.putNotice({ ...notice(2), phase: 'released' })
  expect(await store.bannersOf('account of r2')).toMatchObject([
    { reference: 'r2', notice: 'spring', phase: 'released', batch: 1, sealed: 'second' },
  ])
  expect(await store.bannersOf('account of r1')).toEqual([])
  await store.dismiss({ reference: 'r2', sessionTag: 's', authenticatedAt: 5 })
  await store.erase('spring')
  expect(await store.readNotice('spring')).toBeUndefined()
  expect(await store.listRecipients('spring', '')).toEqual([])
  expect(await store.bannersOf('account of r2')).toEqual([])
  expect(await store.dismissalsOf(['r2'], 's')).toEqual([])
  await store.close()
})

test('what was acknowledged is there when the file is opened again', async () => {
  const path = join(folder.path, 'again.sqlite')
  const first = await openAgentStore(path)
  await first.store.putNotice(notice(1))
  await first.store.queueWebhooks([
    { id: 'msg_1', endpoint: 'https://a.example', payload: '{}', attempts: 0, dueAt: 5 },
  ])
  await first.store.putHold({ matter: 'case-1', reason: 'litigation', until: 100 })
  await first.store.close()
  const { store } = await openAgentStore(path)
  expect(await store.readNotice('spring')).toEqual(notice(1))
  expect(await store.dueWebhooks(4)).toEqual([])
  expect(await store.dueWebhooks(5)).toHaveLength(1)
  await store.putOffWebhook({ id: 'msg_1', attempts: 1, dueAt: 50 })
  expect(await store.dueWebhooks(49)).toEqual([])
  await store.dropWebhook('msg_1')
  expect(await store.dueWebhooks(50)).toEqual([])
  expect(await store.listHolds()).toEqual([{ matter: 'case-1', reason: 'litigation', until: 100 }])
  await store.close()
})
