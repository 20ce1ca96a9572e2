import { generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { nativeArithmetic, threadedArithmetic } from '#adapters/crypto/native.ts'
import type { SignatureSum } from '#core/arithmetic.ts'
import { hex, utf8 } from '#core/bytes.ts'
import { sha256, sha256Hex } from '#core/hash.ts'
import { Overloaded } from '#ports/crypto.ts'

function sum(): SignatureSum {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const der = publicKey.export({ format: 'der', type: 'spki' })
  const payload = utf8('an act')
  const digest = sha256(payload)
  return {
    key: { kind: 'Ed25519', point: Uint8Array.from(der.subarray(-32)) },
    hash: 'sha256',
    hashed: [payload.subarray(0, 2), payload.subarray(2)],
    digestStart: digest.subarray(0, 2),
    signature: Uint8Array.from(sign(null, digest, privateKey)),
  }
}

test('more signatures than may wait are refused as Overloaded, and verified again once there is room', async () => {
  const arithmetic = threadedArithmetic({ jobsMax: 3 })
  const one = sum()
  const taken = [1, 2, 3].map(async () => await arithmetic.verify(one))
  await expect(arithmetic.verify(one)).rejects.toBeInstanceOf(Overloaded)
  expect(await Promise.all(taken)).toEqual([true, true, true])
  expect(await arithmetic.verify(one)).toBe(true)
})

test('what needs no thread is answered even when none is free', async () => {
  const arithmetic = threadedArithmetic({ jobsMax: 0 })
  const one = sum()
  expect(await arithmetic.verify({ ...one, digestStart: Uint8Array.of(0, 0) })).toBe(false)
  const x = new Uint8Array(32).fill(1)
  const key = { kind: 'P-256', x, y: x } as const
  expect(await arithmetic.verify({ ...one, key })).toBeUndefined()
})

test('hashes as core does', () => {
  const bytes = utf8('some bytes').subarray(2)
  expect(nativeArithmetic.sha256Hex(bytes)).toBe(sha256Hex(bytes))
  expect(nativeArithmetic.sha256Hex(bytes)).toBe(hex(sha256(bytes)))
})
