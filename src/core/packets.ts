import { base64, fromBase64, hex } from './bytes.ts'
import {
  bodyBytes,
  bodyOf,
  readPacket,
  readPackets,
  TAG,
  type Packet,
  writePacket,
} from './packet-walk.ts'
import { accept, refuse, type Refused, type Result } from './result.ts'
import {
  fingerprintOf,
  keyIdOf,
  onlyHashed,
  readSignatureFields,
  type SignatureFields,
  SUBPACKET,
} from './signature-packet.ts'

/** How much of what a packet sequence may contain. Tags that are not listed are refused. */
export interface PacketLimits {
  readonly bytesMax: number
  readonly tags: ReadonlyMap<number, { readonly countMax: number; readonly bodyBytesMax: number }>
}

/** One certificate as people publish it: photos and other people's signatures are let in here and dropped later. */
export const CERTIFICATE_LIMITS: PacketLimits = {
  bytesMax: 64 * 1024,
  tags: new Map([
    [TAG.primaryKey, { countMax: 1, bodyBytesMax: 4096 }],
    [TAG.userId, { countMax: 16, bodyBytesMax: 1024 }],
    [TAG.userAttribute, { countMax: 2, bodyBytesMax: 16 * 1024 }],
    [TAG.subkey, { countMax: 16, bodyBytesMax: 4096 }],
    [TAG.signature, { countMax: 200, bodyBytesMax: 8192 }],
  ]),
}
/** A file of detached signatures. */
export const SIGNATURE_LIMITS: PacketLimits = {
  bytesMax: 16 * 1024,
  tags: new Map([[TAG.signature, { countMax: 8, bodyBytesMax: 8192 }]]),
}
/** Messages are at most this big, encrypted or signed. */
export const MESSAGE_BYTES_MAX = 8 * 1024 * 1024
/** A brief goes to at most this many keys. */
export const RECIPIENTS_MAX = 64
/** An encrypted message: session keys, then one integrity-protected packet. */
export const MESSAGE_LIMITS: PacketLimits = {
  bytesMax: MESSAGE_BYTES_MAX,
  tags: new Map([
    [TAG.sessionKey, { countMax: RECIPIENTS_MAX, bodyBytesMax: 4096 }],
    [TAG.sealed, { countMax: 1, bodyBytesMax: MESSAGE_BYTES_MAX }],
  ]),
}
/** A signed message in the clear. */
export const SIGNED_LIMITS: PacketLimits = {
  bytesMax: MESSAGE_BYTES_MAX,
  tags: new Map([
    [TAG.onePass, { countMax: 1, bodyBytesMax: 64 }],
    [TAG.literal, { countMax: 1, bodyBytesMax: MESSAGE_BYTES_MAX }],
    [TAG.signature, { countMax: 1, bodyBytesMax: 8192 }],
  ]),
}

/** What an armored block can hold. */
export type ArmorLabel = 'PGP SIGNATURE' | 'PGP PUBLIC KEY BLOCK' | 'PGP MESSAGE'

/** The parts of an inline-signed message. */
export interface SignedMessage {
  readonly content: Uint8Array
  /** The body of the signature packet. */
  readonly signature: Uint8Array
}

const ARMOR_CHARACTERS_MAX: Readonly<Record<ArmorLabel, number>> = {
  'PGP SIGNATURE': 32 * 1024,
  'PGP PUBLIC KEY BLOCK': 128 * 1024,
  'PGP MESSAGE': 12 * 1024 * 1024,
}
const ARMOR_HEADERS_MAX = 32
const ARMOR_HEADER = /^[A-Za-z][A-Za-z0-9-]{0,31}:(?: .{0,500})?$/u
const ARMOR_LINE_MAX = 1024
/** Lines are this long on average, or there are so many that splitting them costs more than their content. */
const ARMOR_LINE_MIN = 32
const LINE_WIDTH = 64
/** A whole number of base64 groups; the pattern of `fromBase64` overflows the stack on megabytes. */
const DECODE_CHARACTERS = 64 * 1024
const CRC24_INITIAL = 0xb704ce
const CRC24_POLYNOMIAL = 0x1864cfb
/** What a byte makes of a checksum of zero, and what is left of that after one and after two bytes of zero. */
const CRC24_OF_BYTE = Int32Array.from({ length: 256 }, (_, byte) => crc24OfByte(byte))
const CRC24_THEN_ONE = CRC24_OF_BYTE.map((crc) => crc24After(crc, 0))
const CRC24_THEN_TWO = CRC24_THEN_ONE.map((crc) => crc24After(crc, 0))

