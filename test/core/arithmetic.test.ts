import { expect, test } from 'vitest'
import { compare, comparisonKeys } from '#test/helpers/arithmetic-comparison.ts'

const SEED = 20261123
const PER_CLASS = 26
/** A few seconds, where nothing else runs. */
const MILLISECONDS_MAX = 180_000

test(
  'with arithmetic from outside and without it every signature and certificate is accepted or refused alike',
  async () => {
    const tallies = [...(await compare(await comparisonKeys(), PER_CLASS, SEED))]
    const disagreements = tallies.flatMap(([name, tally]) =>
      tally.disagreements.map((one) => `${name}: ${one}`),
    )
    expect(disagreements.slice(0, 3), `seed ${String(SEED)}`).toEqual([])
    const good = tallies.filter(([name]) => name.startsWith('good'))
    for (const [name, { accepted, answered }] of good) {
      expect(accepted, name).toBeGreaterThan(PER_CLASS / 2)
      expect(answered, name).toBeGreaterThan(PER_CLASS / 2)
    }
    const reasons = new Set(tallies.flatMap(([, { refused }]) => Object.keys(refused)))
    expect([...reasons]).toEqual(
      expect.arrayContaining([
        'certificate-cannot-sign',
        'certificate-expired',
        'certificate-malformed',
        'certificate-revoked',
        'certificate-weak',
        'packets-malformed',
        'signature-algorithm-weak',
        'signature-not-accepted',
        'signature-type-wrong',
        'signature-version-wrong',
      ]),
    )
  },
  MILLISECONDS_MAX,
)
