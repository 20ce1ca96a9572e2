import type { ActOf, ParsedAct } from '#core/act.ts'
import { fromBase64 } from '#core/bytes.ts'
import {
  briefCommitment,
  lineCommitment,
  normaliseAccount,
  templateCommitment,
} from '#core/commitment.ts'
import { type Directory, ownerOf } from '#core/directory.ts'
import { checkEntity, readEntity } from '#core/entity.ts'
import type { NoticeStatement } from '#core/notice-statement.ts'
import {
  type NoticeTexts,
  noticeTexts,
  type RenderedNotice,
  renderNotice,
} from '#core/notice-text.ts'
import { splitSignedMessage } from '#core/packets.ts'
import type { LinePath } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { checkText, type TemplateText } from '#core/template.ts'
import { type VerifiedReceipt, type VerifiedSupport, verifyLine } from '#core/verify-receipt.ts'
import { parseStatement } from '#wire/notice.ts'
import { mailboxLine, productLine } from './envelope.ts'
import { openMessage, readSignedEntity, signerOf, type UnlockedKey } from './openpgp.ts'
import type { Template } from '#wire/assemble-template.ts'

/** A notice as it reaches its reader: encrypted to their mailbox, or shown by the company with the salt of its commitment. */
export type Envelope =
  | { readonly message: Uint8Array; readonly mailbox: string; readonly key: UnlockedKey }
  | { readonly signed: Uint8Array; readonly salt: string; readonly account: string }

/** Where a notice stands: a verified receipt, and the path of the line to the bundle's root. */
export interface NoticeProof {
  readonly receipt: VerifiedReceipt
  readonly path: LinePath
}

/** What a notice is held against. */
export interface NoticeExpectation {
  readonly origin: string
  readonly genesis: string
  /** The roster that this client verified, for a notice without a receipt. */
  readonly directory: Directory
  /** Gives an adopted template by its hash. */
  readonly findTemplate: (hash: string, language: string) => Promise<Result<Template>>
  /** Without it the notice is shown as not verified. */
  readonly proof?: NoticeProof | undefined
}

/** Who signed a notice, and when they say they did, in POSIX seconds. */
export interface NoticeSigner {
  readonly party: string
  readonly fingerprint: string
  readonly signedAt: number
}

/** What opening a notice found. */
interface Findings {
  /** `witnessed` shows that everybody is shown the same log; `not verified` that there is no receipt yet. */
  readonly status: 'logged' | 'not verified' | 'witnessed'
  readonly statement: NoticeStatement
  readonly rendered: RenderedNotice
  readonly signer: NoticeSigner
  readonly supports: readonly VerifiedSupport[]
  /** What became known later of those who signed. */
  readonly marks: readonly string[]
  readonly witnessed: number
  readonly witnessQuorum: number
  /** Act id of the notice, once a receipt proves it. */
  readonly act: string | undefined
}

class NoticeOpened {
  protected readonly opened = true
  readonly status: Findings['status']
  readonly statement: NoticeStatement
  /** The notice as text, rendered from the adopted template here. */
  readonly rendered: RenderedNotice
  readonly signer: NoticeSigner
  readonly supports: readonly VerifiedSupport[]
  readonly marks: readonly string[]
  readonly witnessed: number
  readonly witnessQuorum: number
  readonly act: string | undefined

  constructor(found: Findings) {
    this.status = found.status
    this.statement = found.statement
    this.rendered = found.rendered
    this.signer = found.signer
    this.supports = found.supports
    this.marks = found.marks
    this.witnessed = found.witnessed
    this.witnessQuorum = found.witnessQuorum
    this.act = found.act
  }

  /** Whether as much is proven as the coalition's charter asks for. */
  get isProven(): boolean {
    return this.status === 'witnessed' || (this.status === 'logged' && this.witnessQuorum === 0)
  }
}

/** A notice that holds in every point; only `openEnvelope` makes one. */
export type OpenedNotice = NoticeOpened

/**
 * Opens a notice and checks everything that it must equal: the coalition, the reader, the filer, its reporter, template and brief of the act,
 * the line in the bundle, and the text that template and facts give.
 *
 * Without a proof, what needs the act stays unchecked and the answer says `not verified`. Refuses `envelope-malformed`,
 * `envelope-recipient-wrong`, `notice-*`, `account-invalid`, `receipt-line-wrong`, `receipt-not-logged`, and what the facts and the brief are refused for.
 */
