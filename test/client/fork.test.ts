import { expect, test } from 'vitest'
import { checkEvidence, type ForkEvidence } from '#client/fork.ts'
import { hex } from '#core/bytes.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import { leafHash, merklePath, merkleRoot, rootThrough } from '#core/log/merkle.ts'
import { formatNote, formatVkey, KEY_TYPE_ED25519, signNote, verifierOf } from '#core/log/note.ts'
import { reasonOf } from '#test/helpers/openpgp-keys.ts'

const SIGNER = { name: 'coalition.example', seed: new Uint8Array(32).fill(5) }
const LEAVES = Array.from({ length: 40 }, (_, i) => leafHash(Uint8Array.of(i)))
const OTHERS = LEAVES.map((leaf, i) => (i === 3 ? leafHash(Uint8Array.of(200)) : leaf))

function noteOf(leaves: readonly Uint8Array[]): string {
  const root = merkleRoot(leaves)
  const text = formatCheckpoint({ origin: SIGNER.name, size: leaves.length, root })
  return formatNote({ text, signatures: [signNote(text, SIGNER)] })
}

function evidenceOf(older: readonly Uint8Array[], newer: readonly Uint8Array[]): ForkEvidence {
  const index = older.length - 1
  const leaf = newer[index] ?? new Uint8Array()
  return {
    v: 1,
    log_keys: [formatVkey(verifierOf(SIGNER, KEY_TYPE_ED25519))],
    seen: noteOf(older),
    shown: noteOf(newer),
    proof: { leaf_hash: hex(leaf), path: merklePath(newer, index).map(hex) },
  }
}

test('the inclusion proof of a leaf gives the root of all leaves up to it, in a tree of any size', () => {
  for (let size = 1; size <= LEAVES.length; size++) {
    const leaves = LEAVES.slice(0, size)
    for (const [index, leaf] of leaves.entries()) {
      const path = merklePath(leaves, index)
      const found = rootThrough({ index, size, leafHash: leaf, path, root: merkleRoot(leaves) })
      const expected = merkleRoot(leaves.slice(0, index + 1))
      expect(found, `${String(index)} of ${String(size)}`).toEqual({ ok: true, value: expected })
    }
  }
})

test('no log that only grew is called a fork, and every other one is', () => {
  for (const [older, newer] of [
    [1, 2],
    [4, 7],
    [5, 40],
    [32, 33],
    [39, 40],
  ] as const) {
    const grown = evidenceOf(LEAVES.slice(0, older), LEAVES.slice(0, newer))
    expect(reasonOf(checkEvidence(grown))).toBe('nothing-to-do')
    if (older < 4) continue
    const forked = evidenceOf(LEAVES.slice(0, older), OTHERS.slice(0, newer))
    expect(checkEvidence(forked)).toEqual({
      ok: true,
      value: { kind: 'fork', sizes: [older, newer] },
    })
    expect(reasonOf(checkEvidence({ ...forked, log_keys: [] }))).toBe('note-unsigned')
  }
})
