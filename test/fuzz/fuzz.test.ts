import { afterAll, describe, expect, test } from 'vitest'
import { utf8 } from '#core/bytes.ts'
import { fuzz, must, type Target } from './engine.ts'
import { pastFindings } from './past.ts'
import { closeTargets, TARGETS } from './targets.ts'

// The short form of `npm run fuzz`: the same inputs every time, a few for each target, so that a target that broke is seen at once.

const SEED = 20_170_214
const RUNS = 112

afterAll(closeTargets)

test.each(TARGETS)('$name: whatever comes is refused, or right', async (target) => {
  const past = pastFindings(target.name)
  const { answers, findings } = await fuzz(target, { seed: SEED, runs: RUNS, past })
  expect(
    findings.map(({ input, message }) => `${message} ${Buffer.from(input).toString('base64')}`),
  ).toEqual([])
  // A target that accepts nothing, or refuses nothing, holds nothing against anything.
  const accepted = [...answers.keys()].filter((answer) => /\baccepted\b|^20\d/.test(answer))
  expect(accepted).not.toEqual([])
  expect(answers.size).toBeGreaterThan(1)
})

/** A parser with a fault behind three others, each of which only its own answer tells of. */
const FAULTY: Target = {
  name: 'faulty',
  words: ['one', 'two', 'three'],
  bytesMax: 14,
  seeds: () => [utf8('x')],
  run: (input) => {
    const text = Buffer.from(input).toString('latin1')
    must(!text.includes('onetwothree'), 'the fault')
    if (text.includes('onetwo')) return 'refused at three'
    return text.includes('one') ? 'refused at two' : 'refused at one'
  },
}

async function inputsOf(seed: number): Promise<readonly string[]> {
  const inputs: string[] = []
  const before = (input: Uint8Array): void => {
    inputs.push(Buffer.from(input).toString('hex'))
  }
  await fuzz(FAULTY, { seed, runs: 300, before })
  return inputs
}

describe('the engine', () => {
  test('finds a fault that lies behind others, and cuts it down', async () => {
    const { findings } = await fuzz(FAULTY, { seed: 1, runs: 8000 })
    expect(findings.map(({ input, message }) => [message.slice(0, 16), input])).toEqual([
      ['Error: the fault', utf8('onetwothree')],
    ])
  })

  test('makes the same inputs of the same seed', async () => {
    expect(await inputsOf(7)).toEqual(await inputsOf(7))
    expect(await inputsOf(7)).not.toEqual(await inputsOf(8))
  })
})
