import type { Api, SubmittedAct } from '#client/http.ts'
import { fromBase64 } from '#core/bytes.ts'
import { accept, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import { FileError } from '#agent/file-error.ts'
import { hashList, type OpenList } from './customer-list.ts'
import { type FilingTerms, hasWork, otherTerms, readWork, removeWork } from './journal.ts'
import type { KeptFiling, ProductFolder } from './product-files.ts'

/** A folder whose act was signed, and whom to ask about it. */
export interface SignedFiling {
  readonly api: Api
  readonly folder: ProductFolder
}

/** Sends the act that was kept. One that the server refuses and does not know is forgotten, so that the next run signs another. */
export async function sendSigned(api: Api, folder: ProductFolder): Promise<Result<SubmittedAct>> {
  const kept = keptOf(folder)
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

/**
 * Checks that a command is of what was signed: of the same terms, and of the same list.
 *
 * @throws FileError where it is not, which says what was signed, whether the server has it, and what can be done.
 */
export async function checkSigned(
  { api, folder }: SignedFiling,
  { openList, terms }: { readonly openList: OpenList; readonly terms: FilingTerms },
): Promise<Result<void>> {
  const known = readWork(folder.path)
  const other = [...otherTerms(known?.terms ?? {}, terms)]
  if ((await hashList(openList)) !== known?.list?.hash) other.push('customer list')
  if (other.length === 0) return accept(undefined)
  const has = await serverHas(api, keptOf(folder))
  if (!has.ok) return has
  throw new FileError(
    `${told(keptOf(folder))}, and this command has another ${other.join(', ')}. ${has.value ? AFTER : BEFORE}`,
  )
}

/**
 * Throws away what was signed, if the server does not know it.
 *
 * Nothing can take a signature back: bytes that are still on their way would be accepted for as long as the signature is fresh. The watch of the
 * log, which tells a party of every act in its name, would show it.
 *
 * @throws FileError where the server has the act.
 */
export async function forgetSigned({ api, folder }: SignedFiling): Promise<Result<void>> {
  const kept = keptOf(folder)
  const has = await serverHas(api, kept)
  if (!has.ok) return has
  if (has.value) throw new FileError(`${told(kept)}. ${AFTER}`)
  // The act goes first: one without its work would look like a notice that was filed.
  folder.dropFiling()
  removeWork(folder.path)
  folder.clear('all')
  return accept(undefined)
}

const AFTER =
  'The server has it, so it cannot be taken back here: --resume finishes it as it was signed, and then a notice with --kind correction follows it'
const BEFORE =
  'The server does not have it: --resume sends it as it was signed, and --start-over throws it away and files what this command says'

function told({ id, payload }: KeptFiling): string {
  const parsed = parseAct(fromBase64(payload) ?? new Uint8Array())
  const at = parsed.ok ? ` at ${parsed.value.act.at}` : ''
  return `the notice ${id} was signed${at}`
}

async function serverHas(api: Api, { id }: KeptFiling): Promise<Result<boolean>> {
  const known = await api.readAct(id)
  if (known.ok) return accept(true)
  return known.refusal.reason === 'not-found' ? accept(false) : known
}

function keptOf(folder: ProductFolder): KeptFiling {
  const kept = folder.readFiling()
  if (kept === undefined) throw new Error('no act was kept')
  return kept
}
