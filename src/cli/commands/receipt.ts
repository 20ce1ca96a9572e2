import type { Api } from '#client/http.ts'
import { authorOf } from '#core/act.ts'
import { fromBase64, fromUtf8 } from '#core/bytes.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type VerifiedReceipt, verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { parseReceipt } from '#wire/receipt.ts'
import { anchorOf, connect, openOfficer, signIn } from '#cli/connection.ts'
import { verdict } from '#cli/verdict.ts'
import { EXIT } from '#cli/exit.ts'
import { readText, writeOut } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say } from '#cli/output.ts'
import { readId } from './party.ts'

/** `receipt get` */
export const get: Command = async (call) => {
  const id = readId(call.args.argument(0))
  const receipt = await withHome(call, async (home) => {
    const api = await readerApi(call, home)
    return api.ok ? await api.value.readReceipt(id, { withChain: true }) : api
  })
  if (!receipt.ok) return receipt
  const text = `${JSON.stringify(receipt.value, undefined, 2)}\n`
  const path = writeOut(call, text)
  return accept(say([path === undefined ? text.trimEnd() : `written to ${path}`], receipt.value))
}

/** Signed in where a key is given; public acts need none. */
async function readerApi(call: Call, home: Parameters<typeof connect>[1]): Promise<Result<Api>> {
  if (call.args.maybe('key') === undefined && call.args.maybe('gpg') === undefined) {
    const connection = await connect(call, home)
    return connection.ok ? accept(connection.value.api) : connection
  }
  const actor = await openOfficer(call, home)
  return actor.ok ? await signIn(actor.value) : actor
}

/** `receipt verify` */
export const verify: Command = async (call) => {
  const anchor = await anchorOf(call)
  if (!anchor.ok) return anchor
  const receipt = await readReceiptFile(call, call.args.argument(0))
  const verified = receipt.ok ? await verifyReceipt(receipt.value, anchor.value, parseAct) : receipt
  return verdict(verified, describeReceipt)
}

/** `receipt show` */
export const show: Command = async (call) => {
  const receipt = await readReceiptFile(call, call.args.argument(0))
  if (!receipt.ok) return receipt
  const payload = fromBase64(receipt.value.act.payload) ?? new Uint8Array()
  const { genesis, origin, supports } = receipt.value
  return accept(
    say(
      [
        'not verified: this is what the file says, not what is true',
        `coalition  ${origin}`,
        `genesis    ${genesis}`,
        `supports   ${String(supports.length)}`,
        `act        ${fromUtf8(payload) ?? 'not text'}`,
      ],
      receipt.value,
    ),
  )
}

/** What a verified receipt proves. Exit code 6 where the charter asks for witnesses and too few cosigned, or names none. */
export function describeReceipt(verified: VerifiedReceipt): Output {
  const { leafIndex, marks, parsed, record, signatures, status, supports, treeSize } = verified
  const author = authorOf(parsed.act.by)
  const text = [
    status === 'witnessed' ? 'genuine, logged and witnessed' : 'genuine and logged, not witnessed',
    `act        ${parsed.id}`,
    `type       ${parsed.act.type} (${record.event} ${record.day})`,
    `by         ${author.kind} ${author.name}`,
    `signed by  ${signatures.map(({ party, fingerprint }) => [party, fingerprint].filter((part) => part !== '').join(' ')).join(', ')}`,
    `log        entry ${String(leafIndex)} of ${String(treeSize)}`,
    witnessLine(verified),
    ...supports.map(({ party, statements }) => `support    ${party}: ${statements.join(', ')}`),
    ...marks.map((mark) => `warning    ${mark}`),
  ]
  const value = {
    verified: true,
    id: parsed.id,
    type: parsed.act.type,
    act: parsed.act,
    status,
    witnessed: verified.witnessed,
    witness_quorum: verified.witnessQuorum,
    supports,
    marks,
    leaf_index: leafIndex,
    tree_size: treeSize,
  }
  return { ...say(text, value), exit: status === 'witnessed' ? EXIT.done : EXIT.unwitnessed }
}

/** Who else saw the log. */
export function witnessLine({
  witnessed,
  witnessQuorum,
}: Pick<VerifiedReceipt, 'witnessed' | 'witnessQuorum'>): string {
  return witnessQuorum === 0
    ? 'witnesses  the charter names none: nobody outside saw that all are shown the same log'
    : `witnessed  ${String(witnessed)} of ${String(witnessQuorum)} that the charter asks for`
}

/** Reads a receipt file. */
export async function readReceiptFile(call: Call, path: string): Promise<Result<Receipt>> {
  const receipt = parseReceipt(await readText(call, path))
  return receipt.ok ? receipt : refuse('receipt-malformed', 'the file is not a receipt')
}
