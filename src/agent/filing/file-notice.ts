import { checkCovered } from '#client/approval.ts'
import { composeAct } from '#client/act.ts'
import { uploadBundle } from '#client/bundle.ts'
import type { Api, SubmittedAct } from '#client/http.ts'
import {
  noticeBody,
  type NoticeFiling,
  type NoticeHooks,
  type NoticePlan,
  noticeSalts,
  openMailbox,
} from '#client/notice.ts'
import type { UnlockedKey } from '#client/openpgp.ts'
import type { Coalition, PinStore } from '#client/pins.ts'
import { systemRandom } from '#client/random.ts'
import type { JointTerms } from '#core/act-bodies.ts'
import { base64 } from '#core/bytes.ts'
import { type Directory, headOf, ownerOf } from '#core/directory.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import { sendBrief } from './brief-message.ts'
import type { BundleFile, BundleName } from './bundle-file.ts'
import type { OpenList } from './customer-list.ts'
import type { EarlierRecipients } from './earlier-recipients.ts'
import { type FilingTerms, type FilingWork, openWork } from './journal.ts'
import { type FilingTools, prepareBundle, type PreparedBundle } from './prepare-bundle.ts'
import type { ProductFolder } from './product-files.ts'
import { sendSigned } from './signed-act.ts'

const NONCE_BYTES = 16

/** Who files: an officer of a party with an open session, and the key that signs the notices. */
export interface Filer {
  readonly api: Api
  readonly coalition: Coalition
  /** Verified. */
  readonly directory: Directory
  readonly party: string
  readonly pins: PinStore
  readonly reporterKey: UnlockedKey
  /** Signs an act: armored. */
  readonly sign: (payload: Uint8Array) => Promise<Result<string>>
  /** POSIX seconds. */
  readonly now: () => number
}

/** What is to be told, and to whom. */
export interface NoticeOrder extends Pick<NoticePlan, 'approval' | 'brief' | 'kind' | 'template'> {
  readonly openList: OpenList
  /** Goes on where somebody on the list cannot be told. */
  readonly allowFaults: boolean
  readonly campaign?: string | undefined
  readonly supersedes?: string | undefined
  /** What a joint notice waits for, counted from the moment it is signed. */
  readonly joint: () => JointTerms | undefined
  /** For all kinds but the first: which notice a customer had before. */
  readonly earlierNotice?: NonNullable<NoticeHooks['earlierNotice']>
  /** The same: who got it. */
  readonly earlier?: EarlierRecipients
  /** By which the same order is known again. */
  readonly terms: FilingTerms
}

/** A filing and where it stands on the disk. */
export interface Filing {
  readonly filer: Filer
  readonly folder: ProductFolder
  readonly tools: FilingTools
}

/** A notice that was filed from its customer list. */
export interface FiledNotice {
  readonly submitted: SubmittedAct
  readonly prepared: PreparedBundle
}

