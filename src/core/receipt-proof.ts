import type { Directory } from './directory.ts'
import { splitAddendum } from './log/leaf.ts'
import { parseVkey } from './log/note.ts'
import { parseLogProof, type VerifiedLogProof, verifyLogProof } from './log/proof.ts'
import { accept, type Result } from './result.ts'

/**
 * Checks a proof of a receipt under the published roster. Refuses what `parseLogProof` and `verifyLogProof` refuse.
 *
 * A tree is signed by the log key that the newest charter record among its leaves names. All proofs of a receipt stand under trees whose
 * newest governance record is the published head, so that is the published roster's key and no other: a key that was stolen after it was
 * replaced signs nothing under a roster that knows of its successor.
 */
export function openProof(text: string, directory: Directory): Result<VerifiedLogProof> {
  const proof = parseLogProof(text)
  if (!proof.ok) return proof
  const witnesses = {
    vkeys: directory.charter?.witnesses.keys ?? [],
    quorum: directory.charter?.witnesses.quorum ?? 0,
  }
  const logVerifier = parseVkey(directory.charter?.log_key ?? '')
  return logVerifier.ok
    ? verifyLogProof({ proof: proof.value, logVerifier: logVerifier.value, witnesses })
    : logVerifier
}

/** The record in the addendum of a proof. Refuses `proof-malformed`. */
export function recordIn(proof: VerifiedLogProof): Result<Uint8Array> {
  const split = splitAddendum(proof.addendum)
  return split.ok ? accept(split.value.record) : split
}
