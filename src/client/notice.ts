import type { JointTerms, NoticeFileBody, NoticeKind } from '#core/act-bodies.ts'
import { hex } from '#core/bytes.ts'
import { CHECK_CODE_RANDOM_BYTES, checkCodeOf } from '#core/check-code.ts'
import { briefCommitment, templateCommitment } from '#core/commitment.ts'
import { composeEntity } from '#core/entity.ts'
import type { Brief, NoticeStatement } from '#core/notice-statement.ts'
import { noticeTexts } from '#core/notice-text.ts'
import type { Refusal } from '#core/refusal.ts'
import type { Result } from '#core/result.ts'
import type { Template } from '#wire/assemble-template.ts'
import type { OpenedApproval } from './approval.ts'
import type { Bundle } from './bundle.ts'
import type { Api } from './http.ts'
import { inBatches, inFlight } from './in-flight.ts'
import { type VerifiedMailbox, verifyMailbox } from './mailbox.ts'
import { formNotice, type FormedNotice, type NoticeForm } from './notice-forms.ts'
import { pinMailbox, pinnedMailbox, type PinStore } from './pins.ts'
import type { RandomBytes } from './random.ts'
import type { Recipient } from './recipients.ts'
import type { Part, Sealer } from './sealer.ts'

/** What is the same for every recipient of a notice. */
export interface NoticePlan {
  readonly origin: string
  readonly genesis: string
  /** The DNS domain of the filing party. */
  readonly filer: string
  readonly kind: NoticeKind
  readonly brief: Brief
  /** By which counsel counts as signed. */
  readonly approval?: OpenedApproval
  /** 64 hex digits each, made once for the notice. */
  readonly salts: { readonly brief: string; readonly template: string }
  readonly template: Template
  /** POSIX seconds: when the notices are signed and certificates must be good. */
  readonly at: number
}

/** What composing asks while it runs. */
export interface NoticeHooks {
  /** Of the same key, template and time as the plan. */
  readonly sealer: Sealer
  readonly random: RandomBytes
  /** Gives the verified mailbox of a recipient; `openMailbox` does. */
  readonly findMailbox: (
    mailbox: string,
    fingerprint: string | undefined,
  ) => Promise<Result<VerifiedMailbox>>
  /** For a correction, withdrawal or follow-up: the id of this recipient's earlier notice. */
  readonly earlierNotice?: (recipient: Recipient) => Promise<string | undefined>
}

/** What the company shows one recipient, before the bundle is known. */
export interface ComposedProduct {
  /** Of the bundle, without its line feed. */
  readonly line: string
  /** 64 hex digits. */
  readonly salt: string
  /** The signed notice, base64. */
  readonly signed: string
}

/** Why somebody is not told, or not told in the way that was asked for. */
export interface Undeliverable {
  /** Of the customer list. */
  readonly line: number
  /** `mailbox`: told in the product, not in their mailbox. `notice`: not told at all. */
  readonly lost: 'mailbox' | 'notice'
  readonly refusal: Refusal
}

/** What became of one recipient. */
export interface ComposedNotice {
  readonly recipient: Recipient
  /** Absent where the recipient is not told. */
  readonly product?: ComposedProduct
  /** The line of their mailbox. */
  readonly mailboxLine?: string
  readonly undeliverable?: Undeliverable
}

/** What the act says beside bundle, brief and template. */
export interface NoticeFiling {
  readonly reporter: string
  readonly campaign?: string
  /** Hash of the message with brief and template for the parties of the campaign. */
  readonly briefMessage?: string
  readonly joint?: JointTerms
  /** Act id of the notice that this one replaces or takes back. */
  readonly supersedes?: string
}

const NOTICE_BYTES = 16
const SALT_BYTES = 32

/** Recipients that are sealed with one call, and calls that are under way at once: enough for a few cores, and little memory. */
const BATCH = 16
const BATCHES_MAX = 6

/**
 * Composes the notices of all recipients, some at a time and in their order: a product line for everybody, and a mailbox line for whom a
 * verified key was found.
 *
 * Nobody is dropped in silence: whose mailbox or facts do not hold is `undeliverable` with the reason.
 */
export async function* composeNotices(
  plan: NoticePlan,
  recipients: AsyncIterable<Recipient> | Iterable<Recipient>,
  hooks: NoticeHooks,
): AsyncGenerator<ComposedNotice> {
  const batches = inFlight(
    inBatches(recipients, BATCH),
    async (batch) => await composeBatch(plan, batch, hooks),
    BATCHES_MAX,
  )
  for await (const batch of batches) yield* batch
}

async function composeBatch(
  plan: NoticePlan,
  batch: readonly Recipient[],
  hooks: NoticeHooks,
): Promise<readonly ComposedNotice[]> {
  const drafts = await Promise.all(
    batch.map(async (recipient) => await draftFor(plan, recipient, hooks)),
  )
  const sealed = [...(await hooks.sealer.seal(drafts.flatMap(({ parts }) => parts)))]
  return drafts.map(({ mailbox, parts, recipient, salt }) => {
    const [product, envelope = mailbox] = sealed.splice(0, parts.length)
    const { line } = recipient
    if (product?.ok !== true || product.value.signed === undefined)
      return { recipient, undeliverable: { line, lost: 'notice', refusal: refusalOf(product) } }
    const { line: text, signed } = product.value
    const told = { recipient, product: { line: text, salt, signed } }
    if (envelope === undefined) return told
    return envelope.ok && 'line' in envelope.value
      ? { ...told, mailboxLine: envelope.value.line }
      : { ...told, undeliverable: { line, lost: 'mailbox', refusal: refusalOf(envelope) } }
  })
}

