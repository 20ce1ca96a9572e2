import { join } from 'node:path'
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
import { systemRandom } from '#client/random.ts'
import { base64, fromBase64 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { ownerOf } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import { parseBrief } from '#wire/notice.ts'
import { Busy } from '#cli/busy.ts'
import { compose, openOfficer, type OfficerActor, signIn } from '#cli/connection.ts'
import { pathOf, privateFolder, readJson } from '#cli/files.ts'
import type { BundleFile, BundleName } from '#cli/filing/bundle-file.ts'
import { type FilingWork, hasWork, openWork, removeWork } from '#cli/filing/journal.ts'
import { prepareBundle } from '#cli/filing/prepare-bundle.ts'
import { conclude } from '#cli/filing/receipts.ts'
import { checkSupersedes, type Filing, readJoint, readKind, readTerms } from '#cli/filing/terms.ts'
import { withHome } from '#cli/home.ts'
import { takeLock } from '#cli/lock.ts'
import { type Call, type Command, type Output } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { earlierNotice, LOCK, openProductFolder, type ProductFolder } from '#cli/product-files.ts'
import { openProgress } from '#cli/progress.ts'
import { softwareKey } from '#cli/software-key.ts'
import { adoptedTemplate } from '#cli/templates.ts'
import { UsageError, FileError } from '#cli/usage-error.ts'

/** Long enough for a process that is just ending. */
const FOLDER_WAIT_MS = 500
/** `notice file` */
export const file: Command = async (call) => {
  const out = pathOf(call, call.args.text('out'))
  const passphrases = openPassphrases(call)
  return await withFolder(out, async (folder) => {
    const stands = checkFolder(call, folder)
    return await withHome(call, async (home) => {
      const actor = await openOfficer(call, home, passphrases)
      if (!actor.ok) return actor
      const api = await signIn(actor.value)
      if (!api.ok) return api
      if (stands === 'signed') return await resume(call, api.value, folder)
      const reporterKey = await softwareKey(call, actor.value, passphrases)
      if (!reporterKey.ok) return reporterKey
      const entitled = checkReporter(actor.value, reporterKey.value)
      if (!entitled.ok) return entitled
      return await fileNotice({
        call,
        actor: actor.value,
        api: api.value,
        folder,
        reporterKey: reporterKey.value,
      })
    })
  })
}

/** Works on a folder of product files, which nobody else works on meanwhile. @throws Busy where somebody does. */
async function withFolder<T>(out: string, work: (folder: ProductFolder) => Promise<T>): Promise<T> {
  privateFolder(out)
  const lock = await takeLock(join(out, LOCK), FOLDER_WAIT_MS).catch((error: unknown) => {
    if (!(error instanceof Busy)) throw error
    throw new Busy(`another filing is at work in ${out}: ${error.message}`)
  })
  try {
    return await work(openProductFolder(out))
  } finally {
    lock.release()
  }
}

/**
 * Tells how a folder stands: nothing is in it, a filing that broke off while it was prepared, or one whose act was signed and only has to be sent.
 *
 * With `--start-over` what was prepared is thrown away, never a signed act. @throws FileError for a folder that is no place for this filing.
 */
function checkFolder({ args }: Call, folder: ProductFolder): 'new' | 'prepared' | 'signed' {
  const { path } = folder
  const kept = folder.readFiling()
  const isUnderWay = hasWork(path)
  if (kept !== undefined && args.flag('start-over')) {
    throw new FileError(
      `the act of ${path} is signed and may have been received; go on without --start-over`,
    )
  }
  if (kept !== undefined && (isUnderWay || args.flag('resume'))) return 'signed'
  if (kept !== undefined) {
    throw new FileError(
      `${path} is of the notice ${kept.id}, which was filed; see: dunant notice status ${kept.id} --files ${path}`,
    )
  }
  if (isUnderWay && args.flag('start-over')) {
    removeWork(path)
    folder.clear('all')
    return 'new'
  }
  if (isUnderWay) return 'prepared'
  if (args.flag('resume'))
    throw new UsageError(`${path} holds no filing to go on with; file again without --resume`)
  if (!folder.isEmpty()) throw new FileError(`${path} is not empty; give a new folder`)
  return 'new'
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
  const { api, call, folder } = filing
  const begun = await begin(filing)
  if (!begun.ok) return begun
  const { plan, work } = begun.value
  const prepared = await prepareBundle({
    io: call.io,
    work,
    out: folder.path,
    customers: call.args.text('customers'),
    plan,
    reporterKey: filing.reporterKey,
    hooks: hooksOf(filing, plan),
    allowFaults: call.args.flag('allow-faults'),
  })
  if (!prepared.ok) return prepared
  const { bundle } = prepared.value
  try {
    const terms = await readTerms(filing, plan, work)
    if (!terms.ok) return terms
    const uploaded = await upload(filing, bundle)
    if (!uploaded.ok) return uploaded
    const submitted = await fileBundle(filing, { plan, bundle, terms: terms.value })
    return submitted.ok
      ? await conclude({ call, api, folder }, submitted.value, prepared.value)
      : submitted
  } finally {
    bundle.close()
  }
}

/** Signs the act, keeps it, and only then sends it: whatever happens now, there is one notice. */
async function fileBundle(
  { actor, api, call, folder }: Filing,
  {
    bundle,
    plan,
    terms,
  }: { readonly bundle: BundleName; readonly plan: NoticePlan; readonly terms: NoticeFiling },
): Promise<Result<SubmittedAct>> {
  const now = call.io.now()
  const joint = readJoint(call, now)
  const current = { ...actor, connection: { ...actor.connection, now } }
  const payload = compose(
    current,
    'notice.file',
    noticeBody(plan, bundle, { ...terms, ...(joint === undefined ? {} : { joint }) }),
  )
  const parsed = parseAct(payload)
  if (!parsed.ok) return parsed
  const signature = await actor.signer.sign(payload)
  if (!signature.ok) return signature
  folder.keepFiling({ id: parsed.value.id, payload: base64(payload), signature: signature.value })
  return await send(api, folder)
}

/** Sends the act that was kept. One that the server refuses and does not know is forgotten, so that the next run signs another. */
async function send(api: Api, folder: ProductFolder): Promise<Result<SubmittedAct>> {
  const kept = folder.readFiling()
  if (kept === undefined) throw new Error('no act was kept')
  const payload = fromBase64(kept.payload) ?? new Uint8Array()
  const submitted = await api.submitAct({ payload, signatures: [kept.signature] })
  if (submitted.ok) return submitted
  // A signature grows stale, but a notice that was filed with it in time is filed.
  const known = await api.readAct(kept.id)
  if (known.ok) {
    const { id, missing, status } = known.value
    return accept({ id, missing, status, receipt: null })
  }
  if (known.refusal.reason === 'not-found' && hasWork(folder.path)) folder.dropFiling()
  return submitted
}

/** Goes on with an act that was signed: it is accepted once, however often it arrives. */
async function resume(call: Call, api: Api, folder: ProductFolder): Promise<Result<Output>> {
  const submitted = await send(api, folder)
  return submitted.ok ? await conclude({ call, api, folder }, submitted.value) : submitted
}

/** Reads what the command says, and finds or opens the work that belongs to it. */
async function begin(
  filing: Filing,
): Promise<Result<{ readonly plan: NoticePlan; readonly work: FilingWork }>> {
  const { actor, api, call, folder, reporterKey } = filing
  const { args } = call
  const kind = readKind(args.maybe('kind') ?? 'first')
  checkSupersedes(call, kind)
  const template = await adoptedTemplate(
    args.maybe('template') ?? 'account',
    actor.replay.directory,
    api,
  )
  if (!template.ok) return template
  const brief = parseBrief(await readJson(call, args.text('brief')))
  if (!brief.ok) return brief
  const options = ['supersedes', 'supersedes-files', 'campaign', 'joint-required', 'joint-hours']
  const given = options.flatMap((name) => {
    const value = args.maybe(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const terms = {
    brief: sha256Hex(canonicalJson(brief.value)),
    coalition: actor.connection.coalition.genesis,
    party: actor.party,
    reporter: reporterKey.fingerprint,
    template: template.value.hash,
    kind,
    faults: args.flag('allow-faults') ? 'allowed' : 'refused',
    ...Object.fromEntries(given),
  }
  const work = openWork(folder.path, terms, () => noticeSalts(systemRandom))
  const plan = {
    ...actor.connection.coalition,
    filer: actor.party,
    kind,
    brief: brief.value,
    salts: work.journal().salts,
    template: template.value,
    at: call.io.now(),
  }
  return accept({ plan, work })
}

function hooksOf({ actor, api, call }: Filing, plan: NoticePlan): Omit<NoticeHooks, 'sealer'> {
  const { coalition, pins } = actor.connection
  const earlier = call.args.maybe('supersedes-files')
  const earlierFolder = earlier === undefined ? undefined : pathOf(call, earlier)
  return {
    random: systemRandom,
    findMailbox: async (id, fingerprint) =>
      await openMailbox(api, pins, { id, fingerprint, origin: coalition.origin, now: plan.at }),
    earlierNotice: async ({ account }) =>
      await Promise.resolve(
        earlierFolder === undefined ? undefined : earlierNotice(earlierFolder, account),
      ),
  }
}

/** Customers closed their mailboxes or changed their keys since the bundle was made: it can never be filed. */
const OUTDATED: readonly RefusalReason[] = [
  'bundle-filed-already',
  'envelope-recipient-wrong',
  'mailbox-unavailable',
]

async function upload({ api, call, folder }: Filing, bundle: BundleFile): Promise<Result<void>> {
  const progress = openProgress(call.io, 'uploading')
  try {
    const uploaded = await uploadBundle(api, bundle, (held) => {
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