const BINARY = 0
const LITERAL_BINARY = 0x62

/**
 * Walks packet headers, before anything interprets a body, and counts packets by tag.
 *
 * Refuses `packets-too-large`, `packets-malformed`, `packet-not-allowed`, `packets-too-many`.
 */
export function scanPackets(
  bytes: Uint8Array,
  limits: PacketLimits,
): Result<ReadonlyMap<number, number>> {
  if (bytes.length > limits.bytesMax) return refuse('packets-too-large')
  if (bytes.length === 0) return refuse('packets-malformed')
  const counts = new Map<number, number>()
  for (let offset = 0; offset < bytes.length; ) {
    const packet = readPacket(bytes, offset)
    if (packet === undefined) return refuse('packets-malformed')
    const limit = limits.tags.get(packet.tag)
    const count = (counts.get(packet.tag) ?? 0) + 1
    if (limit === undefined)
      return refuse(
        'packet-not-allowed',
        `A packet of type ${String(packet.tag)} has no place here.`,
      )
    if (count > limit.countMax) return refuse('packets-too-many')
    if (bodyBytes(packet) > limit.bodyBytesMax) return refuse('packets-too-large')
    counts.set(packet.tag, count)
    offset = packet.end
  }
  return accept(counts)
}

/**
 * Reads text that is one armored block (RFC 9580 section 6.2) and nothing else but line ends before and after it.
 *
 * Lines end with LF or CRLF. The checksum is optional and checked where it stands. Refuses `packets-too-large`, `armor-surrounded`,
 * `armor-malformed`.
 */
export function readArmor(text: string, label: ArmorLabel): Result<Uint8Array> {
  if (text.length > ARMOR_CHARACTERS_MAX[label]) return refuse('packets-too-large')
  const block = withoutLineEnds(text)
  const begin = `-----BEGIN ${label}-----`
  const end = `-----END ${label}-----`
  if (block.indexOf(begin) > 0) return refuse('armor-surrounded')
  const endsAt = block.indexOf(end)
  if (!block.startsWith(begin) || endsAt < 0) return refuse('armor-malformed')
  if (endsAt + end.length !== block.length) return refuse('armor-surrounded')
  const linesMax = ARMOR_HEADERS_MAX + 4 + Math.ceil(block.length / ARMOR_LINE_MIN)
  const lines = block.slice(begin.length, endsAt).split(/\r?\n/u, linesMax)
  if (lines.length === linesMax || lines.some((line) => line.length > ARMOR_LINE_MAX))
    return refuse('armor-malformed')
  return readArmorLines(lines)
}

/** Writes an armored block with its checksum, which older programs expect. */
export function writeArmor(label: ArmorLabel, bytes: Uint8Array): string {
  const body = base64(bytes)
  const lines: string[] = []
  for (let i = 0; i < body.length; i += LINE_WIDTH) lines.push(body.slice(i, i + LINE_WIDTH))
  return [
    `-----BEGIN ${label}-----`,
    '',
    ...lines,
    `=${crc24(bytes)}`,
    `-----END ${label}-----`,
    '',
  ].join('\n')
}

/**
 * Checks, without decrypting, that a message is for one key: one session key packet that names it, then one integrity-protected packet.
 *
 * `encryptionKeys` are the fingerprints of the encryption keys of one certificate. Version 4 keys are written to with version 1 protection only,
 * which every OpenPGP program reads. Refuses `envelope-malformed`, `envelope-recipient-wrong`.
 */
export function checkEnvelope(
  message: Uint8Array,
  encryptionKeys: readonly string[],
): Result<void> {
  const recipients = messageRecipients(message)
  if (!recipients.ok) return recipients
  const [recipient, ...others] = recipients.value
  if (others.length > 0) return refuse('envelope-malformed')
  const isNamed = encryptionKeys.some((key) => recipient === key || recipient === keyIdOf(key))
  return recipient !== undefined && isNamed ? accept(undefined) : refuse('envelope-recipient-wrong')
}

