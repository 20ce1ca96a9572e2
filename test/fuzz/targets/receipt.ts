import * as stock from 'openpgp'
import { answerChallenge, unlockKey } from '#client/openpgp.ts'
import { fromBase64, fromUtf8, hex, utf8 } from '#core/bytes.ts'
import { checkEntity, composeEntity, readEntity } from '#core/entity.ts'
import { verifyLine, verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { parseStatement } from '#wire/notice.ts'
import { parseReceipt } from '#wire/receipt.ts'
import { must, mustEqual, type Target } from '#test/fuzz/engine.ts'
import { digest } from '#test/fuzz/naive-merkle.ts'
import { NOW, readKeys } from '#test/vectors/keys.ts'
import { readVectors } from '#test/vectors/schemas.ts'
import { answerOf } from './text.ts'

const { anchor, line, valid } = readVectors('receipts.json')
const challenges = readVectors('challenges.json')
const entities = readVectors('entity.json')
const keys = readKeys().openpgp
const signers = await Promise.all(
  Object.values(keys).map(
    async ({ certificate }) =>
      await stock.readKey({ binaryKey: fromBase64(certificate) ?? new Uint8Array() }),
  ),
)

/** What the good receipts prove: whatever a changed one proves is part of what one of them does, in the same tree. */
const proven = valid.map(({ expected }) => expected)

const receipt: Target = {
  name: 'receipt',
  words: ['"chain":', '"line":', '"mailbox":', '"release":', '"supports":[]'],
  bytesMax: 400_000,
  heapMegabytesMax: 160,
  seeds: () => valid.map((one) => utf8(JSON.stringify(one.receipt))),
  run: async (input) => {
    const text = fromUtf8(input)
    const read = text === undefined ? undefined : parseReceipt(text)
    if (read?.ok !== true) return read === undefined ? 'not text' : answerOf(read)
    const verified = await verifyReceipt(read.value, anchor, parseAct)
    if (!verified.ok) return answerOf(verified)
    const { leafIndex, parsed, signatures, supports, treeSize, witnessed } = verified.value
    const expected = proven.find(
      (one) => one.act === parsed.id && one.leaf_index === leafIndex && one.tree_size === treeSize,
    )
    must(expected !== undefined, 'an act has a receipt of a place where it was never logged')
    must(parsed.id === hex(digest(parsed.payload)), 'the act has another id')
    must(witnessed <= expected.witnessed, 'more witnesses are counted than ever cosigned')
    const seen = signatures.map(({ fingerprint, party }) => `${party} ${fingerprint}`)
    const right = expected.signers.map(({ fingerprint, party }) => `${party} ${fingerprint}`)
    must(seen.join() === right.join(), 'others are said to have signed')
    const supporters = new Set(expected.supports.map(({ party }) => party))
    must(
      supports.every(({ party }) => supporters.has(party)),
      'somebody else supports',
    )
    for (const { verified: one } of signatures) await checkByStock(one.packet, parsed.payload)
    if (read.value.line !== undefined) {
      const stands = verifyLine(parsed, read.value.line, line.text)
      return `accepted, line ${answerOf(stands)}`
    }
    return `accepted ${String(supports.length)}`
  },
}

async function checkByStock(packet: Uint8Array, payload: Uint8Array): Promise<void> {
  const { signatures } = await stock.verify({
    message: await stock.createMessage({ binary: payload }),
    signature: await stock.readSignature({ binarySignature: packet }),
    verificationKeys: signers,
    date: new Date(NOW * 1000),
  })
  must((await signatures[0]?.verified) === true, 'OpenPGP.js does not verify a signature')
}

const [expectedChallenge] = challenges.texts
const owner = Object.values(keys).find(
  ({ fingerprint }) => fingerprint === expectedChallenge?.expected.fingerprint,
)
const ownerKey = stock.readKey({
  binaryKey: fromBase64(owner?.certificate ?? '') ?? new Uint8Array(),
})
const unlocked = await unlockKey(owner?.private_key ?? '', '')

/** The plaintext of a challenge: encrypted here to its reader, as a server would. */
const challenge: Target = {
  name: 'challenge',
  words: ['dunant-challenge-v1\n', 'officer\n', 'mailbox\n', '\n', anchor.origin],
  bytesMax: 4096,
  seeds: () => challenges.texts.map(({ text }) => utf8(text)),
  run: async (input) => {
    if (expectedChallenge === undefined || !unlocked.ok) throw new Error('there is no challenge')
    const message = await stock.encrypt({
      message: await stock.createMessage({ binary: input, date: new Date(0) }),
      encryptionKeys: await ownerKey,
      format: 'binary',
      date: new Date(NOW * 1000),
    })
    const { expected } = expectedChallenge
    const answer = await answerChallenge(unlocked.value, message, expected)
    if (!answer.ok) return answerOf(answer)
    const { fingerprint, origin, purpose } = expected
    const exact = `dunant-challenge-v1\n${origin}\n${purpose}\n${fingerprint}\n${answer.value}\n`
    must(/^[0-9a-f]{64}$/.test(answer.value), 'more than 64 hex digits are given away')
    mustEqual(utf8(exact), input, 'another text is answered')
    return 'accepted'
  },
}

const entity: Target = {
  name: 'entity',
  words: [
    '\r\n',
    `boundary="dunant-${entities.statement.notice}"`,
    '--dunant-',
    '=?UTF-8?B?',
    '?=',
  ],
  bytesMax: 66_000,
  seeds: () => [fromBase64(entities.entity) ?? new Uint8Array()],
  run: (input) => {
    const json = readEntity(input)
    const statement = json.ok ? parseStatement(json.value) : json
    if (!statement.ok) return answerOf(statement)
    const checked = checkEntity(input, statement.value, entities.text)
    if (!checked.ok) return answerOf(checked)
    const composed = composeEntity(statement.value, entities.text)
    must(composed.ok, 'what was accepted cannot be composed')
    mustEqual(composed.value, input, 'an entity with other bytes is accepted')
    return 'accepted'
  },
}

/** What customers hold in their hands. */
export const RECEIPT_TARGETS: readonly Target[] = [receipt, challenge, entity]
