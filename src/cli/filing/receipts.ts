import type { Api, SubmittedAct } from '#client/http.ts'
import { fromBase64 } from '#core/bytes.ts'
import { accept, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import { describeSubmitted } from '#cli/describe.ts'
import type { Call, Output } from '#cli/output.ts'
import type { ProductFolder } from '#cli/product-files.ts'
import { openProgress } from '#cli/progress.ts'
import { faultLines } from './fault-lines.ts'
import { removeWork } from './journal.ts'
import type { PreparedBundle } from './prepare-bundle.ts'
import type { Filing } from './terms.ts'

/** Brings the proof to the customers' files, as far as there is one already. */
export async function conclude(
  { api, call, folder }: Pick<Filing, 'api' | 'call' | 'folder'>,
  submitted: SubmittedAct,
  prepared?: PreparedBundle,
): Promise<Result<Output>> {
  const proven =
    submitted.status === 'effective'
      ? await bringReceipt(call, api, { id: submitted.id, folder })
      : accept(0)
  if (!proven.ok && proven.refusal.reason !== 'receipt-not-logged') return proven
  const files = proven.ok ? proven.value : 0
  removeWork(folder.path)
  folder.clear('parts')
  const lines = [
    ...(prepared === undefined ? [] : [`told    ${String(prepared.told)} customers`]),
    ...(prepared === undefined || prepared.resumed === 0
      ? []
      : [`resumed ${String(prepared.resumed)} of them were composed before`]),
    ...faultLines({ faults: prepared?.leftOut ?? [], count: prepared?.leftOutCount ?? 0 }).map(
      (line) => `careful ${line}: NOT TOLD`,
    ),
    ...(prepared?.undeliverable ?? []).map(
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
      told: prepared?.told ?? null,
      resumed: prepared?.resumed ?? 0,
      left_out: prepared?.leftOutCount ?? 0,
      undeliverable: prepared?.undeliverable ?? [],
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
