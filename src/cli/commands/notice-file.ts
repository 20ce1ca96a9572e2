import {
  checkReporter,
  fileNotice,
  type Filing,
  type NoticeOrder,
} from '#agent/filing/file-notice.ts'
import { checkSaid, endClock } from '#agent/hold-clock.ts'
import { withFolder } from '#agent/filing/filing-folder.ts'
import type { PreparedBundle } from '#agent/filing/prepare-bundle.ts'
import { earlierInFolder } from '#agent/filing/earlier-recipients.ts'
import { earlierNotice } from '#agent/filing/product-files.ts'
import { conclude } from '#agent/filing/receipts.ts'
import { checkSigned, forgetSigned, sendSigned } from '#agent/filing/signed-act.ts'
import type { SubmittedAct } from '#client/http.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { sha256Hex } from '#core/hash.ts'
import type { HoldReason } from '#core/notice-vocabulary.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseBrief } from '#wire/notice.ts'
import { openOfficer, signIn } from '#cli/connection.ts'
import { onDesk } from '#cli/desk.ts'
import { customerSource } from '#cli/customer-source.ts'
import { describeFiled } from '#cli/filed.ts'
import { pathOf, readJson } from '#cli/files.ts'
import {
  checkFolder,
  checkSupersedes,
  readJoint,
  readKind,
  readLeftOut,
} from '#cli/filing-options.ts'
import { withHome } from '#cli/home.ts'
import type { Call, Command, Output } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { openProgress } from '#cli/progress.ts'
import { openSealer } from '#cli/sealer.ts'
import { softwareKey } from '#cli/software-key.ts'
import { namedApproval } from '#cli/approvals.ts'
import { adoptedTemplate } from '#cli/templates.ts'
import { readId } from './party.ts'

/** A filing and the command that asks for it. */
interface Asked extends Filing {
  readonly call: Call
}

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
      const tools = { openProgress: (label: string) => openProgress(call.io, label), openSealer }
      const open = { call, folder, tools }
      const { connection, party, replay, signer } = actor.value
      const { coalition, pins } = connection
      const { directory } = replay
      if (stands === 'signed' && call.args.flag('resume'))
        return await resume({ ...open, filer: { api: api.value } })
      const reporterKey = await softwareKey(call, actor.value, passphrases)
      if (!reporterKey.ok) return reporterKey
      const filer = {
        api: api.value,
        coalition,
        directory,
        party,
        pins,
        reporterKey: reporterKey.value,
        sign: async (payload: Uint8Array) => await signer.sign(payload),
        now: () => call.io.now(),
      }
      const entitled = checkReporter(filer, reporterKey.value)
      if (!entitled.ok) return entitled
      const asked = { ...open, filer }
      return stands === 'signed' ? await goOnSigned(asked) : await fileAnew(asked)
    })
  })
}

/**
 * An act was signed and nobody knows whether it was sent. It goes on where the command is of the very same, and where it is not, somebody says
 * which of the two is meant: what was corrected since would else be told to nobody.
 */
async function goOnSigned(asked: Asked): Promise<Result<Output>> {
  const signed = { api: asked.filer.api, folder: asked.folder }
  if (asked.call.args.flag('start-over')) {
    const forgotten = await forgetSigned(signed)
    return forgotten.ok ? await fileAnew(asked) : forgotten
  }
  const order = await readOrder(asked)
  if (!order.ok) return order
  const same = await checkSigned(signed, order.value)
  return same.ok ? await resume(asked) : same
}

async function fileAnew(asked: Asked): Promise<Result<Output>> {
  const order = await readOrder(asked)
  if (!order.ok) return order
  const filed = await fileNotice(asked, order.value)
  return filed.ok ? await end(asked, filed.value) : filed
}

/** What is needed to go on with what was signed. */
type Resumed = Pick<Asked, 'call' | 'folder' | 'tools'> & {
  readonly filer: Pick<Asked['filer'], 'api'>
}

