import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDesk, untilPhase } from '#test/helpers/agent-process.ts'
import {
  accepted,
  draftNotice,
  openSolo,
  type SoloCoalition,
} from '#test/helpers/solo-coalition.ts'
import { openFakeProduct } from './fake-product.ts'

// From "10 accounts" to "banner shown and receipt verified". Read it from top to bottom: each step is what a team does to connect its systems.

let coalition: SoloCoalition

beforeAll(async () => {
  // A coalition of one company, with its server. Yours exists already.
  coalition = await openSolo()
  await draftNotice(coalition)
})

afterAll(async () => {
  await coalition.close()
})

test('ten accounts are warned: each sees its banner after sign-in, and proves it without trusting anybody', async () => {
  // 1. The agent runs beside your systems: `dunant agent init`, `dunant agent client`, `dunant agent serve`.
  const desk = await openDesk(coalition)
  const agent = await desk.start()
  const client = desk.client(agent.url)

  // 2. Your product has accounts. Ten of them were attacked.
  const accounts = Array.from({ length: 10 }, (_, i) => `user${String(i)}@mail.example`)
  const product = openFakeProduct(client, [...accounts, 'other@mail.example'], seconds)

  // 3. Your detection reports each attack, under an id of your own. Reporting twice counts once.
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- as `dunant notice draft` writes it
  const brief = JSON.parse(readFileSync(coalition.path('draft/brief.json'), 'utf8'))
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- the same
  await client.draft('spring', { matter: 'case-1', brief })
  for (const [i, account] of accounts.entries()) {
    const event = {
      notice: 'spring',
      account,
      language: i % 2 === 0 ? 'en' : 'fr',
      facts: { target_state: 'targeted-blocked' },
    } as const
    await client.report(`detection-${String(i)}`, event)
    await client.report(`detection-${String(i)}`, event)
  }

  // 4. Your people look at it, and give it out. Nothing is shown before.
  expect((await client.preview('spring', 'detection-0')).lines.join('\n')).toContain('user0@mail')
  expect((await product.signIn('user0@mail.example')).html).not.toContain('dunant-notice')
  await client.file('spring')
  await untilPhase(client, 'spring', 'released')

  // 5. Whoever signs in is shown theirs; whoever was not attacked sees nothing.
  const page = await product.signIn('User0@mail.example')
  expect(page.html).toContain('dunant-notice')
  expect(page.html).toContain('user0@mail.example')
  expect(page.html).not.toContain('<script')
  expect((await product.signIn('other@mail.example')).html).not.toContain('dunant-notice')

  // 6. They save the proof, and check it with a program that asks nobody.
  const saved = coalition.path('proof.json')
  writeFileSync(saved, JSON.stringify(await page.saveProof()))
  const checked = await accepted(
    coalition.dunant('customer', `product open ${saved} --account user0@mail.example ${anchor()}`),
  )
  expect(JSON.parse(checked.out)).toMatchObject({ status: 'logged', filer: 'contoso.example' })

  // 7. You know how it stands, without knowing more of anybody than you have to.
  await page.putAway()
  const standing = await client.standing('spring')
  expect(standing).toMatchObject({ recipients: 10, lane: 'priority', states: { queued: 10 } })
  expect(standing.states['shown']).toBe('under 5')
  const own = await client.eventStanding('detection-0')
  expect(own.states.map(({ state }) => state).toSorted()).toEqual(['fetched', 'queued', 'shown'])
  expect(await agent.stop()).toBe(0)
})

function anchor(): string {
  return `--origin notices.contoso.example --genesis ${coalition.genesis}`
}

function seconds(): number {
  return Math.floor(Date.now() / 1000)
}
