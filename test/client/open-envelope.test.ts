import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  composeEnvelope,
  composeProductLine,
  type EnvelopeDraft,
  mailboxLine,
  type ProductLine,
  productLine,
} from '#client/envelope.ts'
import { verifyMailbox, type VerifiedMailbox } from '#client/mailbox.ts'
import { type Envelope, type NoticeExpectation, openEnvelope } from '#client/open-envelope.ts'
import { encryptTo, signEntity } from '#client/openpgp.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { utf8 } from '#core/bytes.ts'
import { lineCommitment, templateCommitment } from '#core/commitment.ts'
import { composeEntity } from '#core/entity.ts'
import type { NoticeStatement } from '#core/notice-statement.ts'
import type { RefusalReason } from '#core/refusal.ts'
import type { Result } from '#core/result.ts'
import type { VerifiedReceipt } from '#core/verify-receipt.ts'
import { type Coalition, type Company, type Customer, ORIGIN } from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import {
  type Desk,
  type Filed,
  fileLines,
  foundWithTemplate,
  openDesk,
  pathIn,
  receiptOf,
} from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'
import { BRIEF, FACTS } from '#test/helpers/statements.ts'

const ACCOUNT = 'anna@contoso.example'
const SALT = new Uint8Array(32).fill(7)

let coalition: Coalition
let contoso: Company
let fabrikam: Company
let anna: Customer
let annaMailbox: VerifiedMailbox
let borisMailbox: VerifiedMailbox
/** Officers of Contoso: one without the duty to report, a second reporter. */
let counsel: Company
let secondReporter: Company
let desk: Desk
let filed: Filed
let receipt: VerifiedReceipt
let messages: ReadonlyMap<string, Uint8Array>
let product: ProductLine

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
    mailbox: () => borisMailbox,
  },
  {
    name: 'a notice with another brief than the act commits to',
    expected: 'notice-brief-wrong',
    statement: () => ({
      brief: { content: { ...BRIEF, ongoing: 'yes' }, salt: desk.plan.salts.brief },
    }),
  },
  {
    name: 'a notice by another template than the act commits to',
    expected: 'notice-template-wrong',
    statement: () => ({ template: { hash: desk.plan.template.hash, salt: '22'.repeat(32) } }),
  },
  {
    name: 'a notice signed by an officer of another party',
    expected: 'notice-signer-wrong',
    signer: () => fabrikam,
  },
  {
    name: 'a notice signed by an officer of the filer who may not report',
    expected: 'notice-signer-wrong',
    signer: () => counsel,
  },
  {
    name: 'a notice signed by another reporter than the act names',
    expected: 'notice-signer-wrong',
    signer: () => secondReporter,
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
  coalition = await foundWithTemplate()
  const [first, second] = coalition.companies
  if (first === undefined || second === undefined) throw new Error('companies are missing')
  contoso = first
  fabrikam = second
  anna = await coalition.enrol('anna')
  const boris = await coalition.enrol('boris')
  counsel = await addOfficer('counsel', ['counsel'])
  secondReporter = await addOfficer('second', DUTIES)
  desk = await openDesk(coalition, contoso)
  annaMailbox = await mailboxOf(anna)
  borisMailbox = await mailboxOf(boris)
  messages = await composeMessages()
  product = accepted(await composeProductLine(draft(), { account: ACCOUNT, salt: SALT }))
  const lines = [...messages.values()].map((message) => mailboxLine(anna.id, message))
  filed = await fileLines(coalition, desk, {
    lines: [...lines, product.line, productLine(alteredCommitment())],
  })
  receipt = await receiptOf(coalition, filed)
})
afterAll(async () => {
  await coalition.close()
})

async function addOfficer(
  name: string,
  duties: typeof DUTIES | readonly ['counsel'],
): Promise<Company> {
  const officer = await companyKey('contoso.example', name)
  const challenge = await coalition.challenge(officer.key, officer.certificateBytes, 'officer')
  const added = await coalition.submit(
    'officer.add',
    { certificate: officer.certificate, challenge, duties },
    contoso,
  )
  if (added.status !== 201) throw new Error(added.text)
  return officer
}

async function mailboxOf(customer: Customer): Promise<VerifiedMailbox> {
  const served = accepted(await desk.api.readMailbox(customer.id))
  return accepted(
    await verifyMailbox(served, { id: customer.id, origin: ORIGIN, now: coalition.clock.now() }),
  )
}

