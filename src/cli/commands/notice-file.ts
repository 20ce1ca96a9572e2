import { composeBundle, type Bundle, uploadBundle } from '#client/bundle.ts'
import { composeCampaignMessage } from '#client/campaign.ts'
import type { Api, SubmittedAct } from '#client/http.ts'
import {
  type ComposedNotices,
  composeNotices,
  noticeBody,
  type NoticeFiling,
  type NoticePlan,
  noticeSalts,
  openMailbox,
} from '#client/notice.ts'
import type { UnlockedKey } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import type { Recipient } from '#client/recipients.ts'
import { type JointTerms, NOTICE_KINDS, type NoticeKind } from '#core/act-bodies.ts'
import { base64, fromBase64 } from '#core/bytes.ts'
import { ownerOf } from '#core/directory.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { parseAct } from '#wire/act.ts'
import { parseCampaignMessage } from '#wire/campaign.ts'
import { compose, openOfficer, type OfficerActor, signIn } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { pathOf } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, type Output } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import {
  earlierNotice,
  newProductFolder,
  openProductFolder,
  type ProductFolder,
} from '#cli/product-files.ts'
import { openProgress } from '#cli/progress.ts'
import { softwareKey } from '#cli/software-key.ts'
import { adoptedTemplate } from '#cli/templates.ts'
import { UsageError } from '#cli/usage-error.ts'
import { readCampaign } from './campaign.ts'
import { faultLines, readContent } from './notice-draft.ts'
import { readId } from './party.ts'

const JOINT_HOURS_MAX = 24

/** A filing under way. */
interface Filing {
  readonly call: Call
  readonly actor: OfficerActor
  readonly api: Api
  readonly folder: ProductFolder
  readonly reporterKey: UnlockedKey
}

/** `notice file` */
export const file: Command = async (call) => {
  const out = pathOf(call, call.args.text('out'))
  const passphrases = openPassphrases(call)
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home, passphrases)
    if (!actor.ok) return actor
    const api = await signIn(actor.value)
    if (!api.ok) return api
    if (call.args.flag('resume')) return await resume(call, api.value, openProductFolder(out))
    const reporterKey = await softwareKey(call, actor.value, passphrases)
    if (!reporterKey.ok) return reporterKey
    const entitled = checkReporter(actor.value, reporterKey.value)
    if (!entitled.ok) return entitled
    return await fileNotice({
      call,
      actor: actor.value,
      api: api.value,
      folder: newProductFolder(out),
      reporterKey: reporterKey.value,
    })
  })
}

/** Found out before anybody waits for fifty thousand signatures that nobody would accept. */
function checkReporter({ party, replay }: OfficerActor, key: UnlockedKey): Result<void> {
  const owner = ownerOf(replay.directory, key.fingerprint)
  const isReporter =
    owner?.party.domain === party &&
    owner.officer.status === 'active' &&
    owner.officer.duties.includes('reporter')
  return isReporter
    ? accept(undefined)
    : refuse(
        'signer-not-entitled',
        `the key ${key.fingerprint} is not an active reporter of ${party}`,
      )
}

async function fileNotice(filing: Filing): Promise<Result<Output>> {
  const { actor, api, call, folder } = filing
  const prepared = await prepare(filing)
  if (!prepared.ok) return prepared
  const { composed, plan } = prepared.value
  const bundle = composeBundle(composed.lines, systemRandom)
  withProgress(call, 'writing files', (update) => {
    folder.finish(bundle, (done) => {
      update(done, composed.told)
    })
  })
  folder.keepDeliveries(bundle)
  const terms = await readTerms(filing, plan)
  if (!terms.ok) return terms
  const uploaded = await upload(call, api, bundle)
  if (!uploaded.ok) return uploaded
  const now = call.io.now()
  const joint = readJoint(call, now)
  const current = { ...actor, connection: { ...actor.connection, now } }
  const payload = compose(
    current,
    'notice.file',
    noticeBody(plan, bundle, { ...terms.value, ...(joint === undefined ? {} : { joint }) }),
  )
  const parsed = parseAct(payload)
  if (!parsed.ok) return parsed
  const signature = await actor.signer.sign(payload)
  if (!signature.ok) return signature
  folder.keepFiling({ id: parsed.value.id, payload: base64(payload), signature: signature.value })
  const submitted = await api.submitAct({ payload, signatures: [signature.value] })
  return submitted.ok ? await conclude({ call, api, folder }, submitted.value, composed) : submitted
}

