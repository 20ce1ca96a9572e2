import { readSignature, type VerifiedSignature, verifySignature } from '#core/openpgp.ts'
import { TAG, writePacket } from '#core/packet-walk.ts'
import { splitSignedMessage } from '#core/packets.ts'
import { accept, type Result } from '#core/result.ts'

/** A MIME entity and the proof of who signed it. */
export interface SignedEntity {
  readonly entity: Uint8Array
  readonly signature: VerifiedSignature
}

/** Who claims to have signed a message: the fingerprint of the signing key, to look its certificate up by. Proves nothing. */
export function signerOf(signed: Uint8Array): Result<string> {
  const parts = splitSignedMessage(signed)
  if (!parts.ok) return parts
  const signature = readSignature(writePacket(TAG.signature, parts.value.signature))
  return signature.ok ? accept(signature.value.issuer) : signature
}

/**
 * Reads a signed message strictly and verifies it against one certificate, valid at each instant of `validAt` (POSIX seconds).
 *
 * Refuses `notice-malformed` for any other shape, and what `verifySignature` refuses.
 */
export async function readSignedEntity(
  signed: Uint8Array,
  certificate: Uint8Array,
  validAt: readonly number[],
): Promise<Result<SignedEntity>> {
  const parts = splitSignedMessage(signed)
  if (!parts.ok) return parts
  const { content: entity, signature } = parts.value
  const packet = writePacket(TAG.signature, signature)
  const verified = await verifySignature({
    payload: entity,
    signature: packet,
    certificate,
    validAt,
  })
  return verified.ok ? accept({ entity, signature: verified.value }) : verified
}
