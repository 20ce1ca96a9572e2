import { readFileSync, symlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AgentClient } from '#client/agent.ts'
import type { NoticeDraft } from '#wire/agent.ts'
import { openDesk, untilPhase } from '#test/helpers/agent-process.ts'
import { NO_SMALL_DISK, type SmallDisk, smallDisk } from '#test/helpers/small-disk.ts'
import { draftNotice, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'

const event = (i: number) =>
  ({ notice: 'spring', account: `user${String(i)}@mail.example`, language: 'en' }) as const

async function reportUntilRefused(client: AgentClient) {
  let kept = 0
  for (let i = 1; i < 5000; i++) {
    try {
      await client.report(`e${String(i)}`, event(i))
      kept += 1
    } catch (error) {
      return { kept, refused: String(error) }
    }
  }
  return { kept, refused: '' }
}

describe.skipIf(NO_SMALL_DISK !== undefined)(
  `with a disk of its own ${NO_SMALL_DISK ?? ''}`,
  () => {
    let solo: SoloCoalition
    let disk: SmallDisk
    let brief: NoticeDraft['brief']
    beforeAll(async () => {
      disk = smallDisk(24)
      solo = await openSolo()
      symlinkSync(disk.path, solo.path('small'))
      await draftNotice(solo)
      // oxlint-disable-next-line typescript/no-unsafe-assignment -- as `notice draft` writes it
      brief = JSON.parse(readFileSync(solo.path('draft/brief.json'), 'utf8'))
    })
    afterAll(async () => {
      await solo.close()
      disk.clear()
    })

    test('an agent whose disk is full takes nothing, says so, and goes on once there is space, with all that it took', async () => {
      const desk = await openDesk(solo, 'small')
      const agent = await desk.start()
      const client = desk.client(agent.url)
      await client.draft('spring', { matter: 'case-1', brief })
      await client.report('before', event(0))

      disk.fill()
      // What lies in the database already may have room for some more.
      const { kept, refused } = await reportUntilRefused(client)
      expect(refused).toContain('urn:dunant:agent:unavailable')
      await client.file('spring').then(
        () => undefined,
        (error: unknown) => expect(String(error)).toContain('unavailable'),
      )

      disk.free()
      await client.report('after', event(5000))
      await client.file('spring')
      await untilPhase(client, 'spring', 'released')
      expect((await client.standing('spring')).recipients).toBe(kept + 2 < 5 ? 'under 5' : kept + 2)
      const session = { session: 's', authenticatedAt: 1 }
      for (const account of ['user0@mail.example', 'user5000@mail.example'])
        expect(await client.banner(account, session)).not.toBeNull()
      expect(agent.events()).not.toContain('"failed"')
      expect(await agent.stop()).toBe(0)
    })
  },
)
