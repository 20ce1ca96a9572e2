import * as stock from 'openpgp'
import { readSignedEntity } from '#client/openpgp.ts'
import { base64, fromBase64, fromUtf8, hex, utf8 } from '#core/bytes.ts'
import { sieveCertificate } from '#core/certificate-packets.ts'
import {
  inspectCertificate,
  OPENPGP_CONFIG,
  readSignature,
  verifySignature,
} from '#core/openpgp.ts'
import { bodyBytes, bodyOf, readPackets, TAG, writePacket } from '#core/packet-walk.ts'
import {
  type ArmorLabel,
  CERTIFICATE_LIMITS,
  MESSAGE_LIMITS,
  messageRecipients,
  readArmor,
  readLiteral,
  scanPackets,
  SIGNATURE_LIMITS,
  SIGNED_LIMITS,
  splitSignedMessage,
  writeArmor,
  writeLiteral,
} from '#core/packets.ts'
import { readSignatureFields } from '#core/signature-packet.ts'
import { must, mustEqual, type Target } from '#test/fuzz/engine.ts'
import { NOW, readKeys } from '#test/vectors/keys.ts'
import { readVectors } from '#test/vectors/schemas.ts'
import { answerOf } from './text.ts'

const keys = Object.values(readKeys().openpgp)
const certificates = keys.map(({ certificate }) => decoded(certificate))
const signatures = readVectors('signatures.json')
const bundle = readVectors('bundle.json')
const notices = readVectors('commitments.json').lines.map((line) => decoded(line.signed_notice))
const envelopes = bundle.envelopes.map(({ message }) => decoded(message))
const packets = signatures.valid.map(({ packet }) => decoded(packet))
const LABELS = ['PGP SIGNATURE', 'PGP PUBLIC KEY BLOCK', 'PGP MESSAGE'] as const
const LIMITS = [CERTIFICATE_LIMITS, SIGNATURE_LIMITS, MESSAGE_LIMITS, SIGNED_LIMITS]

function decoded(text: string): Uint8Array {
  return fromBase64(text) ?? new Uint8Array()
}

const packetWalk: Target = {
  name: 'packets',
  seeds: () => [
    ...certificates,
    ...packets,
    ...envelopes,
    ...notices,
    writeLiteral(utf8('hello')),
    // Lengths in parts, and of the old format.
    Uint8Array.of(0xcb, 0xe9, ...new Uint8Array(512), 3, 1, 2, 3),
    Uint8Array.of(0x99, 0, 2, 4, 0, 0x88, 1, 0),
  ],
  run: (input) => {
    const all = readPackets(input)
    const scans = LIMITS.map((limits) => scanPackets(input, limits))
    for (const scan of scans)
      if (scan.ok) {
        const count = [...scan.value.values()].reduce((a, b) => a + b, 0)
        must(count === all?.length, 'the scan counts other packets than the walk')
      }
    let end = 0
    for (const packet of all ?? []) {
      must(packet.start === end && packet.end > packet.start, 'packets leave a gap or overlap')
      end = packet.end
      const body = bodyOf(input, packet)
      must(body.length === bodyBytes(packet) && body.length < input.length, 'a body is too long')
      const again = readPackets(writePacket(packet.tag, body))
      must(again?.length === 1 && again[0]?.tag === packet.tag, 'written again, it is another')
    }
    must(all === undefined || end === input.length, 'something trails')
    return [...scans.map(answerOf), ...messages(input)].join()
  },
}

/** The readers of whole messages. */
function messages(input: Uint8Array): string[] {
  const literal = readLiteral(input)
  if (literal.ok) {
    const again = readLiteral(writeLiteral(literal.value))
    must(again.ok && again.value.length === literal.value.length, 'the literal differs')
  }
  const recipients = messageRecipients(input)
  if (recipients.ok)
    must(
      recipients.value.length > 0 && new Set(recipients.value).size === recipients.value.length,
      'recipients are none or repeated',
    )
  const parts = splitSignedMessage(input)
  if (parts.ok) must(readSignatureFields(parts.value.signature)?.type === 0, 'it is not binary')
  return [answerOf(literal), answerOf(recipients), answerOf(parts)]
}

