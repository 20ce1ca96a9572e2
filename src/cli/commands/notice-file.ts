import { uploadBundle } from '#client/bundle.ts'
import type { SubmittedAct } from '#client/http.ts'
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
import { base64 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { ownerOf } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import { parseBrief } from '#wire/notice.ts'
import { compose, openOfficer, type OfficerActor, signIn } from '#cli/connection.ts'
import { pathOf, readJson } from '#cli/files.ts'
import type { BundleFile, BundleName } from '#cli/filing/bundle-file.ts'
import { checkFolder, withFolder } from '#cli/filing/filing-folder.ts'
import { type FilingTerms, type FilingWork, openWork } from '#cli/filing/journal.ts'
import { prepareBundle } from '#cli/filing/prepare-bundle.ts'
import { conclude } from '#cli/filing/receipts.ts'
import { checkSigned, forgetSigned, resume, sendSigned } from '#cli/filing/signed-act.ts'
import { checkSupersedes, type Filing, readJoint, readKind, readTerms } from '#cli/filing/terms.ts'
import { withHome } from '#cli/home.ts'
import type { Command, Output } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { earlierNotice } from '#cli/product-files.ts'
import { openProgress } from '#cli/progress.ts'
import { softwareKey } from '#cli/software-key.ts'
import { adoptedTemplate } from '#cli/templates.ts'

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
      const signed = { call, api: api.value, folder }
      if (stands === 'signed' && call.args.flag('resume')) return await resume(signed)
      const reporterKey = await softwareKey(call, actor.value, passphrases)
      if (!reporterKey.ok) return reporterKey
      const entitled = checkReporter(actor.value, reporterKey.value)
      if (!entitled.ok) return entitled
      const filing = { ...signed, actor: actor.value, reporterKey: reporterKey.value }
      return stands === 'signed' ? await goOnSigned(filing) : await fileNotice(filing)
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

/**
 * An act was signed and nobody knows whether it was sent. It goes on where the command is of the very same, and where it is not, somebody says
 * which of the two is meant: what was corrected since would else be told to nobody.
 */
async function goOnSigned(filing: Filing): Promise<Result<Output>> {
  if (filing.call.args.flag('start-over')) {
    const forgotten = await forgetSigned(filing)
    return forgotten.ok ? await fileNotice(filing) : forgotten
  }
  const content = await readContent(filing)
  if (!content.ok) return content
  const same = await checkSigned(filing, content.value.terms)
  return same.ok ? await resume(filing) : same
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
  return await sendSigned(api, folder)
}

/** What the command says, and the terms by which the same command is known again. */
interface Content extends Pick<NoticePlan, 'brief' | 'kind' | 'template'> {
  readonly terms: FilingTerms
}

async function readContent({ actor, api, call, reporterKey }: Filing): Promise<Result<Content>> {
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
  return accept({ brief: brief.value, kind, template: template.value, terms })
}

/** Reads what the command says, and finds or opens the work that belongs to it. */
async function begin(
  filing: Filing,
): Promise<Result<{ readonly plan: NoticePlan; readonly work: FilingWork }>> {
  const { actor, call, folder } = filing
  const content = await readContent(filing)
  if (!content.ok) return content
  const { brief, kind, template, terms } = content.value
  const work = openWork(folder.path, terms, () => noticeSalts(systemRandom))
  const plan = {
    ...actor.connection.coalition,
    filer: actor.party,
    kind,
    brief,
    salts: work.journal().salts,
    template,
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