/**
 * Whom an encrypted message names, without decrypting it: key IDs of 16 hex digits, or fingerprints of version 6 keys.
 *
 * The message is 1 to 64 session key packets and one integrity-protected packet. Hidden and repeated recipients are refused, and so is anything
 * else: `envelope-malformed`.
 */
export function messageRecipients(message: Uint8Array): Result<readonly string[]> {
  const counts = scanPackets(message, MESSAGE_LIMITS)
  if (!counts.ok) return refuse('envelope-malformed')
  const packets = readPackets(message) ?? []
  const sealed = packets.at(-1)
  const version =
    sealed?.tag === TAG.sealed ? message[sealed.pieces[0]?.start ?? message.length] : undefined
  const sessionKeys = packets.slice(0, -1)
  if (sessionKeys.length === 0 || (version !== 1 && version !== 2))
    return refuse('envelope-malformed')
  const recipients: string[] = []
  for (const packet of sessionKeys) {
    const recipient = recipientOf(bodyOf(message, packet), version)
    if (recipient === undefined || recipients.includes(recipient))
      return refuse('envelope-malformed')
    recipients.push(recipient)
  }
  return accept(recipients)
}

/**
 * Takes apart a signed message: one one-pass signature, one binary literal, one binary signature of version 4, nothing else and no compression,
 * as `gpg --sign -z 0` writes it. Refuses `notice-malformed`.
 *
 * Nothing is verified here. File name and date of the literal are covered by no signature and are not given out.
 */
export function splitSignedMessage(bytes: Uint8Array): Result<SignedMessage> {
  const refused = refuse('notice-malformed')
  if (!scanPackets(bytes, SIGNED_LIMITS).ok) return refused
  const packets = readPackets(bytes) ?? []
  if (
    packets.map(({ tag }) => tag).join() !==
    `${String(TAG.onePass)},${String(TAG.literal)},${String(TAG.signature)}`
  ) {
    return refused
  }
  const [onePass, literal, signature] = packets.map((packet: Packet) => bodyOf(bytes, packet))
  if (onePass === undefined || literal === undefined || signature === undefined) return refused
  const fields = readSignatureFields(signature)
  const content = literalContent(literal)
  if (fields === undefined || content === undefined || !announces(onePass, fields)) return refused
  return accept({ content, signature })
}

/** Tells whether bytes have the shape of a signed message; says nothing about who signed. */
export function isSignedMessage(bytes: Uint8Array): boolean {
  return splitSignedMessage(bytes).ok
}

/** The content of bytes that are one binary literal packet and nothing else. Refuses `envelope-malformed`. */
export function readLiteral(bytes: Uint8Array): Result<Uint8Array> {
  const packet = bytes.length > MESSAGE_BYTES_MAX ? undefined : readPacket(bytes, 0)
  const isAlone = packet?.tag === TAG.literal && packet.end === bytes.length
  const content =
    packet !== undefined && isAlone ? literalContent(bodyOf(bytes, packet)) : undefined
  return content === undefined ? refuse('envelope-malformed') : accept(content)
}

/** Writes a binary literal packet without a name or a date: neither is covered by a signature, and both tell something. */
export function writeLiteral(content: Uint8Array): Uint8Array {
  const body = new Uint8Array(content.length + 6)
  body[0] = LITERAL_BINARY
  body.set(content, 6)
  return writePacket(TAG.literal, body)
}

/** The key that a session key packet names; `undefined` where it is hidden, malformed, or does not go with the protection's version. */
function recipientOf(body: Uint8Array, sealedVersion: 1 | 2): string | undefined {
  if (body[0] === 3 && sealedVersion === 1 && body.length > 10) {
    const keyId = body.subarray(1, 9)
    return keyId.some((byte) => byte !== 0) ? hex(keyId) : undefined
  }
  const isVersion6 =
    body[0] === 6 && sealedVersion === 2 && body[1] === 33 && body[2] === 6 && body.length > 37
  return isVersion6 ? hex(body.subarray(3, 35)) : undefined
}

