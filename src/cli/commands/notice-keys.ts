import { warningFor } from '#client/expiry.ts'
import { openMailbox } from '#client/notice.ts'
import { type BundleLine, parseLine } from '#core/bundle.ts'
import { checkEnvelope } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { parseAct } from '#wire/act.ts'
import { fromBase64 } from '#core/bytes.ts'
import { FileError } from '#agent/file-error.ts'
import { type Delivery, openProductFolder } from '#agent/filing/product-files.ts'
import { pathOf } from '#cli/files.ts'
import { type Command, say } from '#cli/output.ts'
import { type Reader, signedIn } from './notice.ts'
import { readId } from './party.ts'

/** How one mailbox stands. */
interface MailboxStanding {
  readonly mailbox: string
  readonly state: 'expires' | 'good' | 'rotated' | 'unconfirmed' | 'undeliverable'
  readonly reason: string | null
}

/** `notice keys` */
export const keys: Command = async (call) => {
  const id = readId(call.args.argument(0))
  const folder = pathOf(call, call.args.text('files'))
  const products = openProductFolder(folder)
  if (products.readFiling()?.id !== id)
    throw new FileError(`${folder} is not the folder of this notice`)
  return await signedIn(call, async (reader) => {
    const root = await rootOf(reader, id)
    if (!root.ok) return root
    const found: MailboxStanding[] = []
    for (const delivery of products.readDeliveries())
      found.push(await standingOf(reader, root.value, delivery))
    const bad = found.filter(({ state }) => state !== 'good')
    const isRotated = bad.some(({ state }) => state === 'rotated')
    return accept(
      say(
        [
          `keys    ${String(found.length)} mailboxes, ${String(bad.length)} need care`,
          ...bad.map(
            ({ mailbox, reason, state }) =>
              `${state.padEnd(13)} ${mailbox}${reason === null ? '' : ` (${reason})`}`,
          ),
          ...(isRotated
            ? [
                `again   dunant notice file --kind follow_up --supersedes ${id} --supersedes-files ${folder} encrypts it to the new keys`,
              ]
            : []),
        ],
        { id, mailboxes: found },
      ),
    )
  })
}

async function rootOf({ api }: Reader, id: string): Promise<Result<string>> {
  const served = await api.readAct(id)
  if (!served.ok) return served
  const payload = fromBase64(served.value.payload)
  const parsed = payload === undefined ? refuse('act-not-json') : parseAct(payload)
  if (!parsed.ok) return parsed
  const { act } = parsed.value
  return act.type === 'notice.file' ? accept(act.body.bundle.root) : refuse('notice-unknown')
}

/** A key that this client has not seen is believed once the customer gave its fingerprint: whoever stole the old one can sign a rotation. */
async function standingOf(
  { actor, api }: Reader,
  root: string,
  { index, mailbox }: Delivery,
): Promise<MailboxStanding> {
  const { coalition, now, pins } = actor.connection
  const opened = await openMailbox(api, pins, { id: mailbox, origin: coalition.origin, now })
  if (!opened.ok) {
    const { reason } = opened.refusal
    return {
      mailbox,
      reason,
      state: reason === 'certificate-mismatch' ? 'unconfirmed' : 'undeliverable',
    }
  }
  const { encryptionKeys, expiresAt } = opened.value.facts
  const line = await lineAt(api, { root, index })
  if (!line.ok) return { mailbox, reason: line.refusal.reason, state: 'undeliverable' }
  const isReadable =
    line.value.kind === 'mailbox' && checkEnvelope(line.value.message, encryptionKeys).ok
  if (!isReadable) return { mailbox, reason: null, state: 'rotated' }
  const warning = expiresAt === null ? undefined : warningFor(expiresAt - now)
  return warning === undefined || expiresAt === null
    ? { mailbox, reason: null, state: 'good' }
    : { mailbox, reason: formatInstant(expiresAt), state: 'expires' }
}

async function lineAt(
  api: Reader['api'],
  place: { readonly root: string; readonly index: number },
): Promise<Result<BundleLine>> {
  const served = await api.readLine(place)
  return served.ok ? parseLine(served.value.line) : served
}
