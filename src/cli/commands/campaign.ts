import {
  composeCampaignMessage,
  openCampaignMessage,
  type SealedCampaignMessage,
} from '#client/campaign.ts'
import { readCampaign } from '#client/filed-act.ts'
import type { Api } from '#client/http.ts'
import type { UnlockedKey } from '#client/openpgp.ts'
import type { Json, JsonObject } from '#core/canonical-json.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type CampaignMessage, parseCampaignMessage } from '#wire/campaign.ts'
import { openOfficer, type OfficerActor, signIn, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { readJson } from '#cli/files.ts'
import { homeFolder, type Home, openHome, withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say, table } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { softwareKey } from '#cli/software-key.ts'
import { UsageError } from '#cli/usage-error.ts'
import { readId } from './party.ts'

/** An officer who reads and writes messages of campaigns. */
interface Writer {
  readonly call: Call
  readonly home: Home
  readonly actor: OfficerActor
  readonly api: Api
  readonly key: UnlockedKey
}

/** A campaign that this home has to do with. */
interface KeptCampaign {
  readonly id: string
  readonly author: string
  readonly role: 'accepted' | 'author' | 'invited'
}

/** Members that are lists; one paragraph may stand there by itself. */
const LISTS = ['findings', 'indicators', 'terms'] as const

/** `campaign open` */
export const open: Command = async (call) => {
  const invited = [...new Set(call.args.list('invite'))].toSorted()
  if (invited.length === 0) throw new UsageError('--invite is missing')
  const label = await readJson(call, call.args.text('label'))
  return await asWriter(call, async (writer) => {
    const message = readMessage(writer, label, { kind: 'campaign.label' })
    if (!message.ok) return message
    const sent = await send(writer, message.value, invited)
    if (!sent.ok) return sent
    const submitted = await submit(writer.actor, 'campaign.open', {
      invited,
      label: sent.value.hash,
    })
    if (!submitted.ok) return submitted
    keepCampaign(writer.home, {
      id: submitted.value.id,
      author: writer.actor.party,
      role: 'author',
    })
    return accept(
      describeSubmitted(submitted.value, [
        `campaign opened; tell ${invited.join(', ')} its act id`,
        ...unreachableLines(sent.value),
      ]),
    )
  })
}

/** `campaign accept` */
export const acceptInvitation: Command = async (call) => {
  const campaign = readId(call.args.argument(0))
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const submitted = await submit(actor.value, 'campaign.accept', { campaign })
    if (!submitted.ok) return submitted
    keepCampaign(home, { id: campaign, author: '', role: 'accepted' })
    return accept(describeSubmitted(submitted.value))
  })
}

/** `campaign share` */
export const share: Command = async (call) => {
  const campaign = readId(call.args.argument(0))
  const content = await readJson(call, call.args.text('content'))
  return await asWriter(call, async (writer) => {
    const opened = await readCampaign(writer.api, campaign)
    if (!opened.ok) return opened
    const message = readMessage(writer, content, { kind: 'campaign.content', campaign })
    if (!message.ok) return message
    const named = call.args.list('to')
    const parties = named.length === 0 ? opened.value.invited : named
    const sent = await send(writer, message.value, parties)
    if (!sent.ok) return sent
    const submitted = await submit(writer.actor, 'campaign.share', {
      campaign,
      content: sent.value.hash,
    })
    if (!submitted.ok) return submitted
    const described = describeSubmitted(submitted.value, [
      `content ${sent.value.hash}`,
      ...unreachableLines(sent.value),
    ])
    return accept({
      ...described,
      value: { id: submitted.value.id, status: submitted.value.status, content: sent.value.hash },
    })
  })
}

/** `campaign list` */
export const list: Command = async (call) => {
  const kept = keptCampaigns(openHome(homeFolder(call)))
  const rows = kept.map(({ id, author, role }) => [id, role, author])
  const text =
    rows.length === 0
      ? 'this home knows no campaign'
      : table([['campaign', 'role', 'author'], ...rows])
  return await Promise.resolve(accept(say([text], kept)))
}

