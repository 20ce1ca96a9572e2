import type { Directory } from '#core/directory.ts'
import { verifyCheckpoint } from '#core/log/checkpoint.ts'
import { verifyCosignatures } from '#core/log/cosignature.ts'
import { parseVkey, type VerifierKey } from '#core/log/note.ts'
import type { LoggedRecord, Storage } from '#ports/storage.ts'

/**
 * The tree size up to which envelopes may be handed out: that of the published checkpoint, once the quorum of witnesses that the charter
 * names has cosigned it; 0 until then.
 *
 * So nobody opens a notice of a log that only they were shown.
 */
export async function releasedSize(storage: Storage, directory: Directory): Promise<number> {
  const published = await storage.latestCheckpoint()
  const { chain, charter } = directory
  if (published === undefined || charter === undefined) return 0
  if (charter.witnesses.quorum === 0) return published.size
  const witnesses = charter.witnesses.keys.map(readVkey)
  // The newest key may be one that the published tree does not name yet.
  const logKeys = [...new Set(chain.map(({ logKey }) => logKey))].map(readVkey)
  const checkpoint = logKeys
    .filter((key) => key !== undefined)
    .map((key) => verifyCheckpoint(published.note, key))
    .find((verified) => verified.ok)
  if (checkpoint?.ok !== true) return 0
  const cosignatures = verifyCosignatures(
    checkpoint.value.note,
    witnesses.filter((key) => key !== undefined),
  )
  if (!cosignatures.ok) return 0
  const distinct = new Set(cosignatures.value.map(({ witness }) => witness.name))
  return distinct.size >= charter.witnesses.quorum ? published.size : 0
}

/** Tells whether an act took effect by a record that stands below a tree size. */
export function isAdoptedBelow(records: readonly LoggedRecord[], size: number): boolean {
  return records.some(
    (record) =>
      record.event === 'adopted' && record.leafIndex !== undefined && record.leafIndex < size,
  )
}

function readVkey(text: string): VerifierKey | undefined {
  const key = parseVkey(text)
  return key.ok ? key.value : undefined
}
