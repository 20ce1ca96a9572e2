import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64, concat, fromBase64 } from '#core/bytes.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import { signCosignature } from '#core/log/cosignature.ts'
import { addendumLeafHash, composeAddendum } from '#core/log/leaf.ts'
import { merkleTree, treePath, treeRoot } from '#core/log/merkle.ts'
import {
  formatNote,
  formatVkey,
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ED25519,
  type NoteSignature,
  parseNote,
  parseVkey,
  signNote,
  verifierOf,
} from '#core/log/note.ts'
import {
  EXTRA_BYTES_MAX,
  formatLogProof,
  type LogProof,
  parseLogProof,
  type VerifiedLogProof,
  verifyLogProof,
} from '#core/log/proof.ts'
import {
  at,
  CHECKPOINT_NOTE,
  CHECKPOINT_TEXT,
  consecutive,
  EXAMPLE,
  LOG_LINE,
  NOT_COUNTS,
  PROOF_FILE,
  reasonOf,
  valueOf,
} from './worked-example.ts'

const logVerifier = valueOf(parseVkey(EXAMPLE.logVkey))
const addendum = composeAddendum(EXAMPLE)
const proof: LogProof = {
  extra: addendum,
  index: 1,
  hashes: [EXAMPLE.leafHash0, EXAMPLE.leafHash2].map(
    (text) => fromBase64(text) ?? new Uint8Array(),
  ),
  checkpoint: CHECKPOINT_NOTE,
}

describe('the proof file', () => {
  test('is that of the worked example', () => {
    expect(formatLogProof(proof)).toBe(PROOF_FILE)
    expect(valueOf(parseLogProof(PROOF_FILE))).toEqual(proof)
  })

  test('is written again as it was read, with and without addendum and hashes', () => {
    const noExtra = PROOF_FILE.replace(/extra .*\n/, '')
    const noHashes = `c2sp.org/tlog-proof@v1\nindex 0\n\n${CHECKPOINT_NOTE}`
    const blankInText = PROOF_FILE.replace(CHECKPOINT_NOTE, `one\n\ntwo\n\n${LOG_LINE}\n`)
    for (const file of [PROOF_FILE, noExtra, noHashes, blankInText]) {
      expect(formatLogProof(valueOf(parseLogProof(file)))).toBe(file)
    }
    expect(valueOf(parseLogProof(noExtra))).not.toHaveProperty('extra')
  })

  test('is read as it was written, for any addendum, index and hashes', () => {
    const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const proofs = fc.record({
      extra: fc.uint8Array({ minLength: 1, maxLength: 200 }),
      index: fc.maxSafeNat(),
      hashes: fc.array(hash, { maxLength: 63 }),
      checkpoint: fc.constant(CHECKPOINT_NOTE),
    })
    fc.assert(
      fc.property(proofs, (any) => {
        const file = formatLogProof(any)
        expect(formatLogProof(valueOf(parseLogProof(file)))).toBe(file)
      }),
      { numRuns: 40 },
    )
  })

  test('carries an addendum of 48,000 bytes, on a line that every reader takes, and none above', () => {
    const largest = formatLogProof({ ...proof, extra: new Uint8Array(EXTRA_BYTES_MAX) })
    expect(reasonOf(parseLogProof(largest))).toBe('accepted')
    expect(Math.max(...largest.split('\n').map((line) => line.length))).toBeLessThan(65_536)
    const larger = new Uint8Array(EXTRA_BYTES_MAX + 1)
    expect(() => formatLogProof({ ...proof, extra: larger })).toThrow(RangeError)
    const file = PROOF_FILE.replace(base64(addendum), base64(larger))
    expect(reasonOf(parseLogProof(file))).toBe('proof-malformed')
  })

  test('is not written from what could not be read', () => {
    const hash = at(proof.hashes, 0)
    const wrong: Partial<LogProof>[] = [
      { extra: new Uint8Array() },
      { hashes: Array.from({ length: 64 }, () => hash) },
      { hashes: [hash.subarray(1)] },
      { checkpoint: CHECKPOINT_TEXT },
      ...NOT_COUNTS.map((index) => ({ index })),
    ]
    for (const change of wrong)
      expect(() => formatLogProof({ ...proof, ...change })).toThrow(RangeError)
  })
})

