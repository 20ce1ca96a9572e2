import { afterAll, expect, test } from 'vitest'
import { generateServiceKey, openServiceCrypto } from '#adapters/keys/openpgp.ts'
import {
  encryptTo,
  openMessage,
  readSignedEntity,
  signDetached,
  signEntity,
  signerOf,
  unlockKey,
} from '#client/openpgp.ts'
import { utf8 } from '#core/bytes.ts'
import { readSignature, verifySignature } from '#core/openpgp.ts'
import { checkEnvelope, isSignedMessage, readArmor, readLiteral } from '#core/packets.ts'
import {
  ACT,
  encryptionKeysOf,
  ENTITY,
  mailbox,
  officer,
  ORIGIN,
} from '#test/helpers/client-keys.ts'
import { gpgMissing, openGpg } from '#test/helpers/gpg.ts'
import { accepted, DAY, NOW, reasonOf } from '#test/helpers/openpgp-keys.ts'

const gpg = openGpg()
const testGpg = test.skipIf(gpgMissing !== undefined)

afterAll(() => {
  gpg.close()
})

testGpg('verifies our detached signatures', async () => {
  const { key, certificate } = await officer()
  gpg.run(['--import'], { input: certificate })
  const signature = gpg.file('act.asc', await signDetached(key, ACT, { at: NOW - 60 }))
  const run = gpg.run(['--verify', signature, gpg.file('act.json', ACT)])
  expect(run.status).toContain(`VALIDSIG ${key.fingerprint.toUpperCase()}`)
})

testGpg('decrypts our envelopes, sees the exact entity and a good signature', async () => {
  const { key, certificate } = await officer('Sender')
  const box = await mailbox()
  gpg.run(['--import'], { input: certificate })
  gpg.run(['--import'], { input: utf8(box.privateArmored) })
  const envelope = await encryptTo(box.certificate, await signEntity(key, ENTITY, { at: NOW - 60 }))
  const run = gpg.run(['--decrypt'], { input: envelope })
  expect(run.stdout).toEqual(ENTITY)
  expect(run.status).toContain(`VALIDSIG ${key.fingerprint.toUpperCase()}`)
  expect(run.status).toContain('GOODSIG')
  expect(run.status).toContain('DECRYPTION_OKAY')
})

testGpg('finds the signer of a signature whose unsigned part we rewrote', async () => {
  const fingerprint = gpg.generate({ userId: 'rewritten' })
  const packet = accepted(
    readSignature(gpg.run(['--local-user', fingerprint, '--detach-sign'], { input: ACT }).stdout),
  ).packet
  const run = gpg.run(['--verify', gpg.file('act.sig', packet), gpg.file('act.json', ACT)])
  expect(run.status).toContain(`VALIDSIG ${fingerprint.toUpperCase()}`)
})

testGpg.each(['file', 'pipe'])(
  'signs inline (%s) what we read strictly, wrap, and get back',
  async (source) => {
    const fingerprint = gpg.generate({ userId: `inline ${source}` })
    const args = ['--local-user', fingerprint, '-z', '0', '--sign']
    if (source === 'file') {
      gpg.run(['--output', gpg.file('signed', ''), ...args, gpg.file('entity', ENTITY)])
    }
    const signed = source === 'file' ? gpg.read('signed') : gpg.run(args, { input: ENTITY }).stdout
    const certificate = gpg.export(fingerprint)
    expect(signerOf(signed)).toEqual({ ok: true, value: fingerprint })
    expect(accepted(await readSignedEntity(signed, certificate, [NOW + 60])).entity).toEqual(ENTITY)
    const box = await mailbox()
    const opened = accepted(await openMessage(box.key, await encryptTo(box.certificate, signed)))
    expect(accepted(await readSignedEntity(opened, certificate, [NOW + 60])).entity).toEqual(ENTITY)
    const compressed = gpg.run(['--local-user', fingerprint, '--sign'], { input: ENTITY }).stdout
    expect(reasonOf(await readSignedEntity(compressed, certificate, [NOW + 60]))).toBe(
      'notice-malformed',
    )
    const text = gpg.run([...args.slice(0, 4), '--textmode', '--sign'], { input: ENTITY }).stdout
    expect(reasonOf(await readSignedEntity(text, certificate, [NOW + 60]))).toBe('notice-malformed')
  },
)

testGpg('makes envelopes that we accept and open', async () => {
  const fingerprint = gpg.generate({ userId: 'filer' })
  const box = await mailbox()
  gpg.run(['--import'], { input: box.certificate })
  const envelope = gpg.run(
    [
      '--local-user',
      fingerprint,
      '-z',
      '0',
      '--recipient',
      box.key.fingerprint,
      '--sign',
      '--encrypt',
    ],
    { input: ENTITY },
  ).stdout
  expect(reasonOf(checkEnvelope(envelope, await encryptionKeysOf(box.certificate)))).toBe(
    'accepted',
  )
  const signed = accepted(await openMessage(box.key, envelope))
  expect(
    accepted(await readSignedEntity(signed, gpg.export(fingerprint), [NOW + 60])).entity,
  ).toEqual(ENTITY)
  const hidden = gpg.run(['-z', '0', '--hidden-recipient', box.key.fingerprint, '--encrypt'], {
    input: ENTITY,
  }).stdout
  expect(reasonOf(checkEnvelope(hidden, await encryptionKeysOf(box.certificate)))).toBe(
    'envelope-malformed',
  )
  const unsigned = gpg.run(['-z', '0', '--recipient', box.key.fingerprint, '--encrypt'], {
    input: ENTITY,
  }).stdout
  const opened = accepted(await openMessage(box.key, unsigned))
  expect(isSignedMessage(opened)).toBe(false)
  expect(readLiteral(opened)).toEqual({ ok: true, value: ENTITY })
})

testGpg('exports secret keys that unlock here, with and without a passphrase', async () => {
  const fingerprint = gpg.generate({ userId: 'exported' })
  const secret = new TextDecoder().decode(
    gpg.run(['--armor', '--export-secret-keys', fingerprint]).stdout,
  )
  const key = accepted(await unlockKey(secret, ''))
  expect(key.fingerprint).toBe(fingerprint)
  const signature = accepted(
    readArmor(await signDetached(key, ACT, { at: NOW + 60 }), 'PGP SIGNATURE'),
  )
  const verified = await verifySignature({
    payload: ACT,
    signature,
    certificate: gpg.export(fingerprint),
    validAt: [NOW + 60],
  })
  expect(reasonOf(verified)).toBe('accepted')
})

testGpg('answers a challenge by hand', async () => {
  const { privateArmored } = await generateServiceKey({ origin: ORIGIN, date: NOW - DAY })
  const crypto = await openServiceCrypto({ privateKeyArmored: privateArmored })
  for (const algorithm of ['ed25519', 'rsa3072'] as const) {
    const fingerprint = gpg.generate({ userId: `challenged ${algorithm}`, algorithm })
    const message = await crypto.encryptChallenge(gpg.export(fingerprint), 'dunant-challenge-v1\n')
    expect(new TextDecoder().decode(gpg.run(['--decrypt'], { input: utf8(message) }).stdout)).toBe(
      'dunant-challenge-v1\n',
    )
  }
})