/** Found out before anybody waits for fifty thousand signatures that nobody would accept. Refuses `signer-not-entitled`. */
export function checkReporter(
  { directory, party }: Pick<Filer, 'directory' | 'party'>,
  key: UnlockedKey,
): Result<void> {
  const owner = ownerOf(directory, key.fingerprint)
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

/** Composes, seals, uploads, signs and files, from wherever an earlier run of the same order stopped. */
export async function fileNotice(filing: Filing, order: NoticeOrder): Promise<Result<FiledNotice>> {
  const { folder, filer, tools } = filing
  const work = openWork(folder.path, order.terms, () => noticeSalts(systemRandom))
  const plan = planOf(filer, order, work)
  const covered = checkApproval(plan)
  if (!covered.ok) return covered
  const prepared = await prepareBundle({
    openList: order.openList,
    tools,
    work,
    out: folder.path,
    plan,
    reporterKey: filer.reporterKey,
    hooks: hooksOf(filer, order, plan),
    allowFaults: order.allowFaults,
    earlier: order.earlier,
  })
  if (!prepared.ok) return prepared
  const { bundle } = prepared.value
  try {
    const terms = await readTerms(filer, { order, plan, work })
    if (!terms.ok) return terms
    const uploaded = await upload(filing, bundle)
    if (!uploaded.ok) return uploaded
    const submitted = await fileBundle(filing, { order, plan, bundle, terms: terms.value })
    return submitted.ok
      ? accept({ submitted: submitted.value, prepared: prepared.value })
      : submitted
  } finally {
    bundle.close()
  }
}

/** Nothing is composed that counsel did not approve. */
function checkApproval({ approval, at, brief, template }: NoticePlan): Result<void> {
  return approval === undefined
    ? accept(undefined)
    : checkCovered(approval, { brief, template: template.hash }, at)
}

function planOf(
  { coalition, now, party }: Filer,
  { approval, brief, kind, template }: NoticeOrder,
  work: FilingWork,
): NoticePlan {
  return {
    ...coalition,
    ...(approval === undefined ? {} : { approval }),
    filer: party,
    kind,
    brief,
    salts: work.journal().salts,
    template,
    at: now(),
  }
}

function hooksOf(
  { api, coalition, pins }: Filer,
  { earlierNotice }: NoticeOrder,
  plan: NoticePlan,
): Omit<NoticeHooks, 'sealer'> {
  return {
    random: systemRandom,
    findMailbox: async (id, fingerprint) =>
      await openMailbox(api, pins, { id, fingerprint, origin: coalition.origin, now: plan.at }),
    ...(earlierNotice === undefined ? {} : { earlierNotice }),
  }
}

/** What the act says beside bundle, brief and template; with a campaign, the brief goes up for its parties. */
async function readTerms(
  filer: Filer,
  {
    order,
    plan,
    work,
  }: { readonly order: NoticeOrder; readonly plan: NoticePlan; readonly work: FilingWork },
): Promise<Result<NoticeFiling>> {
  const { campaign, supersedes } = order
  const terms = {
    reporter: filer.reporterKey.fingerprint,
    ...(supersedes === undefined ? {} : { supersedes }),
  }
  if (campaign === undefined) return accept(terms)
  const sent = work.journal().briefMessage
  const briefMessage = sent === undefined ? await sendBrief(filer, plan, campaign) : accept(sent)
  if (!briefMessage.ok) return briefMessage
  if (sent === undefined) work.note({ briefMessage: briefMessage.value })
  return accept({ ...terms, campaign, briefMessage: briefMessage.value })
}

/** Signs the act, keeps it, and only then sends it: whatever happens now, there is one notice. */
async function fileBundle(
  { filer, folder }: Filing,
  {
    bundle,
    order,
    plan,
    terms,
  }: {
    readonly bundle: BundleName
    readonly order: NoticeOrder
    readonly plan: NoticePlan
    readonly terms: NoticeFiling
  },
): Promise<Result<SubmittedAct>> {
  const { api, coalition, directory, now, party, sign } = filer
  const joint = order.joint()
  const payload = composeAct({
    type: 'notice.file',
    body: noticeBody(plan, bundle, { ...terms, ...(joint === undefined ? {} : { joint }) }),
    by: { party },
    directory: headOf(directory),
    origin: coalition.origin,
    now: now(),
    nonce: systemRandom(NONCE_BYTES),
  })
  const parsed = parseAct(payload)
  if (!parsed.ok) return parsed
  const signature = await sign(payload)
  if (!signature.ok) return signature
  folder.keepFiling({ id: parsed.value.id, payload: base64(payload), signature: signature.value })
  return await sendSigned(api, folder)
}

/** Customers closed their mailboxes or changed their keys since the bundle was made: it can never be filed. */
const OUTDATED: readonly RefusalReason[] = [
  'bundle-filed-already',
  'envelope-recipient-wrong',
  'mailbox-unavailable',
]

async function upload({ filer, folder, tools }: Filing, bundle: BundleFile): Promise<Result<void>> {
  const progress = tools.openProgress('uploading')
  try {
    const uploaded = await uploadBundle(filer.api, bundle, (held) => {
      progress.update(held, bundle.totalBytes)
    })
    if (uploaded.ok || !OUTDATED.includes(uploaded.refusal.reason)) return uploaded
    const { detail, reason } = uploaded.refusal
    return refuse(
      reason,
      `${detail ?? reason}; nothing was filed, and what was composed cannot be filed any more. ` +
        `--start-over composes it anew; to give it up, delete ${folder.path} with all that is in it`,
    )
  } finally {
    progress.close()
  }
}
