import type { Api, SubmittedAct } from '#client/http.ts'
import { fromBase64 } from '#core/bytes.ts'
import { accept, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import type { OpenProgress } from '#agent/progress.ts'
import { removeWork } from './journal.ts'
import type { ProductFolder } from './product-files.ts'

/** A folder of product files, and the server that knows their notice. */
export interface Proving {
  readonly api: Api
  readonly folder: ProductFolder
  readonly openProgress: OpenProgress
}

/** Ends a filing: brings the proof to the customers' files, as far as there is one already, and removes the work. Gives how many have it. */
export async function conclude(
  proving: Proving,
  { id, status }: Pick<SubmittedAct, 'id' | 'status'>,
): Promise<Result<number>> {
  const proven = status === 'effective' ? await bringReceipt(proving, id) : accept(0)
  if (!proven.ok && proven.refusal.reason !== 'receipt-not-logged') return proven
  removeWork(proving.folder.path)
  proving.folder.clear('parts')
  return accept(proven.ok ? proven.value : 0)
}

/** Fetches the receipt of a notice and puts it into every customer's file. */
export async function bringReceipt(
  { api, folder, openProgress }: Proving,
  notice: string,
): Promise<Result<number>> {
  const receipt = await api.readReceipt(notice, { withChain: true })
  if (!receipt.ok) return receipt
  const parsed = parseAct(fromBase64(receipt.value.act.payload) ?? new Uint8Array())
  if (!parsed.ok) return parsed
  const progress = openProgress('adding receipts')
  try {
    return folder.addReceipt(receipt.value, parsed.value, (done) => {
      progress.update(done, 0)
    })
  } finally {
    progress.close()
  }
}