/** The bytes of a binary literal; `undefined` for text, which programs rewrite, and for malformed bodies. */
function literalContent(body: Uint8Array): Uint8Array | undefined {
  const start = 6 + (body[1] ?? 0)
  return body[0] === LITERAL_BINARY && body.length >= start ? body.subarray(start) : undefined
}

/** Tells whether a one-pass packet announces exactly this signature, so that a program that reads in one pass computes the same. */
function announces(onePass: Uint8Array, fields: SignatureFields): boolean {
  const [version, type, hash, algorithm] = onePass
  const issuer = fingerprintOf(onlyHashed(fields, SUBPACKET.issuer) ?? new Uint8Array())
  return (
    fields.version === 4 &&
    fields.type === BINARY &&
    issuer !== undefined &&
    hex(onePass.subarray(4, 12)) === keyIdOf(issuer) &&
    version === 3 &&
    type === BINARY &&
    hash === fields.hashAlgorithm &&
    algorithm === fields.keyAlgorithm &&
    onePass.length === 13 &&
    onePass[12] === 1
  )
}

function withoutLineEnds(text: string): string {
  const isLineEnd = (index: number) =>
    text[index] === '\n' || (text[index] === '\r' && text[index + 1] === '\n')
  let start = 0
  while (isLineEnd(start)) start++
  let end = text.length
  while (end > start && isLineEnd(end - 1)) end--
  return text.slice(start, end)
}

/** `lines` begins with what follows the opening line on its own line, and ends with what stands before the closing one. */
function readArmorLines(lines: readonly string[]): Result<Uint8Array> {
  const malformed: Refused = refuse('armor-malformed')
  const blank = lines.indexOf('', 1)
  if (lines[0] !== '' || lines.at(-1) !== '' || blank < 0 || blank - 1 > ARMOR_HEADERS_MAX)
    return malformed
  if (!lines.slice(1, blank).every((line) => ARMOR_HEADER.test(line))) return malformed
  const body = lines.slice(blank + 1, -1)
  const checksum = body.at(-1)?.startsWith('=') === true ? body.at(-1) : undefined
  const encoded = body.slice(0, checksum === undefined ? body.length : -1)
  if (encoded.length === 0 || encoded.includes('')) return malformed
  const bytes = decode(encoded.join(''))
  if (bytes === undefined || (checksum !== undefined && checksum !== `=${crc24(bytes)}`))
    return malformed
  return accept(bytes)
}

function decode(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor(text.length / 4) * 3)
  let filled = 0
  for (let i = 0; i < text.length; i += DECODE_CHARACTERS) {
    const piece = fromBase64(text.slice(i, i + DECODE_CHARACTERS))
    const isLast = i + DECODE_CHARACTERS >= text.length
    if (piece === undefined || (!isLast && piece.length !== (DECODE_CHARACTERS / 4) * 3))
      return undefined
    bytes.set(piece, filled)
    filled += piece.length
  }
  return bytes.subarray(0, filled)
}

/** The armor checksum (RFC 9580 section 6.1.1), in base64. It finds typing errors, not attacks. */
function crc24(bytes: Uint8Array): string {
  let crc = CRC24_INITIAL
  let at = 0
  // Three bytes are as many as the checksum has: they replace it at once, which a mail of thirty thousand characters feels.
  for (; at + 2 < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    const mixed = crc ^ group
    crc =
      (CRC24_THEN_TWO[mixed >> 16] ?? 0) ^
      (CRC24_THEN_ONE[(mixed >> 8) & 0xff] ?? 0) ^
      (CRC24_OF_BYTE[mixed & 0xff] ?? 0)
  }
  for (; at < bytes.length; at++) crc = crc24After(crc, bytes[at] ?? 0)
  return base64(Uint8Array.of((crc >> 16) & 0xff, (crc >> 8) & 0xff, crc & 0xff))
}

function crc24After(crc: number, byte: number): number {
  return ((crc << 8) & 0xffffff) ^ (CRC24_OF_BYTE[(crc >> 16) ^ byte] ?? 0)
}

function crc24OfByte(byte: number): number {
  let crc = byte << 16
  for (let bit = 0; bit < 8; bit++) {
    crc <<= 1
    if ((crc & 0x1000000) !== 0) crc ^= CRC24_POLYNOMIAL
  }
  return crc
}
