import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeEnvelope, mailboxLine, productLine } from '#client/envelope.ts'
import type { VerifiedMailbox } from '#client/mailbox.ts'
import { type NoticeExpectation, openEnvelope, type OpenedNotice } from '#client/open-envelope.ts'
import { encryptTo, signEntity } from '#client/openpgp.ts'
import { utf8 } from '#core/bytes.ts'
import type { NoticeStatement } from '#core/notice-statement.ts'
import type { RefusalReason } from '#core/refusal.ts'
import type { Result } from '#core/result.ts'
import type { VerifiedReceipt } from '#core/verify-receipt.ts'
import type { Company } from '#test/helpers/coalition.ts'
import {
  draftOf,
  expectationOf,
  openStage,
  signedAltered,
  signedFor,
  type Stage,
  toMailbox,
} from '#test/helpers/envelope-stage.ts'
import { type Filed, fileLines, pathIn, receiptOf } from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { BRIEF } from '#test/helpers/statements.ts'

/** Somebody else's line in the same bundle. */
const OTHER_LINE = productLine('ee'.repeat(32))

let stage: Stage
let filed: Filed
let receipt: VerifiedReceipt
let messages: ReadonlyMap<string, Uint8Array>

/** What an attacker changes of a notice that would be genuine. */
interface Twist {
  readonly name: string
  readonly expected: RefusalReason
  readonly statement?: () => Partial<NoticeStatement>
  readonly signer?: () => Company
  readonly mailbox?: () => VerifiedMailbox
}

/** Each stands as a line in one bundle that Contoso really filed, encrypted to Anna: only her client can tell. */
const TWISTS: readonly Twist[] = [
  {
    name: 'a notice for another mailbox, encrypted again to the reader',
    expected: 'notice-not-for-me',
    mailbox: () => stage.borisMailbox,
  },
  {
    name: 'a notice with another brief than the act commits to',
    expected: 'notice-brief-wrong',
    statement: () => ({
      brief: { content: { ...BRIEF, ongoing: 'yes' }, salt: stage.desk.plan.salts.brief },
    }),
  },
  {
    name: 'a notice by another template than the act commits to',
    expected: 'notice-template-wrong',
    statement: () => ({ template: { hash: stage.desk.plan.template.hash, salt: '22'.repeat(32) } }),
  },
  {
    name: 'a notice signed by an officer of another party',
    expected: 'notice-signer-wrong',
    signer: () => stage.fabrikam,
  },
  {
    name: 'a notice signed by an officer of the filer who may not report',
    expected: 'notice-signer-wrong',
    signer: () => stage.counsel,
  },
  {
    name: 'a notice signed by another reporter than the act names',
    expected: 'notice-signer-wrong',
    signer: () => stage.secondReporter,
  },
  {
    name: 'a notice in the name of another party',
    expected: 'notice-filer-wrong',
    statement: () => ({ filer: 'fabrikam.example' }),
  },
  {
    name: 'a notice of a coalition with another name',
    expected: 'notice-origin-wrong',
    statement: () => ({ origin: 'other.example' }),
  },
  {
    name: 'a notice of a coalition with another charter',
    expected: 'notice-origin-wrong',
    statement: () => ({ genesis: 'ab'.repeat(32) }),
  },
  {
    name: 'a notice of another kind than the act',
    expected: 'notice-text-wrong',
    statement: () => ({ kind: 'withdrawal', supersedes: 'cd'.repeat(16) }),
  },
]

beforeAll(async () => {
  stage = await openStage()
  messages = await composeMessages()
  const lines = [...messages.values()].map((message) => mailboxLine(stage.anna.id, message))
  filed = await fileLines(stage.coalition, stage.desk, { lines: [...lines, OTHER_LINE] })
  receipt = await receiptOf(stage.coalition, filed)
})
afterAll(async () => {
  await stage.coalition.close()
})