describe('the proof file', () => {
  const longPath = `${EXAMPLE.leafHash0}\n`.repeat(63)
  test.each([
    ['nothing', '', ''],
    ['another version', 'proof@v1', 'proof@v2'],
    ['a byte order mark', 'c2sp.org', '\ufeffc2sp.org'],
    ['a blank line first', 'c2sp.org', '\nc2sp.org'],
    ['no index', 'index 1\n', ''],
    ['two indexes', 'index 1\n', 'index 1\nindex 1\n'],
    ['an index with a leading zero', 'index 1\n', 'index 01\n'],
    ['a negative index', 'index 1\n', 'index -1\n'],
    ['an index of 2^53', 'index 1\n', 'index 9007199254740992\n'],
    ['an index with a space after it', 'index 1\n', 'index 1 \n'],
    ['two addenda', 'index 1\n', 'extra AAAA\nindex 1\n'],
    ['an addendum after the index', 'index 1\n', 'index 1\nextra AAAA\n'],
    ['an empty addendum', base64(addendum), ''],
    ['an addendum in unpadded base64', 'In0=', 'In0'],
    ['an addendum with other trailing bits', 'In0=', 'In1='],
    ['an addendum with a space after it', 'In0=', 'In0= '],
    ['a hash with other trailing bits', 'tfQ=', 'tfR='],
    ['a hash of 31 bytes', EXAMPLE.leafHash0, base64(new Uint8Array(31))],
    ['a hash of 33 bytes', EXAMPLE.leafHash0, base64(new Uint8Array(33))],
    [
      '64 hashes',
      `${EXAMPLE.leafHash0}\n${EXAMPLE.leafHash2}\n`,
      `${longPath}${EXAMPLE.leafHash2}\n`,
    ],
    ['carriage returns', 'index 1\n', 'index 1\r\n'],
  ])('is refused with %s', (name, from, to) => {
    const file = name === 'nothing' ? '' : PROOF_FILE.replace(from, to)
    expect(file).not.toBe(PROOF_FILE)
    expect(reasonOf(parseLogProof(file))).toBe('proof-malformed')
  })

  test('is refused when the checkpoint is no note', () => {
    const two = PROOF_FILE.replace(
      `\n\n${CHECKPOINT_NOTE}`,
      `\n\n\n${CHECKPOINT_NOTE.slice(0, -1)}`,
    )
    const files = [
      PROOF_FILE.slice(0, -1),
      `${PROOF_FILE}\n`,
      two,
      PROOF_FILE.replace('\n\n— ', '\n— '),
    ]
    for (const file of files) expect(reasonOf(parseLogProof(file))).toBe('note-malformed')
  })
})

/** A log of `size` entries of our own, and the proof of the one at `index`, signed by these witnesses. */
function prove({
  index,
  size,
  lines,
}: {
  index: number
  size: number
  lines: (text: string) => NoteSignature[]
}) {
  const addenda = Array.from({ length: size }, (_, i) =>
    composeAddendum({ salt: consecutive(i % 200), record: Uint8Array.of(i % 256, 1) }),
  )
  const tree = merkleTree(addenda.map(addendumLeafHash))
  const text = formatCheckpoint({ origin: EXAMPLE.log.name, size, root: treeRoot(tree) })
  const signatures = [signNote(text, EXAMPLE.log), ...lines(text)]
  const made: LogProof = {
    extra: at(addenda, index),
    index,
    hashes: treePath(tree, index),
    checkpoint: formatNote({ text, signatures }),
  }
  return made
}

const witnesses = ['one', 'two', 'three'].map((name, i) => ({
  name: `${name}.example`,
  seed: consecutive(64 + i),
}))
const vkeys = witnesses.map((signer) => formatVkey(verifierOf(signer, KEY_TYPE_COSIGNATURE)))

function cosigned(...which: number[]): LogProof {
  return prove({
    index: 4,
    size: 9,
    lines: (text) =>
      which.map((i) => signCosignature({ text, timeSeconds: 1000 + i }, at(witnesses, i))),
  })
}

function verify(which: LogProof, policy = { vkeys, quorum: 2 }) {
  return verifyLogProof({ proof: which, logVerifier, witnesses: policy })
}

describe('verifying a proof', () => {
  const policy = { vkeys: [EXAMPLE.witnessVkey], quorum: 1 }

  test('accepts the worked example as witnessed', () => {
    const verified = valueOf(verify(valueOf(parseLogProof(PROOF_FILE)), policy))
    expect(verified).toMatchObject({
      index: 1,
      size: 3,
      addendum,
      status: 'witnessed',
      witnessed: 1,
    })
    expect(base64(verified.root)).toBe(EXAMPLE.root)
    expect(verified.cosignatures).toMatchObject([{ timeSeconds: EXAMPLE.timeSeconds }])
  })

  test('accepts every entry of logs up to 20 entries', () => {
    for (let size = 1; size <= 20; size++) {
      const index = (size * 7) % size === 0 ? size - 1 : (size * 7) % size
      for (const i of new Set([0, index, Math.floor(size / 2)])) {
        expect(valueOf(verify(prove({ index: i, size, lines: () => [] })))).toMatchObject({
          index: i,
          size,
        })
      }
    }
  })

  test('refuses a proof without an addendum, or with one that holds no record', () => {
    const { extra: _, ...bare } = proof
    expect(reasonOf(verify(bare, policy))).toBe('proof-malformed')
    expect(reasonOf(verify({ ...proof, extra: EXAMPLE.salt }, policy))).toBe('proof-malformed')
  })

  test('refuses any other addendum, salt, index or path', () => {
    const changes: Partial<LogProof>[] = [
      ...[0, 31, 32, addendum.length - 1].map((i) => ({
        extra: addendum.map((byte, j) => (i === j ? byte ^ 1 : byte)),
      })),
      { extra: concat(addendum, Uint8Array.of(0)) },
      { index: 0 },
      { index: 2 },
      { index: 3 },
      { hashes: proof.hashes.toReversed() },
      { hashes: proof.hashes.slice(1) },
      { hashes: [...proof.hashes, at(proof.hashes, 0)] },
    ]
    for (const change of changes) {
      expect(reasonOf(verify({ ...proof, ...change }, policy))).toBe('proof-wrong')
    }
  })

  test('refuses a checkpoint that the log did not sign, however many witnesses did', () => {
    const { text, signatures } = valueOf(parseNote(CHECKPOINT_NOTE))
    const unsigned = formatNote({ text, signatures: signatures.slice(1) })
    expect(reasonOf(verify({ ...proof, checkpoint: unsigned }, policy))).toBe('note-unsigned')
    const forged = CHECKPOINT_NOTE.replace('\n3\n', '\n4\n')
    expect(reasonOf(verify({ ...proof, checkpoint: forged }, policy))).toBe('note-signature-wrong')
  })
})

