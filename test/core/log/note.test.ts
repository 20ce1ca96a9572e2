import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base64, concat, hex } from '#core/bytes.ts'
import {
  formatNote,
  formatSignatureLine,
  formatVkey,
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ED25519,
  keyIdOf,
  parseNote,
  parseSignatureLine,
  parseVkey,
  signNote,
  type SignedNote,
  type VerifiedNote,
  verifierOf,
  verifyNote,
} from '#core/log/note.ts'
import {
  at,
  CHECKPOINT_NOTE,
  CHECKPOINT_TEXT,
  consecutive,
  EXAMPLE,
  LOG_LINE,
  reasonOf,
  valueOf,
} from './worked-example.ts'

const logVerifier = valueOf(parseVkey(EXAMPLE.logVkey))
const grease = formatSignatureLine({
  name: 'grease.example',
  keyId: Uint8Array.of(0xff, 1, 2, 3),
  signature: new Uint8Array(77).fill(9),
})

/** Changes the blob of a line, so that only the bytes are wrong and not the form. */
function withFlippedByte(line: string, offset: number): string {
  const parsed = valueOf(parseSignatureLine(line))
  const signature = parsed.signature.map((byte, i) => (i === offset ? byte ^ 1 : byte))
  return formatSignatureLine({ ...parsed, signature })
}

const exampleNote = valueOf(parseNote(CHECKPOINT_NOTE))

function verify(text: string) {
  return verifyNote(valueOf(parseNote(text)), [logVerifier])
}

/** A note with so many signature lines. */
function noteWithLines(count: number): string {
  return `text\n\n${`${grease}\n`.repeat(count)}`
}

describe('a verifier key', () => {
  test('of log and witness is that of the worked example', () => {
    expect(formatVkey(verifierOf(EXAMPLE.log, KEY_TYPE_ED25519))).toBe(EXAMPLE.logVkey)
    expect(formatVkey(verifierOf(EXAMPLE.witness, KEY_TYPE_COSIGNATURE))).toBe(EXAMPLE.witnessVkey)
  })

  test('is read as it was written, also where its base64 holds a plus', () => {
    for (const vkey of [EXAMPLE.logVkey, EXAMPLE.witnessVkey]) {
      expect(formatVkey(valueOf(parseVkey(vkey)))).toBe(vkey)
    }
    const seeds = Array.from({ length: 40 }, (_, i) => consecutive(i))
    const vkeys = seeds.map((seed) =>
      formatVkey(verifierOf({ name: 'a/b', seed }, KEY_TYPE_ED25519)),
    )
    expect(vkeys.filter((vkey) => vkey.split('+').length > 3).length).toBeGreaterThan(0)
    for (const vkey of vkeys) expect(formatVkey(valueOf(parseVkey(vkey)))).toBe(vkey)
  })

  test('of ML-DSA-44 is read, for nobody to match', () => {
    const key = { name: 'witness.example/pq', type: 0x06, publicKey: new Uint8Array(1312).fill(5) }
    expect(valueOf(parseVkey(formatVkey(key)))).toEqual(key)
  })

  const [name = '', id = '', ...rest] = EXAMPLE.logVkey.split('+')
  const key = rest.join('+')

  const shortKey = { name, type: 1, publicKey: new Uint8Array(31) }
  test.each([
    ['nothing', ''],
    ['no key', `${name}+${id}`],
    ['an empty name', `+${id}+${key}`],
    ['a name with a space', `a b+${id}+${key}`],
    ['a name with a no-break space', `a\u00a0b+${id}+${key}`],
    ['a name with a line feed', `a\nb+${id}+${key}`],
    ['a name with half a character', `a\ud800b+${id}+${key}`],
    ['upper-case hex', `${name}+${id.toUpperCase()}+${key}`],
    ['another key id', `${name}+5a662683+${key}`],
    ['a longer key id', `${name}+${id}00+${key}`],
    ['the key id of another name', `other${name}+${id}+${key}`],
    ['padded base64 cut off', `${name}+${id}+${key.slice(0, -1)}`],
    ['base64 of another alphabet', `${name}+${id}+${key.replaceAll('/', '_')}`],
    ['a type without a key', `${name}+${id}+AQ==`],
    ['a key of 31 bytes', formatVkey(shortKey)],
    ['a space after it', `${EXAMPLE.logVkey} `],
    [
      'more than 4,096 characters',
      formatVkey({ ...shortKey, type: 9, publicKey: new Uint8Array(4000) }),
    ],
  ])('is refused with %s', (_, vkey) => {
    expect(reasonOf(parseVkey(vkey))).toBe('vkey-malformed')
  })
})