/** Sends an act again that was signed and kept: it is accepted once, however often it arrives. */
async function resume(call: Call, api: Api, folder: ProductFolder): Promise<Result<Output>> {
  const kept = folder.readFiling()
  if (kept === undefined)
    throw new UsageError(
      `${folder.path} holds no filing to go on with; file again into a new folder`,
    )
  const payload = fromBase64(kept.payload) ?? new Uint8Array()
  const submitted = await api.submitAct({ payload, signatures: [kept.signature] })
  return submitted.ok ? await conclude({ call, api, folder }, submitted.value) : submitted
}

async function prepare(
  filing: Filing,
): Promise<Result<{ composed: ComposedNotices; plan: NoticePlan }>> {
  const { actor, api, call } = filing
  const { args } = call
  const { coalition } = actor.connection
  const template = await adoptedTemplate(
    args.maybe('template') ?? 'account',
    actor.replay.directory,
    api,
  )
  if (!template.ok) return template
  const content = await readContent(call, template.value)
  if (!content.ok) return content
  const { brief, list } = content.value
  if (list.recipients.length === 0)
    return refuse(
      'customer-list-invalid',
      ['the list names nobody who can be told', ...faultLines(list)].join('; '),
    )
  if (list.faults.length > 0 && !args.flag('allow-faults'))
    return refuse('customer-list-invalid', faultLines(list).join('; '))
  const plan: NoticePlan = {
    ...coalition,
    filer: actor.party,
    kind: readKind(args.maybe('kind') ?? 'first'),
    brief,
    salts: noticeSalts(systemRandom),
    template: template.value,
    at: call.io.now(),
  }
  const composed = await composeAll(filing, plan, list.recipients)
  const untold = composed.undeliverable.filter(({ lost }) => lost === 'notice')
  if (untold.length > 0 && !args.flag('allow-faults')) {
    const faults = untold.map(({ line, refusal }) => ({
      line,
      reason: refusal.detail ?? refusal.reason,
    }))
    return refuse('customer-list-invalid', faultLines({ faults }).join('; '))
  }
  return accept({ composed, plan })
}

async function composeAll(
  filing: Filing,
  plan: NoticePlan,
  recipients: readonly Recipient[],
): Promise<ComposedNotices> {
  const { actor, api, call, folder, reporterKey } = filing
  const { coalition, pins } = actor.connection
  const earlier = call.args.maybe('supersedes-files')
  const earlierFolder = earlier === undefined ? undefined : pathOf(call, earlier)
  if (plan.kind !== 'first' && earlierFolder === undefined) {
    throw new UsageError(
      '--supersedes-files is missing: each customer is told which notice this one follows',
    )
  }
  const progress = openProgress(call.io, 'composing')
  try {
    return await composeNotices(plan, recipients, {
      reporterKey,
      random: systemRandom,
      findMailbox: async (id, fingerprint) =>
        await openMailbox(api, pins, { id, fingerprint, origin: coalition.origin, now: plan.at }),
      keepProduct: async (product) => {
        folder.keepDraft(product)
        await Promise.resolve()
      },
      earlierNotice: async ({ account }) =>
        await Promise.resolve(
          earlierFolder === undefined ? undefined : earlierNotice(earlierFolder, account),
        ),
      onProgress: (done) => {
        progress.update(done, recipients.length)
      },
    })
  } finally {
    progress.close()
  }
}

/** What the act says beside bundle, brief and template; with a campaign, the brief goes up for its parties. */
async function readTerms(filing: Filing, plan: NoticePlan): Promise<Result<NoticeFiling>> {
  const { args } = filing.call
  const supersedes = args.maybe('supersedes')
  if ((supersedes === undefined) !== (plan.kind === 'first'))
    throw new UsageError('--supersedes goes with every --kind but first')
  const terms = {
    reporter: filing.reporterKey.fingerprint,
    ...(supersedes === undefined ? {} : { supersedes: readId(supersedes) }),
  }
  const campaign = args.maybe('campaign')
  if (campaign === undefined) return accept(terms)
  const briefMessage = await sendBrief(filing, plan, readId(campaign))
  return briefMessage.ok
    ? accept({ ...terms, campaign, briefMessage: briefMessage.value })
    : briefMessage
}

