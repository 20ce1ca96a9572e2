import { readFileSync, writeFileSync } from 'node:fs'
import { fromBase64, sameBytes } from '#core/bytes.ts'
import { NO_HEAD } from '#core/act.ts'
import { sha256Hex } from '#core/hash.ts'
import { parseCheckpoint } from '#core/log/checkpoint.ts'
import { parseNote } from '#core/log/note.ts'
import { parseLogProof } from '#core/log/proof.ts'
import { mailboxId } from '#core/mailbox.ts'
import { z } from 'zod'
import { type Keys, readKeys } from './keys.ts'
import { type Before, makeLater, tellLater } from './later.ts'
import { openLog } from './log.ts'
import { type Contents, readVectors } from './schemas.ts'
import { ALICE_SALT, must, type Sealed, signerOf } from './story.ts'
import { writeSums } from './sums.ts'

// Usage: node --import tsx test/vectors/extend.ts
//
// Adds what happened later to receipts.json and leaves every other byte of the vectors as it is: the log of the story is built again from its
// receipts, since signatures cannot be made twice.

/** Acts of the story before, each with a nonce of its own. */
const ACTS_BEFORE = 100

const folder = new URL('.', import.meta.url)
const receipts = readVectors('receipts.json')
if (receipts.valid.length > 2) throw new Error('the receipts have what happened later')
const before = restore(readKeys(), receipts)
const later = await makeLater(await tellLater(before))
// What is written stays as it is, to the byte: the new members are put at the end of their arrays.
const file = new URL('receipts.json', folder)
const written = readFileSync(file, 'utf8')
writeFileSync(file, appended(appended(written, 'refused', later.valid), 'line', later.refused))
writeSums(folder)

/** Adds members to the array that stands before another member of the file. */
function appended(text: string, next: string, members: readonly object[]): string {
  const end = text.indexOf(`\n  ],\n  "${next}": `)
  if (end < 0) throw new Error(`nothing stands before ${next}`)
  const added = members.map((member) =>
    JSON.stringify(member, undefined, 2).replaceAll(/^/gm, '    '),
  )
  return `${[text.slice(0, end), ...added].join(',\n')}${text.slice(end)}`
}

/** The story up to its last receipt, with the very log that these stand in. */
function restore(keys: Keys, { refused, valid }: Contents['receipts.json']): Before {
  const [notice, acknowledgement] = valid.map(({ receipt }) => receipt)
  const [charter, admission] = notice?.directory.chain ?? []
  const [enrolment, rotation] = acknowledgement?.mailbox ?? []
  const acts = {
    charter: sealedIn(charter),
    admission: sealedIn(admission),
    notice: sealedIn(notice?.act),
    support: sealedIn(notice?.supports[0]),
    enrolment: sealedIn(enrolment),
    rotation: sealedIn(rotation),
    acknowledgement: sealedIn(acknowledgement?.act),
  }
  const valueOf = (name: string) => refused.find((one) => one.name === name)?.changes[0]?.value
  const stale = sealedIn(valueOf('of an act that was signed 40 days before'))
  const supports = z
    .array(z.unknown())
    .parse(valueOf('with a support by an officer without the duty'))
  const log = openLog(keys)
  const first = log.record(acts.charter, { prev: NO_HEAD })
  log.head(first)
  const second = log.record(acts.admission, { prev: first })
  log.head(second)
  for (let i = 0; i < 3; i++) log.stranger(second)
  const {
    acknowledgement: last,
    enrolment: enrolled,
    notice: filed,
    rotation: rotated,
    support,
  } = acts
  for (const act of [filed, support, enrolled, rotated, last])
    log.record(act, { directory: second })
  log.head(second)
  for (let i = 0; i < 6; i++) log.stranger(second)
  for (const act of [stale, sealedIn(supports[0])]) log.record(act, { directory: second })
  const proof = must(parseLogProof(notice?.act.proof ?? ''))
  const tree = must(parseCheckpoint(must(parseNote(proof.checkpoint)).text))
  if (tree.size !== log.addenda.length || !sameBytes(tree.root, log.root()))
    throw new Error('this is not the log of the receipts')
  const mailbox = mailboxId(keys.openpgp.alice.fingerprint, ALICE_SALT)
  return { acts, heads: [first, second], keys, log, mailbox, sign: signerOf(keys, ACTS_BEFORE) }
}

function sealedIn(value: unknown): Sealed {
  const { payload: encoded, signatures } = z
    .looseObject({ payload: z.string(), signatures: z.array(z.string()) })
    .parse(value)
  const payload = fromBase64(encoded)
  if (payload === undefined) throw new Error('a payload is base64')
  return { payload, id: sha256Hex(payload), signatures }
}
