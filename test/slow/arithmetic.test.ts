import { expect, test } from 'vitest'
import { compare, comparisonKeys } from '#test/helpers/arithmetic-comparison.ts'

const SEED = Number(process.env['DUNANT_SEED'] ?? Date.now() % 2 ** 31)
/** Of signatures there are 15 classes, of certificates 12: more than ten thousand cases of each. */
const PER_CLASS = 850

test('over twenty thousand signatures and certificates are accepted or refused alike, whoever computes', async () => {
  const tallies = await compare(await comparisonKeys(), PER_CLASS, SEED)
  let cases = 0
  for (const [name, tally] of tallies) {
    const { accepted, answered, disagreements, refused } = tally
    process.stdout.write(
      `seed ${String(SEED)}: ${JSON.stringify({ name, cases: tally.cases, accepted, answered, refused })}\n`,
    )
    cases += tally.cases
    expect(disagreements.slice(0, 3), `${name}, seed ${String(SEED)}`).toEqual([])
  }
  expect(cases).toBeGreaterThanOrEqual(20_000)
}, 1_800_000)
