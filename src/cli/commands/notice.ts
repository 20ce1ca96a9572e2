import { checkNoticeBrief, openCampaignMessage } from '#client/campaign.ts'
import { readActOf } from '#client/filed-act.ts'
import type { Api } from '#client/http.ts'
import { previewNotice } from '#client/notice.ts'
import type { UnlockedKey } from '#client/openpgp.ts'
import { parseFactsCell } from '#client/facts.ts'
import type { ActOf } from '#core/act.ts'
import { STATEMENTS, type Statement } from '#core/act-bodies.ts'
import { templateName } from '#core/template.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { NoticeBrief } from '#wire/campaign.ts'
import { openOfficer, type OfficerActor, signIn, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say } from '#cli/output.ts'
import { openPassphrases, type Passphrases } from '#cli/passphrase.ts'
import { softwareKey } from '#cli/software-key.ts'
import { adoptedTemplate } from '#cli/templates.ts'
import { UsageError } from '#cli/usage-error.ts'

import { readId } from './party.ts'

/** An officer who is signed in. */
export interface Reader {
  readonly call: Call
  readonly actor: OfficerActor
  readonly api: Api
  readonly passphrases: Passphrases
}

/** `notice show` */
export const show: Command = async (call) => {
  const id = readId(call.args.argument(0))
  return await signedIn(call, async (reader) => {
    const found = await openBrief(reader, id)
    if (!found.ok) return found
    const { brief, notice } = found.value
    const template = await adoptedTemplate(
      brief.template.hash,
      reader.actor.replay.directory,
      reader.api,
    )
    if (!template.ok) return template
    const sample = await sampleText(reader, { brief, notice, template: template.value })
    if (!sample.ok) return sample
    return accept(
      say(
        [
          `notice    ${id}`,
          `by        ${filerOf(notice)}, whose officer signed this brief; the notice commits to it`,
          `kind      ${notice.body.kind}`,
          `template  ${templateName(template.value.manifest)} ${brief.template.hash}`,
          '',
          'A customer of whom nothing else is known would read:',
          '',
          ...sample.value,
        ],
        {
          id,
          filer: filerOf(notice),
          act: notice,
          brief: brief.brief.content,
          template: brief.template.hash,
        },
      ),
    )
  })
}

/** `notice support` */
export const support: Command = async (call) => {
  const id = readId(call.args.argument(0))
  const statements = readStatements(call)
  return await signedIn(call, async (reader) => {
    const isCard =
      reader.actor.signer.means.kind === 'gpg' && call.args.maybe('reporter-key') === undefined
    const opened = isCard ? accept(undefined) : await openBrief(reader, id)
    if (!opened.ok) return opened
    const submitted = await submit(reader.actor, 'notice.support', { notice: id, statements })
    if (!submitted.ok) return submitted
    const first = isCard
      ? ['careful: the brief was not opened, since gpg alone cannot; see --reporter-key']
      : ['the brief is the one that the notice commits to']
    return accept(describeSubmitted(submitted.value, first))
  })
}

interface OpenedBrief {
  readonly brief: NoticeBrief
  readonly notice: ActOf<'notice.file'>
}

/** Opens the brief of a notice and checks that it is the one the notice commits to. */
async function openBrief(
  { actor, api, call, passphrases }: Reader,
  id: string,
): Promise<Result<OpenedBrief>> {
  const notice = await readActOf(api, id, 'notice.file')
  if (!notice.ok) return notice
  const { brief_message: hash, campaign } = notice.value.body
  if (hash === undefined || campaign === undefined)
    return refuse('brief-unknown', 'the notice belongs to no campaign')
  const key: Result<UnlockedKey> = await softwareKey(call, actor, passphrases)
  if (!key.ok) return key
  const message = await api.readBrief(hash)
  if (!message.ok) return message
  const opened = await openCampaignMessage(message.value, {
    kind: 'notice.brief',
    directory: actor.replay.directory,
    author: filerOf(notice.value),
    campaign,
    key: key.value,
  })
  if (!opened.ok) return opened
  if (opened.value.kind !== 'notice.brief')
    return refuse('brief-invalid', 'another kind of message')
  const exact = checkNoticeBrief(opened.value, notice.value.body)
  return exact.ok ? accept({ brief: exact.value, notice: notice.value }) : exact
}

async function sampleText(
  { actor, call }: Reader,
  {
    brief,
    notice,
    template,
  }: OpenedBrief & { template: Parameters<typeof previewNotice>[0]['template'] },
): Promise<Result<readonly string[]>> {
  const facts = parseFactsCell('', template.manifest)
  if (!facts.ok) return facts
  const [language = ''] = template.texts.has('en') ? ['en'] : [...template.texts.keys()]
  const plan = {
    ...actor.connection.coalition,
    filer: filerOf(notice),
    kind: notice.body.kind,
    brief: brief.brief.content,
    salts: { brief: brief.brief.salt, template: brief.template.salt },
    template,
    at: call.io.now(),
  }
  const ids = {
    check: 'A'.repeat(20),
    notice: '0'.repeat(32),
    ...(notice.body.kind === 'first' ? {} : { supersedes: '1'.repeat(32) }),
  }
  const rendered = previewNotice(
    plan,
    { account: 'somebody', language, facts: facts.value, line: 0 },
    ids,
  )
  return await Promise.resolve(rendered.ok ? accept(rendered.value.lines) : rendered)
}

function filerOf({ by }: ActOf<'notice.file'>): string {
  return 'party' in by ? by.party : ''
}

function readStatements(call: Call): readonly Statement[] {
  const named = call.args.list('state')
  const wrong = named.find((name) => !STATEMENTS.some((statement) => statement === name))
  if (named.length === 0)
    throw new UsageError(`--state is missing: one or more of ${STATEMENTS.join(', ')}`)
  if (wrong !== undefined)
    throw new UsageError(`--state ${wrong} is none of ${STATEMENTS.join(', ')}`)
  return STATEMENTS.filter((statement) => named.includes(statement))
}

/** Runs some work as an officer who is signed in. */
export async function signedIn(
  call: Call,
  work: (reader: Reader) => Promise<Result<Output>>,
): Promise<Result<Output>> {
  const passphrases = openPassphrases(call)
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home, passphrases)
    if (!actor.ok) return actor
    const api = await signIn(actor.value)
    return api.ok ? await work({ call, actor: actor.value, api: api.value, passphrases }) : api
  })
}
