import { systemRandom } from '#client/random.ts'
import { noticeIds, type NoticePlan, noticeSalts, previewNotice } from '#client/notice.ts'
import { type FormedNotice, NOTICE_FORMS, type NoticeForm } from '#client/notice-forms.ts'
import { readRecipients, type Recipient, type RecipientList } from '#client/recipients.ts'
import { NOTICE_KINDS, type NoticeKind } from '#core/act-bodies.ts'
import { normaliseAccount } from '#core/commitment.ts'
import type { Brief } from '#core/notice-statement.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { Template } from '#wire/assemble-template.ts'
import { parseBrief } from '#wire/notice.ts'
import { faultLines, lackingLines } from '#agent/filing/fault-lines.ts'
import { writeWhole } from '#agent/files.ts'
import { anchorOf } from '#cli/connection.ts'
import { EXIT } from '#cli/exit.ts'
import { pathOf, readJson, readText } from '#cli/files.ts'
import { noticePage } from '#cli/notice-page.ts'
import { type Call, type Command, type Output, say } from '#cli/output.ts'
import { shippedTemplates, templateNamed } from '#cli/templates.ts'
import { UsageError } from '#cli/usage-error.ts'

/** What one customer would read. */
interface Shown extends FormedNotice {
  readonly recipient: Recipient
}

/** `notice preview` */
export const preview: Command = async (call) => {
  const anchor = await anchorOf(call)
  if (!anchor.ok) return anchor
  const wanted = call.args.maybe('template') ?? 'account'
  const template = templateNamed(await shippedTemplates(), wanted)
  if (template === undefined)
    return refuse('template-unknown', 'preview knows the templates that come with this version')
  const content = await readContent(call, template)
  if (!content.ok) return content
  const { brief, list } = content.value
  const chosen = chooseRecipients(call, list)
  if (!chosen.ok) return chosen
  const { genesis, origin } = anchor.value
  const plan: NoticePlan = {
    origin,
    genesis,
    filer: call.args.text('party'),
    kind: oneOf(NOTICE_KINDS, call.args.maybe('kind') ?? 'first', 'kind'),
    brief,
    salts: noticeSalts(systemRandom),
    template,
    at: call.io.now(),
  }
  const form = oneOf(NOTICE_FORMS, call.args.maybe('form') ?? 'plain', 'form')
  const shown = showAll(plan, chosen.value, form)
  if (!shown.ok) return shown
  const file = call.args.maybe('html')
  if (file !== undefined) writeWhole(pathOf(call, file), noticePage(shown.value, form))
  return accept(describe(shown.value, list))
}

function showAll(
  plan: NoticePlan,
  recipients: readonly Recipient[],
  form: NoticeForm,
): Result<readonly Shown[]> {
  const shown: Shown[] = []
  for (const recipient of recipients) {
    const supersedes = plan.kind === 'first' ? {} : { supersedes: noticeIds(systemRandom).notice }
    const ids = { ...noticeIds(systemRandom), ...supersedes }
    const formed = previewNotice(plan, recipient, { ...ids, form })
    if (!formed.ok) return formed
    shown.push({ ...formed.value, recipient })
  }
  return accept(shown)
}

function describe(shown: readonly Shown[], list: RecipientList): Output {
  const text = shown.flatMap(({ lines, recipient }) => [
    ...(shown.length === 1 ? [] : ['', `────── ${recipient.account}`, '']),
    ...lines,
  ])
  const lacking = countLacking(list.recipients)
  const notices = shown.map(({ lines, notice, recipient }) => ({
    account: recipient.account,
    language: recipient.language,
    also: recipient.also ?? null,
    subject: notice.subject,
    text: lines.join('\n'),
  }))
  const tail = [`${String(list.recipients.length)} customers can be told`, ...lackingLines(lacking)]
  const value = {
    recipients: list.recipients.length,
    faults: list.faults,
    other_language: lacking,
    ...notices[0],
    notices,
  }
  const exit = list.faults.length === 0 ? EXIT.done : EXIT.input
  return { ...say([...text, '', ...tail, ...faultLines(list)], value), exit }
}

function countLacking(recipients: readonly Recipient[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>()
  for (const { lacking } of recipients)
    if (lacking !== undefined) counts.set(lacking, (counts.get(lacking) ?? 0) + 1)
  return Object.fromEntries(counts)
}

/** Brief and customers, as the options name them. */
async function readContent(
  call: Call,
  template: Template,
): Promise<Result<{ brief: Brief; list: RecipientList }>> {
  const brief = parseBrief(await readJson(call, call.args.text('brief')))
  if (!brief.ok) return brief
  const list = readRecipients(await readText(call, call.args.text('customers')), template)
  return list.ok ? accept({ brief: brief.value, list: list.value }) : list
}

function chooseRecipients(call: Call, list: RecipientList): Result<readonly Recipient[]> {
  const { args } = call
  const [account, sample] = [args.maybe('account'), args.maybe('sample')]
  const isEvery = args.flag('every-language')
  if ([account !== undefined, sample !== undefined, isEvery].filter(Boolean).length > 1)
    throw new UsageError('give one of --account, --sample and --every-language')
  if (list.recipients.length === 0) return nobody('the list names nobody who can be told', list)
  if (account !== undefined) return named(account, list)
  if (isEvery) return accept(oneOfEach(list.recipients))
  return accept(spread(list.recipients, sample === undefined ? 1 : readCount(sample)))
}

function named(account: string, list: RecipientList): Result<readonly Recipient[]> {
  const normal = normaliseAccount(account)
  if (!normal.ok) return normal
  const found = list.recipients.find((one) => one.account === normal.value)
  return found === undefined ? nobody('the list does not name this account', list) : accept([found])
}

function nobody(why: string, { faults }: RecipientList): Result<never> {
  return refuse('customer-list-invalid', [why, ...faultLines({ faults })].join('; '))
}

/** The first of each language, of each pair of languages, and of those who are only told to call. */
function oneOfEach(recipients: readonly Recipient[]): readonly Recipient[] {
  const first = new Map<string, Recipient>()
  for (const recipient of recipients) {
    const { also = '', facts, language } = recipient
    const kind = `${language} ${also} ${facts.safety ?? ''}`
    if (!first.has(kind)) first.set(kind, recipient)
  }
  return [...first.values()]
}

/** As many as asked for, at equal distances, the first among them: the same at each look. */
function spread(recipients: readonly Recipient[], count: number): readonly Recipient[] {
  const step = Math.max(1, recipients.length / count)
  return Array.from({ length: Math.min(count, recipients.length) }, (_, index) =>
    recipients.slice(Math.floor(index * step)).slice(0, 1),
  ).flat()
}

function readCount(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (count < 1) throw new UsageError('--sample is a number from 1 to 9999')
  return count
}

function oneOf<T extends NoticeForm | NoticeKind>(
  values: readonly T[],
  given: string,
  option: string,
): T {
  const found = values.find((value) => value === given)
  if (found === undefined) throw new UsageError(`--${option} is one of ${values.join(', ')}`)
  return found
}
