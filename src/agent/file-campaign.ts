import { join } from 'node:path'
import { Readable } from 'node:stream'
import { splitSignedMessage } from '#core/packets.ts'
import { fromBase64 } from '#core/bytes.ts'
import { readEntity } from '#core/entity.ts'
import type { NoticeStatement } from '#core/notice-statement.ts'
import { noticeTexts, renderNotice } from '#core/notice-text.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { sha256Hex } from '#core/hash.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { formatInstant } from '#core/time.ts'
import { effectiveApproval } from '#client/approval.ts'
import type { SubmittedAct } from '#client/http.ts'
import type { ProductRow, RecipientRow } from '#ports/agent-store.ts'
import { parseStatement } from '#wire/notice.ts'
import type { ProductFile } from '#wire/product.ts'
import { type Agent, templateOf } from './agent.ts'
import type { EarlierRecipients } from './filing/earlier-recipients.ts'
import { fileNotice, type Filer, checkReporter, type NoticeOrder } from './filing/file-notice.ts'
import { withFolder } from './filing/filing-folder.ts'
import { removeWork } from './filing/journal.ts'
import type { FilingTools } from './filing/prepare-bundle.ts'
import type { ProductFolder } from './filing/product-files.ts'
import { conclude } from './filing/receipts.ts'
import { sendSigned } from './filing/signed-act.ts'
import type { KeptProduct } from './filing/write-products.ts'
import { changeNotice, type NoticeRecord, recordOf, secretsOf } from './notice-record.ts'
import { recipientOf } from './recipient-record.ts'

/** Fewer are told at once: nothing waits, whatever the draft says. */
export const PRIORITY_RECIPIENTS_MAX = 2000

/** What filing needs beside the agent. */
export interface FilingWorkplace {
  readonly agent: Agent
  readonly filer: Filer
  /** The folder in which filings work. */
  readonly folder: string
  readonly tools: Omit<FilingTools, 'keepProducts'>
}

/** What is shown of a notice, as it is kept: no text is rendered while a product waits. */
export interface KeptNotice {
  readonly file: ProductFile
  readonly language: string
  readonly direction: 'ltr' | 'rtl'
  readonly subject: string
  readonly lines: readonly string[]
}

/** Files a notice that was given out, from wherever it stopped; refusals are kept with it, for whoever asks how it stands. */
export async function fileCampaign(workplace: FilingWorkplace, name: string): Promise<void> {
  const { agent, filer, folder, tools } = workplace
  const row = await agent.store.readNotice(name)
  if (row?.phase !== 'filing') return
  const submitted = await withFolder(join(folder, name), async (products) => {
    const sent = products.readFiling()
    const done =
      sent === undefined
        ? await fileAnew(workplace, name, products)
        : await sendSigned(filer.api, products)
    // What was refused is composed anew when it is given out again: a mailbox may have closed, or a key been replaced.
    if (!done.ok && products.readFiling() === undefined) removeWork(products.path)
    if (!done.ok) return done
    const deliveries = products.readDeliveries()
    await agent.store.setLineIndexes(
      name,
      deliveries.map(({ index, mailbox }) => ({
        lineIndex: index,
        mailboxTag: agent.vault.tag('mailbox', mailbox),
      })),
    )
    // The receipts come when the notice is released, into the database.
    const ended = await conclude(
      { api: filer.api, folder: products, openProgress: tools.openProgress },
      { id: done.value.id, status: 'pending' },
    )
    return ended.ok ? done : ended
  })
  if (!submitted.ok) return await refused(agent, name, submitted.refusal)
  const lane = await laneOf(agent, recordOf(row))
  await changeNotice(agent, name, () => ({
    phase: 'filed',
    state: { act: submitted.value.id, filedAt: agent.now(), lane },
  }))
  agent.events.noticeFiled({ lane })
  await agent.tell({ type: 'notice.filed', data: { notice: name, act: submitted.value.id } })
}

async function refused(
  agent: Agent,
  name: string,
  refusal: { readonly reason: string; readonly detail?: string },
): Promise<void> {
  await changeNotice(agent, name, () => ({ phase: 'failed', state: { refused: refusal } }))
  agent.events.noticeRefused({ reason: refusal.reason })
  await agent.tell({ type: 'notice.failed', data: { notice: name, reason: refusal.reason } })
}

