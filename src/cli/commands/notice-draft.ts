import { systemRandom } from '#client/random.ts'
import { noticeSalts, type NoticePlan, previewNotice } from '#client/notice.ts'
import { readRecipients, type RecipientList } from '#client/recipients.ts'
import { hex } from '#core/bytes.ts'
import { normaliseAccount } from '#core/commitment.ts'
import type { Brief } from '#core/notice-statement.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS, dayOf } from '#core/time.ts'
import type { Template } from '#wire/assemble-template.ts'
import { parseBrief } from '#wire/notice.ts'
import { anchorOf } from '#cli/connection.ts'
import { inFolder, privateFolder, writeWhole } from '#agent/files.ts'
import { pathOf, readJson, readText } from '#cli/files.ts'
import { EXIT } from '#cli/exit.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { faultLines } from '#agent/filing/fault-lines.ts'
import { shippedTemplates, templateNamed } from '#cli/templates.ts'

const NOTICE_BYTES = 16

const CUSTOMERS = `account,language,facts,mailbox,fingerprint
anna@mail.example,en,target_state=targeted-blocked; asset=email-account,,
luc@mail.example,fr,"target_state=access-confirmed; asset=email-account; sought=messages,contacts; seen=Two sign-ins from a country in which you have never been.",,
`

/** `notice draft` */
export const draft: Command = async (call) => {
  const folder = pathOf(call, call.args.text('out'))
  privateFolder(folder)
  const brief = `${JSON.stringify(exampleBrief(call.io.now()), undefined, 2)}\n`
  writeWhole(inFolder(folder, 'brief.json'), brief, { isNew: true })
  writeWhole(inFolder(folder, 'customers.csv'), CUSTOMERS, { isNew: true })
  const lines = [
    `${folder}/brief.json     what is the same for all; every field is checked`,
    `${folder}/customers.csv  a line for each customer`,
    '',
    'Change both, then look at the result with: dunant notice preview',
  ]
  return await Promise.resolve(
    accept(say(lines, { folder, files: ['brief.json', 'customers.csv'] })),
  )
}

/** `notice preview` */
export const preview: Command = async (call) => {
  const anchor = await anchorOf(call)
  if (!anchor.ok) return anchor
  const named = call.args.maybe('template') ?? 'account'
  const template = templateNamed(await shippedTemplates(), named)
  if (template === undefined)
    return refuse('template-unknown', 'preview knows the templates that come with this version')
  const content = await readContent(call, template)
  if (!content.ok) return content
  const { brief, list } = content.value
  const chosen = chooseRecipient(list, call.args.maybe('account'))
  if (!chosen.ok) return chosen
  const { genesis, origin } = anchor.value
  const plan: NoticePlan = {
    origin,
    genesis,
    filer: call.args.text('party'),
    kind: 'first',
    brief,
    salts: noticeSalts(systemRandom),
    template,
    at: call.io.now(),
  }
  const rendered = previewNotice(plan, chosen.value, { notice: hex(systemRandom(NOTICE_BYTES)) })
  if (!rendered.ok) return rendered
  const { lines, subject } = rendered.value
  const isWhole = list.faults.length === 0
  return accept({
    ...say(
      [
        ...lines,
        '',
        `${String(list.recipients.length)} customers can be told`,
        ...faultLines(list),
      ],
      {
        recipients: list.recipients.length,
        faults: list.faults,
        account: chosen.value.account,
        language: chosen.value.language,
        subject,
        text: lines.join('\n'),
      },
    ),
    exit: isWhole ? EXIT.done : EXIT.input,
  })
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

function chooseRecipient(
  { faults, recipients }: RecipientList,
  named: string | undefined,
): Result<RecipientList['recipients'][number]> {
  const account = named === undefined ? undefined : normaliseAccount(named)
  if (account?.ok === false) return account
  const chosen =
    account === undefined ? recipients[0] : recipients.find((one) => one.account === account.value)
  if (chosen !== undefined) return accept(chosen)
  const why =
    named === undefined
      ? 'the list names nobody who can be told'
      : 'the list does not name this account'
  return refuse('customer-list-invalid', [why, ...faultLines({ faults })].join('; '))
}

function exampleBrief(now: number): Brief {
  return {
    actor_category: 'state-linked-suspected',
    authority: { told: 'no' },
    confidence: 'moderate',
    detected_on: dayOf(now - 2 * DAY_SECONDS),
    help: [
      {
        // No schema accepts this: a victim must not be given a number that nobody answers.
        contact: { kind: 'phone', value: 'WRITE YOUR OWN NUMBER HERE' },
        hours: { days: 'every-day', from: '00:00', to: '24:00', zone: 'UTC' },
        kind: 'member',
        languages: ['en', 'fr'],
        name: 'Customer security',
      },
    ],
    methods: ['credential-phishing'],
    next_update: dayOf(now + 7 * DAY_SECONDS),
    objective: 'unknown',
    ongoing: 'unknown',
    told_others: [],
    v: 1,
    window_from: dayOf(now - 10 * DAY_SECONDS),
  }
}