function draft(twist: Partial<NoticeStatement> = {}, signer = contoso): EnvelopeDraft {
  const { plan } = desk
  const text = plan.template.texts.get('en')
  if (text === undefined) throw new Error('there is no English text')
  const statement = {
    brief: { content: plan.brief, salt: plan.salts.brief },
    facts: FACTS,
    filer: plan.filer,
    genesis: plan.genesis,
    kind: plan.kind,
    language: 'en',
    notice: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
    origin: plan.origin,
    template: { hash: plan.template.hash, salt: plan.salts.template },
    v: 1 as const,
  }
  return { statement: { ...statement, ...twist }, text, reporterKey: signer.key, at: plan.at }
}

/** The genuine message, one for each twist, and one whose text says something else than its facts. */
async function composeMessages(): Promise<ReadonlyMap<string, Uint8Array>> {
  const composed = new Map<string, Uint8Array>()
  composed.set('genuine', accepted(await composeEnvelope(draft(), annaMailbox)).message)
  for (const { mailbox, name, signer, statement } of TWISTS) {
    const signed = await signedFor(draft(statement?.(), signer?.()), mailbox?.() ?? annaMailbox)
    composed.set(name, await encryptTo(anna.certificateBytes, signed, { at: desk.plan.at }))
  }
  const altered = await signEntity(
    contoso.key,
    alteredEntity({ fingerprint: anna.key.fingerprint, mailbox: anna.id }),
    {
      at: desk.plan.at,
    },
  )
  composed.set('altered', await encryptTo(anna.certificateBytes, altered, { at: desk.plan.at }))
  const other = await signEntity(contoso.key, utf8('Content-Type: text/plain\r\n\r\nhello'), {
    at: desk.plan.at,
  })
  composed.set('other', await encryptTo(anna.certificateBytes, other, { at: desk.plan.at }))
  return composed
}

async function signedFor(
  { at, reporterKey, statement, text }: EnvelopeDraft,
  mailbox: VerifiedMailbox,
): Promise<Uint8Array> {
  const to = { fingerprint: mailbox.facts.fingerprint, mailbox: mailbox.id }
  return await signEntity(reporterKey, accepted(composeEntity({ ...statement, to }, text)), { at })
}

/** The same length, and a sentence that is in no template. */
function alteredEntity(to: NoticeStatement['to']): Uint8Array {
  const { statement, text } = draft()
  const entity = accepted(composeEntity({ ...statement, to }, text))
  const original = new TextDecoder().decode(entity)
  const swapped = original.replace('We never ask you to click', 'You now have to go click ')
  if (swapped === original) throw new Error('the sentence to alter is not there')
  return utf8(swapped)
}

function alteredCommitment(): string {
  return lineCommitment('ee'.repeat(32), new Uint8Array([1]))
}

function messageOf(name: string): Uint8Array {
  const message = messages.get(name)
  if (message === undefined) throw new Error(`no message ${name}`)
  return message
}

function expectation(proof?: NoticeExpectation['proof']): NoticeExpectation {
  return {
    origin: ORIGIN,
    genesis: coalition.ports.genesis,
    directory: desk.replay.directory,
    findTemplate: async () => await Promise.resolve({ ok: true, value: desk.plan.template }),
    proof,
  }
}

async function openMail(
  message: Uint8Array,
  twist: Partial<NoticeExpectation> = {},
): Promise<Result<unknown>> {
  const path = pathIn(filed, mailboxLine(anna.id, message))
  const envelope: Envelope = { message, mailbox: anna.id, key: anna.key }
  return await openEnvelope(envelope, { ...expectation({ receipt, path }), ...twist })
}