const armor: Target = {
  name: 'armor',
  words: ['-----BEGIN PGP SIGNATURE-----', '-----END PGP SIGNATURE-----', 'Comment: ', '=', '\n\n'],
  seeds: () => [
    ...signatures.valid.map(({ armored }) => utf8(armored)),
    ...signatures.refused.map(({ armored }) => utf8(armored)),
    ...certificates.slice(0, 2).map((bytes) => utf8(writeArmor('PGP PUBLIC KEY BLOCK', bytes))),
    ...LABELS.map((label) =>
      utf8(`-----BEGIN ${label}-----\r\nA: b\r\n\r\nAAAA\r\n-----END ${label}-----\r\n`),
    ),
  ],
  run: async (input) => {
    const text = fromUtf8(input)
    if (text === undefined) return 'not text'
    const answers = LABELS.map((label) => [label, readArmor(text, label)] as const)
    for (const [label, read] of answers) if (read.ok) await checkArmor(text, label, read.value)
    return answers.map(([, read]) => answerOf(read)).join()
  },
}

async function checkArmor(text: string, label: ArmorLabel, bytes: Uint8Array): Promise<void> {
  const again = readArmor(writeArmor(label, bytes), label)
  must(again.ok, 'written again, it is refused')
  mustEqual(again.value, bytes, 'written again, it differs')
  const lines = text.replaceAll('\r', '').trim().split('\n')
  const body = lines.slice(lines.indexOf('') + 1, -1)
  const hasChecksum = body.at(-1)?.startsWith('=') === true
  must(
    base64(bytes) === body.slice(0, hasChecksum ? -1 : undefined).join(''),
    'another spelling of the base64 is taken',
  )
  // The library refuses headers that it does not know; where it reads, it reads the same.
  const theirs = await stock.unarmor(text).catch(() => undefined)
  if (theirs?.data instanceof Uint8Array) mustEqual(theirs.data, bytes, 'OpenPGP.js reads others')
}

const signaturePacket: Target = {
  name: 'signature-packet',
  seeds: () => packets,
  bytesMax: 20_000,
  run: async (input) => {
    const read = readSignature(input)
    if (!read.ok) return answerOf(read)
    const { createdAt, issuer, packet } = read.value
    const again = readSignature(packet)
    must(
      again.ok && again.value.issuer === issuer && again.value.createdAt === createdAt,
      'it is not stable',
    )
    mustEqual(again.value.packet, packet, 'read again, the packet differs')
    const theirs = await stock.readSignature({ binarySignature: packet }).catch(() => undefined)
    const [one] = theirs?.packets ?? []
    // An algorithm that the library does not know: no certificate with a key of it is accepted.
    if (!(one instanceof stock.SignaturePacket)) return 'accepted, of an unknown algorithm'
    must(
      hex(one.issuerFingerprint ?? new Uint8Array()) === issuer,
      'OpenPGP.js reads another issuer',
    )
    must((one.created?.getTime() ?? 0) / 1000 === createdAt, 'OpenPGP.js reads another time')
    return 'accepted'
  },
}

const sieve: Target = {
  name: 'certificate-sieve',
  seeds: () => certificates,
  bytesMax: 70_000,
  run: (input) => {
    const sieved = sieveCertificate(input)
    if (!sieved.ok) return answerOf(sieved)
    const { bytes, fingerprints, isStripped } = sieved.value
    const again = sieveCertificate(bytes)
    must(again.ok && !again.value.isStripped, 'sieving again changes something')
    mustEqual(again.value.bytes, bytes, 'sieving again changes the bytes')
    must(again.value.fingerprints.join() === fingerprints.join(), 'sieving again changes the keys')
    must(isStripped || hex(bytes) === hex(input), 'something was left out in silence')
    return `accepted ${String(isStripped)} ${String(Math.min(4, fingerprints.length))}`
  },
}

/** The keys that the good certificate of a primary key has. */
const keysOf = new Map<string, ReadonlySet<string>>()
for (const bytes of certificates) {
  const facts = await inspectCertificate(bytes, 'officer', NOW)
  const other = facts.ok ? facts : await inspectCertificate(bytes, 'mailbox', NOW)
  if (other.ok) keysOf.set(other.value.fingerprint, new Set(other.value.keys))
}

const certificate: Target = {
  name: 'certificate',
  seeds: () => certificates,
  bytesMax: 70_000,
  heapMegabytesMax: 160,
  run: async (input) => {
    const answers: string[] = []
    for (const kind of ['officer', 'mailbox'] as const) {
      const facts = await inspectCertificate(input, kind, NOW)
      answers.push(answerOf(facts))
      if (!facts.ok) continue
      const { bytes, encryptionKeys, fingerprint, provenKeys, signingKeys } = facts.value
      const known = keysOf.get(fingerprint)
      must(known !== undefined, 'a primary key that nobody made is accepted')
      for (const key of [...signingKeys, ...encryptionKeys, ...provenKeys])
        must(known.has(key), 'a key that its owner never bound is accepted')
      const again = await inspectCertificate(bytes, kind, NOW)
      must(
        again.ok && JSON.stringify(again.value) === JSON.stringify(facts.value),
        'it is not stable',
      )
      await checkByStock(bytes, fingerprint)
    }
    return answers.join()
  },
}