interface Draft {
  readonly recipient: Recipient
  readonly salt: string
  /** What is to be sealed: for the product and, where the mailbox is there, for it. */
  readonly parts: readonly Part[]
  readonly mailbox: Result<VerifiedMailbox> | undefined
}

async function draftFor(
  plan: NoticePlan,
  recipient: Recipient,
  hooks: NoticeHooks,
): Promise<Draft> {
  const salt = hex(hooks.random(SALT_BYTES))
  const supersedes = plan.kind === 'first' ? undefined : await hooks.earlierNotice?.(recipient)
  const statement = statementFor(plan, { recipient, ids: noticeIds(hooks.random), supersedes })
  const product: Part = { statement, account: recipient.account, salt }
  const { texts } = plan.template
  const isReadable = noticeTexts(statement, (language) => texts.get(language)).ok
  const mailbox =
    recipient.mailbox === undefined || !isReadable
      ? undefined
      : await hooks.findMailbox(recipient.mailbox, recipient.fingerprint)
  const parts = mailbox?.ok === true ? [product, { statement, mailbox: mailbox.value }] : [product]
  return { recipient, salt, parts, mailbox }
}

function refusalOf(result: Result<unknown> | undefined): Refusal {
  if (result?.ok !== false) throw new Error('a part was not sealed')
  return result.refusal
}

function statementFor(
  plan: NoticePlan,
  one: {
    readonly recipient: Recipient
    readonly ids: NoticeIds
    readonly supersedes: string | undefined
  },
): Omit<NoticeStatement, 'to'> {
  const { also, facts, language } = one.recipient
  return {
    ...(also === undefined ? {} : { also }),
    brief: { content: plan.brief, salt: plan.salts.brief },
    check: one.ids.check,
    facts,
    filer: plan.filer,
    genesis: plan.genesis,
    kind: plan.kind,
    language,
    notice: one.ids.notice,
    origin: plan.origin,
    ...(one.supersedes === undefined ? {} : { supersedes: one.supersedes }),
    template: { hash: plan.template.hash, salt: plan.salts.template },
    v: 1,
  }
}

/** What is made at random for one recipient: the notice's id, 32 hex digits, and its check code. */
export interface NoticeIds {
  readonly check: string
  readonly notice: string
}

/** Makes what is random for one recipient. */
export function noticeIds(random: RandomBytes): NoticeIds {
  return {
    check: checkCodeOf(random(CHECK_CODE_RANDOM_BYTES)),
    notice: hex(random(NOTICE_BYTES)),
  }
}

/**
 * Shows what one recipient would read, without signing anything: the plain lines are those of the entity that would be signed.
 *
 * Refuses what `composeEntity` refuses.
 */
export function previewNotice(
  plan: NoticePlan,
  recipient: Recipient,
  given: NoticeIds & { readonly supersedes?: string; readonly form?: NoticeForm },
): Result<FormedNotice> {
  const statement = {
    ...statementFor(plan, { recipient, ids: given, supersedes: given.supersedes }),
    to: { account: recipient.account },
  }
  const texts = noticeTexts(statement, (language) => plan.template.texts.get(language))
  if (!texts.ok) return texts
  const entity = composeEntity(statement, texts.value)
  return entity.ok ? formNotice(texts.value, statement, given.form ?? 'plain') : entity
}

/** The salts that hide brief and template of a notice from whoever may not read it. */
export function noticeSalts(random: RandomBytes): NoticePlan['salts'] {
  return { brief: hex(random(SALT_BYTES)), template: hex(random(SALT_BYTES)) }
}

/** The body of the act that files a notice. */
export function noticeBody(
  plan: NoticePlan,
  bundle: Pick<Bundle, 'count' | 'root'>,
  filing: NoticeFiling,
): NoticeFileBody {
  const { briefMessage, campaign, joint, reporter, supersedes } = filing
  return {
    ...(plan.approval === undefined ? {} : { approval: plan.approval.act }),
    brief: briefCommitment(plan.salts.brief, plan.brief),
    ...(briefMessage === undefined ? {} : { brief_message: briefMessage }),
    bundle: { count: bundle.count, root: bundle.root },
    ...(campaign === undefined ? {} : { campaign }),
    ...(joint === undefined ? {} : { joint }),
    kind: plan.kind,
    reporter,
    ...(supersedes === undefined ? {} : { supersedes }),
    template: templateCommitment(plan.salts.template, plan.template.hash),
  }
}

/**
 * Fetches the mailbox of a recipient, verifies it against what was seen before, and remembers it.
 *
 * Refuses what the server and `verifyMailbox` refuse.
 */
export async function openMailbox(
  api: Api,
  pins: PinStore,
  wanted: {
    readonly id: string
    readonly fingerprint?: string | undefined
    readonly origin: string
    readonly now: number
  },
): Promise<Result<VerifiedMailbox>> {
  const served = await api.readMailbox(wanted.id)
  if (!served.ok) return served
  const pin = await pinnedMailbox(pins, wanted.id)
  const verified = await verifyMailbox(served.value, { ...wanted, pin })
  if (!verified.ok) return verified
  await pinMailbox(pins, wanted.id, verified.value.pin)
  return verified
}
