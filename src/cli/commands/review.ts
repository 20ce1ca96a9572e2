import { basename } from 'node:path'
import { type ActReview, reviewAct } from '#client/act.ts'
import type { Api, PendingActs, ServedAct } from '#client/http.ts'
import { authorOf } from '#core/act.ts'
import { fromBase64, sameBytes } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import { openOfficer, type OfficerActor, signIn } from '#cli/connection.ts'
import { describeMissing, describeSubmitted } from '#cli/describe.ts'
import { writeWhole } from '#agent/files.ts'
import { pathOf, readBytes } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say, table } from '#cli/output.ts'
import { openSigner } from '#cli/signer.ts'
import { readId } from './party.ts'

/** `party sign` */
export const sign: Command = async (call) => {
  const file = call.args.argument(0)
  const payload = await readBytes(call, file)
  const id = call.args.maybe('id')
  const reviewed = await reviewAct(payload, id === undefined ? {} : { id: readId(id) })
  if (!reviewed.ok) return reviewed
  const signer = await openSigner(call)
  if (!signer.ok) return signer
  const signature = await signer.value.sign(reviewed.value.parsed.payload)
  if (!signature.ok) return signature
  const out = call.args.maybe('out') ?? `${file}.${signer.value.fingerprint.slice(0, 16)}.asc`
  writeWhole(pathOf(call, out), signature.value)
  return accept(
    say([...reviewLines(reviewed.value), '', `signed by ${signer.value.fingerprint}: ${out}`], {
      id: reviewed.value.id,
      fingerprint: signer.value.fingerprint,
      signature: signature.value,
      file: basename(out),
    }),
  )
}

/** `party review` */
export const review: Command = async (call) =>
  await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const api = await signIn(actor.value)
    if (!api.ok) return api
    const named = call.args.argument(0)
    if (named === '') return await listPending(api.value)
    const served = await api.value.readAct(readId(named))
    return served.ok
      ? await reviewOne(call, actor.value, { api: api.value, served: served.value, id: named })
      : served
  })

async function reviewOne(
  call: Call,
  actor: OfficerActor,
  found: { api: Api; served: ServedAct; id: string },
): Promise<Result<Output>> {
  const payload = fromBase64(found.served.payload) ?? new Uint8Array()
  const against = { directory: actor.replay.directory, now: actor.connection.now }
  const reviewed = await reviewAct(payload, { id: found.id, against })
  if (!reviewed.ok) return reviewed
  const lines = [
    ...reviewLines(reviewed.value),
    '',
    `status  ${found.served.status}`,
    ...found.served.missing.map(describeMissing),
    ...found.served.marks.map((mark) => `mark    ${mark}`),
  ]
  const shown = {
    id: found.id,
    act: reviewed.value.parsed.act,
    status: found.served.status,
    missing: found.served.missing,
  }
  if (!call.args.flag('sign')) return accept(say(lines, shown))
  // What is signed are our own bytes; they were compared with the id, so that the two cannot differ.
  if (!sameBytes(reviewed.value.parsed.payload, payload)) return refuse('act-known-differently')
  const signature = await actor.signer.sign(reviewed.value.parsed.payload)
  if (!signature.ok) return signature
  const added = await found.api.addSignature(found.id, signature.value)
  return added.ok
    ? accept(describeSubmitted(added.value, [...reviewLines(reviewed.value), '', 'signed']))
    : added
}

async function listPending(api: Api): Promise<Result<Output>> {
  const acts: PendingActs['acts'] = []
  for (let after: string | undefined, more = true; more; ) {
    const page = await api.listPending(after)
    if (!page.ok) return page
    acts.push(...page.value.acts)
    after = page.value.next
    more = after !== undefined
  }
  if (acts.length === 0) return accept(say(['nothing waits for a signature'], []))
  const rows = acts.map((pending) => [
    pending.id,
    pending.type,
    authorIn(pending.payload),
    pending.missing
      .map(({ role, needed, have }) => `${role} ${String(have)}/${String(needed)}`)
      .join(', '),
  ])
  const values = acts.map(({ id, missing, status, type }) => ({ id, type, status, missing }))
  return accept(say([table([['act', 'type', 'by', 'waits for'], ...rows])], values))
}

function authorIn(payload: string): string {
  const parsed = parseAct(fromBase64(payload) ?? new Uint8Array())
  return parsed.ok ? authorOf(parsed.value.act.by).name : '?'
}

function reviewLines({ lines }: ActReview): readonly string[] {
  const width = Math.max(...lines.map(({ label }) => label.length))
  return lines.map(({ label, value }) => `${label.padEnd(width)}  ${value}`)
}
