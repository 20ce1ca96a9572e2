import { concat, fromUtf8 } from './bytes.ts'
import { encryptionKeyAt, userIdsAt } from './certificate.ts'
import { addressKey, addressOfUserId, type MailAddress } from './mail-address.ts'
import { instantFor, type ParsedCertificate } from './openpgp.ts'
import { bodyOf, type Packet, readPackets, TAG } from './packet-walk.ts'
import { accept, refuse, type Result } from './result.ts'
import { createdAtOf, readSignatureFields } from './signature-packet.ts'

/** Certifications of a user ID by its owner (RFC 9580 section 5.2.1). */
const CERTIFIES: readonly number[] = [0x10, 0x11, 0x12, 0x13]
const BINDS = 0x18

/**
 * Reduces a certificate to what a sender needs, as Autocrypt puts it into headers: primary key, the user ID with the address, and the subkey
 * to encrypt to, each with its youngest self-signature.
 *
 * `now` is POSIX seconds. Refuses `certificate-user-id-wrong` where no user ID has the address, and what speaks against encrypting to it.
 */
export function minimalCertificate(
  parsed: ParsedCertificate,
  address: MailAddress,
  now: number,
): Result<Uint8Array> {
  const at = instantFor(parsed, now)
  const chosen = encryptionKeyAt(parsed.life, at)
  if ('refusal' in chosen) return chosen
  const userId = userIdsAt(parsed.life, at).find((text) => isOf(text, address))
  if (userId === undefined) return refuse('certificate-user-id-wrong')
  const { bytes } = parsed
  const packets = readPackets(bytes) ?? []
  const keys = packets.filter(({ tag }) => tag === TAG.primaryKey || tag === TAG.subkey)
  const subkey = keys[parsed.sieved.fingerprints.indexOf(chosen.fingerprint)]
  const named = packets.find(
    (packet) => packet.tag === TAG.userId && fromUtf8(bodyOf(bytes, packet)) === userId,
  )
  const [primary] = keys
  if (primary === undefined || named === undefined || subkey === undefined)
    return refuse('certificate-malformed')
  const below = (packet: Packet, types: readonly number[]): readonly Packet[] => {
    const rest = packets.slice(packets.indexOf(packet) + 1)
    const end = rest.findIndex(({ tag }) => tag !== TAG.signature)
    return youngest(bytes, end < 0 ? rest : rest.slice(0, end), types)
  }
  const parts = subkey === primary ? [] : [subkey, ...below(subkey, [BINDS])]
  const kept = [primary, named, ...below(named, CERTIFIES), ...parts]
  return accept(concat(...kept.map(({ end, start }) => bytes.subarray(start, end))))
}

function isOf(userId: string, address: MailAddress): boolean {
  const found = addressOfUserId(userId)
  return found !== undefined && addressKey(found) === addressKey(address)
}

function youngest(
  bytes: Uint8Array,
  packets: readonly Packet[],
  types: readonly number[],
): readonly Packet[] {
  const found = packets
    .map((packet) => ({ packet, fields: readSignatureFields(bodyOf(bytes, packet)) }))
    .filter(({ fields }) => fields !== undefined && types.includes(fields.type))
    .toSorted((a, b) => timeOf(a.fields) - timeOf(b.fields))
  return found.slice(-1).map(({ packet }) => packet)
}

function timeOf(fields: Parameters<typeof createdAtOf>[0] | undefined): number {
  return fields === undefined ? 0 : (createdAtOf(fields) ?? 0)
}
