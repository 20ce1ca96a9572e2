import { inspect } from 'node:util'
import { createMessage, encrypt, generateKey, readKey, readPrivateKey, sign } from 'openpgp'
import { expect, test } from 'vitest'
import { generateServiceKey } from '#adapters/keys/openpgp.ts'
import {
  encryptForMany,
  encryptTo,
  generateMailboxKey,
  generateOfficerKey,
  openMessage,
  publicOf,
  readSignedEntity,
  signDetached,
  signEntity,
  signerOf,
  unlockKey,
} from '#client/openpgp.ts'
import { concat, hex, utf8 } from '#core/bytes.ts'
import { inspectCertificate, readSignature, verifySignature } from '#core/openpgp.ts'
import { bodyOf, readPackets, TAG, writePacket } from '#core/packet-walk.ts'
import {
  checkEnvelope,
  isSignedMessage,
  messageRecipients,
  readArmor,
  writeLiteral,
} from '#core/packets.ts'
import {
  ACT,
  encryptionKeysOf,
  ENTITY,
  mailbox,
  MIDNIGHT,
  officer,
  ORIGIN,
  tagsOf,
} from '#test/helpers/client-keys.ts'
import { accepted, DAY, NOW, reasonOf } from '#test/helpers/openpgp-keys.ts'

test('keys are made fit for their kind', async () => {
  const { certificate } = await officer()
  const facts = accepted(await inspectCertificate(certificate, 'officer', NOW))
  expect(facts).toMatchObject({
    version: 4,
    createdAt: NOW - DAY,
    expiresAt: null,
    userIds: ['Reporter <reporter@contoso.example>'],
    bytes: certificate,
  })
  const box = await mailbox()
  expect(accepted(await inspectCertificate(box.certificate, 'mailbox', NOW))).toMatchObject({
    createdAt: MIDNIGHT,
    userIds: ['mailbox'],
  })
  const service = await generateServiceKey({ origin: ORIGIN, date: NOW - DAY })
  expect(accepted(await inspectCertificate(service.publicBytes, 'service', NOW)).userIds).toEqual([
    `<service@${ORIGIN}>`,
  ])
})

test('keys need a passphrase unless the caller says that they need none', async () => {
  await expect(generateOfficerKey({ userId: { name: 'a' }, passphrase: '' })).rejects.toThrow(
    TypeError,
  )
  await expect(generateMailboxKey({ midnight: MIDNIGHT, passphrase: '' })).rejects.toThrow(
    TypeError,
  )
  await expect(generateMailboxKey({ midnight: MIDNIGHT + 1, passphrase: 'x' })).rejects.toThrow(
    TypeError,
  )
  const made = await generateMailboxKey({ midnight: MIDNIGHT, passphrase: 'correct horse' })
  expect((await readPrivateKey({ armoredKey: made.privateArmored })).isDecrypted()).toBe(false)
  expect(reasonOf(await unlockKey(made.privateArmored, 'wrong'))).toBe('passphrase-wrong')
  expect(reasonOf(await unlockKey(made.privateArmored, ''))).toBe('passphrase-wrong')
  expect(publicOf(accepted(await unlockKey(made.privateArmored, 'correct horse')))).toEqual(
    made.publicBytes,
  )
  expect(reasonOf(await unlockKey('hello', ''))).toBe('key-malformed')
  expect(reasonOf(await unlockKey(made.privateArmored.replaceAll('PRIVATE', 'PUBLIC'), ''))).toBe(
    'key-malformed',
  )
})

test('keys show nothing of themselves when they are printed', async () => {
  const { key } = await officer()
  const shown = [
    String(key),
    JSON.stringify({ key }),
    inspect(key, { depth: 9, showHidden: true }),
    inspect({ deep: [key] }, { depth: 9 }),
  ]
  for (const text of shown) {
    expect(text).toContain('[REDACTED]')
    expect(text).not.toMatch(/seed|privateParams|Uint8Array/)
  }
  expect(Object.keys(key)).toEqual(['fingerprint', 'isMailbox'])
})

test('signs acts and MIME entities so that they verify', async () => {
  const { key, certificate } = await officer()
  for (const payload of [ACT, ENTITY]) {
    const armored = await signDetached(key, payload, { at: NOW - 60 })
    const signature = accepted(readArmor(armored, 'PGP SIGNATURE'))
    const verified = accepted(
      await verifySignature({ payload, signature, certificate, validAt: [NOW] }),
    )
    expect(verified).toMatchObject({ fingerprint: key.fingerprint, createdAt: NOW - 60 })
    expect(verified.packet).toEqual(signature)
  }
})

