import { afterAll, expect, test } from 'vitest'
import { utf8 } from '#core/bytes.ts'
import { inspectCertificate, readSignature, verifySignature } from '#core/openpgp.ts'
import { TAG, writePacket } from '#core/packet-walk.ts'
import { splitSignedMessage } from '#core/packets.ts'
import { gpgMissing, openGpg } from '#test/helpers/gpg.ts'
import {
  accepted,
  DAY,
  NOW,
  PAYLOAD,
  reasonOf,
  verdict,
  verify,
} from '#test/helpers/openpgp-keys.ts'

const gpg = openGpg()
const testGpg = test.skipIf(gpgMissing !== undefined)

afterAll(() => {
  gpg.close()
})

function detach(fingerprint: string, options: readonly string[] = []): Uint8Array {
  return gpg.run([...options, '--local-user', fingerprint, '--detach-sign'], { input: PAYLOAD })
    .stdout
}

testGpg.each(['ed25519', 'rsa3072'] as const)(
  '%s keys are read and their signatures verify',
  async (algorithm) => {
    const fingerprint = gpg.generate({
      userId: `Reporter <${algorithm}@contoso.example>`,
      algorithm,
      expire: '1y',
    })
    const bytes = gpg.export(fingerprint)
    const facts = accepted(await inspectCertificate(bytes, 'officer', NOW + 60))
    expect(facts).toMatchObject({
      fingerprint,
      version: 4,
      signingKeys: [fingerprint],
      userIds: [`Reporter <${algorithm}@contoso.example>`],
    })
    expect(facts.bytes).toEqual(bytes)
    expect(facts.encryptionKeys).toHaveLength(1)
    expect(facts.expiresAt).toBeGreaterThan(NOW + 364 * DAY)
    const verified = accepted(await verify(detach(fingerprint), facts.bytes, [NOW + 60]))
    expect(verified.fingerprint).toBe(fingerprint)
  },
)

testGpg('weak keys and weak signatures are refused by name', async () => {
  const weak = (userId: string, algorithm: string) => {
    const created = gpg.run(['--quick-generate-key', userId, algorithm, 'default', 'never'])
    return gpg.export(/KEY_CREATED \w ([0-9A-F]{40})/.exec(created.status)?.[1] ?? '')
  }
  expect(await verdict(weak('rsa', 'rsa2048'), 'officer', NOW + 60)).toBe('certificate-weak')
  expect(await verdict(weak('dsa', 'dsa2048'), 'officer', NOW + 60)).toBe('certificate-weak')
  expect(await verdict(weak('koblitz', 'secp256k1'), 'officer', NOW + 60)).toBe('certificate-weak')
  const good = gpg.generate({ userId: 'good' })
  gpg.run(['--quick-add-key', good, 'elg3072', 'encr', 'never'])
  expect(await verdict(gpg.export(good), 'officer', NOW + 60)).toBe('certificate-weak')
  const bound = gpg.generate({
    userId: 'bound by SHA-1',
    options: ['--cert-digest-algo', 'SHA1'],
  })
  expect(await verdict(gpg.export(bound), 'officer', NOW + 60)).toBe('certificate-weak')
})

testGpg('a message signed over SHA-1 or SHA-224 is genuine and too weak', async () => {
  const fingerprint = gpg.generate({ userId: 'hashes', algorithm: 'rsa3072' })
  for (const [hash, reason] of [
    ['SHA1', 'signature-algorithm-weak'],
    ['RIPEMD160', 'signature-algorithm-weak'],
    ['SHA224', 'signature-algorithm-weak'],
    ['SHA256', 'accepted'],
    ['SHA512', 'accepted'],
  ] as const) {
    const signature = detach(fingerprint, ['--digest-algo', hash])
    expect([hash, reasonOf(await verify(signature, gpg.export(fingerprint), [NOW + 60]))]).toEqual([
      hash,
      reason,
    ])
  }
})

testGpg('text mode, and a signature that lapses, are refused', () => {
  const fingerprint = gpg.generate({ userId: 'text' })
  expect(reasonOf(readSignature(detach(fingerprint, ['--textmode'])))).toBe('signature-type-wrong')
  expect(reasonOf(readSignature(detach(fingerprint, ['--default-sig-expire', '1d'])))).toBe(
    'signature-not-accepted',
  )
})