describe('the witnesses of a proof', () => {
  test('are counted, and the proof is only logged as long as the quorum is missed', () => {
    const outcomes = [cosigned(), cosigned(0), cosigned(0, 2), cosigned(0, 1, 2)].map((which) => {
      const { status, witnessed } = valueOf(verify(which))
      return [status, witnessed]
    })
    expect(outcomes).toEqual([
      ['logged', 0],
      ['logged', 1],
      ['witnessed', 2],
      ['witnessed', 3],
    ])
  })

  test('count once each, though one signed twice or holds two keys', () => {
    const twice = valueOf(verify(cosigned(0, 0)))
    expect([twice.status, twice.witnessed, twice.cosignatures.length]).toEqual(['logged', 1, 1])

    const renewed = { name: at(witnesses, 0).name, seed: consecutive(99) }
    const both = prove({
      index: 0,
      size: 2,
      lines: (text) =>
        [at(witnesses, 0), renewed].map((by) => signCosignature({ text, timeSeconds: 5 }, by)),
    })
    const known = [at(vkeys, 0), formatVkey(verifierOf(renewed, KEY_TYPE_COSIGNATURE))]
    const verified = valueOf(verify(both, { vkeys: known, quorum: 2 }))
    expect([verified.status, verified.witnessed, verified.cosignatures.length]).toEqual([
      'logged',
      1,
      2,
    ])
  })

  test('never suffice for a quorum that is not at least 1', () => {
    for (const quorum of [0, -1, Number.NaN]) {
      expect(valueOf(verify(cosigned(0, 1), { vkeys, quorum })).status).toBe('logged')
      expect(valueOf(verify(cosigned(), { vkeys, quorum })).status).toBe('logged')
    }
  })
})

describe('the list of witnesses', () => {
  test('decides whose cosignatures count', () => {
    const some = { vkeys: vkeys.slice(0, 1), quorum: 1 }
    expect(valueOf(verify(cosigned(1, 2), some))).toMatchObject({ status: 'logged', witnessed: 0 })
  })

  test('makes the whole proof fail with the line of one that is listed', () => {
    const good = cosigned(0, 1)
    const { text, signatures } = valueOf(parseNote(good.checkpoint))
    const other = signCosignature({ text: 'other\n', timeSeconds: 5 }, at(witnesses, 2))
    const checkpoint = formatNote({ text, signatures: [...signatures, other] })
    expect(reasonOf(verify({ ...good, checkpoint }))).toBe('note-signature-wrong')
  })

  test('is refused when two are one: a key under two names, or the log itself', () => {
    const again = { name: 'again.example', seed: at(witnesses, 0).seed }
    const logAsWitness = { name: 'operator.example', seed: EXAMPLE.log.seed }
    const nameOfLog = { name: EXAMPLE.log.name, seed: consecutive(120) }
    for (const signer of [at(witnesses, 0), again, logAsWitness, nameOfLog]) {
      const listed = [...vkeys, formatVkey(verifierOf(signer, KEY_TYPE_COSIGNATURE))]
      expect(reasonOf(verify(cosigned(0), { vkeys: listed, quorum: 1 }))).toBe('vkey-malformed')
    }
    expect(reasonOf(verify(cosigned(0), { vkeys: ['nonsense'], quorum: 1 }))).toBe('vkey-malformed')
  })

  test('does not make a key of another type a witness', () => {
    const listed = [formatVkey(verifierOf(at(witnesses, 0), KEY_TYPE_ED25519))]
    const plain = prove({ index: 0, size: 2, lines: (text) => [signNote(text, at(witnesses, 0))] })
    expect(valueOf(verify(plain, { vkeys: listed, quorum: 1 })).witnessed).toBe(0)
  })
})

test('a verified proof is made by the verifier alone', () => {
  // @ts-expect-error What was only read is not verified.
  const claimed: VerifiedLogProof = proof
  expect(claimed).toBe(proof)
})
