import { ed25519 } from '@noble/curves/ed25519.js'
import { concat, utf8 } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { isCount } from './decimal.ts'
import {
  formatNote,
  isSignedBy,
  KEY_TYPE_COSIGNATURE,
  keyIdOf,
  matchSignatures,
  type NoteSignature,
  type NoteSigner,
  type SignedNote,
  type VerifierKey,
  verifierOf,
} from './note.ts'

const TIME_BYTES = 8

class CosignatureVerified {
  protected readonly verified = true
  readonly witness: VerifierKey
  readonly timeSeconds: number

  constructor(witness: VerifierKey, timeSeconds: number) {
    this.witness = witness
    this.timeSeconds = timeSeconds
  }
}

/**
 * A witness saw this checkpoint, consistent with all that it saw before, at a POSIX time in seconds; only
 * `verifyCosignatures` makes one.
 */
export type VerifiedCosignature = CosignatureVerified

/**
 * Checks the cosignatures of known witnesses under a note (C2SP `tlog-cosignature`, Ed25519, type 0x04), and answers
 * them in the order of the note: none is an answer too, and one witness may stand there twice.
 *
 * Lines of unknown keys are ignored, and so are verifiers of other types, such as ML-DSA (0x06). Refuses with
 * `note-signature-wrong` when the line of a known witness fails, with `vkey-malformed` as `matchSignatures` does.
 */
export function verifyCosignatures(
  note: SignedNote,
  witnesses: readonly VerifierKey[],
): Result<readonly VerifiedCosignature[]> {
  const matched = matchSignatures(
    note,
    witnesses.filter(({ type }) => type === KEY_TYPE_COSIGNATURE),
  )
  if (!matched.ok) return matched
  const cosignatures: VerifiedCosignature[] = []
  for (const { signature, verifier } of matched.value) {
    const timeSeconds = readTime(signature.signature)
    const isGood =
      timeSeconds !== undefined &&
      isSignedBy({
        message: cosignedMessage(note.text, timeSeconds),
        signature: signature.signature.subarray(TIME_BYTES),
        publicKey: verifier.publicKey,
      })
    if (!isGood) {
      return refuse('note-signature-wrong', 'The cosignature of a known witness does not verify.')
    }
    cosignatures.push(new CosignatureVerified(verifier, timeSeconds))
  }
  return accept(cosignatures)
}

/**
 * Cosigns the text of a checkpoint at a POSIX time in seconds.
 *
 * @throws RangeError when the time is not a count of seconds, or as `signNote` does.
 */
export function signCosignature(
  { text, timeSeconds }: { text: string; timeSeconds: number },
  signer: NoteSigner,
): NoteSignature {
  if (!isCount(timeSeconds)) throw new RangeError('a time is a whole number of seconds')
  const verifier = verifierOf(signer, KEY_TYPE_COSIGNATURE)
  const signature = ed25519.sign(cosignedMessage(text, timeSeconds), signer.seed)
  const line = {
    name: signer.name,
    keyId: keyIdOf(verifier),
    signature: concat(timeBytes(timeSeconds), signature),
  }
  formatNote({ text, signatures: [line] })
  return line
}

function cosignedMessage(text: string, timeSeconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`)
}

function timeBytes(timeSeconds: number): Uint8Array {
  const bytes = new Uint8Array(TIME_BYTES)
  let rest = timeSeconds
  for (let i = TIME_BYTES - 1; i >= 0; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return bytes
}

/** The time before the signature; `undefined` where it is cut short or beyond 2^53 - 1, which no clock shows. */
function readTime(blob: Uint8Array): number | undefined {
  if (blob.length < TIME_BYTES) return undefined
  const time = blob.subarray(0, TIME_BYTES).reduce((sum, byte) => sum * 256 + byte, 0)
  return isCount(time) ? time : undefined
}