async function sendBrief(
  { actor, api, reporterKey }: Filing,
  plan: NoticePlan,
  campaign: string,
): Promise<Result<string>> {
  const opened = await readCampaign(api, campaign)
  if (!opened.ok) return opened
  const { author, invited } = opened.value
  const { brief, genesis, origin, salts, template } = plan
  const message = parseCampaignMessage({
    author: actor.party,
    brief: { content: brief, salt: salts.brief },
    campaign,
    genesis,
    kind: 'notice.brief',
    origin,
    template: { hash: template.hash, salt: salts.template },
    v: 1,
  })
  if (!message.ok) return message
  const sealed = await composeCampaignMessage({
    message: message.value,
    parties: [author, ...invited],
    directory: actor.replay.directory,
    key: reporterKey,
    at: plan.at,
  })
  return sealed.ok ? await api.uploadBrief(sealed.value.message) : sealed
}

async function upload(call: Call, api: Api, bundle: Bundle): Promise<Result<void>> {
  const progress = openProgress(call.io, 'uploading')
  try {
    return await uploadBundle(api, bundle, (held) => {
      progress.update(held, bundle.totalBytes)
    })
  } finally {
    progress.close()
  }
}

/** Brings the proof to the customers' files, as far as there is one already. */
async function conclude(
  { api, call, folder }: Pick<Filing, 'api' | 'call' | 'folder'>,
  submitted: SubmittedAct,
  composed?: ComposedNotices,
): Promise<Result<Output>> {
  const proven =
    submitted.status === 'effective'
      ? await bringReceipt(call, api, { id: submitted.id, folder })
      : accept(0)
  if (!proven.ok && proven.refusal.reason !== 'receipt-not-logged') return proven
  const files = proven.ok ? proven.value : 0
  const lines = [
    ...(composed === undefined ? [] : [`told    ${String(composed.told)} customers`]),
    ...(composed?.undeliverable ?? []).map(
      ({ line, lost, refusal }) =>
        `careful line ${String(line)}: ${LOST[lost]} (${refusal.reason})`,
    ),
    `files   ${folder.path}${files === 0 ? ', without a receipt yet' : ''}`,
  ]
  const { missing, status, id } = submitted
  const hint = files > 0 ? [] : [`later   dunant notice status ${id} --files ${folder.path}`]
  const described = describeSubmitted(submitted, lines)
  return accept({
    ...described,
    text: [described.text, ...hint].join('\n'),
    value: {
      id,
      status,
      missing,
      told: composed?.told ?? null,
      undeliverable: composed?.undeliverable ?? [],
      files: folder.path,
      with_receipt: files,
    },
  })
}

const LOST = {
  mailbox: 'told in your product alone, not in the mailbox',
  notice: 'NOT TOLD',
} as const

/** Fetches the receipt of a notice and puts it into every customer's file. */
export async function bringReceipt(
  call: Call,
  api: Api,
  notice: { id: string; folder: ProductFolder },
): Promise<Result<number>> {
  const receipt = await api.readReceipt(notice.id, { withChain: true })
  if (!receipt.ok) return receipt
  const parsed = parseAct(fromBase64(receipt.value.act.payload) ?? new Uint8Array())
  if (!parsed.ok) return parsed
  return withProgress(call, 'adding receipts', (update) =>
    notice.folder.addReceipt(receipt.value, parsed.value, (done) => {
      update(done, 0)
    }),
  )
}

function withProgress<T>(
  call: Call,
  label: string,
  work: (update: (done: number, total: number) => void) => T,
): T {
  const progress = openProgress(call.io, label)
  try {
    return work((done, total) => {
      progress.update(done, total)
    })
  } finally {
    progress.close()
  }
}

function readKind(named: string): NoticeKind {
  const kind = NOTICE_KINDS.find((known) => known === named)
  if (kind === undefined) throw new UsageError(`--kind is one of ${NOTICE_KINDS.join(', ')}`)
  return kind
}

function readJoint({ args }: Call, now: number): JointTerms | undefined {
  const required = args.count('joint-required')
  const hours = args.count('joint-hours') ?? JOINT_HOURS_MAX
  if (required === undefined) return undefined
  if (required < 1) throw new UsageError('--joint-required is at least 1')
  if (hours < 1 || hours > JOINT_HOURS_MAX)
    throw new UsageError(`--joint-hours is 1 to ${String(JOINT_HOURS_MAX)}`)
  return { required, until: formatInstant(now + hours * 3600) }
}