test('signs nothing else', async () => {
  const { key } = await officer()
  const others = [
    '',
    'hello',
    ' {"at":"x"}',
    '{"at":',
    '{"at":"x","at":"y"}',
    '{"at":"x" }',
    '{"by":1}',
    'content-type: text/plain\r\n',
    'From: a\r\nContent-Type: text/plain\r\n',
    'tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n',
  ]
  for (const text of others) {
    await expect(signDetached(key, utf8(text)), text).rejects.toThrow(TypeError)
  }
  for (const text of [...others, '{"at":"x"}']) {
    await expect(signEntity(key, utf8(text)), text).rejects.toThrow(TypeError)
  }
})

test('dates everything of a mailbox midnight', async () => {
  const { key, certificate } = await mailbox()
  const signature = accepted(readArmor(await signDetached(key, ACT), 'PGP SIGNATURE'))
  expect(accepted(readSignature(signature)).createdAt).toBe(MIDNIGHT)
  expect(
    reasonOf(await verifySignature({ payload: ACT, signature, certificate, validAt: [NOW] })),
  ).toBe('accepted')
  await expect(signDetached(key, ACT, { at: NOW - (NOW % DAY) + 1 })).rejects.toThrow(TypeError)
})

test('messages are signed once, without file name, date or compression, and read strictly', async () => {
  const { key, certificate } = await officer()
  const signed = await signEntity(key, ENTITY, { at: NOW - 60 })
  expect(tagsOf(signed)).toEqual([4, 11, 2])
  const [, literal] = readPackets(signed) ?? []
  expect(literal && hex(bodyOf(signed, literal).subarray(0, 6))).toBe('620000000000')
  expect(signerOf(signed)).toEqual({ ok: true, value: key.fingerprint })
  const read = accepted(await readSignedEntity(signed, certificate, [NOW]))
  expect(read.entity).toEqual(ENTITY)
  expect(read.signature).toMatchObject({ fingerprint: key.fingerprint, createdAt: NOW - 60 })
})

test('messages are refused in any other shape, and when a byte differs', async () => {
  const { key, certificate } = await officer()
  const signed = await signEntity(key, ENTITY)
  const [onePass, literal, signature] = (readPackets(signed) ?? []).map(({ start, end }) =>
    signed.subarray(start, end),
  )
  if (!onePass || !literal || !signature) throw new Error('odd message')
  const other = writeLiteral(utf8('Content-Type: text/plain\r\n\r\nNothing happened.\r\n'))
  const zlib = writePacket(8, concat(Uint8Array.of(0), signed))
  const SHAPES: readonly [string, Uint8Array][] = [
    ['literal alone', literal],
    ['no one-pass packet', concat(literal, signature)],
    ['signature in front', concat(signature, literal)],
    ['no signature', concat(onePass, literal)],
    ['two literals', concat(onePass, literal, other, signature)],
    ['a literal after it', concat(signed, other)],
    ['a literal before it', concat(other, signed)],
    ['two signatures', concat(onePass, onePass, literal, signature, signature)],
    ['compressed', zlib],
    ['a marker in front', concat(writePacket(10, utf8('PGP')), signed)],
    ['a trailing byte', concat(signed, Uint8Array.of(0))],
  ]
  for (const [name, bytes] of SHAPES) {
    expect([
      name,
      isSignedMessage(bytes),
      reasonOf(await readSignedEntity(bytes, certificate, [NOW])),
    ]).toEqual([name, false, 'notice-malformed'])
  }
  for (const at of [2, 3, 4, 5, 6, 13, 14]) {
    const misleading = onePass.slice()
    misleading.set([(misleading[at] ?? 0) ^ 1], at)
    expect([at, isSignedMessage(concat(misleading, literal, signature))]).toEqual([at, false])
  }
  const swapped = concat(onePass, other, signature)
  expect(reasonOf(await readSignedEntity(swapped, certificate, [NOW]))).toBe(
    'signature-not-accepted',
  )
  const stranger = await officer('Stranger')
  expect(reasonOf(await readSignedEntity(signed, stranger.certificate, [NOW]))).toBe(
    'signature-not-accepted',
  )
})

