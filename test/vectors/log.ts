import { hex } from '#core/bytes.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import { signCosignature } from '#core/log/cosignature.ts'
import { addendumLeafHash, composeAddendum, recordHash } from '#core/log/leaf.ts'
import { merkleRoot, merklePath } from '#core/log/merkle.ts'
import { formatNote, signNote } from '#core/log/note.ts'
import { formatLogProof } from '#core/log/proof.ts'
import { readArmor } from '#core/packets.ts'
import { type ActRecord, type HeadRecord, recordBytes } from '#core/record.ts'
import { sha256Hex } from '#core/hash.ts'
import { DAY, type Keys, noteSigner, NOW, ORIGIN, seeded, seededHex } from './keys.ts'

/** What a record is made of. */
interface Recorded {
  readonly id: string
  readonly signatures: readonly string[]
}

/** A log in memory. */
export interface Log {
  readonly addenda: readonly Uint8Array[]
  /** Logs that an act took effect, and gives the hash of its record. */
  record(act: Recorded, link: Pick<ActRecord, 'directory' | 'prev'>): string
  head(hash: string): void
  /** A record of somebody else's, which a verifier only knows as a hash. */
  stranger(directory: string): void
  /** Where the last record of an act stands. */
  indexOf(id: string): number
  /** The proof of a leaf in the whole tree, with so many cosignatures. */
  proof(index: number, witnesses?: number): string
  root(): Uint8Array
  /** Signs what follows with another log key. */
  useKey(key: Keys['log']): void
}

/** Opens an empty log with seeded salts. */
export function openLog(keys: Keys): Log {
  const addenda: Uint8Array[] = []
  const acts: string[] = []
  const append = (record: ActRecord | HeadRecord): string => {
    const salt = seeded(`salt ${String(addenda.length)}`)
    const addendum = composeAddendum({ salt, record: recordBytes(record) })
    addenda.push(addendum)
    acts.push('act' in record ? record.act : '')
    return hex(recordHash(addendum))
  }
  const hashes = () => addenda.map(addendumLeafHash)
  let signer = keys.log
  return {
    addenda,
    record: ({ id, signatures }, link) =>
      append({
        act: id,
        day: DAY,
        event: 'adopted',
        signatures: signatures.map(packetHash).toSorted(),
        ...link,
      }),
    head: (hash) => {
      append({ day: DAY, event: 'directory.head', head: hash, size: addenda.length })
    },
    stranger: (directory) => {
      const n = String(addenda.length)
      const signatures = [seededHex(`stranger's signature ${n}`)]
      append({ act: seededHex(`stranger ${n}`), day: DAY, directory, event: 'adopted', signatures })
    },
    indexOf: (id) => acts.lastIndexOf(id),
    proof: (index, witnesses = 2) =>
      formatLogProof({
        ...(addenda[index] === undefined ? {} : { extra: addenda[index] }),
        index,
        hashes: merklePath(hashes(), index),
        checkpoint: checkpointOf(
          { ...keys, log: signer },
          {
            size: addenda.length,
            root: merkleRoot(hashes()),
            witnesses,
          },
        ),
      }),
    root: () => merkleRoot(hashes()),
    useKey: (key) => {
      signer = key
    },
  }
}

/** A signed checkpoint with cosignatures of the first witnesses. */
export function checkpointOf(
  keys: Keys,
  { root, size, witnesses }: { size: number; root: Uint8Array; witnesses: number },
): string {
  const text = formatCheckpoint({ origin: ORIGIN, size, root })
  return formatNote({
    text,
    signatures: [
      signNote(text, noteSigner(keys.log)),
      ...keys.witnesses
        .slice(0, witnesses)
        .map((witness, i) => signCosignature({ text, timeSeconds: NOW + i }, noteSigner(witness))),
    ],
  })
}

function packetHash(armored: string): string {
  const packet = readArmor(armored, 'PGP SIGNATURE')
  if (!packet.ok) throw new Error(packet.refusal.reason)
  return sha256Hex(packet.value)
}
