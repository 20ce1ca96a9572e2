import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Chore, runAgent } from '#agent/run.ts'
import { refuse } from '#core/result.ts'
import { openLocalAgent } from '#test/helpers/local-agent.ts'

test('long work that an agent leaves behind when it is stopped is no fault, and what fails before is', async () => {
  const local = await openLocalAgent()
  const failed: string[] = []
  const agent = {
    ...local.agent,
    events: {
      ...local.agent.events,
      failed: ({ operation }: { operation: string }) => failed.push(operation),
      unavailable: ({ operation }: { operation: string }) => failed.push(operation),
    },
  }
  const cut = new EventEmitter()
  const left: Promise<void>[] = []
  const long = (name: string, run: () => Promise<void>): Chore => ({
    name,
    seconds: 3600,
    isLong: true,
    run: async () => {
      const work = run()
      left.push(work)
      await work
    },
  })
  const running = runAgent({
    agent,
    getFiler: async () => await Promise.resolve(refuse('session-missing')),
    workplace: {
      folder: local.path,
      tools: {
        openProgress: () => ({ update: () => undefined, close: () => undefined }),
        openSealer: async () => await Promise.reject(new Error('nothing is filed')),
      },
    },
    chores: [
      long('late', async () => {
        await once(cut, 'cut')
        await local.store.listNotices()
      }),
      long('early', async () => await Promise.reject(new Error('at once'))),
    ],
  })
  while (left.length < 2) await sleep(10)
  await running.stop()
  await local.close()
  cut.emit('cut')
  expect((await Promise.allSettled(left)).map(({ status }) => status)).toEqual([
    'rejected',
    'rejected',
  ])
  await sleep(10)
  expect(failed).toEqual(['early'])
})
