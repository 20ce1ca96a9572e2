import { expect, test } from 'vitest'
import { killStory } from '#test/helpers/kill-story.ts'

test.each(['dies-before', 'dies-after'] as const)(
  'a process that %s any write of a whole story leaves all that it acknowledged',
  async (fault) => {
    const writes = await killStory({ nth: 1_000_000, fault })
    expect(writes).toBeGreaterThan(50)
    for (let nth = 0; nth < (writes ?? 0); nth++)
      expect(await killStory({ nth, fault }), `${fault} ${String(nth)}`).toBeUndefined()
    process.stdout.write(`${fault}: killed at each of ${String(writes)} writes\n`)
  },
  3_600_000,
)