describe('reading a note', () => {
  test('gives back the same bytes when written again', () => {
    for (const note of [
      CHECKPOINT_NOTE,
      `\n\n${LOG_LINE}\n`,
      `a\n\nb\n\n\n${LOG_LINE}\n${grease}\n`,
    ]) {
      expect(formatNote(valueOf(parseNote(note)))).toBe(note)
    }
  })

  test('parts text and signatures at the last blank line', () => {
    const { text, signatures } = valueOf(parseNote(`one\n\n${LOG_LINE}\n\n${grease}\n`))
    expect(text).toBe(`one\n\n${LOG_LINE}\n`)
    expect(signatures.map(({ name }) => name)).toEqual(['grease.example'])
  })

  test('writes again whatever it accepts of texts and names', () => {
    const signature = fc.record({
      name: fc.string({ minLength: 1, maxLength: 9, unit: 'grapheme' }),
      keyId: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      signature: fc.uint8Array({ minLength: 0, maxLength: 9 }),
    })
    const notes = fc.tuple(fc.string({ unit: 'grapheme' }), fc.array(signature, { maxLength: 4 }))
    fc.assert(
      fc.property(notes, ([text, signatures]) => {
        const note = `${text}\n\n${signatures.map((line) => `${formatSignatureLine(line)}\n`).join('')}`
        const parsed = parseNote(note)
        if (parsed.ok) expect(formatNote(parsed.value)).toBe(note)
        else expect(parsed.refusal.reason).toBe('note-malformed')
      }),
    )
  })

  test('takes 100 signatures and refuses 101', () => {
    expect(valueOf(parseNote(noteWithLines(16))).signatures).toHaveLength(16)
    expect(valueOf(parseNote(noteWithLines(100))).signatures).toHaveLength(100)
    expect(reasonOf(parseNote(noteWithLines(101)))).toBe('note-malformed')
  })

  test('takes 1 MiB, counted in bytes, and refuses one byte more', () => {
    const rest = `\n\n${grease}\n`
    const room = 1_048_576 - Buffer.byteLength(rest)
    expect(reasonOf(parseNote(`${'a'.repeat(room)}${rest}`))).toBe('accepted')
    expect(reasonOf(parseNote(`${'a'.repeat(room + 1)}${rest}`))).toBe('note-malformed')
    expect(reasonOf(parseNote(`${'é'.repeat(room / 2 + 1)}${rest}`))).toBe('note-malformed')
  })
})

describe('what is not a note', () => {
  const blob = LOG_LINE.split(' ')[2] ?? ''
  test.each([
    ['nothing', ''],
    ['text alone', CHECKPOINT_TEXT],
    ['no blank line', `text\n${LOG_LINE}\n`],
    ['no signature line', 'text\n\n'],
    ['no end of line', `text\n\n${LOG_LINE}`],
    ['a blank line at the end', `text\n\n${LOG_LINE}\n\n`],
    ['text in place of a signature', 'text\n\ntext\n'],
    ['a hyphen in place of the dash', `text\n\n${LOG_LINE.replace('—', '-')}\n`],
    ['two spaces after the dash', `text\n\n${LOG_LINE.replace('— ', '—  ')}\n`],
    ['a third field', `text\n\n${LOG_LINE} x\n`],
    ['a space at the end', `text\n\n${LOG_LINE} \n`],
    ['a carriage return', `text\n\n${LOG_LINE}\r\n`],
    ['a tab in the text', `te\txt\n\n${LOG_LINE}\n`],
    ['a NUL in the text', `te\0xt\n\n${LOG_LINE}\n`],
    ['half a character in the text', `te\ud83dxt\n\n${LOG_LINE}\n`],
    ['a name with a plus', `text\n\n— a+b ${blob}\n`],
    ['a name with an em space', `text\n\n— a\u2003b ${blob}\n`],
    ['no name', `text\n\n—  ${blob}\n`],
    ['a key id without a signature', `text\n\n— a ${base64(new Uint8Array(4))}\n`],
    ['unpadded base64', `text\n\n— a ${blob.replace('=', '')}\n`],
    ['base64 with other trailing bits', `text\n\n— a ${blob.replace('Q0=', 'Q1=')}\n`],
    ['base64 of the web alphabet', `text\n\n— a ${blob.replaceAll('/', '_')}\n`],
    ['base64 after its padding', `text\n\n— a ${blob}AAAA\n`],
  ])('is refused: %s', (_, note) => {
    expect(reasonOf(parseNote(note))).toBe('note-malformed')
  })
})