testGpg(
  'a signature cut out of an inline-signed message stands for the same bytes only',
  async () => {
    const fingerprint = gpg.generate({ userId: 'inline' })
    const inline = gpg.run(['--local-user', fingerprint, '-z', '0', '--sign'], {
      input: PAYLOAD,
    }).stdout
    const { content, signature } = accepted(splitSignedMessage(inline))
    expect(content).toEqual(PAYLOAD)
    const packet = writePacket(TAG.signature, signature)
    // It is of the same type over the same bytes: whoever signed them inline signed them. Hence no key signs an act inline (client/openpgp.ts).
    expect(reasonOf(await verify(packet, gpg.export(fingerprint), [NOW + 60]))).toBe('accepted')
    const elsewhere = await verifySignature({
      payload: utf8('{"at":"x"}'),
      signature: packet,
      certificate: gpg.export(fingerprint),
      validAt: [NOW + 60],
    })
    expect(reasonOf(elsewhere)).toBe('signature-not-accepted')
  },
)

testGpg(
  'friends’ signatures are dropped, and gpg’s own minimal export is kept byte for byte',
  async () => {
    const fingerprint = gpg.generate({ userId: 'popular' })
    const minimal = gpg.export(fingerprint)
    const friend = gpg.generate({ userId: 'friend' })
    gpg.run(['--local-user', friend, '--quick-sign-key', fingerprint])
    const popular = gpg.export(fingerprint)
    expect(popular.length).toBeGreaterThan(minimal.length)
    const facts = accepted(await inspectCertificate(popular, 'officer', NOW + 60))
    expect(facts.bytes).toEqual(minimal)
    expect(accepted(await inspectCertificate(facts.bytes, 'officer', NOW + 60)).bytes).toEqual(
      minimal,
    )
    expect(await verdict(popular, 'mailbox', NOW + 60)).not.toBe('accepted')
  },
)

testGpg(
  'a revoked user ID, an expired subkey and a key on a card’s terms are judged as gpg does',
  async () => {
    const fingerprint = gpg.generate({ userId: 'two names' })
    gpg.run(['--quick-add-uid', fingerprint, 'second name'])
    gpg.run(['--quick-revoke-uid', fingerprint, 'two names'])
    const facts = accepted(await inspectCertificate(gpg.export(fingerprint), 'officer', NOW + 60))
    expect(facts.userIds).toEqual(['second name'])
    const old = ['--faked-system-time', '20260101T000000!']
    const lapsed = gpg.generate({ userId: 'lapsed subkey', options: old, expire: '30d' })
    gpg.run(['--faked-system-time', '20260102T000000!', '--quick-set-expire', lapsed, '5y'])
    expect(await verdict(gpg.export(lapsed), 'officer', NOW + 60)).toBe('certificate-expired')
    gpg.run(['--faked-system-time', '20260102T000000!', '--quick-set-expire', lapsed, '5y', '*'])
    expect(await verdict(gpg.export(lapsed), 'officer', NOW + 60)).toBe('accepted')
  },
)

// By hand, with any date whose midnight has passed:
//   export FAKE="--faked-system-time 20261123T000000!"
//   gpg $FAKE --quick-generate-key mailbox ed25519 sign never
//   gpg $FAKE --quick-add-key FINGERPRINT cv25519 encr never
//   gpg --export FINGERPRINT > mailbox.pgp
//   gpg $FAKE --armor --local-user FINGERPRINT --detach-sign act.json
testGpg(
  'a mailbox key made by hand at midnight is a mailbox key, and one made at noon is not',
  async () => {
    const midnight = ['--faked-system-time', '20261123T000000!']
    const fingerprint = gpg.generate({ userId: 'mailbox', options: midnight })
    const at = Date.parse('2026-11-23T09:00:00Z') / 1000
    const facts = accepted(await inspectCertificate(gpg.export(fingerprint), 'mailbox', at))
    expect(facts.createdAt % DAY).toBe(0)
    const verified = accepted(await verify(detach(fingerprint, midnight), facts.bytes, [at]))
    expect(verified.createdAt).toBe(facts.createdAt)
    const noon = gpg.generate({
      userId: 'mailbox',
      options: ['--faked-system-time', '20261123T120000!', '--allow-freeform-uid'],
    })
    expect(await verdict(gpg.export(noon), 'mailbox', at + DAY)).toBe('certificate-not-midnight')
  },
)
