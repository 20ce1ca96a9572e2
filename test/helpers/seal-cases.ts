import {
  encryptTo,
  openMessage,
  readSignedEntity,
  signEntity,
  signingSecret,
} from '#client/openpgp.ts'
import { encryptMessage } from '#adapters/crypto/encrypt-message.ts'
import { type Recipient, recipientOf } from '#adapters/crypto/recipient.ts'
import {
  type MessageSigner,
  openMessageSigner,
  signMessage,
} from '#adapters/crypto/sign-message.ts'
import { hex, utf8 } from '#core/bytes.ts'
import { readPackets, bodyOf } from '#core/packet-walk.ts'
import { messageRecipients, splitSignedMessage } from '#core/packets.ts'
import { readSignatureFields } from '#core/signature-packet.ts'
import { nativeReaders, nativeSigners, type SealKey } from './seal-keys.ts'
import { accepted, NOW } from './openpgp-keys.ts'

/** Lengths at which headers grow by a byte, and on either side of them; random lengths alone would miss them. */
const EDGES = [21, 185, 186, 187, 8377, 8378, 8379, 65_536]
const ENTITY_BYTES_MAX = 9000
const HEAD = utf8('Content-Type: text/plain\r\n\r\n')

/** What the cases run on. */
export interface Bench {
  readonly signers: readonly (SealKey & { readonly signer: MessageSigner })[]
  readonly readers: readonly (SealKey & { readonly recipient: Recipient })[]
  /** Some signed message. */
  readonly signed: Uint8Array
}

/** Makes keys of every kind that is native. */
export async function openBench(): Promise<Bench> {
  const signers = await Promise.all(
    (await nativeSigners()).map(async (one) => {
      const secret = await signingSecret(one.key, { at: NOW })
      if (secret === undefined) throw new Error(`${one.name} is not native`)
      return { ...one, signer: openMessageSigner(secret) }
    }),
  )
  const readers = await Promise.all(
    (await nativeReaders()).map(async (one) => {
      const recipient = await recipientOf(one.certificate, NOW)
      if (recipient === undefined) throw new Error(`${one.name} is not native`)
      return { ...one, recipient }
    }),
  )
  const [first] = signers
  if (first === undefined) throw new Error('there is no signer')
  return { signers, readers, signed: signMessage(first.signer, HEAD, NOW) }
}

/** Which implementations seal in a case. */
export type Sealing = 'native' | 'stock'

/**
 * One case, chosen by a number: an entity is signed and encrypted by one implementation and opened by our opener, over OpenPGP.js.
 *
 * @throws Error where anything is not exactly what it must be.
 */
export async function sealAndOpen(bench: Bench, sealing: Sealing, seed: number): Promise<void> {
  const random = numbers(seed)
  const from = pick(bench.signers, random)
  const to = pick(bench.readers, random)
  const entity = randomEntity(random)
  const at = NOW - random(1800)
  const signed =
    sealing === 'native'
      ? signMessage(from.signer, entity, at)
      : await signEntity(from.key, entity, { at })
  const message =
    sealing === 'native'
      ? encryptMessage(to.recipient, signed)
      : await encryptTo(to.certificate, signed, { at: NOW })
  expectSame(accepted(splitSignedMessage(signed)).content, entity, 'the content')
  const opened = accepted(await openMessage(to.key, message))
  expectSame(opened, signed, 'what was decrypted')
  const verified = accepted(await readSignedEntity(opened, from.certificate, [NOW]))
  expectSame(verified.entity, entity, 'what was signed')
  if (verified.signature.createdAt !== at) throw new Error('another time')
  if (verified.signature.fingerprint !== from.key.fingerprint) throw new Error('another signer')
  const [only, ...others] = accepted(messageRecipients(message))
  if (others.length > 0 || only !== hex(to.recipient.keyId)) throw new Error('another recipient')
}

/** Both implementations seal the same; what differs are random bytes alone. */
export async function sealTwice(bench: Bench, seed: number): Promise<void> {
  const random = numbers(seed)
  const from = pick(bench.signers, random)
  const to = pick(bench.readers, random)
  const entity = randomEntity(random)
  const stock = await signEntity(from.key, entity, { at: NOW })
  const native = signMessage(from.signer, entity, NOW)
  expectSame(fixedPart(native), fixedPart(stock), 'the fixed part of a signature')
  const ours = encryptMessage(to.recipient, stock)
  const theirs = await encryptTo(to.certificate, stock, { at: NOW })
  // Integers are written without zeros in front: now and then one is a byte shorter.
  if (Math.abs(ours.length - theirs.length) > 2) throw new Error('another length')
  const layouts = [ours, theirs].map((bytes) =>
    (readPackets(bytes) ?? []).map(({ tag, ...packet }) => [
      tag,
      bodyOf(bytes, { tag, ...packet })[0],
    ]),
  )
  if (JSON.stringify(layouts[0]) !== JSON.stringify(layouts[1])) throw new Error('another layout')
}

/** One-pass packet, literal, and the signature's covered part with the random notation blanked. */
function fixedPart(signed: Uint8Array): Uint8Array {
  const [, literal] = readPackets(signed) ?? []
  const parts = accepted(splitSignedMessage(signed))
  const fields = readSignatureFields(parts.signature)
  if (literal === undefined || fields === undefined) throw new Error('not a signed message')
  const salt = fields.hashed.find(({ type }) => type === 20)?.body.subarray(-32)
  if (salt === undefined) throw new Error('the random notation is missing')
  const saltAt = salt.byteOffset - fields.head.byteOffset
  return Buffer.concat([
    signed.subarray(0, literal.end),
    fields.head.subarray(0, saltAt),
    fields.head.subarray(saltAt + salt.length),
    Uint8Array.of(fields.unhashed.length),
  ])
}

function expectSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) !== 0) throw new Error(`${what} is not the same`)
}

function randomEntity(random: (below: number) => number): Uint8Array {
  const isEdge = random(4) === 0
  const length = isEdge ? (EDGES[random(EDGES.length)] ?? 0) : random(ENTITY_BYTES_MAX)
  const entity = new Uint8Array(Math.max(length, HEAD.length))
  for (let i = HEAD.length; i < entity.length; i++) entity[i] = random(256)
  entity.set(HEAD)
  return entity
}

function pick<T>(items: readonly T[], random: (below: number) => number): T {
  const item = items[random(items.length)]
  if (item === undefined) throw new Error('there is nothing to choose from')
  return item
}

/** Numbers that a seed decides (mulberry32). */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}
