import { base64, fromHex, fromUtf8, utf8 } from '#core/bytes.ts'
import { formatCheckpoint, parseCheckpoint, verifyCheckpoint } from '#core/log/checkpoint.ts'
import { signCosignature, verifyCosignatures } from '#core/log/cosignature.ts'
import {
  formatNote,
  formatSignatureLine,
  formatVkey,
  keyIdOf,
  type NoteSigner,
  parseNote,
  parseSignatureLine,
  parseVkey,
  signNote,
  type SignedNote,
  verifierOf,
} from '#core/log/note.ts'
import { formatLogProof, parseLogProof, verifyLogProof } from '#core/log/proof.ts'
import {
  decodeEntryBundle,
  encodeEntryBundle,
  joinTile,
  parseTilePath,
  splitTile,
  tilePath,
} from '#core/log/tile.ts'
import { must, mustEqual, type Target } from '#test/fuzz/engine.ts'
import { digest, isEd25519, rootOf } from '#test/fuzz/naive-merkle.ts'
import { readVectors } from '#test/vectors/schemas.ts'
import { readKeys } from '#test/vectors/keys.ts'
import { answerOf } from './text.ts'

const proofs = readVectors('tlog-proofs.json')
const { log } = readKeys()
const logSigner: NoteSigner = { name: log.name, seed: fromHex(log.seed) ?? new Uint8Array() }
const logVerifier = verifierOf(logSigner, 1)
const witness: NoteSigner = { name: 'witness.example', seed: new Uint8Array(32).fill(7) }
const witnessVerifier = verifierOf(witness, 4)
const checkpoints = proofs.valid.map(({ proof }) => proof.slice(proof.indexOf('\n\n') + 2))
/** Texts that the log signed, and times at which the witness cosigned them: nothing else may come out as signed. */
const signedTexts = new Set(checkpoints.map((note) => note.slice(0, note.lastIndexOf('\n\n') + 1)))
const COSIGNED_AT = [1_763_978_400, 1]
const WORDS = ['\n\n', '\u2014 ', `\u2014 ${log.name} `, log.name, '+', '\n', 'coalition.example\n']

/** The texts under the name and key of the log, and under those of a witness, with cosignatures of two times. */
function cosigned(): string[] {
  return [...signedTexts].map((text) =>
    formatNote({
      text,
      signatures: [
        signNote(text, logSigner),
        ...COSIGNED_AT.map((timeSeconds) => signCosignature({ text, timeSeconds }, witness)),
      ],
    }),
  )
}

/** Whether Node's own Ed25519 finds a good signature of the log under a note. */
function isSignedByLog({ signatures, text }: SignedNote): boolean {
  return signatures.some(
    ({ keyId, name, signature }) =>
      name === log.name &&
      Buffer.compare(keyId, keyIdOf(logVerifier)) === 0 &&
      isEd25519(logVerifier.publicKey, utf8(text), signature),
  )
}

const note: Target = {
  name: 'note',
  words: WORDS,
  seeds: () => [...checkpoints, ...cosigned(), 'a\n\n\u2014 b AAAAAAAA\n'].map(utf8),
  run: (input) => {
    const text = fromUtf8(input)
    if (text === undefined) return 'not text'
    const parsed = parseNote(text)
    if (parsed.ok) must(formatNote(parsed.value) === text, 'the note has another spelling')
    const [last = ''] = text.split('\n').slice(-2)
    const line = parseSignatureLine(last)
    if (line.ok) must(formatSignatureLine(line.value) === last, 'the line has another spelling')
    return `${answerOf(parsed)}, ${answerOf(line)}`
  },
}

const checkpoint: Target = {
  name: 'checkpoint',
  words: WORDS,
  bytesMax: 4096,
  seeds: () => [...signedTexts, `a\n0\n${base64(digest())}\n`].map(utf8),
  run: (input) => {
    const text = fromUtf8(input)
    if (text === undefined) return 'not text'
    const parsed = parseCheckpoint(text)
    if (parsed.ok)
      must(formatCheckpoint(parsed.value) === text, 'the checkpoint has another spelling')
    return answerOf(parsed)
  },
}

const signedCheckpoint: Target = {
  name: 'signed-checkpoint',
  words: WORDS,
  seeds: () => [...checkpoints, ...cosigned()].map(utf8),
  run: (input) => {
    const text = fromUtf8(input)
    if (text === undefined) return 'not text'
    const verified = verifyCheckpoint(text, logVerifier)
    if (verified.ok) {
      must(signedTexts.has(verified.value.note.text), 'the log never signed this')
      must(isSignedByLog(verified.value.note), 'OpenSSL finds no good signature')
    }
    return answerOf(verified)
  },
}

const cosignature: Target = {
  name: 'cosignature',
  words: [...WORDS, '\u2014 witness.example '],
  seeds: () => cosigned().map(utf8),
  run: (input) => {
    const parsed = parseNote(fromUtf8(input) ?? '')
    if (!parsed.ok) return answerOf(parsed)
    const cosignatures = verifyCosignatures(parsed.value, [witnessVerifier, logVerifier])
    if (!cosignatures.ok) return answerOf(cosignatures)
    for (const { timeSeconds, witness: by } of cosignatures.value) {
      must(by === witnessVerifier, 'somebody else cosigned')
      must(signedTexts.has(parsed.value.text), 'the witness never cosigned this')
      must(COSIGNED_AT.includes(timeSeconds), 'the witness cosigned at another time')
    }
    return `accepted ${String(Math.min(3, cosignatures.value.length))}`
  },
}

