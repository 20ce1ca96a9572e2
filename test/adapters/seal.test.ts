import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encryptMessage } from '#adapters/crypto/encrypt-message.ts'
import { recipientOf } from '#adapters/crypto/recipient.ts'
import { signMessage } from '#adapters/crypto/sign-message.ts'
import { encryptTo, signEntity, signingSecret } from '#client/openpgp.ts'
import { utf8 } from '#core/bytes.ts'
import { ENTITY } from '#test/helpers/client-keys.ts'
import { gpgMissing, openGpg } from '#test/helpers/gpg.ts'
import { type Bench, openBench, sealAndOpen, sealTwice } from '#test/helpers/seal-cases.ts'
import { type SealKey, strangeKeys, unfitKeys } from '#test/helpers/seal-keys.ts'
import { NOW } from '#test/helpers/openpgp-keys.ts'

const SEED = 20_261_123
const CASES = 150

let bench: Bench

beforeAll(async () => {
  bench = await openBench()
  process.stdout.write(`sealing: ${String(CASES)} cases of each kind from seed ${String(SEED)}\n`)
})

test('what native arithmetic seals, OpenPGP.js opens: the same bytes, signer, time and recipient', async () => {
  for (let i = 0; i < CASES; i++) await sealAndOpen(bench, 'native', SEED + i)
})

test('what OpenPGP.js seals opens the same way', async () => {
  for (let i = 0; i < CASES / 3; i++) await sealAndOpen(bench, 'stock', SEED + i)
})

test('nobody can tell by its form which of the two sealed a message', async () => {
  for (let i = 0; i < CASES; i++) await sealTwice(bench, SEED + i)
})

test('no two messages share a session key, a salt or an ephemeral key', () => {
  const [from] = bench.signers
  if (from === undefined) throw new Error('there is no signer')
  for (const { recipient } of bench.readers) {
    const seen = new Set<string>()
    for (let i = 0; i < 50; i++) {
      const signed = signMessage(from.signer, ENTITY, NOW)
      const message = encryptMessage(recipient, signed)
      seen.add(signed.subarray(-100).toString('hex'))
      seen.add(message.subarray(20, 50).toString('hex'))
      seen.add(message.subarray(-40).toString('hex'))
    }
    expect(seen.size).toBe(150)
  }
})

describe('what only OpenPGP.js can do is left to it', () => {
  let strange: readonly SealKey[]
  beforeAll(async () => {
    strange = await strangeKeys()
  })

  test('recipients of other kinds', async () => {
    for (const { certificate, name } of strange) {
      expect(await recipientOf(certificate, NOW), name).toBeUndefined()
      expect((await encryptTo(certificate, bench.signed, { at: NOW })).length).toBeGreaterThan(100)
    }
  })

  test('signers of other kinds; version 6 is refused by both', async () => {
    for (const { key, name } of strange) {
      const [ours, stock] = await Promise.all([
        outcome(signingSecret(key, { at: NOW })),
        outcome(signEntity(key, ENTITY, { at: NOW })),
      ])
      if (name === 'version 6') expect(ours).toBe(stock)
      else expect(await signingSecret(key, { at: NOW }), name).toBeUndefined()
    }
  })
})

test('whom OpenPGP.js would not encrypt to is refused with the same words', async () => {
  for (const { certificate, name } of await unfitKeys()) {
    const ours = await outcome(recipientOf(certificate, NOW))
    expect(ours, name).not.toBe('done')
    expect(ours, name).toBe(await outcome(encryptTo(certificate, bench.signed, { at: NOW })))
  }
})

test('a key that OpenPGP.js would not sign with signs nothing', async () => {
  for (const { key, name } of await unfitKeys()) {
    const ours = await outcome(signingSecret(key, { at: NOW }))
    const stock = await outcome(signEntity(key, ENTITY, { at: NOW }))
    expect(ours === 'done', name).toBe(stock === 'done')
  }
})

test('a secret tells nothing of itself', async () => {
  const [from] = bench.signers
  const secret = from === undefined ? undefined : await signingSecret(from.key, { at: NOW })
  expect(`${String(secret)} ${JSON.stringify({ secret })}`).toBe(
    '[REDACTED] {"secret":"[REDACTED]"}',
  )
})

describe('gpg', () => {
  const gpg = openGpg()
  afterAll(() => {
    gpg.close()
  })

  test.skipIf(gpgMissing !== undefined)(
    'opens what native arithmetic seals, for every kind of key that it knows',
    async () => {
      for (const { certificate, name, signer } of bench.signers) {
        if (name.includes('newer')) continue
        gpg.run(['--import'], { input: certificate })
        for (const to of bench.readers.filter((one) => !one.name.includes('newer'))) {
          gpg.run(['--import'], { input: utf8(to.privateKey.armor()) })
          for (const entity of [ENTITY, utf8(`Content-Type: x\r\n\r\n${'long '.repeat(3000)}`)]) {
            const message = encryptMessage(to.recipient, signMessage(signer, entity, NOW))
            const run = gpg.run(['--decrypt'], { input: message })
            expect(run.stdout, to.name).toEqual(entity)
            expect(run.status).toContain('GOODSIG')
            expect(run.status).toContain('DECRYPTION_OKAY')
          }
        }
      }
    },
  )
})

/** What became of it: `done`, or what the error says. */
async function outcome(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'done'
  } catch (error) {
    return error instanceof Error ? error.message : 'failed'
  }
}
