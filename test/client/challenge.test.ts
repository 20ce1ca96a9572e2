import { expect, test } from 'vitest'
import { generateServiceKey, openServiceCrypto } from '#adapters/keys/openpgp.ts'
import { answerChallenge, encryptTo, signEntity } from '#client/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import { ACT, ENTITY, mailbox, officer, ORIGIN, tagsOf } from '#test/helpers/client-keys.ts'
import { accepted, DAY, NOW, reasonOf } from '#test/helpers/openpgp-keys.ts'

const answer = 'ab'.repeat(32)
const plaintext = (fingerprint: string) =>
  `dunant-challenge-v1\n${ORIGIN}\nmailbox\n${fingerprint}\n${answer}\n`

async function service() {
  const { privateArmored } = await generateServiceKey({
    origin: ORIGIN,
    date: NOW - DAY,
    passphrase: 'pass',
  })
  return await openServiceCrypto({ privateKeyArmored: privateArmored, passphrase: 'pass' })
}

test('challenges are answered with the hex alone', async () => {
  const box = await mailbox()
  const { fingerprint } = box.key
  const message = await (await service()).encryptChallenge(box.certificate, plaintext(fingerprint))
  expect(tagsOf(accepted(readArmor(message, 'PGP MESSAGE')))).toEqual([1, 18])
  expect(
    await answerChallenge(box.key, message, { origin: ORIGIN, purpose: 'mailbox', fingerprint }),
  ).toEqual({ ok: true, value: answer })
})

test('challenges with any other plaintext get no answer and no word about it', async () => {
  const box = await mailbox()
  const { key: reporter } = await officer()
  const { fingerprint } = box.key
  const right = plaintext(fingerprint)
  const crypto = await service()
  const expected = { origin: ORIGIN, purpose: 'mailbox', fingerprint }
  const texts = [
    '',
    'secret',
    right.trimEnd(),
    `${right}\n`,
    ` ${right}`,
    right.replace('v1', 'v2'),
    right.replace(ORIGIN, 'evil.example'),
    right.replace('mailbox', 'officer'),
    right.replace(fingerprint, 'ff'.repeat(20)),
    right.replace(answer, 'AB'.repeat(32)),
    right.replace(answer, answer.slice(2)),
    right.replace(answer, `${answer}\nsecret`),
    right.replaceAll('\n', '\r\n'),
    `${right}secret`,
  ]
  const messages: (string | Uint8Array)[] = await Promise.all(
    texts.map(async (text) => await crypto.encryptChallenge(box.certificate, text)),
  )
  messages.push(
    await encryptTo(box.certificate, await signEntity(reporter, ENTITY)),
    'hello',
    new Uint8Array(10),
  )
  for (const message of messages) {
    expect(await answerChallenge(box.key, message, expected)).toEqual({
      ok: false,
      refusal: { reason: 'challenge-wrong' },
    })
  }
  const foreign = 'ff'.repeat(20)
  const asked = { ...expected, fingerprint: foreign }
  for (const text of [right, plaintext(foreign)]) {
    const message = await crypto.encryptChallenge(box.certificate, text)
    expect(reasonOf(await answerChallenge(box.key, message, asked))).toBe('challenge-wrong')
  }
})

test('challenges come from a service that signs under its own clock and needs a fit key', async () => {
  const { privateArmored } = await generateServiceKey({ origin: ORIGIN, date: NOW - 10 * DAY })
  const crypto = await openServiceCrypto({
    privateKeyArmored: privateArmored,
    clock: { now: () => NOW - 5 * DAY },
  })
  const signature = await crypto.signAsService(ACT)
  const verified = accepted(
    await crypto.verifySignature({
      payload: ACT,
      signature,
      certificate: crypto.serviceCertificate,
      validAt: [NOW],
    }),
  )
  expect(verified.createdAt).toBe(NOW - 5 * DAY)
  const { privateArmored: box } = await mailbox()
  await expect(openServiceCrypto({ privateKeyArmored: box })).rejects.toThrow(
    'certificate-user-id-wrong',
  )
})