/** The genuine message, one for each twist, one whose text says something else than its facts, and one that is no notice. */
async function composeMessages(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { annaMailbox, contoso, desk } = stage
  const composed = new Map<string, Uint8Array>()
  composed.set('genuine', accepted(await composeEnvelope(draftOf(stage), annaMailbox)).message)
  for (const { mailbox, name, signer, statement } of TWISTS) {
    const draft = draftOf(stage, statement?.(), signer?.())
    composed.set(name, await toAnna(await signedFor(draft, toMailbox(mailbox?.() ?? annaMailbox))))
  }
  composed.set('altered', await toAnna(await signedAltered(stage, toMailbox(annaMailbox))))
  const hello = utf8('Content-Type: text/plain\r\n\r\nhello')
  composed.set('other', await toAnna(await signEntity(contoso.key, hello, { at: desk.plan.at })))
  return composed
}

async function toAnna(signed: Uint8Array): Promise<Uint8Array> {
  return await encryptTo(stage.anna.certificateBytes, signed, { at: stage.desk.plan.at })
}

function messageOf(name: string): Uint8Array {
  const message = messages.get(name)
  if (message === undefined) throw new Error(`no message ${name}`)
  return message
}

async function openMail(
  message: Uint8Array,
  twist: Partial<NoticeExpectation> = {},
): Promise<Result<OpenedNotice>> {
  const path = pathIn(filed, mailboxLine(stage.anna.id, message))
  return await openUnproven(message, { proof: { receipt, path }, ...twist })
}

async function openUnproven(
  message: Uint8Array,
  twist: Partial<NoticeExpectation> = {},
): Promise<Result<OpenedNotice>> {
  const envelope = { message, mailbox: stage.anna.id, key: stage.anna.key }
  return await openEnvelope(envelope, { ...expectationOf(stage), ...twist })
}

test('a mailbox line opens where every binding holds', async () => {
  expect(reasonOf(await openMail(messageOf('genuine')))).toBe('accepted')
})

test.each(TWISTS)('a mailbox line is refused: $name', async ({ expected, name }) => {
  expect(reasonOf(await openMail(messageOf(name)))).toBe(expected)
})

test('a mailbox line is refused where its text says what template and facts do not', async () => {
  expect(reasonOf(await openMail(messageOf('altered')))).toBe('notice-text-wrong')
})

test('a mailbox line is refused where it holds something else than a notice', async () => {
  expect(reasonOf(await openMail(messageOf('other')))).toBe('notice-malformed')
})

test('a mailbox line is refused with the path of another line', async () => {
  const path = pathIn(filed, OTHER_LINE)
  const opened = await openMail(messageOf('genuine'), { proof: { receipt, path } })
  expect(reasonOf(opened)).toBe('receipt-line-wrong')
})

test('a mailbox line is refused with a count that the act does not name', async () => {
  const path = pathIn(filed, mailboxLine(stage.anna.id, messageOf('genuine')))
  const opened = await openMail(messageOf('genuine'), {
    proof: { receipt, path: { ...path, count: 2048 } },
  })
  expect(reasonOf(opened)).toBe('receipt-line-wrong')
})

test('a mailbox line is refused to whom it was not encrypted', async () => {
  const message = await encryptTo(
    stage.borisMailbox.certificate,
    await signedFor(draftOf(stage), toMailbox(stage.annaMailbox)),
    { at: stage.desk.plan.at },
  )
  const opened = await openUnproven(message)
  expect(reasonOf(opened)).toBe('envelope-recipient-wrong')
})

test('a mailbox line is refused where it names another mailbox of the same key', async () => {
  const to = { fingerprint: stage.anna.key.fingerprint, mailbox: stage.borisMailbox.id }
  const message = await toAnna(await signedFor(draftOf(stage), to))
  const opened = await openUnproven(message)
  expect(reasonOf(opened)).toBe('notice-not-for-me')
})

test.each([
  { name: 'of another party', signer: () => stage.fabrikam },
  { name: 'who may not report', signer: () => stage.counsel },
])(
  'a mailbox line is refused without a receipt, too, when signed by an officer $name',
  async ({ signer }) => {
    const signed = await signedFor(draftOf(stage, {}, signer()), toMailbox(stage.annaMailbox))
    const opened = await openUnproven(await toAnna(signed))
    expect(reasonOf(opened)).toBe('notice-signer-wrong')
  },
)

test('a mailbox line shows as not verified without a receipt, and says nothing of the act', async () => {
  const opened = accepted(await openUnproven(messageOf('genuine')))
  expect(opened.status).toBe('not verified')
  expect(opened.isProven).toBe(false)
  expect(opened.act).toBeUndefined()
})
