import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keepLists } from '#agent/check/list-keeper.ts'
import type { GetFiler } from '#agent/open-filer.ts'
import { signAct } from '#client/act.ts'
import { RELEASE_SECONDS, releaseAt } from '#core/check-list.ts'
import { accept } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { derive } from '#test/helpers/check-lists.ts'
import { type Coalition, ORIGIN } from '#test/helpers/coalition.ts'
import { scratch } from '#test/helpers/command-line.ts'
import { foundWithTemplate, openDesk, pinsOf } from '#test/helpers/filing.ts'
import { type LocalAgent, openLocalAgent } from '#test/helpers/local-agent.ts'

const folder = scratch()
let coalition: Coalition
let local: LocalAgent
beforeAll(async () => {
  ;[coalition, local] = await Promise.all([foundWithTemplate(), openLocalAgent()])
})
afterAll(async () => {
  await local.close()
  await coalition.close()
  folder.clear()
})

const published = (seconds: number) => [`account effective ${formatInstant(seconds)}`]

test('each release has its list at a moment that tells nothing, and a release that was missed is made up for', async () => {
  const [company] = coalition.companies
  if (company === undefined) throw new Error('there is no company')
  const told: string[] = []
  const { clock } = coalition
  const getFiler: GetFiler = async () => {
    const { api, replay } = await openDesk(coalition, company)
    const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
    const filer = {
      api,
      coalition: anchor,
      directory: replay.directory,
      party: company.domain,
      pins: await pinsOf(coalition),
      reporterKey: company.key,
      sign: async (payload: Uint8Array) => await signAct(company.key, payload, clock.now()),
      now: () => clock.now(),
    }
    return accept({ filer, replay })
  }
  const agent = {
    ...local.agent,
    now: () => clock.now(),
    issuer: { ...local.agent.issuer, party: company.domain, genesis: coalition.ports.genesis },
    events: {
      ...local.agent.events,
      listPublished: ({ keyed, status }: { keyed: string; status: string }) => {
        told.push(`${keyed} ${status} ${formatInstant(clock.now())}`)
      },
      listRefused: ({ reason }: { reason: string }) => told.push(reason),
    },
  }
  const keeping = {
    agent,
    getFiler,
    folder: join(folder.path, 'keys'),
    derive,
    keyings: ['account'] as const,
    room: 3000,
  }
  let look = keepLists(keeping)
  const at = async (seconds: number): Promise<readonly string[]> => {
    clock.set(seconds)
    await look()
    await look()
    return told.splice(0)
  }
  const inForce = releaseAt(clock.now())
  const [next, last] = [inForce + RELEASE_SECONDS, inForce + 5 * RELEASE_SECONDS]

  expect(await at(clock.now())).toEqual(published(clock.now()))
  expect(await at(next - 601)).toEqual([])
  expect(await at(next - 590)).toEqual([])
  expect(await at(next - 299)).toEqual(published(next - 299))
  expect(await at(next + 60)).toEqual([])
  // Another process, or the same one started again, knows what was published.
  look = keepLists(keeping)
  expect(await at(next + 120)).toEqual([])
  expect(await at(last + 7)).toEqual(published(last + 7))
  const { api } = await openDesk(coalition, company)
  const lists = await api.readCheckIndex()
  expect(lists.ok && lists.value.map(({ release }) => release)).toEqual([formatInstant(last)])
  const acts = lists.ok ? lists.value.map(({ act }) => act) : []
  const act = await api.readAct(acts[0] ?? '')
  const payload = act.ok ? Buffer.from(act.value.payload, 'base64').toString() : ''
  expect(payload).toContain('"buckets":8')
})
