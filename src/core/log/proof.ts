import { base64, fromBase64, hex } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type VerifiedCheckpoint, verifyCheckpoint } from './checkpoint.ts'
import { type VerifiedCosignature, verifyCosignatures } from './cosignature.ts'
import { isCount, parseDecimal } from './decimal.ts'
import { addendumLeafHash, splitAddendum } from './leaf.ts'
import { isHash, verifyInclusion } from './merkle.ts'
import { parseNote, parseVkey, type VerifierKey } from './note.ts'

/** The longest addendum that a proof carries: other readers fail at lines over 64 KiB, and base64 adds a third. */
export const EXTRA_BYTES_MAX = 48_000

const MAGIC = 'c2sp.org/tlog-proof@v1'
const EXTRA = 'extra '
const INDEX = 'index '
/** The depth of a tree of 2^63 leaves, which is where C2SP ends. */
const HASHES_MAX = 63
/** Above what the longest lines can come to: the largest head, without the checkpoint. */
const HEAD_CHARS_MAX = 70_000

/** A proof that an entry stands in a log, as a file (C2SP `tlog-proof`); nothing in it is checked yet. */
export interface LogProof {
  /** The addendum that the entry commits to; never empty. */
  readonly extra?: Uint8Array
  readonly index: number
  /** The audit path, the leaf's sibling first. */
  readonly hashes: readonly Uint8Array[]
  /** The signed note with its cosignatures, byte for byte as it was served. */
  readonly checkpoint: string
}

/**
 * Writes a proof file.
 *
 * @throws RangeError when `parseLogProof` would refuse it.
 */
