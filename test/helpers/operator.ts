import { base64, fromBase64, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import { addendumLeafHash, composeAddendum } from '#core/log/leaf.ts'
import { merklePath, merkleRoot } from '#core/log/merkle.ts'
import { formatNote, signNote } from '#core/log/note.ts'
import { formatLogProof } from '#core/log/proof.ts'
import { readSignature } from '#core/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import type { GovernanceLink } from '#core/receipt.ts'
import { type ActRecord, type HeadRecord, recordBytes } from '#core/record.ts'
import { type Coalition, ORIGIN } from './coalition.ts'
import { accepted } from './openpgp-keys.ts'

/** A log that an operator wrote as it liked and signed with the key that the charter names. */
export interface ForgedLog {
  readonly size: number
  readonly root: Uint8Array
  /** The signed checkpoint. */
  readonly note: string
  /** Level 0, as one tile. */
  readonly tile: Uint8Array
  /** The proof of one entry. */
  readonly proof: (index: number) => string
}

/** Signs a log of these addenda. */
export function forgeLog(seed: Uint8Array, addenda: readonly Uint8Array[]): ForgedLog {
  const hashes = addenda.map(addendumLeafHash)
  const root = merkleRoot(hashes)
  const text = formatCheckpoint({ origin: ORIGIN, size: addenda.length, root })
  const note = formatNote({ text, signatures: [signNote(text, { name: ORIGIN, seed })] })
  return {
    size: addenda.length,
    root,
    note,
    tile: Buffer.concat(hashes),
    proof: (index) => {
      const extra = addenda[index]
      if (extra === undefined) throw new Error('the log has no such entry')
      return formatLogProof({ extra, index, hashes: merklePath(hashes, index), checkpoint: note })
    },
  }
}

/** What an entry of the log commits to, with a salt that nobody can guess. */
export function forgeRecord(record: ActRecord | HeadRecord): Uint8Array {
  return composeAddendum({
    salt: crypto.getRandomValues(new Uint8Array(32)),
    record: recordBytes(record),
  })
}

/** A further link of a governance chain, whoever signed it. */
export function forgeLink(
  coalition: Coalition,
  link: { readonly after: string; readonly payload: Uint8Array; readonly signature: string },
): GovernanceLink {
  const addendum = forgeRecord({
    act: sha256Hex(link.payload),
    day: today(coalition),
    event: 'adopted',
    prev: link.after,
    signatures: [packetHash(link.signature)],
  })
  return {
    addendum: base64(addendum),
    payload: base64(link.payload),
    signatures: [link.signature],
  }
}

/** The hash by which the next link names this one. */
export function linkHash(link: GovernanceLink | undefined): string {
  return sha256Hex(bytesOf(link?.addendum))
}

/** The id of the act of a link. */
export function actId({ payload }: Pick<GovernanceLink, 'payload'>): string {
  return sha256Hex(bytesOf(payload))
}

/** The UTC day of the server. */
export function today({ clock }: Coalition): string {
  return new Date(clock.now() * 1000).toISOString().slice(0, 10)
}

/** The hash by which a record names a signature. */
export function packetHash(armored: string): string {
  const packet = accepted(readArmor(armored, 'PGP SIGNATURE'))
  return sha256Hex(accepted(readSignature(packet)).packet)
}

/** The bytes of some base64. */
export function bytesOf(encoded: string | undefined): Uint8Array {
  return fromBase64(encoded ?? '') ?? utf8('')
}
