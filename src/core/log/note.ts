import { ed25519 } from '@noble/curves/ed25519.js'
import { base64, concat, fromBase64, fromHex, hex, sameBytes, utf8 } from '#core/bytes.ts'
import { sha256 } from '#core/hash.ts'
import { accept, refuse, type Result } from '#core/result.ts'

/** The first byte of the key of an Ed25519 signature over a note. */
export const KEY_TYPE_ED25519 = 0x01
/** The first byte of the key of a witness that makes timestamped Ed25519 cosignatures. */
export const KEY_TYPE_COSIGNATURE = 0x04
/** The size of a whole note, above which it is not read. */
export const NOTE_BYTES_MAX = 1_048_576
/** How many signature lines a note may have; C2SP asks for at least 16. */
export const NOTE_SIGNATURES_MAX = 100

/** The length of an Ed25519 signature. */
export const ED25519_SIGNATURE_BYTES = 64
const ED25519_KEY_BYTES = 32
const KEY_ID_BYTES = 4
/** Ample for ML-DSA-44, whose verifier keys take about 1,800 characters. */
const VKEY_CHARS_MAX = 4096
const SIGNATURE_MARK = '\u2014 '
/** What Go calls a space, which other implementations of signed notes go by. */
const NOT_IN_NAME = /[\p{White_Space}\p{Surrogate}+]/u
const SURROGATE = /\p{Surrogate}/u

/** Who signs: the name in the signature line, the type of key, and the key. */
export interface VerifierKey {
  readonly name: string
  readonly type: number
  readonly publicKey: Uint8Array
}

/** A secret Ed25519 key, as its 32-byte seed, and the name it signs under. */
export interface NoteSigner {
  readonly name: string
  readonly seed: Uint8Array
}

/** One signature line; `signature` is what follows the key id. */
export interface NoteSignature {
  readonly name: string
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}

/** A note as it was read: its text, and signatures that nobody has checked yet. */
export interface SignedNote {
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/**
 * Reads a signed note (C2SP `signed-note`): UTF-8 text, a blank line, signature lines.
 *
 * The last blank line counts. Refuses with `note-malformed`: more than 1 MiB, control characters other than the line
 * feed, no signature or more than 100, a line that is not a name and canonical base64 of more than four bytes.
 */
export function parseNote(note: string): Result<SignedNote> {
  if (note.length > NOTE_BYTES_MAX || utf8(note).length > NOTE_BYTES_MAX) {
    return refuse('note-malformed', 'The note is larger than 1 MiB.')
  }
  if (hasControl(note) || SURROGATE.test(note)) {
    return refuse('note-malformed', 'The note holds characters that a note may not hold.')
  }
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) {
    return refuse('note-malformed', 'The note has no signature lines, or no end of line.')
  }
  const lines = note.slice(split + 2, -1).split('\n')
  if (lines.length > NOTE_SIGNATURES_MAX) {
    return refuse('note-malformed', 'The note has more than 100 signature lines.')
  }
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const signature = parseSignatureLine(line)
    if (!signature.ok) return signature
    signatures.push(signature.value)
  }
  return accept({ text: note.slice(0, split + 1), signatures })
}

/**
 * Reads one signature line without its end of line, as a witness answers it; refuses all but
 * `— <name> <canonical base64>` with `note-malformed`.
 */
export function parseSignatureLine(line: string): Result<NoteSignature> {
  const [name, encoded, ...rest] = line.slice(SIGNATURE_MARK.length).split(' ')
  const blob = encoded === undefined ? undefined : fromBase64(encoded)
  if (!line.startsWith(SIGNATURE_MARK) || name === undefined || !isKeyName(name)) {
    return refuse('note-malformed', 'A signature line does not begin with a dash and a name.')
  }
  if (blob === undefined || blob.length <= KEY_ID_BYTES || rest.length > 0) {
    return refuse('note-malformed', 'A signature line does not end with canonical base64.')
  }
  return accept({
    name,
    keyId: blob.slice(0, KEY_ID_BYTES),
    signature: blob.slice(KEY_ID_BYTES),
  })
}

