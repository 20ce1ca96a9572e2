import type { ParsedAct } from '#core/act.ts'
import type { ActState, ActStatus } from '#core/decision.ts'
import { sha256Hex } from '#core/hash.ts'
import { readSignature } from '#core/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import type { Missing } from '#core/quorum.ts'
import type { Storage } from '#ports/storage.ts'

/** What became of an act; `known` tells that the same bytes had been accepted before. */
export interface Submitted {
  readonly id: string
  readonly status: ActStatus
  readonly missing: readonly Missing[]
  readonly known: boolean
  /** The act itself, so that nobody reads it again. */
  readonly parsed: ParsedAct
}

/**
 * Answers the same bytes again: an act that waits no longer, with signatures that were all accepted before; `undefined` for anything else.
 *
 * They are not verified anew. Whoever lost the answer to a rotation, a retirement or a renewal signed with a key that has just gone out of
 * use, and must not be told that it was refused.
 */
export async function repeatOf(
  ports: { readonly storage: Storage },
  sent: {
    readonly parsed: ParsedAct
    readonly state: ActState | undefined
    readonly armored: readonly string[]
  },
): Promise<Submitted | undefined> {
  const { armored, parsed, state } = sent
  if (state === undefined || state.status === 'pending' || armored.length === 0) return undefined
  const rows = await ports.storage.signaturesOf(parsed.id)
  const known = new Set(rows.map((row) => row.packetHash))
  const isKnown = armored.every((text) => known.has(packetHashOf(text) ?? ''))
  return isKnown
    ? { id: parsed.id, status: state.status, missing: [], known: true, parsed }
    : undefined
}

function packetHashOf(armored: string): string | undefined {
  const packet = readArmor(armored, 'PGP SIGNATURE')
  const signature = packet.ok ? readSignature(packet.value) : packet
  return signature.ok ? sha256Hex(signature.value.packet) : undefined
}
