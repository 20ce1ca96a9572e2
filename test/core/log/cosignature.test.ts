import { ed25519 } from '@noble/curves/ed25519.js'
import { expect, test } from 'vitest'
import { concat, utf8 } from '#core/bytes.ts'
import {
  signCosignature,
  type VerifiedCosignature,
  verifyCosignatures,
} from '#core/log/cosignature.ts'
import {
  formatSignatureLine,
  KEY_TYPE_ED25519,
  keyIdOf,
  type NoteSignature,
  parseNote,
  parseVkey,
  signNote,
  verifierOf,
} from '#core/log/note.ts'
import {
  at,
  CHECKPOINT_NOTE,
  CHECKPOINT_TEXT,
  EXAMPLE,
  NOT_COUNTS,
  reasonOf,
  valueOf,
  WITNESS_LINE,
} from './worked-example.ts'

const { witness: signer, timeSeconds } = EXAMPLE
const text = CHECKPOINT_TEXT
const witness = valueOf(parseVkey(EXAMPLE.witnessVkey))
const good = signCosignature({ text, timeSeconds }, signer)

function verify(...signatures: NoteSignature[]) {
  return verifyCosignatures({ text, signatures }, [witness])
}

test('the cosignature is that of the worked example', () => {
  expect(formatSignatureLine(good)).toBe(WITNESS_LINE)
})

test('the cosignature of the worked example verifies, and tells its time', () => {
  const note = valueOf(parseNote(CHECKPOINT_NOTE))
  expect(valueOf(verifyCosignatures(note, [witness]))).toMatchObject([{ witness, timeSeconds }])
})

test('a refreshed cosignature stands beside the first, each with its time', () => {
  const later = signCosignature({ text, timeSeconds: timeSeconds + 86_400 }, signer)
  const times = valueOf(verify(good, later)).map((cosignature) => cosignature.timeSeconds)
  expect(times).toEqual([timeSeconds, timeSeconds + 86_400])
})

test('unknown keys are ignored: grease, ML-DSA lines, the log itself, a plain signature by the witness', () => {
  const mlDsa = { name: signer.name, type: 0x06, publicKey: new Uint8Array(1312).fill(5) }
  const plain = signNote(text, signer)
  const unknown = [
    { name: 'grease.example', keyId: Uint8Array.of(0xff, 1, 2, 3), signature: new Uint8Array(5) },
    { name: mlDsa.name, keyId: keyIdOf(mlDsa), signature: new Uint8Array(2428) },
    signNote(text, EXAMPLE.log),
    plain,
  ]
  const answer = verifyCosignatures({ text, signatures: [...unknown, good] }, [witness, mlDsa])
  expect(valueOf(answer)).toHaveLength(1)
  expect(valueOf(verify(...unknown))).toEqual([])
  // A witness listed with a key that signs notes instead of cosigning checkpoints never counts.
  const listed = verifierOf(signer, KEY_TYPE_ED25519)
  expect(valueOf(verifyCosignatures({ text, signatures: [plain] }, [listed]))).toEqual([])
})

test('a line of a known witness that fails refuses all of them', () => {
  const blob = good.signature
  const wrong = [
    blob.map((byte, i) => (i === 7 ? byte ^ 1 : byte)),
    blob.map((byte, i) => (i === 0 ? byte ^ 0x80 : byte)),
    blob.map((byte, i) => (i === 70 ? byte ^ 1 : byte)),
    blob.subarray(8),
    blob.subarray(0, 7),
    blob.subarray(0, 71),
    concat(blob, Uint8Array.of(0)),
  ]
  for (const signature of wrong) {
    expect(reasonOf(verify({ ...good, signature }))).toBe('note-signature-wrong')
    expect(reasonOf(verify(good, { ...good, signature }))).toBe('note-signature-wrong')
  }
})

test('a cosignature of another checkpoint is refused', () => {
  const other = signCosignature({ text: text.replace('\n3\n', '\n4\n'), timeSeconds }, signer)
  expect(reasonOf(verify(other))).toBe('note-signature-wrong')
})

test('times from 0 to 2^53 - 1 are signed and read, and no others', () => {
  for (const seconds of [0, 1, 255, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
    const line = signCosignature({ text, timeSeconds: seconds }, signer)
    expect(at(valueOf(verify(line)), 0).timeSeconds).toBe(seconds)
  }
  for (const seconds of NOT_COUNTS) {
    expect(() => signCosignature({ text, timeSeconds: seconds }, signer)).toThrow(RangeError)
  }
})

test('a time of 2^53 is refused, though the witness did sign it', () => {
  const message = utf8(`cosignature/v1\ntime ${2n ** 53n}\n${text}`)
  const time = Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0)
  const signature = concat(time, ed25519.sign(message, signer.seed))
  expect(reasonOf(verify({ ...good, signature }))).toBe('note-signature-wrong')
})

test('only the verifier makes a verified cosignature', () => {
  // @ts-expect-error A witness and a time are not a cosignature.
  const claimed: VerifiedCosignature = { witness, timeSeconds }
  expect(claimed.timeSeconds).toBe(timeSeconds)
})