/** Writes one signature line without its end of line. */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  return `${SIGNATURE_MARK}${name} ${base64(concat(keyId, signature))}`
}

/**
 * Writes a note.
 *
 * @throws RangeError when `parseNote` would not read the same note again.
 */
export function formatNote({ text, signatures }: SignedNote): string {
  const lines = signatures.map((signature) => `${formatSignatureLine(signature)}\n`)
  const note = `${text}\n${lines.join('')}`
  const parsed = parseNote(note)
  if (!parsed.ok || parsed.value.text !== text) throw new RangeError('this cannot be a signed note')
  return note
}

class NoteVerified {
  protected readonly verified = true
  readonly text: string
  readonly signers: readonly VerifierKey[]
  /** The lines that were checked, each once. */
  readonly signatures: readonly NoteSignature[]

  constructor(text: string, matched: readonly MatchedSignature[]) {
    this.text = text
    this.signers = [...new Set(matched.map(({ verifier }) => verifier))]
    this.signatures = matched.map(({ signature }) => signature)
  }
}

/** The text of a note, and who of the known verifiers signed it; only `verifyNote` makes one. */
export type VerifiedNote = NoteVerified

/** Tells whether one Ed25519 signature verifies; `isSignedBy` is the one by which all others are measured. */
export type SignatureCheck = (claim: {
  readonly message: Uint8Array
  readonly signature: Uint8Array
  readonly publicKey: Uint8Array
}) => boolean

/**
 * Checks a note against Ed25519 verifiers (type 0x01); verifiers of other types are not asked.
 *
 * Lines of unknown keys are ignored. `check` computes in the place of `isSignedBy`. Refuses with
 * `note-signature-wrong` when the line of a known key fails, with
 * `note-unsigned` when no known key signed, with `vkey-malformed` when two verifiers share a name and a key id.
 */
export function verifyNote(
  note: SignedNote,
  verifiers: readonly VerifierKey[],
  check: SignatureCheck = isSignedBy,
): Result<VerifiedNote> {
  const matched = matchSignatures(
    note,
    verifiers.filter(({ type }) => type === KEY_TYPE_ED25519),
  )
  if (!matched.ok) return matched
  const message = utf8(note.text)
  for (const { signature, verifier } of matched.value) {
    if (!check({ message, signature: signature.signature, publicKey: verifier.publicKey })) {
      return refuse('note-signature-wrong', 'The signature of a known key does not verify.')
    }
  }
  return matched.value.length > 0
    ? accept(new NoteVerified(note.text, matched.value))
    : refuse('note-unsigned', 'No known key signed the note.')
}

/** A signature line and the known key that it names. */
export interface MatchedSignature {
  readonly signature: NoteSignature
  readonly verifier: VerifierKey
}

/**
 * Finds the signature lines that name a known key, by name and key id, in the order of the note, and each of them once.
 *
 * So whoever copies a line makes no work: every other line of a key is one more that its owner signed, or the end of the matter.
 * Refuses with `vkey-malformed` when two verifiers share both, since it would be unclear who signed.
 */
export function matchSignatures(
  note: SignedNote,
  verifiers: readonly VerifierKey[],
): Result<readonly MatchedSignature[]> {
  const known = new Map(
    verifiers.map((verifier) => [labelOf(verifier.name, keyIdOf(verifier)), verifier]),
  )
  if (known.size !== verifiers.length) {
    return refuse('vkey-malformed', 'Two verifiers share a name and a key id.')
  }
  const lines = new Map<string, MatchedSignature>()
  for (const signature of note.signatures) {
    const label = labelOf(signature.name, signature.keyId)
    const verifier = known.get(label)
    const line = `${label} ${hex(signature.signature)}`
    if (verifier !== undefined && !lines.has(line)) lines.set(line, { signature, verifier })
  }
  return accept([...lines.values()])
}

/** Names hold no space, so that name and key id cannot run into each other. */
function labelOf(name: string, id: Uint8Array): string {
  return `${name} ${hex(id)}`
}

