import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBanners } from '#agent/banner.ts'
import { changeNotice, secretsOf } from '#agent/notice-record.ts'
import type { AgentStore } from '#ports/agent-store.ts'
import { type LocalAgent, openLocalAgent } from '#test/helpers/local-agent.ts'
import { NOW } from '#test/helpers/openpgp-keys.ts'
import { BRIEF } from '#test/helpers/statements.ts'

let local: LocalAgent
beforeAll(async () => {
  local = await openLocalAgent()
  const client = local.client()
  await client.draft('spring', { matter: 'case-1', brief: BRIEF })
  await client.report('e1', { notice: 'spring', account: 'anna@mail.example', language: 'en' })
  await local.release('spring')
  await changeNotice(local.agent, 'spring', (row) => ({ secrets: secretsOf(local.agent, row) }))
})
afterAll(async () => {
  await local.close()
})

/** Every call of the store and every ciphertext that is opened, in their order. */
function listening(): { readonly agent: LocalAgent['agent']; readonly heard: string[] } {
  const heard: string[] = []
  const { agent } = local
  const store = new Proxy(agent.store, {
    get: (target, name: keyof AgentStore) => {
      const method = target[name]
      return async (...args: readonly never[]): Promise<unknown> => {
        heard.push(name)
        return await Reflect.apply(method, target, args)
      }
    },
  })
  const vault = {
    ...agent.vault,
    open: (sealed: string, context: string) => {
      heard.push(`open ${context.split(' ')[0] ?? ''}`)
      return agent.vault.open(sealed, context)
    },
  }
  return { agent: { ...agent, store, vault }, heard }
}

test('an account without a notice has the same rows read and written and the same ciphertexts opened as one with a notice', async () => {
  const { agent, heard } = listening()
  const banners = openBanners(agent)
  const session = { session: 's', authenticatedAt: NOW }
  await banners.show('somebody@mail.example', session)
  const work = async (run: () => Promise<unknown>) => {
    heard.length = 0
    await run()
    return [...heard]
  }
  const [anna, nobody] = ['anna@mail.example', 'nobody@mail.example']
  expect(await banners.show(anna, session)).not.toBeNull()
  expect(await banners.show(nobody, session)).toBeNull()
  const shown = await work(async () => await banners.show(anna, session))
  expect(shown.length).toBeGreaterThan(3)
  expect(await work(async () => await banners.show(nobody, session))).toEqual(shown)
  expect(await banners.prove(anna)).not.toBeNull()
  expect(await banners.prove(nobody)).toBeNull()
  const proved = await work(async () => await banners.prove(anna))
  expect(proved).toContain('noteStates')
  expect(proved.filter((one) => one.startsWith('open'))).toHaveLength(2)
  expect(await work(async () => await banners.prove(nobody))).toEqual(proved)
})