async function laneOf(
  agent: Agent,
  { name, state }: NoticeRecord,
): Promise<'batched' | 'priority'> {
  const count = await agent.store.countRecipients(name)
  return state.batching !== undefined && count >= PRIORITY_RECIPIENTS_MAX ? 'batched' : 'priority'
}

async function fileAnew(
  workplace: FilingWorkplace,
  name: string,
  products: ProductFolder,
): Promise<Result<SubmittedAct>> {
  const { agent, filer, tools } = workplace
  const entitled = checkReporter(filer, filer.reporterKey)
  if (!entitled.ok) return entitled
  await numberRecipients(agent, name)
  const order = await orderOf(agent, filer, name)
  if (!order.ok) return order
  const keepProducts = async (kept: readonly KeptProduct[]): Promise<void> => {
    await keep(agent, { name, template: order.value.template }, kept)
  }
  const filed = await fileNotice(
    { filer, folder: products, tools: { ...tools, keepProducts } },
    order.value,
  )
  if (!filed.ok) return filed
  await noteUndeliverable(agent, name, filed.value.prepared.undeliverable)
  return accept(filed.value.submitted)
}

/** The order of the references is random, and so is that of the list and of the batches. */
async function* recipientsOf(agent: Agent, name: string): AsyncGenerator<readonly RecipientRow[]> {
  for (let after = ''; ; ) {
    const page = await agent.store.listRecipients(name, after)
    if (page.length === 0) return
    yield page
    after = page.at(-1)?.reference ?? ''
  }
}

async function numberRecipients(agent: Agent, name: string): Promise<void> {
  let line = 2
  for await (const page of recipientsOf(agent, name)) {
    await agent.store.setLines(page.map(({ reference }) => ({ reference, line: line++ })))
    const at = agent.now()
    await agent.store.noteStates(
      page.map(({ reference }) => ({ reference, notice: name, state: 'queued', reason: '', at })),
    )
  }
}

async function* customerList(agent: Agent, name: string): AsyncGenerator<string> {
  yield 'account,language,facts,mailbox,fingerprint,country,also\n'
  for await (const page of recipientsOf(agent, name)) {
    yield page
      .map((row) => {
        const recipient = recipientOf(agent, row)
        const { account, also, country, facts, fingerprint, language, mailbox } = recipient
        const where = [mailbox ?? '', fingerprint ?? '', country ?? '', also ?? '']
        const cells = [account, language, JSON.stringify(facts), ...where]
        return `${cells.map(quoted).join(',')}\n`
      })
      .join('')
  }
}

