import {
  config,
  createMessage,
  enums,
  generateKey,
  type PrivateKey,
  revokeKey,
  SecretKeyPacket,
  SignaturePacket,
  sign as signMessage,
} from 'openpgp'
import { utf8 } from '#core/bytes.ts'
import type { CertificateKind } from '#core/certificate-kind.ts'
import { inspectCertificate, VerifiedSignature, verifySignature } from '#core/openpgp.ts'
import { bodyOf, readPackets, TAG, writePacket } from '#core/packet-walk.ts'
import type { RefusalReason } from '#core/refusal.ts'
import type { Result } from '#core/result.ts'

/** Seconds since 1970, when the tests began. */
export const NOW = Math.floor(Date.now() / 1000)
/** Seconds in a day. */
export const DAY = 86_400
/** The start of an act is enough to sign. */
export const PAYLOAD = utf8('{"at":"2026-11-23T10:00:00Z","v":1}')

/** The reason of a refusal, or `accepted`. */
export function reasonOf(result: Result<unknown>): RefusalReason | 'accepted' {
  return result.ok ? 'accepted' : result.refusal.reason
}

/** The value of what must have been accepted. */
export function accepted<T>(result: Result<T>): T {
  if (!result.ok)
    throw new Error(`refused: ${result.refusal.reason} ${result.refusal.detail ?? ''}`)
  return result.value
}

/** What inspecting a certificate ends in. */
export async function verdict(
  bytes: Uint8Array,
  kind: CertificateKind = 'officer',
  now = NOW,
): Promise<string> {
  return reasonOf(await inspectCertificate(bytes, kind, now))
}

/** Packets of some bytes, each with its header, to rearrange. */
export function packetsOf(bytes: Uint8Array): { tag: number; bytes: Uint8Array }[] {
  return (readPackets(bytes) ?? []).map(({ tag, start, end }) => ({
    tag,
    bytes: bytes.subarray(start, end),
  }))
}

/** A key and its certificate. */
export interface MadeKey {
  readonly key: PrivateKey
  readonly bytes: Uint8Array
}

/** Makes a key with OpenPGP.js itself, a day old unless told otherwise. */
export async function make(
  options: { date?: number; lasts?: number; name?: string; v6?: boolean } = {},
): Promise<MadeKey> {
  const { privateKey, publicKey } = await generateKey({
    userIDs: { name: options.name ?? 'Alice' },
    date: new Date((options.date ?? NOW - DAY) * 1000),
    ...(options.lasts === undefined ? {} : { keyExpirationTime: options.lasts }),
    ...(options.v6 === true ? { type: 'curve25519' as const } : {}),
    format: 'object',
    config: { v6Keys: options.v6 ?? false },
  })
  return { key: privateKey, bytes: publicKey.write() }
}

/** Signs a payload at a time. */
export async function signAt(
  key: PrivateKey,
  date: number,
  payload = PAYLOAD,
): Promise<Uint8Array> {
  return await signMessage({
    message: await createMessage({ binary: payload }),
    signingKeys: key,
    detached: true,
    format: 'binary',
    date: new Date(date * 1000),
  })
}

/** The primary key packet with its secrets. */
export function secretOf({ keyPacket }: PrivateKey): SecretKeyPacket {
  if (!(keyPacket instanceof SecretKeyPacket)) throw new Error('a secret key is needed')
  return keyPacket
}

/** The body of the first packet. */
export function firstBody(bytes: Uint8Array): Uint8Array {
  const [packet] = readPackets(bytes) ?? []
  if (packet === undefined) throw new Error('no packet')
  return bodyOf(bytes, packet)
}

/** A signature packet with one byte of its body replaced. */
export function altered(signature: Uint8Array, at: number, value: number): Uint8Array {
  const body = firstBody(signature).slice()
  body.set([value], at)
  return writePacket(TAG.signature, body)
}

/** A self-signature of our own making, dated an hour ago unless told otherwise: the library itself would not make most of these. */
export async function selfSign(
  key: PrivateKey,
  type: enums.signature,
  options: { data: object; keyFlags?: number; hash?: enums.hash; date?: number },
): Promise<Uint8Array> {
  const packet = new SignaturePacket()
  packet.signatureType = type
  packet.publicKeyAlgorithm = key.keyPacket.algorithm
  packet.hashAlgorithm = options.hash ?? enums.hash.sha512
  if (options.keyFlags !== undefined) packet.keyFlags = Uint8Array.of(options.keyFlags)
  const signer = secretOf(key)
  const date = new Date((options.date ?? NOW - 3600) * 1000)
  // The settings are a parameter that the library's types leave out.
  const sign: unknown = Reflect.get(packet, 'sign')
  if (typeof sign === 'function')
    await Reflect.apply(sign, packet, [
      signer,
      options.data,
      date,
      false,
      { ...config, nonDeterministicSignaturesViaNotation: false },
    ])
  return writePacket(TAG.signature, packet.write())
}

/** The certificate with a revocation for a reason, dated. */
export async function revoked(
  key: PrivateKey,
  flag: enums.reasonForRevocation,
  date: number,
): Promise<Uint8Array> {
  const { publicKey } = await revokeKey({
    key,
    reasonForRevocation: { flag },
    date: new Date(date * 1000),
    format: 'object',
  })
  return publicKey.write()
}

/** Verifies a signature over `PAYLOAD`. */
export async function verify(
  signature: Uint8Array,
  certificate: Uint8Array,
  validAt: readonly number[] = [NOW],
): Promise<Result<VerifiedSignature>> {
  return await verifySignature({ payload: PAYLOAD, signature, certificate, validAt })
}