export async function openEnvelope(
  envelope: Envelope,
  expected: NoticeExpectation,
): Promise<Result<OpenedNotice>> {
  const signed = await signedMessageOf(envelope)
  if (!signed.ok) return signed
  const read = readStatement(signed.value)
  if (!read.ok) return read
  const { entity, statement } = read.value
  const addressed = checkAddress(envelope, statement, expected)
  if (!addressed.ok) return addressed
  const standing =
    expected.proof === undefined ? accept(undefined) : checkAct(envelope, statement, expected.proof)
  if (!standing.ok) return standing
  const signer = await checkSigner(signed.value, { statement, expected })
  if (!signer.ok) return signer
  const texts = await findTexts(statement, expected)
  if (!texts.ok) return texts
  const exact = checkEntity(entity, statement, texts.value)
  if (!exact.ok) return exact
  const rendered = renderNotice(texts.value, statement)
  if (!rendered.ok) return rendered
  return accept(
    new NoticeOpened({
      ...standingOf(expected),
      statement,
      rendered: rendered.value,
      signer: signer.value,
    }),
  )
}

async function signedMessageOf(envelope: Envelope): Promise<Result<Uint8Array>> {
  return 'signed' in envelope
    ? accept(envelope.signed)
    : await openMessage(envelope.key, envelope.message)
}

function readStatement(
  signed: Uint8Array,
): Result<{ entity: Uint8Array; statement: NoticeStatement }> {
  const parts = splitSignedMessage(signed)
  if (!parts.ok) return parts
  const entity = parts.value.content
  const json = readEntity(entity)
  if (!json.ok) return json
  const statement = parseStatement(json.value)
  return statement.ok ? accept({ entity, statement: statement.value }) : statement
}

/** A notice that was signed for somebody else, or in another coalition, is genuine there and worth nothing here. */
function checkAddress(
  envelope: Envelope,
  statement: NoticeStatement,
  expected: NoticeExpectation,
): Result<void> {
  const { genesis, origin, to } = statement
  if (origin !== expected.origin || genesis !== expected.genesis)
    return refuse('notice-origin-wrong')
  if ('signed' in envelope) {
    const account = normaliseAccount(envelope.account)
    if (!account.ok) return account
    return 'account' in to && to.account === account.value
      ? accept(undefined)
      : refuse('notice-not-for-me', 'the notice names another account')
  }
  const isMine =
    'mailbox' in to &&
    to.mailbox === envelope.mailbox &&
    to.fingerprint === envelope.key.fingerprint
  return isMine
    ? accept(undefined)
    : refuse('notice-not-for-me', 'the notice names another mailbox or key')
}

/** Holds the statement against the act that was filed, and the line against the bundle that the act names. */
function checkAct(
  envelope: Envelope,
  statement: NoticeStatement,
  { path, receipt }: NoticeProof,
): Result<void> {
  const notice = noticeOf(receipt.parsed)
  if (notice === undefined) return refuse('notice-filer-wrong', 'the receipt is not of a notice')
  if (receipt.record.event !== 'adopted')
    return refuse('receipt-not-logged', 'the notice has not taken effect')
  const { body, by } = notice
  if (!('party' in by) || by.party !== statement.filer) return refuse('notice-filer-wrong')
  if (templateCommitment(statement.template.salt, statement.template.hash) !== body.template) {
    return refuse('notice-template-wrong', 'the act commits to another template')
  }
  if (receipt.approval !== undefined && receipt.approval.template !== statement.template.hash)
    return refuse('notice-template-wrong', 'counsel approved another template')
  if (briefCommitment(statement.brief.salt, statement.brief.content) !== body.brief)
    return refuse('notice-brief-wrong')
  if (statement.kind !== body.kind)
    return refuse('notice-text-wrong', 'the act is of another kind of notice')
  return checkLine(envelope, receipt.parsed, path)
}