describe('verifying a note', () => {
  test('accepts the signature of a known key and says whose it is', () => {
    const verified = valueOf(verifyNote(exampleNote, [logVerifier]))
    expect(verified).toMatchObject({ text: CHECKPOINT_TEXT, signers: [logVerifier] })
  })

  test('ignores lines of unknown keys before, after and between', () => {
    const ours = formatSignatureLine({
      ...at(exampleNote.signatures, 0),
      keyId: Uint8Array.of(1, 2, 3, 4),
    })
    const lines = [grease, ours, LOG_LINE, grease]
    expect(verify(`${CHECKPOINT_TEXT}\n${lines.join('\n')}\n`).ok).toBe(true)
  })

  test('refuses a note that no known key signed', () => {
    expect(reasonOf(verify(`${CHECKPOINT_TEXT}\n${grease}\n`))).toBe('note-unsigned')
    expect(reasonOf(verifyNote(exampleNote, []))).toBe('note-unsigned')
    expect(reasonOf(verifyNote(exampleNote, [{ ...logVerifier, name: 'other.example' }]))).toBe(
      'note-unsigned',
    )
    expect(reasonOf(verifyNote(exampleNote, [valueOf(parseVkey(EXAMPLE.witnessVkey))]))).toBe(
      'note-unsigned',
    )
  })

  test('refuses a note when one line of a known key fails, though another is good', () => {
    const bad = withFlippedByte(LOG_LINE, 20)
    for (const lines of [[bad], [LOG_LINE, bad], [bad, LOG_LINE]]) {
      expect(reasonOf(verify(`${CHECKPOINT_TEXT}\n${lines.join('\n')}\n`))).toBe(
        'note-signature-wrong',
      )
    }
  })

  test('refuses another text, and a signature cut short or lengthened', () => {
    const other = CHECKPOINT_TEXT.replace('\n3\n', '\n4\n')
    expect(reasonOf(verify(`${other}\n${LOG_LINE}\n`))).toBe('note-signature-wrong')
    const line = at(exampleNote.signatures, 0)
    for (const signature of [
      line.signature.subarray(1),
      concat(line.signature, Uint8Array.of(0)),
    ]) {
      const wrong: SignedNote = { text: CHECKPOINT_TEXT, signatures: [{ ...line, signature }] }
      expect(reasonOf(verifyNote(wrong, [logVerifier]))).toBe('note-signature-wrong')
    }
  })

  test('refuses a key of small order, under which one signature fits every text', () => {
    const publicKey = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))
    const weak = { name: 'weak.example', type: KEY_TYPE_ED25519, publicKey }
    const signature = concat(publicKey, new Uint8Array(32))
    const signatures = [{ name: weak.name, keyId: keyIdOf(weak), signature }]
    expect(reasonOf(verifyNote({ text: 'any\n', signatures }, [weak]))).toBe('note-signature-wrong')
  })
})

describe('a verified note', () => {
  test('counts a key once, however often it signed, and refuses to know it twice', () => {
    const twice = valueOf(verify(`${CHECKPOINT_TEXT}\n${LOG_LINE}\n${LOG_LINE}\n`))
    expect(twice.signers).toHaveLength(1)
    expect(twice.signatures).toEqual(exampleNote.signatures.slice(0, 1))
    expect(reasonOf(verifyNote(exampleNote, [logVerifier, { ...logVerifier }]))).toBe(
      'vkey-malformed',
    )
  })

  test('is the only way to a verified note', () => {
    // @ts-expect-error A note that was only read is not verified.
    const verified: VerifiedNote = exampleNote
    expect(verified).toBe(exampleNote)
  })
})

describe('signing a note', () => {
  test('gives the line of the worked example', () => {
    expect(formatSignatureLine(signNote(CHECKPOINT_TEXT, EXAMPLE.log))).toBe(LOG_LINE)
    expect(hex(keyIdOf(logVerifier))).toBe('5a662682')
  })

  test('is refused for a text that cannot be that of a note', () => {
    for (const text of ['', 'no end of line', 'carriage\r\n', 'half \ud800\n']) {
      expect(() => signNote(text, EXAMPLE.log)).toThrow(RangeError)
    }
  })

  test('is refused for a seed of another length and for a name that is none', () => {
    expect(() => signNote('a\n', { ...EXAMPLE.log, seed: new Uint8Array(64) })).toThrow(RangeError)
    for (const name of ['', 'a b', 'a+b', 'a\n', 'a\u0007']) {
      expect(() => signNote('a\n', { ...EXAMPLE.log, name })).toThrow(RangeError)
    }
  })
})
