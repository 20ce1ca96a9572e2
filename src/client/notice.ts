import type { JointTerms, NoticeFileBody, NoticeKind } from '#core/act-bodies.ts'
import { hex } from '#core/bytes.ts'
import { briefCommitment, templateCommitment } from '#core/commitment.ts'
import { composeEntity } from '#core/entity.ts'
import type { Brief, NoticeStatement } from '#core/notice-statement.ts'
import { type RenderedNotice, renderNotice } from '#core/notice-text.ts'
import type { Refusal } from '#core/refusal.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { TemplateText } from '#core/template.ts'
import type { Template } from '#wire/assemble-template.ts'
import type { Bundle } from './bundle.ts'
import {
  composeEnvelope,
  composeProductLine,
  type EnvelopeDraft,
  type ProductLine,
} from './envelope.ts'
import type { Api } from './http.ts'
import { inFlight } from './in-flight.ts'
import { type VerifiedMailbox, verifyMailbox } from './mailbox.ts'
import type { UnlockedKey } from './openpgp.ts'
import { pinMailbox, pinnedMailbox, type PinStore } from './pins.ts'
import type { RandomBytes } from './random.ts'
import type { Recipient } from './recipients.ts'

/** What is the same for every recipient of a notice. */
export interface NoticePlan {
  readonly origin: string
  readonly genesis: string
  /** The DNS domain of the filing party. */
  readonly filer: string
  readonly kind: NoticeKind
  readonly brief: Brief
  /** 64 hex digits each, made once for the notice. */
  readonly salts: { readonly brief: string; readonly template: string }
  readonly template: Template
  /** POSIX seconds: when the notices are signed and certificates must be good. */
  readonly at: number
}

/** What composing asks and tells while it runs. */
export interface NoticeHooks {
  readonly reporterKey: UnlockedKey
  readonly random: RandomBytes
  /** Gives the verified mailbox of a recipient; `openMailbox` does. */
  readonly findMailbox: (
    mailbox: string,
    fingerprint: string | undefined,
  ) => Promise<Result<VerifiedMailbox>>
  /** Keeps what the recipient is shown in the company's product; the bytes are not held in memory afterwards. */
  readonly keepProduct: (product: ComposedProduct) => Promise<void>
  /** For a correction, withdrawal or follow-up: the id of this recipient's earlier notice. */
  readonly earlierNotice?: (recipient: Recipient) => Promise<string | undefined>
  /** Hears how many recipients are done. */
  readonly onProgress?: (done: number) => void
}

/** What the company shows one recipient, before the bundle is known. */
export interface ComposedProduct extends ProductLine {
  readonly recipient: Recipient
  /** The id of this recipient's notice, to be kept for corrections. */
  readonly notice: string
}

/** Why somebody is not told, or not told in the way that was asked for. */
export interface Undeliverable {
  /** Of the customer list. */
  readonly line: number
  /** `mailbox`: told in the product, not in their mailbox. `notice`: not told at all. */
  readonly lost: 'mailbox' | 'notice'
  readonly refusal: Refusal
}

/** The lines of a notice, and who is missing from them. */
export interface ComposedNotices {
  /** For `composeBundle`. */
  readonly lines: readonly string[]
  readonly told: number
  readonly undeliverable: readonly Undeliverable[]
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

/**
 * Composes the notices of all recipients, a few at a time: a product line for everybody, and a mailbox line for whom a verified key was found.
 *
 * Nobody is dropped in silence: whose mailbox or facts do not hold is named in `undeliverable` with the reason.
 */
export async function composeNotices(
  plan: NoticePlan,
  recipients: AsyncIterable<Recipient> | Iterable<Recipient>,
  hooks: NoticeHooks,
): Promise<ComposedNotices> {
  const lines: string[] = []
  const undeliverable: Undeliverable[] = []
  let done = 0
  let told = 0
  for await (const one of inFlight(
    recipients,
    async (recipient) => await composeOne(plan, recipient, hooks),
  )) {
    lines.push(...one.lines)
    undeliverable.push(...one.undeliverable)
    if (one.lines.length > 0) told += 1
    done += 1
    hooks.onProgress?.(done)
  }
  return { lines, told, undeliverable }
}

type ComposedOne = Pick<ComposedNotices, 'lines' | 'undeliverable'>

async function composeOne(
  plan: NoticePlan,
  recipient: Recipient,
  hooks: NoticeHooks,
): Promise<ComposedOne> {
  const { line } = recipient
  const notice = hex(hooks.random(NOTICE_BYTES))
  const draft = await draftFor(plan, { recipient, notice, hooks })
  if (!draft.ok)
    return { lines: [], undeliverable: [{ line, lost: 'notice', refusal: draft.refusal }] }
  const to = { account: recipient.account, salt: hooks.random(SALT_BYTES) }
  const product = await composeProductLine(draft.value, to)
  if (!product.ok)
    return { lines: [], undeliverable: [{ line, lost: 'notice', refusal: product.refusal }] }
  await hooks.keepProduct({ ...product.value, recipient, notice })
  if (recipient.mailbox === undefined) return { lines: [product.value.line], undeliverable: [] }
  const mailbox = await hooks.findMailbox(recipient.mailbox, recipient.fingerprint)
  const envelope = mailbox.ok ? await composeEnvelope(draft.value, mailbox.value) : mailbox
  return envelope.ok
    ? { lines: [product.value.line, envelope.value.line], undeliverable: [] }
    : {
        lines: [product.value.line],
        undeliverable: [{ line, lost: 'mailbox', refusal: envelope.refusal }],
      }
}

async function draftFor(
  plan: NoticePlan,
  one: { readonly recipient: Recipient; readonly notice: string; readonly hooks: NoticeHooks },
): Promise<Result<EnvelopeDraft>> {
  const { hooks, notice, recipient } = one
  const text = plan.template.texts.get(recipient.language)
  if (text === undefined) return refuse('language-missing')
  const supersedes = plan.kind === 'first' ? undefined : await hooks.earlierNotice?.(recipient)
  const statement = statementFor(plan, { recipient, notice, supersedes })
  return accept({ statement, text, reporterKey: hooks.reporterKey, at: plan.at })
}

function statementFor(
  plan: NoticePlan,
  one: {
    readonly recipient: Recipient
    readonly notice: string
    readonly supersedes: string | undefined
  },
): Omit<NoticeStatement, 'to'> {
  const { facts, language } = one.recipient
  return {
    brief: { content: plan.brief, salt: plan.salts.brief },
    facts,
    filer: plan.filer,
    genesis: plan.genesis,
    kind: plan.kind,
    language,
    notice: one.notice,
    origin: plan.origin,
    ...(one.supersedes === undefined ? {} : { supersedes: one.supersedes }),
    template: { hash: plan.template.hash, salt: plan.salts.template },
    v: 1,
  }
}

/** Shows what one recipient would read, without signing anything. Refuses what `composeEntity` refuses. */
export function previewNotice(
  plan: NoticePlan,
  recipient: Recipient,
  ids: { readonly notice: string; readonly supersedes?: string },
): Result<RenderedNotice> {
  const text: TemplateText | undefined = plan.template.texts.get(recipient.language)
  if (text === undefined) return refuse('language-missing')
  const statement = {
    ...statementFor(plan, { recipient, notice: ids.notice, supersedes: ids.supersedes }),
    to: { account: recipient.account },
  }
  const entity = composeEntity(statement, text)
  return entity.ok ? renderNotice(text, statement) : entity
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