test('messages come out of an envelope byte for byte, for its one recipient alone', async () => {
  const { key } = await officer()
  const box = await mailbox()
  const other = await mailbox()
  const signed = await signEntity(key, ENTITY)
  const envelope = await encryptTo(box.certificate, signed)
  expect(tagsOf(envelope)).toEqual([1, 18])
  expect(reasonOf(checkEnvelope(envelope, await encryptionKeysOf(box.certificate)))).toBe(
    'accepted',
  )
  expect(reasonOf(checkEnvelope(envelope, await encryptionKeysOf(other.certificate)))).toBe(
    'envelope-recipient-wrong',
  )
  expect(await openMessage(box.key, envelope)).toEqual({ ok: true, value: signed })
  expect(reasonOf(await openMessage(other.key, envelope))).toBe('envelope-recipient-wrong')
  for (const at of [envelope.length - 1, envelope.length - 30, 150]) {
    const bent = envelope.slice()
    bent.set([(bent[at] ?? 0) ^ 1], at)
    expect(reasonOf(await openMessage(box.key, bent))).toBe('envelope-malformed')
  }
})

test('messages go to several recipients at once, who all read the same', async () => {
  const { key } = await officer()
  const boxes = await Promise.all([mailbox(), mailbox(), mailbox()])
  const signed = await signEntity(key, ENTITY)
  const brief = await encryptForMany(
    boxes.map(({ certificate }) => certificate),
    signed,
  )
  expect(accepted(messageRecipients(brief))).toHaveLength(3)
  for (const box of boxes)
    expect(await openMessage(box.key, brief)).toEqual({ ok: true, value: signed })
  expect(reasonOf(checkEnvelope(brief, await encryptionKeysOf(boxes[0].certificate)))).toBe(
    'envelope-malformed',
  )
})

test('messages are never encrypted unsigned, to nobody, or to a certificate that lapsed', async () => {
  const { key, certificate } = await officer()
  const signed = await signEntity(key, ENTITY)
  await expect(encryptTo(certificate, ENTITY)).rejects.toThrow(TypeError)
  await expect(encryptTo(certificate, writeLiteral(ENTITY))).rejects.toThrow(TypeError)
  await expect(encryptForMany([], signed)).rejects.toThrow(TypeError)
  await expect(encryptTo(certificate, signed, { at: NOW - 2 * DAY })).rejects.toThrow(
    'cannot be encrypted to',
  )
  await expect(encryptTo(utf8('hello'), signed)).rejects.toThrow('cannot be read')
})

test('messages with compressed content are refused, however small or large it would become', async () => {
  const box = await mailbox()
  const compressed = async (content: Uint8Array) =>
    await encrypt({
      message: await createMessage({ binary: content }),
      encryptionKeys: await readKey({ binaryKey: box.certificate }),
      format: 'binary',
      config: { preferredCompressionAlgorithm: 2 },
    })
  expect(reasonOf(await openMessage(box.key, await compressed(ENTITY)))).toBe('envelope-malformed')
  const bomb = await compressed(new Uint8Array(32 * 1024 * 1024))
  expect(bomb.length).toBeLessThan(100_000)
  const before = process.memoryUsage().rss
  expect(reasonOf(await openMessage(box.key, bomb))).toBe('envelope-malformed')
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024)
})

test('a signature by a version 6 key stands alone but not inside a message', async () => {
  const { privateKey, publicKey } = await generateKey({
    type: 'curve25519',
    userIDs: { name: 'six' },
    date: new Date((NOW - DAY) * 1000),
    format: 'object',
    config: { v6Keys: true },
  })
  const key = accepted(await unlockKey(privateKey.armor(), ''))
  const certificate = publicKey.write()
  const signature = accepted(readArmor(await signDetached(key, ACT), 'PGP SIGNATURE'))
  expect(
    reasonOf(await verifySignature({ payload: ACT, signature, certificate, validAt: [NOW] })),
  ).toBe('accepted')
  await expect(signEntity(key, ENTITY)).rejects.toThrow(TypeError)
  const inline = await sign({
    message: await createMessage({ binary: ENTITY }),
    signingKeys: privateKey,
    format: 'binary',
  })
  expect(isSignedMessage(inline)).toBe(false)
  const { key: reporter } = await officer()
  const signed = await signEntity(reporter, ENTITY)
  const envelope = await encryptTo(certificate, signed)
  expect(reasonOf(checkEnvelope(envelope, await encryptionKeysOf(certificate)))).toBe('accepted')
  expect(await openMessage(key, envelope)).toEqual({ ok: true, value: signed })
  const [sessionKey] = readPackets(envelope) ?? []
  expect(sessionKey?.tag).toBe(TAG.sessionKey)
  expect(sessionKey && bodyOf(envelope, sessionKey)[0]).toBe(6)
})
