import { encryptForMany, encryptTo, signEntity } from '#client/openpgp.ts'
import type { NoticeFileBody } from '#core/act-bodies.ts'
import { formatLine, lineHash, paddedCount } from '#core/bundle.ts'
import { base64, hex, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { merkleTree, treeRoot } from '#core/log/merkle.ts'
import type { Answered, Coalition, Company, Customer } from './coalition.ts'

/** What is encrypted where the content does not matter. */
const ENTITY = utf8('Content-Type: text/plain; charset=utf-8\r\n\r\nYour account was attacked.\r\n')

/** A bundle, ready to be sent. */
export interface Bundle {
  readonly root: string
  readonly count: number
  readonly lines: readonly string[]
  readonly bytes: Uint8Array
}

/** Sorts lines and computes their root. Whether they are in order, or lines at all, is up to the test. */
export function bundleOf(lines: readonly string[]): Bundle {
  const root = hex(treeRoot(merkleTree(lines.map(lineHash))))
  return {
    root,
    count: lines.length,
    lines,
    bytes: utf8(lines.map((line) => `${line}\n`).join('')),
  }
}

/** Commitment lines with the given ones among them, sorted: as many as a bundle must have. `seed` makes the padding differ. */
export function paddedLines(lines: readonly string[], seed = ''): readonly string[] {
  const padding = Array.from({ length: paddedCount(lines.length) - lines.length }, (_, i) =>
    formatLine({ kind: 'commitment', commitment: sha256Hex(utf8(`${seed} ${String(i)}`)) }, ''),
  )
  return [...lines, ...padding].toSorted()
}

/** A message as a company sends it to one certificate. */
export async function messageTo(
  coalition: Coalition,
  company: Company,
  certificate: Uint8Array,
): Promise<Uint8Array> {
  const at = coalition.clock.now()
  return await encryptTo(certificate, await signEntity(company.key, ENTITY, { at }), { at })
}

/** The line of a message. */
export function mailboxLine(mailbox: string, message: Uint8Array): string {
  return formatLine({ kind: 'mailbox', mailbox, message }, base64(message))
}

/** A bundle with a message for each customer. */
export async function bundleFor(
  coalition: Coalition,
  company: Company,
  customers: readonly Customer[],
): Promise<Bundle> {
  const lines = await Promise.all(
    customers.map(async ({ certificateBytes, id }) =>
      mailboxLine(id, await messageTo(coalition, company, certificateBytes)),
    ),
  )
  return bundleOf(paddedLines(lines, sha256Hex(utf8(lines.join('')))))
}

/** Sends a chunk of a bundle, all of it unless told otherwise. */
export async function upload(
  coalition: Coalition,
  token: string,
  bundle: Bundle & { readonly offset?: number; readonly totalBytes?: number },
): Promise<Answered> {
  const offset = bundle.offset ?? 0
  const range = `bytes ${String(offset)}-${String(offset + bundle.bytes.length - 1)}/${String(bundle.totalBytes ?? bundle.bytes.length)}`
  return await coalition.ask(`/api/bundles/${bundle.root}?count=${String(bundle.count)}`, {
    method: 'PUT',
    token,
    body: Uint8Array.from(bundle.bytes),
    headers: { 'Content-Range': range, 'Content-Type': 'application/x-ndjson' },
  })
}

/** Uploads a message to some companies, and gives its hash. */
export async function briefTo(
  coalition: Coalition,
  author: Company,
  readers: readonly Company[],
): Promise<string> {
  const at = coalition.clock.now()
  const certificates = readers.map(({ certificateBytes }) => certificateBytes)
  const message = await encryptForMany(certificates, await signEntity(author.key, ENTITY, { at }), {
    at,
  })
  const sha256 = sha256Hex(message)
  const token = await coalition.session(author)
  const kept = await coalition.ask(`/api/briefs/${sha256}`, {
    method: 'PUT',
    token,
    body: Uint8Array.from(message),
  })
  if (kept.status !== 201) throw new Error(`the brief was refused: ${kept.text}`)
  return sha256
}

/** Opens a campaign that some companies are invited to, and gives its id. */
export async function openCampaign(
  coalition: Coalition,
  author: Company,
  invited: readonly Company[],
): Promise<string> {
  const label = await briefTo(coalition, author, [author, ...invited])
  const domains = invited.map(({ domain }) => domain).toSorted()
  return idOf(await coalition.submit('campaign.open', { invited: domains, label }, author))
}

/** The body of a notice over a bundle, with what differs. */
export function noticeBody(
  company: Company,
  bundle: Bundle,
  more: Partial<NoticeFileBody> = {},
): NoticeFileBody {
  const { count, root } = bundle
  return {
    brief: '0'.repeat(64),
    bundle: { count, root },
    kind: 'first',
    reporter: company.key.fingerprint,
    template: '0'.repeat(64),
    ...more,
  }
}

/** Uploads a bundle for some customers and files a notice over it; gives the notice's id and the bundle. */
export async function fileNotice(
  coalition: Coalition,
  company: Company,
  options: { readonly customers?: readonly Customer[] } & Partial<NoticeFileBody> = {},
): Promise<{ readonly notice: string; readonly bundle: Bundle }> {
  const { customers = [], ...more } = options
  const bundle = await bundleFor(coalition, company, customers)
  const uploaded = await upload(coalition, await coalition.session(company), bundle)
  if (uploaded.status !== 201) throw new Error(`the bundle was refused: ${uploaded.text}`)
  return {
    notice: idOf(await coalition.submit('notice.file', noticeBody(company, bundle, more), company)),
    bundle,
  }
}

/** The id of an act that was accepted. @throws Error with the answer where it was not. */
export function idOf(answered: Answered): string {
  if (answered.status !== 201) throw new Error(`refused: ${answered.text}`)
  return String(answered.body['id'])
}
