import { canonicalJson } from '#core/canonical-json.ts'
import { base64 } from '#core/bytes.ts'
import {
  type BundleState,
  type LineState,
  type MailboxState,
  type NoticeState,
  type Reader,
} from '#core/decision.ts'
import { writeArmor } from '#core/packets.ts'
import type { MailboxLink } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'
import type { Storage } from '#ports/storage.ts'
import { readLinks } from './build-receipt.ts'
import { loadSubjects, readState } from './load-subjects.ts'
import type { DirectoryReader } from './read-directory.ts'
import { isAdoptedBelow, releasedSize } from './released-size.ts'

const PAGE = 100
/** A mailbox shows at most this many lines; older notices are long acted upon. */
const LINES_MAX = 1000

/** What reading a mailbox needs. */
export interface ReadMailboxPorts {
  readonly crypto: ServiceCrypto
  readonly directory: DirectoryReader
  readonly storage: Storage
  readonly origin: string
}

/** A mailbox as its owner and the parties that may file to it see it: everything needed to check the key behind the id. */
export interface MailboxView {
  readonly id: string
  /** Base64 of the current certificate. */
  readonly certificate: string
  readonly salt: string
  readonly links: readonly MailboxLink[]
}

/** One notice that waits in a mailbox. */
export interface MailboxEntry {
  readonly index: number
  readonly notice: string
  readonly root: string
}

/** The lines of a mailbox, signed by the service: what it leaves out can be held against it. */
export interface LineList {
  /** Base64 of canonical JSON `{kind, lines, mailbox, origin, size, v}`; `size` is the tree size it speaks for. */
  readonly payload: string
  readonly signature: string
}

/** Reads a mailbox. Unknown, closed and not-allowed ones give one refusal, `mailbox-unavailable`. */
export async function readMailbox(
  ports: ReadMailboxPorts,
  reader: Reader,
  id: string,
): Promise<Result<MailboxView>> {
  const mailbox = await mailboxOf(ports.storage, id)
  if (mailbox === undefined || !maySee(mailbox, reader, id)) return refuse('mailbox-unavailable')
  const links = await readLinks(ports.storage, mailbox.links)
  return accept({ id, certificate: mailbox.certificate, salt: mailbox.salt, links })
}

function maySee(mailbox: MailboxState, reader: Reader, id: string): boolean {
  if (reader.kind === 'mailbox') return reader.id === id
  return reader.kind === 'party' && !mailbox.closed && mailbox.filers.includes(reader.domain)
}

/** Lists the released lines of a mailbox to its owner. */
export async function readLineList(
  ports: ReadMailboxPorts,
  reader: Reader,
  id: string,
): Promise<Result<LineList>> {
  if (reader.kind !== 'mailbox' || reader.id !== id) return refuse('mailbox-unavailable')
  const size = await releasedSize(ports)
  const lines: MailboxEntry[] = []
  for (const { line, bundle } of await releasedLines(ports.storage, { mailbox: id, size })) {
    if (bundle.filed !== undefined)
      lines.push({ index: line.index, notice: bundle.filed, root: bundle.root })
  }
  const sorted = lines.toSorted((a, b) =>
    `${a.notice}${String(a.index)}` < `${b.notice}${String(b.index)}` ? -1 : 1,
  )
  const listed = sorted.map(({ index, notice, root }) => ({ index, notice, root }))
  const payload = canonicalJson({
    kind: 'mailbox.lines',
    lines: listed,
    mailbox: id,
    origin: ports.origin,
    size,
    v: 1,
  })
  return accept({
    payload: base64(payload),
    signature: writeArmor('PGP SIGNATURE', await ports.crypto.signAsService(payload)),
  })
}

/** A mailbox line with what it hangs on. */
export interface LineInContext {
  readonly line: LineState
  readonly bundle: BundleState
  readonly notice: NoticeState | undefined
}

/** The lines of a mailbox whose notices took effect below a released tree size. */
export async function releasedLines(
  storage: Storage,
  wanted: { readonly mailbox: string; readonly size: number },
): Promise<readonly LineInContext[]> {
  const released: LineInContext[] = []
  const known = new Map<string, boolean>()
  for (const found of await linesOf(storage, wanted.mailbox)) {
    const { filed } = found.bundle
    if (filed === undefined) continue
    const isOut = known.get(filed) ?? isAdoptedBelow(await storage.recordsOf(filed), wanted.size)
    known.set(filed, isOut)
    if (isOut) released.push(found)
  }
  return released
}

/** The lines of a mailbox in bundles that are here, whether filed and released or not. */
export async function linesOf(
  storage: Storage,
  mailbox: string,
): Promise<readonly LineInContext[]> {
  const lines: LineInContext[] = []
  let after = ''
  while (lines.length < LINES_MAX) {
    const page = await storage.listSubjects({ kind: 'line', tag: mailbox, after, limit: PAGE })
    for (const row of page) {
      if (row.state !== undefined)
        lines.push(...(await inContext(storage, readState('line', row.state))))
    }
    if (page.length < PAGE) return lines
    after = page.at(-1)?.id ?? ''
  }
  return lines
}

async function inContext(storage: Storage, line: LineState): Promise<readonly LineInContext[]> {
  const subjects = await loadSubjects(storage, (known) => {
    const filed = known.get('bundle', line.bundle)?.filed
    return [
      { kind: 'bundle', id: line.bundle },
      ...(filed === undefined ? [] : [{ kind: 'notice', id: filed } as const]),
    ]
  })
  const bundle = subjects.get('bundle', line.bundle)
  if (bundle === undefined || bundle.dropped || bundle.upload !== line.upload) return []
  const notice = bundle.filed === undefined ? undefined : subjects.get('notice', bundle.filed)
  return [{ line, bundle, notice }]
}

async function mailboxOf(storage: Storage, id: string): Promise<MailboxState | undefined> {
  return (await loadSubjects(storage, () => [{ kind: 'mailbox', id }])).get('mailbox', id)
}