export function formatLogProof(proof: LogProof): string {
  if (!isPossible(proof) || !parseNote(proof.checkpoint).ok) {
    throw new RangeError('this cannot be a proof')
  }
  const { extra, index, hashes, checkpoint } = proof
  const lines = [
    MAGIC,
    ...(extra === undefined ? [] : [`${EXTRA}${base64(extra)}`]),
    `${INDEX}${index}`,
    ...hashes.map((hash) => base64(hash)),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/**
 * Reads a proof file in its one spelling.
 *
 * Refuses with `proof-malformed`: another first line, an addendum that is empty or above 48,000 bytes, an index with
 * leading zeros, base64 that is not canonical, more than 63 hashes; and with `note-malformed` as `parseNote` does.
 */
export function parseLogProof(file: string): Result<LogProof> {
  const headEnd = file.indexOf('\n\n')
  if (headEnd < 0 || headEnd > HEAD_CHARS_MAX) {
    return refuse('proof-malformed', 'No blank line parts the proof from the checkpoint.')
  }
  const [magic, ...lines] = file.slice(0, headEnd).split('\n')
  if (magic !== MAGIC) return refuse('proof-malformed', 'This is not a proof of a known version.')

  const extraLine = lines[0]?.startsWith(EXTRA) === true ? lines.shift() : undefined
  const extra = extraLine === undefined ? undefined : fromBase64(extraLine.slice(EXTRA.length))
  const indexLine = lines.shift() ?? ''
  const index = indexLine.startsWith(INDEX)
    ? parseDecimal(indexLine.slice(INDEX.length))
    : undefined
  if ((extraLine !== undefined && extra === undefined) || index === undefined) {
    return refuse('proof-malformed', 'The addendum or the index is not in its one spelling.')
  }
  // A line that is not base64 becomes a hash without bytes, which is refused next.
  const hashes = lines.map((line) => fromBase64(line) ?? new Uint8Array())
  const checkpoint = file.slice(headEnd + 2)
  const proof = { ...(extra === undefined ? {} : { extra }), index, hashes, checkpoint }
  if (!isPossible(proof)) {
    return refuse('proof-malformed', 'The addendum, or a hash of the path, is malformed.')
  }
  const note = parseNote(checkpoint)
  return note.ok ? accept(proof) : note
}

function isPossible({ extra, index, hashes }: LogProof): boolean {
  const hasGoodExtra = extra === undefined || (extra.length > 0 && extra.length <= EXTRA_BYTES_MAX)
  return hasGoodExtra && isCount(index) && hashes.length <= HASHES_MAX && hashes.every(isHash)
}

/** A proof, and whom to believe: the key of the log, and the witnesses with the number of them that is asked for. */
export interface LogProofClaim {
  readonly proof: LogProof
  readonly logVerifier: VerifierKey
  readonly witnesses: { readonly vkeys: readonly string[]; readonly quorum: number }
}

class LogProofVerified {
  protected readonly verified = true
  readonly index: number
  readonly size: number
  readonly root: Uint8Array
  /** The bytes that the entry commits to: salt and record. */
  readonly addendum: Uint8Array
  /** `witnessed` once as many distinct witnesses cosigned as the quorum, which is at least one, asks for. */
  readonly status: 'logged' | 'witnessed'
  /** How many distinct witnesses cosigned. */
  readonly witnessed: number
  readonly cosignatures: readonly VerifiedCosignature[]

  constructor(claim: LogProofClaim & Verified) {
    const { checkpoint, cosignatures, witnesses } = claim
    this.index = claim.proof.index
    this.size = checkpoint.size
    this.root = checkpoint.root
    this.addendum = claim.addendum
    this.witnessed = new Set(cosignatures.map(({ witness }) => witness.name)).size
    this.status =
      witnesses.quorum >= 1 && this.witnessed >= witnesses.quorum ? 'witnessed' : 'logged'
    this.cosignatures = cosignatures
  }
}

interface Verified {
  readonly addendum: Uint8Array
  readonly checkpoint: VerifiedCheckpoint
  readonly cosignatures: readonly VerifiedCosignature[]
}

/** An addendum that stands in a log, and who saw that log; only `verifyLogProof` makes one. */
export type VerifiedLogProof = LogProofVerified

/**
 * Checks everything that a proof claims: that its addendum gives the entry, the entry the leaf, the leaf and the path
 * the root, that the log signed this root, and which witnesses cosigned it.
 *
 * A quorum that is missed is no refusal: the answer says `logged` and counts. Refuses with `proof-malformed` when
 * there is no addendum, with `proof-wrong` when the leaf is not in the tree, with `vkey-malformed` when a witness's
 * key is malformed or one key stands under two names, and as `verifyCheckpoint` and `verifyCosignatures` do.
 */
export function verifyLogProof(claim: LogProofClaim): Result<VerifiedLogProof> {
  const { proof, logVerifier, witnesses } = claim
  const addendum = proof.extra
  if (addendum === undefined) return refuse('proof-malformed', 'The proof carries no addendum.')
  const split = splitAddendum(addendum)
  if (!split.ok) return split
  const checkpoint = verifyCheckpoint(proof.checkpoint, logVerifier)
  if (!checkpoint.ok) return checkpoint

  const inclusion = verifyInclusion({
    index: proof.index,
    size: checkpoint.value.size,
    leafHash: addendumLeafHash(addendum),
    path: proof.hashes,
    root: checkpoint.value.root,
  })
  if (!inclusion.ok) return inclusion

  const verifiers = parseWitnesses(witnesses.vkeys, logVerifier)
  if (!verifiers.ok) return verifiers
  const cosignatures = verifyCosignatures(checkpoint.value.note, verifiers.value)
  if (!cosignatures.ok) return cosignatures
  return accept(
    new LogProofVerified({
      ...claim,
      addendum,
      checkpoint: checkpoint.value,
      cosignatures: cosignatures.value,
    }),
  )
}

/** Reads the witnesses' keys; whoever holds one key must not count as two witnesses, nor the log as its own. */
function parseWitnesses(
  vkeys: readonly string[],
  logVerifier: VerifierKey,
): Result<readonly VerifierKey[]> {
  const verifiers: VerifierKey[] = []
  const taken = new Set([hex(logVerifier.publicKey)])
  for (const vkey of vkeys) {
    const verifier = parseVkey(vkey)
    if (!verifier.ok) return verifier
    const key = hex(verifier.value.publicKey)
    if (taken.has(key) || verifier.value.name === logVerifier.name) {
      return refuse(
        'vkey-malformed',
        'One key stands for two witnesses, or for the log and a witness.',
      )
    }
    taken.add(key)
    verifiers.push(verifier.value)
  }
  return accept(verifiers)
}
