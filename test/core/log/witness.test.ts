import { expect, test } from 'vitest'
import { base64 } from '#core/bytes.ts'
import { parseCheckpoint } from '#core/log/checkpoint.ts'
import {
  formatNote,
  isSignedBy,
  KEY_TYPE_ED25519,
  parseNote,
  parseVkey,
  type SignatureCheck,
  type SignedNote,
  verifierOf,
} from '#core/log/note.ts'
import {
  type AddCheckpoint,
  type CosignedTree,
  formatAddCheckpoint,
  judgeCheckpoint,
  parseAddCheckpoint,
  parseCosignatureLines,
  parseTreeSize,
  withSignatures,
} from '#core/log/witness.ts'
import { toyLog } from '#test/helpers/toy-log.ts'
import {
  CHECKPOINT_NOTE,
  CHECKPOINT_TEXT,
  consecutive,
  EXAMPLE,
  LOG_LINE,
  reasonOf,
  valueOf,
  WITNESS_LINE,
} from './worked-example.ts'

const log = toyLog({ name: 'log.example', seed: consecutive(0x00) })
const fork = toyLog(log.signer, 5)
const logKeys = [valueOf(parseVkey(log.vkey))]

/** The request of the C2SP document, whose hashes and signatures belong to a log that nobody has. */
const C2SP_REQUEST = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`

function treeOf(toy: typeof log, size: number): CosignedTree {
  return { size, root: toy.root(size) }
}

async function asked(toy: typeof log, oldSize: number, size: number) {
  return valueOf(parseAddCheckpoint(await toy.request(oldSize, size)))
}

function judged(request: AddCheckpoint, last?: CosignedTree): string {
  const checkpoint = valueOf(parseCheckpoint(request.note.text))
  return judgeCheckpoint({ ...request, checkpoint }, { keys: logKeys, last }).kind
}

test('reads the request of the C2SP document and writes the same bytes', () => {
  const request = valueOf(parseAddCheckpoint(C2SP_REQUEST))
  expect(request.oldSize).toBe(20_852_014)
  expect(request.path.map(base64)).toEqual(C2SP_REQUEST.split('\n').slice(1, 5))
  expect(request.checkpoint.origin).toBe('example.com/behind-the-sofa')
  expect(request.note.signatures).toHaveLength(2)
  expect(formatAddCheckpoint(request)).toBe(C2SP_REQUEST)
})

test('asks for the worked example as other programs do', () => {
  const note = valueOf(parseNote(`${CHECKPOINT_TEXT}\n${LOG_LINE}\n`))
  const body = formatAddCheckpoint({ oldSize: 0, path: [], note })
  expect(body).toBe(`old 0\n\n${CHECKPOINT_TEXT}\n${LOG_LINE}\n`)
  const cosigned = withSignatures(note, valueOf(parseCosignatureLines(`${WITNESS_LINE}\n`)))
  expect(formatNote(cosigned)).toBe(CHECKPOINT_NOTE)
  const again = withSignatures(cosigned, valueOf(parseCosignatureLines(`${WITNESS_LINE}\n`)))
  expect(formatNote(again)).toBe(CHECKPOINT_NOTE)
  expect(EXAMPLE.witnessVkey).toContain('witness.example/w1')
})

test.each([
  ['nothing', ''],
  ['no empty line', 'old 0\n'],
  ['no old size', C2SP_REQUEST.replace('old 20852014\n', '')],
  ['a size with a leading zero', C2SP_REQUEST.replace('old ', 'old 0')],
  ['a size with a sign', C2SP_REQUEST.replace('old ', 'old -')],
  ['two spaces', C2SP_REQUEST.replace('old ', 'old  ')],
  ['a carriage return', C2SP_REQUEST.replace('\n', '\r\n')],
  ['a size above what numbers can count', C2SP_REQUEST.replace('20852014', '9007199254740993')],
  ['an old size above the new one', C2SP_REQUEST.replace('20852014', '20852164')],
  ['base64 in another spelling', C2SP_REQUEST.replace('pkaw=', 'pkax=')],
  ['base64 without its padding', C2SP_REQUEST.replace('pkaw=', 'pkaw')],
  ['a hash that is too short', C2SP_REQUEST.replace(/\nPlRN/, '\nAAAA\nPlRN')],
  ['64 hashes', C2SP_REQUEST.replace(/\n(PlRN[^\n]*)/, `\n$1${'\n$1'.repeat(60)}`)],
  ['a checkpoint without signatures', C2SP_REQUEST.slice(0, C2SP_REQUEST.indexOf('— '))],
  ['something after the last line', `${C2SP_REQUEST}\n`],
])('refuses a request with %s', (_, body) => {
  expect(reasonOf(parseAddCheckpoint(body))).not.toBe('accepted')
})

test('takes 63 hashes', () => {
  const body = C2SP_REQUEST.replace(/\n(PlRN[^\n]*)/, `\n$1${'\n$1'.repeat(59)}`)
  expect(valueOf(parseAddCheckpoint(body)).path).toHaveLength(63)
})

test('every growth of a log is consistent, from no size and from every size', async () => {
  for (let size = 1; size <= 17; size++) {
    expect(judged(await asked(log, 0, size))).toBe('consistent')
    for (let oldSize = 1; oldSize <= size; oldSize++)
      expect(judged(await asked(log, oldSize, size), treeOf(log, oldSize))).toBe('consistent')
  }
  expect(judged(await asked(log, 200, 300), treeOf(log, 200))).toBe('consistent')
})

test('another size than the last one is answered with the last one', async () => {
  for (const oldSize of [0, 3, 8])
    expect(
      judgeCheckpoint(await asked(log, oldSize, 9), { keys: logKeys, last: treeOf(log, 7) }),
      String(oldSize),
    ).toEqual({ kind: 'size-differs', size: 7 })
  expect(judgeCheckpoint(await asked(log, 3, 9), { keys: logKeys })).toEqual({
    kind: 'size-differs',
    size: 0,
  })
  expect(judgeCheckpoint(await asked(log, 3, 3), { keys: logKeys, last: treeOf(log, 7) })).toEqual({
    kind: 'size-differs',
    size: 7,
  })
})

test('a fork, a proof of something else, and a proof where none belongs are inconsistent', async () => {
  const [honest, forked] = [await asked(log, 7, 9), await asked(fork, 7, 9)]
  const last = treeOf(log, 7)
  expect(judged(forked, last)).toBe('inconsistent')
  expect(judged({ ...forked, path: honest.path }, last)).toBe('inconsistent')
  expect(judged({ ...honest, path: honest.path.slice(1) }, last)).toBe('inconsistent')
  expect(judged({ ...honest, path: [] }, last)).toBe('inconsistent')
  expect(judged(await asked(fork, 7, 7), last)).toBe('inconsistent')
  expect(judged({ ...(await asked(log, 7, 7)), path: honest.path }, last)).toBe('inconsistent')
  expect(judged({ ...honest, oldSize: 0 })).toBe('inconsistent')
  expect(judged({ ...honest, oldSize: 0, path: [] })).toBe('consistent')
})

test('only a key that is known of the log counts, whatever else is signed beneath', async () => {
  const stranger = { name: 'log.example', seed: consecutive(0x60) }
  const next = { name: 'log.example', seed: consecutive(0x70) }
  const other = { name: 'other.example', seed: consecutive(0x00) }
  const request = async (note: SignedNote): Promise<string> =>
    judged({ ...(await asked(log, 0, 3)), note })
  expect(await request(log.note(3, stranger))).toBe('untrusted')
  expect(await request(log.note(3, other))).toBe('untrusted')
  expect(await request(log.note(3, stranger, log.signer))).toBe('consistent')
  const broken = log.note(3)
  for (const { signature } of broken.signatures) signature.set([0, 1, 2, 3])
  expect(await request(broken)).toBe('untrusted')

  const both = [...logKeys, verifierOf(next, KEY_TYPE_ED25519)]
  const rotated = { ...(await asked(log, 0, 3)), note: log.note(3, next) }
  expect(judgeCheckpoint(rotated, { keys: logKeys }).kind).toBe('untrusted')
  expect(judgeCheckpoint(rotated, { keys: both }).kind).toBe('consistent')
})

test('no signature is computed for a wrong size, and a line is computed once however often it was copied', async () => {
  let computed = 0
  const check: SignatureCheck = (claim) => {
    computed += 1
    return isSignedBy(claim)
  }
  const stranger = { name: 'log.example', seed: consecutive(0x60) }
  const note = log.note(9, log.signer, stranger)
  const copied = { ...note, signatures: Array.from({ length: 50 }, () => note.signatures).flat() }
  const request = { ...(await asked(log, 7, 9)), note: copied }
  const wrong = judgeCheckpoint(request, { keys: logKeys, check, last: treeOf(log, 8) })
  expect([wrong.kind, computed]).toEqual(['size-differs', 0])
  const right = judgeCheckpoint(request, { keys: logKeys, check, last: treeOf(log, 7) })
  expect(right).toMatchObject({ kind: 'consistent', signatures: note.signatures.slice(0, 1) })
  expect(computed).toBe(1)
})

test('an answer is one line or more of signatures and nothing else', () => {
  const two = `${WITNESS_LINE}\n${LOG_LINE}\n`
  expect(valueOf(parseCosignatureLines(two))).toHaveLength(2)
  const wrong = ['', '\n', WITNESS_LINE, `${two}\n`, `ok\n${two}`, `${WITNESS_LINE} \n`]
  for (const body of wrong)
    expect(reasonOf(parseCosignatureLines(body)), body).toBe('note-malformed')
  expect(reasonOf(parseCosignatureLines(`${WITNESS_LINE}\n`.repeat(200)))).toBe('note-malformed')
})

test('a size is a decimal and an end of line', () => {
  expect(parseTreeSize('0\n')).toBe(0)
  expect(parseTreeSize('20852163\n')).toBe(20_852_163)
  for (const body of ['', '\n', '7', '07\n', '7\n\n', '7 \n', '-1\n', '9007199254740993\n'])
    expect(parseTreeSize(body), body).toBeUndefined()
})
