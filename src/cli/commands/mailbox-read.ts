import type { Api, ServedLine } from '#client/http.ts'
import { proveOmission, type VerifiedLineList, verifyLineList } from '#client/line-list.ts'
import { fetchCheckpoint } from '#client/log.ts'
import { type Envelope, openEnvelope, type OpenedNotice } from '#client/open-envelope.ts'
import { type ListedLine, pinLines, pinnedLines } from '#client/pins.ts'
import { parseLine } from '#core/bundle.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type VerifiedReceipt, verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { connect, signIn, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { writeOut } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { openOwner, type OwnerActor, unlockMailboxKey } from '#cli/mailboxes.ts'
import { describeOpened } from '#cli/opened.ts'
import { type Call, type Command, type Output, say, table } from '#cli/output.ts'
import { templateFinder } from '#cli/templates.ts'
import { verdict } from '#cli/verdict.ts'
import { readId } from './party.ts'

interface OpenMailbox {
  readonly actor: OwnerActor
  readonly api: Api
  readonly list: VerifiedLineList
}

/** Nobody but the owner's own acts is believed about this. */
const UNKNOWN_FILERS = 'not known to this home; dunant mailbox filers sets it'

/** `mailbox list` */
export const list: Command = async (call) =>
  await inMailbox(call, async ({ actor, list: { lines, size } }) => {
    const { filers, id } = actor.mailbox
    const value = { mailbox: id, size, lines, ...(filers === undefined ? {} : { filers }) }
    const head = [`mailbox   ${id}`, `may file  ${filers?.join(', ') ?? UNKNOWN_FILERS}`, '']
    const rows = lines.map(({ index, notice }) => [notice, String(index)])
    const body = rows.length === 0 ? 'no notice yet' : table([['notice', 'line'], ...rows])
    return await Promise.resolve(accept(say([...head, body], value)))
  })

/** `mailbox open` */
export const open: Command = async (call) => {
  const id = readId(call.args.argument(0))
  return await inMailbox(call, async (mailbox) => {
    const found = await readNotice(mailbox, id)
    if (!found.ok) return found
    const opened = await decrypt(mailbox, found.value)
    if (!opened.ok) return verdict(opened, describeOpened)
    const out = writeOut(call, `${JSON.stringify(found.value.receipt, undefined, 2)}\n`)
    const described = describeOpened(opened.value)
    return accept(
      out === undefined
        ? described
        : { ...described, text: `${described.text}\nreceipt written to ${out}` },
    )
  })
}

/** `mailbox ack` */
export const acknowledge: Command = async (call) => {
  const notice = readId(call.args.argument(0))
  return await inMailbox(call, async (mailbox) => {
    const line = mailbox.list.lines.find((listed) => listed.notice === notice)
    if (line === undefined) return refuse('notice-unknown', 'the mailbox has no such notice')
    const submitted = await submit(mailbox.actor, 'notice.acknowledge', {
      index: line.index,
      notice,
    })
    return submitted.ok ? accept(describeSubmitted(submitted.value)) : submitted
  })
}

/** Opens the mailbox, with the list of its lines verified against everything seen before. */
async function inMailbox(
  call: Call,
  work: (mailbox: OpenMailbox) => Promise<Result<Output>>,
): Promise<Result<Output>> {
  return await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const actor = await openOwner(call, connection.value)
    if (!actor.ok) return actor
    const api = await signIn(actor.value)
    if (!api.ok) return api
    const verified = await freshList(actor.value, api.value)
    return verified.ok
      ? await work({ actor: actor.value, api: api.value, list: verified.value })
      : verified
  })
}

/** The log is looked at first, so that the service cannot answer with a list of yesterday. */
async function freshList(
  { connection, mailbox, replay }: OwnerActor,
  api: Api,
): Promise<Result<VerifiedLineList>> {
  const { coalition, pins } = connection
  const { directory } = replay
  const checkpoint = await fetchCheckpoint(api, pins, directory)
  if (!checkpoint.ok) return checkpoint
  const served = await api.readLineList(mailbox.id)
  if (!served.ok) return served
  const verified = await verifyLineList(served.value, directory.serviceCertificates, {
    mailbox: mailbox.id,
    origin: coalition.origin,
    previous: await pinnedLines(pins, mailbox.id),
    sizeMin: checkpoint.value.size,
  })
  if (verified.ok) await pinLines(pins, mailbox.id, verified.value)
  return verified
}

interface FoundNotice {
  readonly line: ServedLine
  readonly receipt: Receipt
  readonly verified: VerifiedReceipt
}

async function readNotice(
  { actor, api, list: lines }: OpenMailbox,
  notice: string,
): Promise<Result<FoundNotice>> {
  const listed: ListedLine | undefined = lines.lines.find((line) => line.notice === notice)
  if (listed === undefined) return refuse('notice-unknown', 'the mailbox has no such notice')
  const line = await api.readLine(listed)
  if (!line.ok) return line
  const receipt = await api.readReceipt(notice, { withChain: true })
  if (!receipt.ok) return receipt
  const anchor = { ...actor.connection.coalition, replay: actor.replay }
  const verified = await verifyReceipt(receipt.value, anchor, parseAct)
  if (!verified.ok) return verified
  const complete = proveOmission({
    list: lines,
    receipt: verified.value,
    path: line.value,
    line: line.value.line,
  })
  return complete.ok
    ? accept({
        line: line.value,
        receipt: { ...receipt.value, line: pathOf(line.value) },
        verified: verified.value,
      })
    : complete
}

function pathOf({ count, index, path }: ServedLine) {
  return { count, index, path }
}

/** Tries the current key, then older ones: a notice may have been written before a rotation. */
async function decrypt(
  { actor, api }: OpenMailbox,
  found: FoundNotice,
): Promise<Result<OpenedNotice>> {
  const parsed = parseLine(found.line.line)
  if (!parsed.ok) return parsed
  if (parsed.value.kind !== 'mailbox')
    return refuse('notice-not-for-me', 'the line is not one for a mailbox')
  const { mailbox, message } = parsed.value
  const { connection, passphrases } = actor
  let outcome: Result<OpenedNotice> = refuse('envelope-recipient-wrong')
  for (const fingerprint of actor.mailbox.keys.toReversed()) {
    const isCurrent = fingerprint === actor.key.fingerprint
    const key = isCurrent
      ? accept(actor.key)
      : await unlockMailboxKey(connection.home, fingerprint, passphrases)
    if (!key.ok) return key
    const envelope: Envelope = { mailbox, message, key: key.value }
    outcome = await openEnvelope(envelope, {
      ...connection.coalition,
      directory: actor.replay.directory,
      findTemplate: templateFinder(api),
      proof: { receipt: found.verified, path: pathOf(found.line) },
    })
    if (outcome.ok || outcome.refusal.reason !== 'envelope-recipient-wrong') return outcome
  }
  return outcome
}