describe('a mailbox line', () => {
  test('opens where every binding holds', async () => {
    expect(reasonOf(await openMail(messageOf('genuine')))).toBe('accepted')
  })

  test.each(TWISTS)('is refused: $name', async ({ expected, name }) => {
    expect(reasonOf(await openMail(messageOf(name)))).toBe(expected)
  })

  test('is refused where its text says what template and facts do not', async () => {
    expect(reasonOf(await openMail(messageOf('altered')))).toBe('notice-text-wrong')
  })

  test('is refused where it holds something else than a notice', async () => {
    expect(reasonOf(await openMail(messageOf('other')))).toBe('notice-malformed')
  })

  test('is refused with the path of another line', async () => {
    const path = pathIn(filed, product.line)
    const opened = await openMail(messageOf('genuine'), { proof: { receipt, path } })
    expect(reasonOf(opened)).toBe('receipt-line-wrong')
  })

  test('is refused with a count that the act does not name', async () => {
    const path = pathIn(filed, mailboxLine(anna.id, messageOf('genuine')))
    const opened = await openMail(messageOf('genuine'), {
      proof: { receipt, path: { ...path, count: 2048 } },
    })
    expect(reasonOf(opened)).toBe('receipt-line-wrong')
  })

  test('is refused to whom it was not encrypted', async () => {
    const message = await encryptTo(
      borisMailbox.certificate,
      await signedFor(draft(), annaMailbox),
      { at: desk.plan.at },
    )
    const opened = await openEnvelope({ message, mailbox: anna.id, key: anna.key }, expectation())
    expect(reasonOf(opened)).toBe('envelope-recipient-wrong')
  })

  test('is refused where it names another mailbox of the same key', async () => {
    const { at, reporterKey, statement, text } = draft()
    const to = { fingerprint: anna.key.fingerprint, mailbox: borisMailbox.id }
    const signed = await signEntity(
      reporterKey,
      accepted(composeEntity({ ...statement, to }, text)),
      { at },
    )
    const message = await encryptTo(anna.certificateBytes, signed, { at })
    const opened = await openEnvelope({ message, mailbox: anna.id, key: anna.key }, expectation())
    expect(reasonOf(opened)).toBe('notice-not-for-me')
  })

  test.each([
    { name: 'of another party', signer: () => fabrikam },
    { name: 'who may not report', signer: () => counsel },
  ])('is refused without a receipt, too, when signed by an officer $name', async ({ signer }) => {
    const signed = await signedFor(draft({}, signer()), annaMailbox)
    const message = await encryptTo(anna.certificateBytes, signed, { at: desk.plan.at })
    const opened = await openEnvelope({ message, mailbox: anna.id, key: anna.key }, expectation())
    expect(reasonOf(opened)).toBe('notice-signer-wrong')
  })

  test('shows as not verified without a receipt, and says nothing of the act', async () => {
    const opened = accepted(
      await openEnvelope(
        { message: messageOf('genuine'), mailbox: anna.id, key: anna.key },
        expectation(),
      ),
    )
    expect(opened.status).toBe('not verified')
    expect(opened.isProven).toBe(false)
    expect(opened.act).toBeUndefined()
  })
})

describe('a product notice', () => {
  const envelope = (twist: object = {}): Envelope => ({
    signed: product.signed,
    salt: product.salt,
    account: ACCOUNT,
    ...twist,
  })
  const proofOf = (line: string) => ({ receipt, path: pathIn(filed, line) })

  test('opens for the account however its reader spells it', async () => {
    const opened = await openEnvelope(
      envelope({ account: ' ANNA@Contoso.example' }),
      expectation(proofOf(product.line)),
    )
    expect(reasonOf(opened)).toBe('accepted')
  })

  test('is refused for another account', async () => {
    const opened = await openEnvelope(
      envelope({ account: 'boris@contoso.example' }),
      expectation(proofOf(product.line)),
    )
    expect(reasonOf(opened)).toBe('notice-not-for-me')
  })

  test('is refused with another salt than the commitment was made with', async () => {
    const opened = await openEnvelope(
      envelope({ salt: '00'.repeat(32) }),
      expectation(proofOf(product.line)),
    )
    expect(reasonOf(opened)).toBe('notice-commitment-wrong')
  })

  test('is refused with the commitment of somebody else', async () => {
    const opened = await openEnvelope(
      envelope(),
      expectation(proofOf(productLine(alteredCommitment()))),
    )
    expect(reasonOf(opened)).toBe('notice-commitment-wrong')
  })

  test('is refused where its text says what template and facts do not', async () => {
    const signed = await signEntity(contoso.key, alteredEntity({ account: ACCOUNT }), {
      at: desk.plan.at,
    })
    expect(reasonOf(await openEnvelope(envelope({ signed }), expectation()))).toBe(
      'notice-text-wrong',
    )
  })

  test('is refused for a mailbox notice shown as a product', async () => {
    const signed = await signedFor(draft(), annaMailbox)
    expect(reasonOf(await openEnvelope(envelope({ signed }), expectation()))).toBe(
      'notice-not-for-me',
    )
  })

  test('is refused where a byte of the signed message was changed', async () => {
    const signed = Uint8Array.from(product.signed)
    const place = signed.length - 20
    signed[place] = (signed[place] ?? 0) ^ 1
    const opened = await openEnvelope(envelope({ signed }), expectation())
    expect(['notice-signer-wrong', 'notice-malformed']).toContain(reasonOf(opened))
  })
})