/** Goes on with an act that was signed: it is accepted once, however often it arrives. */
async function resume(asked: Resumed): Promise<Result<Output>> {
  const submitted = await sendSigned(asked.filer.api, asked.folder)
  return submitted.ok ? await end(asked, { submitted: submitted.value }) : submitted
}

async function end(
  asked: Resumed,
  filed: { readonly submitted: SubmittedAct; readonly prepared?: PreparedBundle },
): Promise<Result<Output>> {
  const { filer, folder, tools } = asked
  const { openProgress: shown } = tools
  const proven = await conclude({ api: filer.api, folder, openProgress: shown }, filed.submitted)
  if (proven.ok) await stopClock(asked.call)
  return proven.ok
    ? accept(describeFiled({ ...filed, folder: folder.path, proven: proven.value }))
    : proven
}

/** What the command says, and the terms by which the same command is known again. */
async function readOrder({ call, filer }: Asked): Promise<Result<NoticeOrder>> {
  const { args } = call
  const kind = readKind(args.maybe('kind') ?? 'first')
  checkSupersedes(call, kind)
  const template = await adoptedTemplate(
    args.maybe('template') ?? 'account',
    filer.directory,
    filer.api,
  )
  if (!template.ok) return template
  const brief = parseBrief(await readJson(call, args.text('brief')))
  if (!brief.ok) return brief
  const said = await checkHold(call, brief.value.hold_reason)
  if (!said.ok) return said
  const approval = await namedApproval(call, filer.api)
  if (!approval.ok) return approval
  const options = [
    'supersedes',
    'supersedes-files',
    'campaign',
    'joint-required',
    'joint-hours',
    'left-out',
  ]
  const given = options.flatMap((name) => {
    const value = args.maybe(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  const terms = {
    brief: sha256Hex(canonicalJson(brief.value)),
    coalition: filer.coalition.genesis,
    party: filer.party,
    reporter: filer.reporterKey.fingerprint,
    template: template.value.hash,
    kind,
    faults: args.flag('allow-faults') ? 'allowed' : 'refused',
    ...(approval.value === undefined ? {} : { approval: approval.value.act }),
    ...Object.fromEntries(given),
  }
  const [campaign, supersedes] = [args.maybe('campaign'), args.maybe('supersedes')]
  return accept({
    brief: brief.value,
    ...(approval.value === undefined ? {} : { approval: approval.value }),
    kind,
    template: template.value,
    terms,
    openList: customerSource(call.io, args.text('customers')),
    allowFaults: args.flag('allow-faults'),
    campaign: campaign === undefined ? undefined : readId(campaign),
    supersedes: supersedes === undefined ? undefined : readId(supersedes),
    joint: () => readJoint(call, call.io.now()),
    ...earlierIn(call),
  })
}

/** Where each customer's earlier notice is looked up. */
function earlierIn(call: Call): Pick<NoticeOrder, 'earlier' | 'earlierNotice'> {
  const earlier = call.args.maybe('supersedes-files')
  if (earlier === undefined) return {}
  const folder = pathOf(call, earlier)
  return {
    earlier: earlierInFolder(folder, readLeftOut(call)),
    earlierNotice: async ({ account }) => await Promise.resolve(earlierNotice(folder, account)),
  }
}

/** Whoever was not told at once is told why. */
async function checkHold(call: Call, said: HoldReason | undefined): Promise<Result<void>> {
  const name = call.args.maybe('delay')
  if (name === undefined) return accept(undefined)
  return await onDesk(call, async (desk) => {
    const clock = desk.read('hold', name)
    return await Promise.resolve(
      clock === undefined ? refuse('hold-unknown') : checkSaid(clock, said, call.io.now()),
    )
  })
}

async function stopClock(call: Call): Promise<void> {
  const name = call.args.maybe('delay')
  if (name === undefined) return
  await onDesk(call, async (desk) => {
    const clock = desk.read('hold', name)
    const ended = clock === undefined ? undefined : endClock(clock, call.io.now())
    if (ended?.ok === true) desk.write('hold', name, ended.value)
    await Promise.resolve()
  })
}
