import { concat, fromUtf8, hex } from './bytes.ts'
import { addressKey, addressOfUserId, type MailAddress } from './mail-address.ts'
import { bodyOf, readPackets, TAG } from './packet-walk.ts'
import { type PacketLimits, scanPackets } from './packets.ts'
import { accept, refuse, type Result } from './result.ts'
import { readSignatureFields } from './signature-packet.ts'

/** A key or user ID, with the signatures that stand below it. */
interface Component {
  readonly tag: number
  readonly packet: Uint8Array
  readonly signatures: readonly Uint8Array[]
}

/** More of them under one address are no help to anybody. */
const CERTIFICATES_MAX = 4
const KEYRING_BYTES_MAX = 64 * 1024
/** What a directory may send: the packets of certificates, in numbers that cost little. */
const KEYRING_LIMITS: PacketLimits = {
  bytesMax: KEYRING_BYTES_MAX,
  tags: new Map([
    [TAG.signature, { countMax: 400, bodyBytesMax: 16 * 1024 }],
    [TAG.primaryKey, { countMax: CERTIFICATES_MAX, bodyBytesMax: 4096 }],
    [TAG.userId, { countMax: 64, bodyBytesMax: 1024 }],
    [TAG.subkey, { countMax: 64, bodyBytesMax: 4096 }],
    [TAG.userAttribute, { countMax: 8, bodyBytesMax: 32 * 1024 }],
  ]),
}

/**
 * Takes apart what a key directory sent: at most four certificates, each unread.
 *
 * Refuses `certificate-malformed`, before anything interprets a packet.
 */
export function splitCertificates(keyring: Uint8Array): Result<readonly Uint8Array[]> {
  const malformed = refuse('certificate-malformed')
  if (!scanPackets(keyring, KEYRING_LIMITS).ok) return malformed
  const packets = readPackets(keyring) ?? []
  if (packets[0]?.tag !== TAG.primaryKey) return malformed
  const starts = packets.filter(({ tag }) => tag === TAG.primaryKey).map(({ start }) => start)
  return accept(starts.map((start, position) => keyring.slice(start, starts[position + 1])))
}

/**
 * Leaves of a certificate only what concerns one address: user IDs of others go, with their signatures. `undefined` where no user ID has the
 * address, since whoever publishes such a certificate under it says nothing about it.
 */
export function certificateFor(
  certificate: Uint8Array,
  address: MailAddress,
): Uint8Array | undefined {
  const wanted = addressKey(address)
  const kept = componentsOf(certificate).filter(
    ({ packet, tag }) => tag !== TAG.userId || addressIn(packet) === wanted,
  )
  return kept.some(({ tag }) => tag === TAG.userId) ? joined(kept) : undefined
}

/**
 * Adds to a certificate what another copy of it has: revocations, renewals, subkeys. Nothing is taken away, so that a copy that withholds a
 * revocation changes nothing. The certificate itself where the other has another primary key.
 */
export function mergeCertificates(certificate: Uint8Array, copy: Uint8Array): Uint8Array {
  const [ours, theirs] = [componentsOf(certificate), componentsOf(copy)]
  if (ours[0] === undefined || keyOf(ours[0]) !== keyOf(theirs[0] ?? NOTHING)) return certificate
  const merged = new Map(ours.map((component) => [keyOf(component), component]))
  for (const component of theirs) {
    const known = merged.get(keyOf(component))
    // What stands outside of what was signed is anybody's to change: of two that say the same, ours stays.
    const distinct = new Map<string, Uint8Array>()
    for (const signature of [...(known?.signatures ?? []), ...component.signatures])
      if (!distinct.has(sayingOf(signature))) distinct.set(sayingOf(signature), signature)
    merged.set(keyOf(component), { ...component, signatures: [...distinct.values()] })
  }
  const order = [TAG.primaryKey, TAG.userId, TAG.userAttribute, TAG.subkey] as const
  const all = [...merged.values()]
  return joined(order.flatMap((wanted) => all.filter(({ tag }) => tag === wanted)))
}

/**
 * A certificate as its single signatures, each below what it is about, so that each can be judged before it is merged: bindings first, since a
 * revocation of what nothing binds says nothing. Left out are signatures over a broken hash, which nobody can judge.
 */
export function piecesOf(certificate: Uint8Array): readonly Uint8Array[] {
  const [primary, ...others] = componentsOf(certificate)
  if (primary === undefined) return []
  const pieces = [primary, ...others].flatMap(({ packet, signatures, tag }) =>
    signatures.flatMap((signature) => {
      const fields = fieldsOf(signature)
      if (fields === undefined || BROKEN_HASHES.has(fields.hashAlgorithm)) return []
      const about = tag === TAG.primaryKey ? [] : [packet]
      const isLast = REVOKES.has(fields.type)
      return [{ isLast, bytes: concat(primary.packet, ...about, signature) }]
    }),
  )
  return pieces.toSorted((a, b) => Number(a.isLast) - Number(b.isLast)).map(({ bytes }) => bytes)
}

/** MD5, SHA-1, RIPEMD-160. */
const BROKEN_HASHES: ReadonlySet<number> = new Set([1, 2, 3])
/** Revocations of a key, a subkey and a user ID. */
const REVOKES: ReadonlySet<number> = new Set([0x20, 0x28, 0x30])
const NOTHING: Component = { tag: 0, packet: new Uint8Array(), signatures: [] }

function componentsOf(certificate: Uint8Array): readonly Component[] {
  const found: { tag: number; packet: Uint8Array; signatures: Uint8Array[] }[] = []
  for (const { end, start, tag } of readPackets(certificate) ?? []) {
    const packet = certificate.subarray(start, end)
    if (tag === TAG.signature) found.at(-1)?.signatures.push(packet)
    else found.push({ tag, packet, signatures: [] })
  }
  return found
}

function keyOf({ packet, tag }: Component): string {
  const [read] = readPackets(packet) ?? []
  return `${String(tag)} ${read === undefined ? '' : hex(bodyOf(packet, read))}`
}

/** What is signed of a signature, by which two of them say the same. */
function sayingOf(signature: Uint8Array): string {
  return hex(fieldsOf(signature)?.head ?? signature)
}

function fieldsOf(signature: Uint8Array): ReturnType<typeof readSignatureFields> {
  const [read] = readPackets(signature) ?? []
  return read === undefined ? undefined : readSignatureFields(bodyOf(signature, read))
}

function addressIn(packet: Uint8Array): string | undefined {
  const [read] = readPackets(packet) ?? []
  const text = read === undefined ? undefined : fromUtf8(bodyOf(packet, read))
  const address = text === undefined ? undefined : addressOfUserId(text)
  return address === undefined ? undefined : addressKey(address)
}

function joined(components: readonly Component[]): Uint8Array {
  return concat(...components.flatMap(({ packet, signatures }) => [packet, ...signatures]))
}