test('a receipt of another act than a notice proves no notice', async () => {
  const other = await receiptOf(coalition, { api: desk.api, id: await governanceAct() })
  const path = pathIn(filed, mailboxLine(anna.id, messageOf('genuine')))
  const opened = await openMail(messageOf('genuine'), { proof: { receipt: other, path } })
  expect(reasonOf(opened)).toBe('notice-filer-wrong')
})

async function governanceAct(): Promise<string> {
  const added = await coalition.submit(
    'officer.change',
    { duties: ['counsel', 'reviewer'], fingerprint: counsel.key.fingerprint },
    contoso,
  )
  return String(added.body['id'])
}

test('a notice by a template that the coalition never adopted is refused', async () => {
  const hash = '44'.repeat(32)
  const template = { hash, salt: desk.plan.salts.template }
  const message = accepted(await composeEnvelope(draft({ template }), annaMailbox)).message
  const line = mailboxLine(anna.id, message)
  const twist = { template: templateCommitment(template.salt, hash) }
  const other = await fileLines(coalition, desk, { lines: [line], twist })
  const proof = { receipt: await receiptOf(coalition, other), path: pathIn(other, line) }
  const opened = await openEnvelope(
    { message, mailbox: anna.id, key: anna.key },
    expectation(proof),
  )
  expect(opened).toMatchObject({
    refusal: { reason: 'notice-template-wrong', detail: 'the template is not adopted' },
  })
})

test('a notice whose reporter is retired is refused without a receipt, and holds with one from before', async () => {
  const added = await addOfficer('leaver', DUTIES)
  const message = accepted(await composeEnvelope(draft({}, added), annaMailbox)).message
  const line = mailboxLine(anna.id, message)
  const before = await fileLines(coalition, { ...desk, company: added }, { lines: [line] })
  const retired = await coalition.submit(
    'officer.retire',
    { fingerprint: added.key.fingerprint, reason: 'compromised' },
    contoso,
  )
  expect(retired.status).toBe(201)
  const after = await openDesk(coalition, contoso)
  const envelope = { message, mailbox: anna.id, key: anna.key }
  const unproven = { ...expectation(), directory: after.replay.directory }
  expect(reasonOf(await openEnvelope(envelope, unproven))).toBe('notice-signer-wrong')
  const proof = {
    receipt: await receiptOf(coalition, { ...before, api: after.api }),
    path: pathIn(before, line),
  }
  const opened = accepted(await openEnvelope(envelope, { ...unproven, proof }))
  expect(opened.marks).toEqual(['signer-compromised'])
})

test('a joint notice that still waits for its supports is not shown as filed', async () => {
  const opened = await coalition.submit('campaign.open', await campaignBody(), contoso)
  const campaign = String(opened.body['id'])
  const message = accepted(await composeEnvelope(draft(), annaMailbox)).message
  const line = mailboxLine(anna.id, message)
  const until = new Date((coalition.clock.now() + 3600) * 1000).toISOString().replace('.000', '')
  const waiting = await fileLines(coalition, desk, {
    lines: [line],
    twist: { campaign, brief_message: await briefMessage(), joint: { required: 1, until } },
  })
  const proof = { receipt: await receiptOf(coalition, waiting), path: pathIn(waiting, line) }
  const shown = await openEnvelope({ message, mailbox: anna.id, key: anna.key }, expectation(proof))
  expect(reasonOf(shown)).toBe('receipt-not-logged')
})

async function campaignBody(): Promise<{ invited: string[]; label: string }> {
  return { invited: ['fabrikam.example'], label: await briefMessage() }
}

/** Anything that the parties of the campaign can decrypt. */
async function briefMessage(): Promise<string> {
  const signed = await signEntity(contoso.key, utf8('Content-Type: text/plain\r\n\r\nbrief'), {
    at: desk.plan.at,
  })
  return accepted(
    await desk.api.uploadBrief(
      await encryptTo(fabrikam.certificateBytes, signed, { at: desk.plan.at }),
    ),
  )
}