/** `campaign show` */
export const show: Command = async (call) => {
  const campaign = readId(call.args.argument(0))
  const content = call.args.maybe('content')
  return await asWriter(call, async (writer) => {
    const opened = await readCampaign(writer.api, campaign)
    if (!opened.ok) return opened
    const { author, invited, label } = opened.value
    const message = await writer.api.readBrief(content === undefined ? label : readId(content))
    if (!message.ok) return message
    const read = await openCampaignMessage(message.value, {
      kind: content === undefined ? 'campaign.label' : 'campaign.content',
      directory: writer.actor.replay.directory,
      author,
      campaign,
      key: writer.key,
    })
    if (!read.ok) return read
    const isAuthor = author === writer.actor.party
    keepCampaign(writer.home, { id: campaign, author, role: isAuthor ? 'author' : 'invited' })
    return accept(
      say(
        [
          `campaign  ${campaign}`,
          `author    ${author}, whose officer signed this`,
          `invited   ${invited.join(', ')}`,
          '',
          ...messageLines(read.value),
        ],
        read.value,
      ),
    )
  })
}

async function asWriter(
  call: Call,
  work: (writer: Writer) => Promise<Result<Output>>,
): Promise<Result<Output>> {
  const passphrases = openPassphrases(call)
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home, passphrases)
    if (!actor.ok) return actor
    const key = await softwareKey(call, actor.value, passphrases)
    if (!key.ok) return key
    const api = await signIn(actor.value)
    return api.ok
      ? await work({ call, home, actor: actor.value, api: api.value, key: key.value })
      : api
  })
}

function readMessage(
  { actor }: Writer,
  json: Json,
  head: { kind: 'campaign.content'; campaign: string } | { kind: 'campaign.label' },
): Result<CampaignMessage> {
  if (!isObject(json)) return refuse('brief-invalid', 'the file is not a JSON object')
  const { genesis, origin } = actor.connection.coalition
  const lists = Object.fromEntries(
    LISTS.flatMap((name) => (typeof json[name] === 'string' ? [[name, [json[name]]]] : [])),
  )
  return parseCampaignMessage({
    ...json,
    ...lists,
    ...head,
    author: actor.party,
    genesis,
    origin,
    v: 1,
  })
}

function isObject(json: Json): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

async function send(
  { actor, api, call, key }: Writer,
  message: CampaignMessage,
  parties: readonly string[],
): Promise<Result<SealedCampaignMessage & { hash: string }>> {
  const sealed = await composeCampaignMessage({
    message,
    parties,
    directory: actor.replay.directory,
    key,
    at: call.io.now(),
  })
  if (!sealed.ok) return sealed
  const hash = await api.uploadBrief(sealed.value.message)
  return hash.ok ? accept({ ...sealed.value, hash: hash.value }) : hash
}

function unreachableLines({ unreachable }: SealedCampaignMessage): readonly string[] {
  return unreachable.map(
    ({ fingerprint, party, refusal }) =>
      `careful: ${fingerprint} of ${party} cannot read it (${refusal.reason})`,
  )
}

function messageLines(message: CampaignMessage): readonly string[] {
  switch (message.kind) {
    case 'campaign.label':
      return [
        `TLP       ${message.tlp.toUpperCase()}`,
        `sector    ${message.sector}`,
        `urgency   ${message.urgency}`,
        'terms',
        ...message.terms.map((term) => `  ${term}`),
      ]
    case 'campaign.content':
      return [
        'findings',
        ...message.findings.map((finding) => `  ${finding}`),
        'indicators',
        ...message.indicators.map((indicator) => `  ${indicator}`),
      ]
    case 'notice.brief':
      return [JSON.stringify(message.brief.content, undefined, 2)]
  }
}

function keptCampaigns(home: Home): readonly KeptCampaign[] {
  const text = home.read('pins', 'campaigns')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return text === undefined ? [] : (JSON.parse(text) as readonly KeptCampaign[])
}

/** What is known already stays: looking at an accepted campaign does not make it an unaccepted one. */
function keepCampaign(home: Home, campaign: KeptCampaign): void {
  const kept = keptCampaigns(home)
  const before = kept.find(({ id }) => id === campaign.id)
  const role = before !== undefined && campaign.role === 'invited' ? before.role : campaign.role
  const author = campaign.author === '' ? (before?.author ?? '') : campaign.author
  const others = kept.filter(({ id }) => id !== campaign.id)
  home.write(
    'pins',
    'campaigns',
    `${JSON.stringify([...others, { id: campaign.id, author, role }])}\n`,
  )
}
