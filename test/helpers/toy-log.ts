import { utf8 } from '#core/bytes.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import { leafHash, merkleRoot, merkleTree, treeRoot } from '#core/log/merkle.ts'
import {
  formatNote,
  formatVkey,
  KEY_TYPE_ED25519,
  type NoteSigner,
  type SignedNote,
  signNote,
  verifierOf,
} from '#core/log/note.ts'
import { tileProver } from '#core/log/tile-prover.ts'
import { concat } from '#core/bytes.ts'
import { formatAddCheckpoint } from '#core/log/witness.ts'

/** A log in memory, of any size at any time, that signs whatever it is asked to. */
export interface ToyLog {
  readonly signer: NoteSigner
  readonly vkey: string
  root(size: number): Uint8Array
  /** A checkpoint of the first `size` entries, signed. */
  note(size: number, ...signers: readonly NoteSigner[]): SignedNote
  proof(oldSize: number, size: number): Promise<readonly Uint8Array[]>
  /** The body of an honest `add-checkpoint`. */
  request(oldSize: number, size: number): Promise<string>
}

/**
 * Makes a log of the entries `0`, `1`, and so on.
 *
 * @param fork entries from this index on are others than those of every other log
 */
export function toyLog(signer: NoteSigner, fork = Number.POSITIVE_INFINITY): ToyLog {
  const leaves = Array.from({ length: 300 }, (_, i) =>
    leafHash(utf8(i < fork ? String(i) : `fork ${String(i)}`)),
  )
  return logOf(signer, leaves)
}

/** A log of up to 300 given leaf hashes. */
export function logOf(signer: NoteSigner, leaves: readonly Uint8Array[]): ToyLog {
  const proof = async (oldSize: number, size: number): Promise<readonly Uint8Array[]> => {
    const prover = tileProver(size, async ({ index, level, width }) => {
      const from = index * 256
      if (level === 0) return concat(...leaves.slice(from, from + width))
      return treeRoot(merkleTree(leaves.slice(0, 256)))
    })
    return await prover.consistencyProof(oldSize)
  }
  const root = (size: number): Uint8Array => merkleRoot(leaves.slice(0, size))
  const note = (size: number, ...signers: readonly NoteSigner[]): SignedNote => {
    const text = formatCheckpoint({ origin: signer.name, size, root: root(size) })
    const all = signers.length === 0 ? [signer] : signers
    return { text, signatures: all.map((one) => signNote(text, one)) }
  }
  return {
    signer,
    vkey: formatVkey(verifierOf(signer, KEY_TYPE_ED25519)),
    root,
    note,
    proof,
    request: async (oldSize, size) =>
      formatAddCheckpoint({
        oldSize,
        note: note(size),
        path: oldSize === size ? [] : await proof(oldSize, size),
      }),
  }
}

/** The note as text. */
export function textOf(note: SignedNote): string {
  return formatNote(note)
}