const vkey: Target = {
  name: 'vkey',
  words: ['+', '++', log.name, '=', 'AQ=='],
  seeds: () => [
    ...[log.vkey, ...proofs.witnesses.keys, 'a+00000000+Bg=='].map(utf8),
    // Of unknown types, with lengths at which base64 has spare bits.
    ...[1, 3].map((length) =>
      utf8(formatVkey({ name: 'a', type: 6, publicKey: new Uint8Array(length).fill(1) })),
    ),
  ],
  run: (input) => {
    const text = fromUtf8(input)
    if (text === undefined) return 'not text'
    const parsed = parseVkey(text)
    if (!parsed.ok) return answerOf(parsed)
    must(formatVkey(parsed.value) === text, 'the key has another spelling')
    const { name, publicKey, type } = parsed.value
    const id = digest(utf8(`${name}\n`), Uint8Array.of(type), publicKey).subarray(0, 4)
    must(text.startsWith(`${name}+${Buffer.from(id).toString('hex')}+`), 'the key id is another')
    return `accepted ${String(type)}`
  },
}

const proof: Target = {
  name: 'tlog-proof',
  words: ['c2sp.org/tlog-proof@v1\n', 'extra ', 'index ', ...WORDS],
  bytesMax: 200_000,
  seeds: () => [...proofs.valid, ...proofs.refused].map(({ proof: text }) => utf8(text)),
  run: (input) => {
    const text = fromUtf8(input)
    if (text === undefined) return 'not text'
    const parsed = parseLogProof(text)
    if (!parsed.ok) return answerOf(parsed)
    must(formatLogProof(parsed.value) === text, 'the proof has another spelling')
    const { quorum, keys: vkeys } = proofs.witnesses
    const claim = { proof: parsed.value, logVerifier, witnesses: { quorum, vkeys } }
    const verified = verifyLogProof(claim)
    if (!verified.ok) return answerOf(verified)
    const { addendum, index, root, size, status, witnessed } = verified.value
    const entry = Buffer.concat([digest(addendum), Uint8Array.of(0, 0, 0, 0, 1)])
    const leaf = digest(Uint8Array.of(0), entry)
    const place = { index: BigInt(index), size: BigInt(size) }
    const reached = rootOf(place, leaf, parsed.value.hashes)
    mustEqual(reached ?? new Uint8Array(), root, 'the recursive definition finds another root')
    const known = proofs.valid.find((one) => one.index === index && one.size === size)
    must(known?.addendum === Buffer.from(addendum).toString('base64'), 'the log never had this')
    const most = Math.max(
      ...proofs.valid.filter((one) => one.size === size).map((one) => one.witnessed),
    )
    must(witnessed <= most, 'more witnesses are counted than ever cosigned')
    must((status === 'witnessed') === witnessed >= quorum, 'the status is not that of the count')
    return `accepted ${status} ${String(witnessed)}`
  },
}

const tile: Target = {
  name: 'tile-path',
  words: ['tile/', '/entries/', 'x001/', '000', '.p/', '256', '255', '/', 'x999/'],
  bytesMax: 4096,
  seeds: () =>
    [
      'tile/0/000',
      'tile/0/x001/x234/067',
      'tile/entries/000.p/3',
      'tile/63/000.p/255',
      'tile/8/000',
      'tile/entries/x009/x007/x199/x254/740',
    ].map(utf8),
  run: (input) => {
    const text = fromUtf8(input)
    if (text === undefined) return 'not text'
    const parsed = parseTilePath(text)
    if (parsed.ok) must(tilePath(parsed.value) === text, 'the path has another spelling')
    return answerOf(parsed)
  },
}

/** The first byte is the width less one. */
const entries: Target = {
  name: 'entry-bundle',
  seeds: () => [
    Uint8Array.of(0, 0, 1, 7),
    Uint8Array.of(1, ...encodeEntryBundle([digest(), new Uint8Array()])),
    Uint8Array.of(2, ...new Uint8Array(96)),
  ],
  run: (input) => {
    const width = (input[0] ?? 0) + 1
    const bytes = input.subarray(1)
    const bundle = decodeEntryBundle(bytes, width)
    if (bundle.ok) mustEqual(encodeEntryBundle(bundle.value), bytes, 'the bundle differs')
    const hashes = splitTile(bytes, width)
    if (hashes.ok) mustEqual(joinTile(hashes.value), bytes, 'the tile differs')
    return `${answerOf(bundle)}, ${answerOf(hashes)}`
  },
}

/** What the log and its clients read. */
export const LOG_TARGETS: readonly Target[] = [
  note,
  checkpoint,
  signedCheckpoint,
  cosignature,
  vkey,
  proof,
  tile,
  entries,
]