async function checkByStock(bytes: Uint8Array, fingerprint: string): Promise<void> {
  const key = await stock.readKey({ binaryKey: bytes, config: OPENPGP_CONFIG })
  must(key.getFingerprint() === fingerprint, 'OpenPGP.js reads another primary key')
  await key.verifyPrimaryKey(new Date(NOW * 1000), undefined, OPENPGP_CONFIG)
}

/** The signed part of each good signature: whatever is accepted has one of them. */
const signedHeads = new Set(
  packets.map((packet) => {
    const [only] = readPackets(packet) ?? []
    const fields = only === undefined ? undefined : readSignatureFields(bodyOf(packet, only))
    return hex(fields?.head ?? new Uint8Array())
  }),
)

/** An input is the packet; the first byte says over whose payload and by whose certificate. */
const signature: Target = {
  name: 'signature',
  seeds: () =>
    packets.flatMap((packet, i) => [Uint8Array.of(i, ...packet), Uint8Array.of(i + 1, ...packet)]),
  bytesMax: 20_000,
  heapMegabytesMax: 160,
  run: async (input) => {
    const chosen = signatures.valid[(input[0] ?? 0) % signatures.valid.length]
    if (chosen === undefined) return ''
    const payload = utf8(chosen.payload)
    const signer = decoded(chosen.certificate)
    const verified = await verifySignature({
      payload,
      signature: input.subarray(1),
      certificate: signer,
      validAt: [NOW],
    })
    if (!verified.ok) return answerOf(verified)
    await checkSignature(verified.value.packet, payload, signer)
    return 'accepted'
  },
}

async function checkSignature(
  packet: Uint8Array,
  payload: Uint8Array,
  signer: Uint8Array,
): Promise<void> {
  const [only] = readPackets(packet) ?? []
  const fields = only === undefined ? undefined : readSignatureFields(bodyOf(packet, only))
  must(
    signedHeads.has(hex(fields?.head ?? new Uint8Array())),
    'what is signed is not what was signed',
  )
  const { signatures: found } = await stock.verify({
    message: await stock.createMessage({ binary: payload }),
    signature: await stock.readSignature({ binarySignature: packet }),
    verificationKeys: await stock.readKey({ binaryKey: signer }),
    date: new Date(NOW * 1000),
  })
  must(found.length === 1 && (await found[0]?.verified) === true, 'OpenPGP.js does not verify it')
}

const entities = new Set(
  notices.map((bytes) => {
    const parts = splitSignedMessage(bytes)
    return parts.ok ? hex(parts.value.content) : ''
  }),
)

const signedEntity: Target = {
  name: 'signed-entity',
  words: ['Content-Type: ', '\r\n'],
  seeds: () => notices,
  heapMegabytesMax: 160,
  run: async (input) => {
    const answers: string[] = []
    for (const one of certificates.slice(0, 3)) {
      const read = await readSignedEntity(input, one, [NOW])
      answers.push(answerOf(read))
      if (!read.ok) continue
      must(entities.has(hex(read.value.entity)), 'an entity that nobody signed is accepted')
      await checkEntitySignature(input, read.value.entity, one)
    }
    return answers.join()
  },
}

async function checkEntitySignature(
  input: Uint8Array,
  entity: Uint8Array,
  signer: Uint8Array,
): Promise<void> {
  const parts = splitSignedMessage(input)
  must(parts.ok, 'accepted and not split')
  const packet = writePacket(TAG.signature, parts.value.signature)
  const { signatures: found } = await stock.verify({
    message: await stock.createMessage({ binary: entity }),
    signature: await stock.readSignature({ binarySignature: packet }),
    verificationKeys: await stock.readKey({ binaryKey: signer }),
    date: new Date(NOW * 1000),
  })
  must((await found[0]?.verified) === true, 'OpenPGP.js does not verify it')
}

/** Everything that is OpenPGP. */
export const OPENPGP_TARGETS: readonly Target[] = [
  packetWalk,
  armor,
  signaturePacket,
  sieve,
  certificate,
  signature,
  signedEntity,
]
