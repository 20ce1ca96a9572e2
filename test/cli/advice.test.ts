import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { adviceOn } from '#cli/advice.ts'
import { COMMANDS } from '#cli/grammar/commands.ts'
import { REFUSAL_REASONS } from '#core/refusal.ts'
import { jsonOf, runHere, scratch } from '#test/helpers/command-line.ts'

test('every refusal has a sentence, and something to do next', () => {
  for (const reason of REFUSAL_REASONS) {
    const { next, sentence } = adviceOn(reason)
    expect(sentence, reason).toMatch(/^[A-Z].*\.$/)
    expect(next, reason).toMatch(/^[A-Z].*\.$/)
  }
})

test('no advice names a command that is not there', () => {
  const paths = [...COMMANDS.map(({ path }) => path), '--help', 'help notice draft']
  const named = REFUSAL_REASONS.flatMap((reason) =>
    [...adviceOn(reason).next.matchAll(/\bdunant ((?:--)?[a-z][a-z -]*)/g)].map(
      ([, words = '']) => words,
    ),
  )
  expect(named.length).toBeGreaterThan(10)
  const unknown = named.filter((words) => !paths.some((path) => `${words} `.startsWith(`${path} `)))
  expect(unknown).toEqual([])
})

const folder = scratch()
afterAll(() => {
  folder.clear()
})

test('a refusal that no server had a part in says what it means and what to do, to people and to scripts', async () => {
  const file = join(folder.path, 'certificate.asc')
  writeFileSync(file, 'not armor')
  const told = await runHere(['key', 'check', file])
  const { next, sentence } = adviceOn('armor-malformed')
  expect(told.code).toBe(3)
  expect(told.err).toBe(`dunant: armor-malformed: ${sentence}\nnext:   ${next}\n`)
  const json = jsonOf(await runHere(['key', 'check', file, '--json']))
  expect(json).toEqual({ refused: 'armor-malformed', meaning: sentence, next })
})