function quoted(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`
}

async function orderOf(agent: Agent, filer: Filer, name: string): Promise<Result<NoticeOrder>> {
  const row = await agent.store.readNotice(name)
  if (row === undefined) throw new Error('a notice is gone')
  const { state } = recordOf(row)
  const { approval: file, brief } = secretsOf(agent, row)
  const template = templateOf(agent, state.template)
  if (!template.ok) return template
  if (!filer.directory.templates.has(template.value.hash))
    return refuse('template-unknown', 'the coalition has not adopted this template')
  const approval = file === undefined ? undefined : await effectiveApproval(filer.api, file)
  if (approval?.ok === false) return approval
  const { campaign, joint, kind, supersedes, supersedesAct } = state
  return accept({
    ...(approval === undefined ? {} : { approval: approval.value }),
    brief,
    kind,
    template: template.value,
    openList: () => Readable.from(customerList(agent, name)),
    // Whoever cannot be told is named with the reason, and holds up nobody else.
    allowFaults: true,
    campaign,
    supersedes: supersedesAct,
    joint: () =>
      joint === undefined
        ? undefined
        : {
            required: joint.required,
            until: formatInstant(filer.now() + joint.hours * 3600),
          },
    ...(supersedes === undefined
      ? {}
      : {
          earlier: earlierRecipients(agent, { name, supersedes, reason: state.leftOut }),
          earlierNotice: async ({ account }) => await earlierOf(agent, supersedes, account),
        }),
    terms: {
      notice: name,
      coalition: filer.coalition.genesis,
      party: filer.party,
      reporter: filer.reporterKey.fingerprint,
      template: template.value.hash,
      brief: sha256Hex(canonicalJson(brief)),
    },
  })
}

/** Who was told by the earlier notice, and is not by this one or not in the same way. */
function earlierRecipients(
  agent: Agent,
  notice: {
    readonly name: string
    readonly supersedes: string
    readonly reason: EarlierRecipients['reason']
  },
): EarlierRecipients {
  const { name, reason, supersedes } = notice
  return {
    reason,
    leftOut: async () => {
      let [customers, mailboxes] = [0, 0]
      for await (const page of recipientsOf(agent, supersedes)) {
        for (const { accountTag, mailboxTag, reference } of page) {
          if ((await agent.store.readProduct(reference)) === undefined) continue
          const now = await agent.store.findRecipient(name, accountTag)
          if (now === undefined) customers += 1
          if (mailboxTag !== null && now?.mailboxTag !== mailboxTag) mailboxes += 1
        }
      }
      return { customers, mailboxes }
    },
  }
}

/** The id of the notice that an account had before; `undefined` where it had none. */
async function earlierOf(
  agent: Agent,
  earlier: string,
  account: string,
): Promise<string | undefined> {
  const recipient = await agent.store.findRecipient(earlier, agent.vault.tag('account', account))
  const product =
    recipient === undefined ? undefined : await agent.store.readProduct(recipient.reference)
  if (product === undefined) return undefined
  return statementOf(keptOf(agent, product).file)?.notice
}

async function keep(
  agent: Agent,
  of: { readonly name: string; readonly template: NoticeOrder['template'] },
  products: readonly KeptProduct[],
): Promise<void> {
  const lines = products.map(({ row }) => row)
  const references = await agent.store.referencesOn(of.name, lines)
  await agent.store.keepProducts(
    products.map(({ file, row }) => {
      const reference = references.get(row)
      const statement = statementOf(file)
      if (reference === undefined || statement === undefined)
        throw new Error('what was composed is for nobody who was reported')
      const texts = noticeTexts(statement, (wanted) => of.template.texts.get(wanted))
      const rendered = texts.ok ? renderNotice(texts.value, statement) : texts
      if (!rendered.ok) throw new Error('what was composed cannot be rendered')
      const { direction, language, lines: shown, subject } = rendered.value
      const kept: KeptNotice = { file, language, direction, subject, lines: shown }
      return {
        reference,
        notice: of.name,
        sealed: agent.vault.seal(JSON.stringify(kept), `product ${reference}`),
      }
    }),
  )
}

/** Opens what is kept for a recipient. */
export function keptOf(
  { vault }: Pick<Agent, 'vault'>,
  { reference, sealed }: Pick<ProductRow, 'reference' | 'sealed'>,
): KeptNotice {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written above
  return JSON.parse(vault.open(sealed, `product ${reference}`)) as KeptNotice
}

/** What a signed notice says. */
export function statementOf({ signed }: Pick<ProductFile, 'signed'>): NoticeStatement | undefined {
  const parts = splitSignedMessage(fromBase64(signed) ?? new Uint8Array())
  const json = parts.ok ? readEntity(parts.value.content) : parts
  const statement = json.ok ? parseStatement(json.value) : json
  return statement.ok ? statement.value : undefined
}

async function noteUndeliverable(
  agent: Agent,
  name: string,
  undeliverable: readonly {
    readonly line: number
    readonly lost: string
    readonly refusal: { readonly reason: string }
  }[],
): Promise<void> {
  const untold = undeliverable.filter(({ lost }) => lost === 'notice')
  const references = await agent.store.referencesOn(
    name,
    untold.map(({ line }) => line),
  )
  await agent.store.noteStates(
    untold.flatMap(({ line, refusal }) => {
      const reference = references.get(line)
      return reference === undefined
        ? []
        : [{ reference, notice: name, state: 'held', reason: refusal.reason, at: agent.now() }]
    }),
  )
}