function checkLine(envelope: Envelope, notice: ParsedAct, path: LinePath): Result<void> {
  if (!('signed' in envelope))
    return verifyLine(notice, path, mailboxLine(envelope.mailbox, envelope.message))
  const commitment = lineCommitment(envelope.salt, envelope.signed)
  const stands = verifyLine(notice, path, productLine(commitment))
  return stands.ok
    ? stands
    : refuse(
        'notice-commitment-wrong',
        'the bundle holds no commitment to this notice at this place',
      )
}

function noticeOf({ act }: ParsedAct): ActOf<'notice.file'> | undefined {
  return act.type === 'notice.file' ? act : undefined
}

/** The signer must have been an active reporter of the filer when the notice took effect, and the one that the act names. */
async function checkSigner(
  signed: Uint8Array,
  {
    statement,
    expected,
  }: { readonly statement: NoticeStatement; readonly expected: NoticeExpectation },
): Promise<Result<NoticeSigner>> {
  const { proof } = expected
  const notice = proof === undefined ? undefined : noticeOf(proof.receipt.parsed)
  const roster =
    proof === undefined
      ? expected.directory
      : proof.receipt.replay.at(proof.receipt.record.directory ?? '')
  const issuer = signerOf(signed)
  if (!issuer.ok) return refuse('notice-signer-wrong', 'the signature in the notice cannot be read')
  const owner = roster === undefined ? undefined : ownerOf(roster, issuer.value)
  if (owner === undefined || owner.party.domain !== statement.filer) {
    return refuse('notice-signer-wrong', 'the key that signed the notice is not one of its filer')
  }
  // A joint notice is released later than it was filed; who retired in between had signed while active.
  const isActive =
    owner.officer.status === 'active' ||
    (notice?.body.joint !== undefined && owner.officer.status === 'retired')
  if (!isActive || owner.party.status !== 'active' || !owner.officer.duties.includes('reporter')) {
    return refuse('notice-signer-wrong', 'the signer is not an active reporter of the filer')
  }
  if (notice !== undefined && notice.body.reporter !== owner.officer.fingerprint) {
    return refuse('notice-signer-wrong', 'the act names another reporter')
  }
  const certificate = fromBase64(owner.officer.certificate) ?? new Uint8Array()
  const validAt = proof === undefined ? [] : [proof.receipt.parsed.at]
  const verified = await readSignedEntity(signed, certificate, validAt)
  if (!verified.ok)
    return refuse('notice-signer-wrong', `the signature does not hold: ${verified.refusal.reason}`)
  const { createdAt, fingerprint } = verified.value.signature
  return accept({ party: owner.party.domain, fingerprint, signedAt: createdAt })
}

/** The words of the template that the coalition had adopted when the notice took effect. */
async function findTexts(
  statement: NoticeStatement,
  expected: NoticeExpectation,
): Promise<Result<NoticeTexts>> {
  const { hash } = statement.template
  const { proof } = expected
  const roster =
    proof === undefined
      ? expected.directory
      : proof.receipt.replay.at(proof.receipt.record.directory ?? '')
  if (roster?.templates.has(hash) !== true)
    return refuse('notice-template-wrong', 'the template is not adopted')
  const { also, language } = statement
  const found = new Map<string, TemplateText>()
  for (const wanted of also === undefined ? [language] : [language, also]) {
    const text = await findText(hash, wanted, expected)
    if (!text.ok) return text
    found.set(wanted, text.value)
  }
  return noticeTexts(statement, (wanted) => found.get(wanted))
}

async function findText(
  hash: string,
  language: string,
  expected: NoticeExpectation,
): Promise<Result<TemplateText>> {
  const template = await expected.findTemplate(hash, language)
  if (!template.ok) return template
  if (template.value.hash !== hash)
    return refuse('notice-template-wrong', 'another template was found')
  const text = template.value.texts.get(language)
  return text === undefined ? refuse('language-missing') : checkText(template.value, text)
}

function standingOf({
  proof,
}: NoticeExpectation): Pick<
  Findings,
  'act' | 'marks' | 'status' | 'supports' | 'witnessed' | 'witnessQuorum'
> {
  if (proof === undefined) {
    return {
      act: undefined,
      marks: [],
      status: 'not verified',
      supports: [],
      witnessed: 0,
      witnessQuorum: 0,
    }
  }
  const { marks, parsed, status, supports, witnessed, witnessQuorum } = proof.receipt
  return { act: parsed.id, marks, status, supports, witnessed, witnessQuorum }
}