/** Checks an Ed25519 signature strictly (RFC 8032): one encoding of each point and scalar, no weak public key. */
export function isSignedBy(claim: {
  message: Uint8Array
  signature: Uint8Array
  publicKey: Uint8Array
}): boolean {
  const { message, signature, publicKey } = claim
  return (
    signature.length === ED25519_SIGNATURE_BYTES &&
    publicKey.length === ED25519_KEY_BYTES &&
    ed25519.verify(signature, message, publicKey, { zip215: false })
  )
}

/**
 * Signs the text of a note with Ed25519 (type 0x01).
 *
 * @throws RangeError when the text cannot be that of a note, the name not that of a key, or the seed is not 32 bytes.
 */
export function signNote(text: string, signer: NoteSigner): NoteSignature {
  const verifier = verifierOf(signer, KEY_TYPE_ED25519)
  const signature = ed25519.sign(utf8(text), signer.seed)
  const line = { name: signer.name, keyId: keyIdOf(verifier), signature }
  formatNote({ text, signatures: [line] })
  return line
}

/**
 * The public half of a signer's key.
 *
 * @throws RangeError when the name is not that of a key or the seed is not 32 bytes.
 */
export function verifierOf({ name, seed }: NoteSigner, type: number): VerifierKey {
  if (!isKeyName(name)) throw new RangeError('not the name of a key')
  if (seed.length !== ED25519_KEY_BYTES) throw new RangeError('a seed is 32 bytes')
  return { name, type, publicKey: ed25519.getPublicKey(seed) }
}

/** The four bytes that name a key: SHA-256(name || 0x0A || type || public key), shortened. */
export function keyIdOf({ name, type, publicKey }: VerifierKey): Uint8Array {
  return sha256(utf8(`${name}\n`), Uint8Array.of(type), publicKey).slice(0, KEY_ID_BYTES)
}

/** Writes a key as `name+hex key id+base64(type || public key)`. */
export function formatVkey(verifier: VerifierKey): string {
  const { name, type, publicKey } = verifier
  return `${name}+${hex(keyIdOf(verifier))}+${base64(concat(Uint8Array.of(type), publicKey))}`
}

/**
 * Reads a verifier key in its one spelling; `+` also occurs in base64, so that only the first two part the fields.
 *
 * Refuses with `vkey-malformed`: more than 4,096 characters, a name that cannot stand in a signature line, a key id that is not that of the key,
 * a key of the two types known here that is not 32 bytes. Keys of other types are read, for nobody to match.
 */
export function parseVkey(vkey: string): Result<VerifierKey> {
  if (vkey.length > VKEY_CHARS_MAX) return refuse('vkey-malformed', 'The verifier key is too long.')
  const first = vkey.indexOf('+')
  const second = vkey.indexOf('+', first + 1)
  if (first < 0 || second < 0) return refuse('vkey-malformed', 'A verifier key has three fields.')
  const name = vkey.slice(0, first)
  const id = fromHex(vkey.slice(first + 1, second))
  const [type, ...key] = fromBase64(vkey.slice(second + 1)) ?? []
  if (!isKeyName(name) || id === undefined || type === undefined || key.length === 0) {
    return refuse('vkey-malformed', 'A field of the verifier key is malformed.')
  }
  const verifier = { name, type, publicKey: Uint8Array.from(key) }
  const isEd25519 = type === KEY_TYPE_ED25519 || type === KEY_TYPE_COSIGNATURE
  if (isEd25519 && key.length !== ED25519_KEY_BYTES) {
    return refuse('vkey-malformed', 'An Ed25519 key is 32 bytes.')
  }
  return sameBytes(id, keyIdOf(verifier))
    ? accept(verifier)
    : refuse('vkey-malformed', 'The key id is not that of the key.')
}

/** Tells whether a name may stand in a signature line: not empty, no space, no `+`, no control character. */
export function isKeyName(name: string): boolean {
  return name !== '' && !NOT_IN_NAME.test(name) && !hasControl(name)
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 && code !== 0x0a) return true
  }
  return false
}
