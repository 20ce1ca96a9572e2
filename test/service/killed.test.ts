import { expect, test } from 'vitest'
import { killStory } from '#test/helpers/kill-story.ts'

// A few of all moments; test/slow has every one.

test.each([
  { nth: 0, fault: 'dies-after' },
  { nth: 11, fault: 'dies-before' },
  { nth: 34, fault: 'dies-after' },
] as const)(
  'a process that $fault the write $nth leaves all that it acknowledged',
  async (strike) => {
    expect(await killStory(strike)).toBeUndefined()
  },
  120_000,
)
