import {
  composeNotices,
  type NoticeHooks,
  type NoticePlan,
  type Undeliverable,
} from '#client/notice.ts'
import type { UnlockedKey } from '#client/openpgp.ts'
import { availableParallelism } from 'node:os'
import type { Recipient } from '#client/recipients.ts'
import type { Sealer, SealingTerms } from '#client/sealer.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { FileError } from '#agent/file-error.ts'
import type { OpenProgress } from '#agent/progress.ts'
import { type BundleFile, clearBundle, openBundleFile, writeBundle } from './bundle-file.ts'
import {
  type CheckedList,
  checkList,
  hashList,
  listedRecipients,
  type OpenList,
} from './customer-list.ts'
import { checkLeftOut, type EarlierRecipients } from './earlier-recipients.ts'
import { faultLines } from './fault-lines.ts'
import type { FilingWork } from './journal.ts'
import { openProductFolder } from './product-files.ts'
import { fillSpool, readSpool, type SpoolState } from './spool.ts'
import { type KeepProducts, productFiles, writeProducts } from './write-products.ts'

/** What filing works with, which depends on where it runs. */
export interface FilingTools {
  /** Keeps what customers are shown; as files of the folder where it is left out. */
  readonly keepProducts?: KeepProducts
  readonly openProgress: OpenProgress
  /** Opens the fastest sealer there is for so much work. */
  readonly openSealer: (
    terms: SealingTerms,
    work: { readonly customers: number; readonly threadsMax: number },
  ) => Promise<Sealer>
}

/** What a bundle is made of, and where. */
export interface Preparation {
  readonly work: FilingWork
  /** The folder of the product files. */
  readonly out: string
  readonly openList: OpenList
  readonly tools: FilingTools
  /** Its salts are the journal's. */
  readonly plan: NoticePlan
  readonly reporterKey: UnlockedKey
  readonly hooks: Omit<NoticeHooks, 'sealer'>
  readonly allowFaults: boolean
  /** Who got the notice that this one follows. */
  readonly earlier?: EarlierRecipients | undefined
}

/** A bundle and the customers' files, all durable. */
export interface PreparedBundle {
  readonly bundle: BundleFile
  readonly told: number
  /** Rows of the list that nobody can be told by. */
  readonly leftOut: CheckedList['faults']
  readonly leftOutCount: number
  readonly lacking: CheckedList['lacking']
  readonly undeliverable: readonly Undeliverable[]
  /** Recipients that an earlier run had composed. */
  readonly resumed: number
}

/**
 * Goes from a customer list to a durable bundle and durable product files, in flat memory, from wherever an earlier run stopped.
 *
 * Refuses `customer-list-invalid` where somebody on the list cannot be told and that was not allowed, and `recipients-missing` where the list
 * leaves out who got the earlier notice; nothing is left behind then.
 */
export async function prepareBundle(preparation: Preparation): Promise<Result<PreparedBundle>> {
  const { allowFaults, out, work } = preparation
  const list = await readList(preparation)
  if (!list.ok) return list
  const earlier = readSpool(work.folder)
  const { recipients: resumed } = earlier
  const spool =
    resumed === list.value.customers ? earlier : await composeRest(preparation, list.value, earlier)
  const untold = spool.undeliverable.filter(({ lost }) => lost === 'notice')
  if (untold.length > 0 && !allowFaults) {
    work.remove()
    const faults = untold.map(({ line, refusal }) => ({
      line,
      reason: refusal.detail ?? refusal.reason,
    }))
    return refuse('customer-list-invalid', faultLines({ faults }).join('; '))
  }
  const bundle = await writeFiles(preparation, spool)
  openProductFolder(out).keepDeliveries(bundle.mailboxes())
  const { faultCount, faults, lacking } = list.value
  const { told, undeliverable } = spool
  return accept({
    bundle,
    told,
    undeliverable,
    resumed,
    leftOut: faults,
    leftOutCount: faultCount,
    lacking,
  })
}

async function readList(preparation: Preparation): Promise<Result<CheckedList>> {
  const { openList, plan, work } = preparation
  const known = work.journal().list
  if (known !== undefined) {
    if ((await hashList(openList)) === known.hash) return accept(known)
    throw new FileError(
      'the customer list is another than the one that this filing began with; give that one to go on, or add --start-over',
    )
  }
  const { approval, template } = plan
  const list = await checkList(openList, { approval, folder: work.folder, template })
  const fault = list.ok ? await faultOf(preparation, list.value) : undefined
  if (list.ok && fault === undefined) work.note({ list: list.value })
  else work.remove()
  return fault ?? list
}

async function faultOf(
  { allowFaults, earlier, plan, work }: Preparation,
  list: CheckedList,
): Promise<Result<never> | undefined> {
  const fault = listFault(list, allowFaults)
  if (fault !== undefined || earlier === undefined) return fault
  const checked = await checkLeftOut(plan.kind, earlier, listedRecipients(work.folder, list))
  return checked.ok ? undefined : checked
}

function listFault(list: CheckedList, allowFaults: boolean): Result<never> | undefined {
  const lines = faultLines({ faults: list.faults, count: list.faultCount })
  if (list.customers === 0) {
    return refuse(
      'customer-list-invalid',
      ['the list names nobody who can be told', ...lines].join('; '),
    )
  }
  return list.faultCount > 0 && !allowFaults
    ? refuse('customer-list-invalid', lines.join('; '))
    : undefined
}

async function composeRest(
  { hooks, plan, reporterKey, tools, work }: Preparation,
  list: CheckedList,
  earlier: SpoolState,
): Promise<SpoolState> {
  const { at, template } = plan
  const sealer = await tools.openSealer(
    { reporterKey, texts: template.texts, at },
    { customers: list.customers - earlier.recipients, threadsMax: availableParallelism() },
  )
  const progress = tools.openProgress('composing')
  try {
    const rest = after(listedRecipients(work.folder, list), earlier.lastRow)
    const composed = composeNotices(plan, rest, { ...hooks, sealer })
    return await fillSpool(work.folder, composed, {
      from: earlier,
      onProgress: ({ recipients }) => {
        progress.update(recipients, list.customers)
      },
    })
  } finally {
    progress.close()
    await sealer.close()
  }
}

function* after(recipients: Iterable<Recipient>, row: number): Generator<Recipient> {
  for (const recipient of recipients) if (recipient.line > row) yield recipient
}

async function writeFiles(
  { hooks, out, tools, work }: Preparation,
  { told }: SpoolState,
): Promise<BundleFile> {
  if (work.journal().bundle === undefined) {
    clearBundle(work.folder)
    work.note({ bundle: writeBundle(work.folder, hooks.random) })
  }
  const { bundle: name, written = 0 } = work.journal()
  if (name === undefined) throw new Error('the bundle was just noted')
  const bundle = openBundleFile(work.folder, name)
  const progress = tools.openProgress('writing files')
  try {
    const keep = tools.keepProducts ?? productFiles(out)
    await writeProducts({ work: work.folder, keep }, bundle, {
      from: written,
      onBatch: (done) => {
        work.note({ written: done })
        progress.update(done, told)
      },
    })
  } finally {
    progress.close()
  }
  return bundle
}
